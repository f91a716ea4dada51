//! What of a person is shown: enough to recognise a row, too little to know who it is.

use super::{attempt::Attempt, secret::Secret};

/// Length of a text of the provider in a row; the verbatim answer has the rest.
const TEXT_MAX: usize = 500;

/// Digits in a row that may be a number of a person.
const DIGITS_MIN: usize = 8;

/// Shows the first character of a name, and one star or two: `张三` becomes `张*`, every longer
/// name has two. How long a name is tells no more than that: of long names, as in Latin letters or
/// with a `·`, the length alone would point at a person.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let mut letters = name.trim().chars();
    letters.next().map_or_else(String::new, |first| {
        let hidden = if letters.nth(1).is_some() { "**" } else { "*" };
        format!("{first}{hidden}")
    })
}

/// Shows the first and the last four of 15 characters and more, the last two of fewer, nothing of
/// up to four: `3*************5826`.
#[must_use]
pub fn mask_id_number(number: &str) -> String {
    let letters: Vec<char> = number.trim().chars().collect();
    let (head, tail) = match letters.len() {
        0..=4 => (0, 0),
        5..=14 => (0, 2),
        _ => (1, 4),
    };
    let last = letters.len() - tail;
    letters
        .iter()
        .enumerate()
        .map(|(at, letter)| {
            if at < head || at >= last {
                *letter
            } else {
                '*'
            }
        })
        .collect()
}

/// Whether `masked` may be a mask of `plain`, by whichever rule: it shows how that begins and how it
/// ends. Rows keep the masks of the rule by which they were written.
#[must_use]
pub fn may_hide(masked: &str, plain: &str) -> bool {
    let plain = plain.trim();
    match (masked.split_once('*'), masked.rsplit_once('*')) {
        (Some((head, _)), Some((_, tail))) => plain.starts_with(head) && plain.ends_with(tail),
        _ => masked == plain,
    }
}

/// Masks what the provider wrote in its own words, where it may have put the person: the attempt's
/// names and numbers of two characters and more, and every run of eight digits and more.
pub fn mask_texts(attempt: &mut Attempt) {
    let (said, read) = (&attempt.confirmed, attempt.ocr.as_ref());
    let names = [said.name.as_ref(), read.and_then(|ocr| ocr.name.as_ref())].map(known);
    let read_number = read.and_then(|ocr| ocr.id_number.as_ref());
    let numbers = [said.id_number.as_ref(), read_number].map(known);
    for text in [
        &mut attempt.code,
        &mut attempt.message,
        &mut attempt.charge_type,
        &mut attempt.risk_level,
        &mut attempt.risk_tag,
    ]
    .into_iter()
    .flatten()
    {
        *text = mask_text(text, &names, &numbers);
    }
}

fn known(secret: Option<&Secret>) -> Option<Secret> {
    let known = secret.filter(|known| known.reveal().trim().chars().nth(1).is_some());
    known.cloned()
}

/// Masks names, numbers and long runs of digits in a text, and cuts it after 500 characters.
fn mask_text(text: &str, names: &[Option<Secret>], numbers: &[Option<Secret>]) -> String {
    let mut masked = text.to_owned();
    for number in numbers.iter().flatten() {
        masked = replaced(&masked, number.reveal(), mask_id_number);
    }
    masked = without_digits(&masked);
    for name in names.iter().flatten() {
        masked = replaced(&masked, name.reveal(), mask_name);
    }
    if masked.chars().count() > TEXT_MAX {
        masked = masked.chars().take(TEXT_MAX - 1).collect();
        masked.push('…');
    }
    masked
}

/// Replaces a word wherever it stands, whatever the width and case of its letters.
fn replaced(text: &str, word: &str, mask: fn(&str) -> String) -> String {
    let (mut rest, mut replaced) = (text, String::new());
    while let Some(letter) = rest.chars().next() {
        if let Some(after) = stripped(rest, word.trim()) {
            replaced.push_str(&mask(word));
            rest = after;
        } else {
            replaced.push(letter);
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    replaced
}

fn stripped<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let mut letters = text.chars();
    for wanted in word.chars() {
        let letter = letters.next()?;
        if !folded(letter).eq(folded(wanted)) {
            return None;
        }
    }
    Some(letters.as_str())
}

fn folded(letter: char) -> impl Iterator<Item = char> {
    narrow(letter).to_lowercase()
}

/// A full-width digit, letter or sign as the narrow one.
pub(super) fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}

