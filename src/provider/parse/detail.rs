//! `result/detail`: the images of the ID card that come inline.

use std::borrow::Cow;

use crate::domain::answer::{Detail, Endpoint, ProviderError};

use super::{
    super::tolerant::{Object, Raw, text_of},
    answer, base64, fields,
};

/// Reads the inline images and the demotion; scores and identity are in `getall`, and in the
/// verbatim answer.
///
/// # Errors
/// `Garbled` when the answer or its `result` is of no known shape. An image that is no base64 is
/// named in [`Detail::unreadable`].
pub fn detail(body: &[u8]) -> Result<Detail, ProviderError> {
    let text = text_of(body);
    let (root, result) = answer(Endpoint::Detail, &text)?;
    let Some(result) = fields(Endpoint::Detail, result)? else {
        return Ok(Detail {
            demoted: root.boolean("is_demote"),
            ..Detail::default()
        });
    };
    let verify = result.object("verify_result");
    let demoted = verify
        .as_ref()
        .and_then(|verify| verify.boolean("is_demote"))
        .or_else(|| result.boolean("is_demote"))
        .or_else(|| root.boolean("is_demote"));
    let confirm = result.object("idcard_confirm");
    let images = result
        .object("idcard_images")
        .or_else(|| confirm?.object("idcard_images"));
    let mut detail = Detail {
        demoted,
        ..Detail::default()
    };
    if let Some(images) = images {
        detail.id_front = image(&images, "front_base64", &mut detail.unreadable);
        detail.id_back = image(&images, "back_base64", &mut detail.unreadable);
    }
    Ok(detail)
}

fn image(
    images: &Object<'_>,
    name: &'static str,
    unreadable: &mut Vec<&'static str>,
) -> Option<Vec<u8>> {
    let field = images.get(name).filter(|field| field.is_something())?;
    let text: Option<Cow<'_, str>> = Raw::text(field);
    let bytes = text
        .and_then(|text| base64::decode(&text))
        .filter(|bytes| !bytes.is_empty());
    if bytes.is_none() {
        unreadable.push(name);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_images(images: &str) -> Detail {
        detail(
            format!(
                r#"{{"success":true,"result":{{"verify_result":null,"idcard_images":{images}}}}}"#
            )
            .as_bytes(),
        )
        .unwrap()
    }

    #[test]
    fn inline_images_become_bytes() {
        let found = with_images(
            r#"{"front_base64":"\/9j\/4A==","back_base64":"data:image/png;base64,iVBO\nRw=="}"#,
        );
        assert_eq!(
            found.id_front.as_deref(),
            Some(&[0xff, 0xd8, 0xff, 0xe0][..])
        );
        assert_eq!(
            found.id_back.as_deref(),
            Some(&[0x89, b'P', b'N', b'G'][..])
        );
        assert!(found.unreadable.is_empty());
    }

    #[test]
    fn an_image_that_is_no_base64_is_named_and_an_absent_one_is_not() {
        let found = with_images(r#"{"front_base64":"/9j/4AAQSkZJRgAB....","back_base64":""}"#);
        assert_eq!(
            (found.id_front, found.id_back, found.unreadable),
            (None, None, vec!["front_base64"])
        );
        for images in ["null", "{}", "\"\"", r#"{"front_base64":null}"#] {
            assert_eq!(with_images(images), Detail::default(), "{images}");
        }
        assert_eq!(
            with_images(r#"{"front_base64":{"a":1},"back_base64":"===="}"#).unreadable,
            ["front_base64", "back_base64"]
        );
    }

    #[test]
    fn the_documented_example_is_read() {
        let found = detail(include_bytes!(
            "../../../tests/fixtures/answers/detail-documented.json"
        ))
        .unwrap();
        assert_eq!(
            found.unreadable,
            ["front_base64", "back_base64"],
            "its images are shortened"
        );
        let inline = detail(include_bytes!(
            "../../../tests/fixtures/answers/detail-inline-images.json"
        ))
        .unwrap();
        assert_eq!(
            (
                inline.id_front.map(|bytes| bytes.len()),
                inline.id_back.map(|bytes| bytes.len()),
                inline.demoted
            ),
            (Some(160), Some(70), Some(true))
        );
    }

    #[test]
    fn the_demotion_is_found_wherever_it_stands() {
        for body in [
            r#"{"success":true,"is_demote":true,"result":{}}"#,
            r#"{"success":true,"is_demote":true,"result":null}"#,
            r#"{"success":true,"result":{"is_demote":1}}"#,
            r#"{"success":true,"result":{"verify_result":{"is_demote":"true"}}}"#,
        ] {
            assert_eq!(
                detail(body.as_bytes()).unwrap().demoted,
                Some(true),
                "{body}"
            );
        }
    }
}
