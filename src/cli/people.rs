//! Figures as people read them.

pub(super) use crate::domain::size::size;

/// `12,345`
#[must_use]
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 token`, `2 tokens`
#[must_use]
pub(super) fn counted(number: i64, one: &str) -> String {
    format!(
        "{} {one}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// `yes`, `no`, or nothing when it is not known.
#[must_use]
pub(super) fn yes(flag: Option<bool>) -> String {
    flag.map_or("", |flag| if flag { "yes" } else { "no" })
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_as_people_read_them() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
        assert_eq!(
            (counted(1, "token"), counted(1000, "token")),
            ("1 token".to_owned(), "1,000 tokens".to_owned())
        );
    }
}