/// Masks runs of digits, with the `X` that may end the number of an identity card.
fn without_digits(text: &str) -> String {
    let (mut masked, mut run) = (String::new(), String::new());
    for letter in text.chars() {
        let narrow = narrow(letter);
        let ends_a_number = run.chars().count() >= DIGITS_MIN && matches!(narrow, 'x' | 'X');
        if narrow.is_ascii_digit() || ends_a_number {
            run.push(letter);
        }
        if !narrow.is_ascii_digit() {
            end_run(&mut masked, &mut run);
            if !ends_a_number {
                masked.push(letter);
            }
        }
    }
    end_run(&mut masked, &mut run);
    masked
}

fn end_run(masked: &mut String, run: &mut String) {
    if run.chars().count() >= DIGITS_MIN {
        masked.push_str(&mask_id_number(run));
    } else {
        masked.push_str(run);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::{Identity, OcrIdentity};

    #[test]
    fn a_mask_is_known_by_what_it_shows_whatever_its_rule() {
        for plain in [
            "张三",
            "张三丰",
            "李",
            "",
            "John Smith",
            "370123199602165826",
            "12345",
            "1234",
        ] {
            for mask in [mask_name, mask_id_number] {
                let masked = mask(plain);
                assert!(may_hide(&masked, plain), "{masked} of {plain}");
            }
        }
        for (masked, plain, may) in [
            ("370***********5826", "370123199602165826", true),
            ("1*************5826", "370123199602165826", false),
            ("3*************5827", "370123199602165826", false),
            ("李*", "张三", false),
            ("***", "张三", true),
            ("张三", "张三", true),
            ("张", "张三", false),
        ] {
            assert_eq!(may_hide(masked, plain), may, "{masked} of {plain}");
        }
    }

    #[test]
    fn masks_show_what_people_need_to_recognise_a_row() {
        for (name, masked) in [
            ("张三", "张*"),
            ("张三丰", "张**"),
            ("李", "李*"),
            ("", ""),
            ("欧阳 娜娜", "欧**"),
            ("阿依努尔·买买提", "阿**"),
            ("John Smith", "J**"),
            (" Jo ", "J*"),
        ] {
            assert_eq!(mask_name(name), masked);
        }
        for (label, number, masked) in [
            ("identity card", "370123199602165826", "3*************5826"),
            ("15 digits", "370123960216582", "3**********6582"),
            ("14 characters", "12345678901234", "************34"),
            ("home return permit", "H123456789", "********89"),
            ("passport", "E12345678", "*******78"),
            ("five", "12345", "***45"),
            ("four", "1234", "****"),
            ("nothing", "", ""),
        ] {
            assert_eq!(mask_id_number(number), masked, "{label}");
        }
    }

    #[test]
    fn texts_of_the_provider_show_no_person() {
        for (label, text, masked) in [
            ("as it is", "身份核验未通过", "身份核验未通过"),
            ("short digits", "code 1234567, 80.5", "code 1234567, 80.5"),
            (
                "name and number",
                "张三的证件号370123199602165826与库中李四不符",
                "张*的证件号3*************5826与库中李四不符",
            ),
            ("an X", "36213219923232007X。", "3*************007X。"),
            ("a small x", "no 12345678x!", "no *******8x!"),
            (
                "full-width",
                "３７０１２３１９９６０２１６５８２６",
                "３*************５８２６",
            ),
            ("a number of another", "tel 13800138000", "tel *********00"),
            ("a passport of few digits", "EA1234567 no", "*******67 no"),
            ("small letters", "ea1234567", "*******67"),
            ("another case", "JOHN SMITH, john", "J**, john"),
            ("two in a row", "张三张三", "张*张*"),
        ] {
            for names in [["张三", "John Smith"], ["John Smith", "张三"]] {
                let mut attempt = attempt(names, "EA1234567");
                attempt.message = Some(text.to_owned());
                attempt.risk_tag = Some(text.to_owned());
                mask_texts(&mut attempt);
                assert_eq!(attempt.message.as_deref(), Some(masked), "{label}");
                assert_eq!(attempt.risk_tag.as_deref(), Some(masked), "{label}");
            }
        }
    }

    #[test]
    fn a_long_text_is_cut_after_its_numbers_are_masked() {
        let mut attempt = attempt(["张三", "张"], "370123199602165826");
        attempt.message = Some(format!("{}370123199602165826", "长".repeat(490)));
        mask_texts(&mut attempt);
        let text = attempt.message.clone().unwrap();
        assert_eq!(text.chars().count(), 500);
        assert!(text.ends_with("长3********…"), "{text}");
    }

    fn attempt([said, read]: [&str; 2], number: &str) -> Attempt {
        Attempt {
            confirmed: Identity {
                name: Some(Secret::new(said)),
                id_number: Some(Secret::new(number)),
                ..Identity::default()
            },
            ocr: Some(OcrIdentity {
                name: Some(Secret::new(read)),
                ..OcrIdentity::default()
            }),
            ..Attempt::default()
        }
    }
}
