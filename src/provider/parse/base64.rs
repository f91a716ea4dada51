//! Base64 as it really arrives: with a data URI before it, line breaks within, the URL-safe
//! alphabet, padding or none.

use std::borrow::Cow;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, PAD_INDIFFERENT},
};

const CONFIG: GeneralPurposeConfig = PAD_INDIFFERENT.with_decode_allow_trailing_bits(true);
const ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);

/// The bytes; `None` when the text is no base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = match text.strip_prefix("data:") {
        Some(uri) => uri.split_once(',')?.1,
        None => text,
    };
    let is_foreign = |letter: char| letter.is_ascii_whitespace() || matches!(letter, '-' | '_');
    let text = if text.contains(is_foreign) {
        let narrowed = text.chars().filter(|letter| !letter.is_ascii_whitespace());
        Cow::Owned(
            narrowed
                .map(|letter| match letter {
                    '-' => '+',
                    '_' => '/',
                    other => other,
                })
                .collect::<String>(),
        )
    } else {
        Cow::Borrowed(text)
    };
    ENGINE.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_image_in_many_dresses_is_the_same_bytes() {
        let bytes = [0xff, 0xd8, 0xff, 0xe0, 0xfb, 0xef];
        for text in [
            "/9j/4Pvv",
            "data:image/jpeg;base64,/9j/4Pvv",
            "/9j/\r\n4Pvv\n",
            "_9j_4Pvv",
            " /9j/ 4Pvv ",
        ] {
            assert_eq!(decode(text).as_deref(), Some(&bytes[..]), "{text}");
        }
        for text in ["/9j/4Pu+7w==", "_9j_4Pu-7w", "/9j/4Pu+7w"] {
            assert_eq!(
                decode(text).as_deref(),
                Some(&[0xff, 0xd8, 0xff, 0xe0, 0xfb, 0xbe, 0xef][..]),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_base64_is_not_guessed() {
        for text in [
            "/9j/4AAQSkZJRgAB....",
            "A",
            "ab=c",
            "data:image/jpeg;base64",
            "图片",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
