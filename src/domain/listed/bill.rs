//! What a bill counts: how often each type of call was charged on a day or in a month.
//!
//! The provider documents no file of a bill, only the types of charges and which interface each
//! is of: columns are found by our names, by the two words that its document has for them, or by an
//! [`super::Alias`].

use jiff::{ToSpan as _, civil::Date};

use super::named::{Named, Numbers};
use crate::domain::time::read_date;

/// The types of charges, each with the names that the provider's document has for the interface.
const TYPES: [(&str, &[&str]); 4] = [
    ("verify", &["人脸实名认证V4"]),
    ("match", &["人脸对比V4"]),
    ("live", &[]),
    ("ocr", &["身份证识别", "身份证识别OCR", "OCR身份证识别"]),
];

/// What people put between groups of three digits.
const BETWEEN_THOUSANDS: [char; 7] = [',', '，', ' ', '\u{a0}', '\u{2009}', '\u{202f}', '\''];

/// How months are written, before the first of the month.
const MONTHS: [&str; 2] = ["%Y-%m", "%Y%m"];

/// The types of charges, in the order in which they are shown.
#[must_use]
pub fn types() -> [&'static str; 4] {
    TYPES.map(|(name, _)| name)
}

/// What a line of a bill can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `charge_type`
    ChargeType,
    /// `charged`
    Charged,
    /// `day`
    Day,
    /// `month`
    Month,
    /// `app`
    App,
}

/// What a line of a bill says, before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// `charge_type`
    pub charge_type: Option<String>,
    /// `charged`
    pub charged: Option<String>,
    /// `day`
    pub day: Option<String>,
    /// `month`
    pub month: Option<String>,
    /// `app`
    pub app: Option<String>,
}

impl Named for Column {
    type Line = Cells;

    const ALL: &'static [Self] = &[
        Self::ChargeType,
        Self::Charged,
        Self::Day,
        Self::Month,
        Self::App,
    ];

    const KEY: Self = Self::ChargeType;

    const EXAMPLE: &'static str = "计费项=charge_type";

    fn name(self) -> &'static str {
        match self {
            Self::ChargeType => "charge_type",
            Self::Charged => "charged",
            Self::Day => "day",
            Self::Month => "month",
            Self::App => "app",
        }
    }

    fn of(self, line: &mut Cells) -> &mut Option<String> {
        match self {
            Self::ChargeType => &mut line.charge_type,
            Self::Charged => &mut line.charged,
            Self::Day => &mut line.day,
            Self::Month => &mut line.month,
            Self::App => &mut line.app,
        }
    }

    fn numbers(self) -> Numbers {
        match self {
            Self::ChargeType | Self::App => Numbers::None,
            Self::Charged | Self::Day | Self::Month => Numbers::Whole,
        }
    }

    fn is_named(self, name: &str) -> bool {
        let documented = match self {
            Self::ChargeType => Some("计费类型"),
            Self::Charged => Some("计费次数"),
            Self::Day | Self::Month | Self::App => None,
        };
        name.eq_ignore_ascii_case(self.name()) || documented == Some(name)
    }
}

/// What a line of a bill counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    /// One of [`types`].
    pub charge_type: &'static str,
    /// How often it was charged; of `ocr` pieces.
    pub charged: i64,
    /// The first day of the month.
    pub month: Date,
    /// The day, where the line is of one.
    pub day: Option<Date>,
    /// The app, where the line names one.
    pub app: Option<String>,
}

impl Billed {
    /// Reads a line; one that names neither day nor month is of `month`.
    ///
    /// # Errors
    /// What is wrong with it and the way out.
    pub fn read(cells: Cells, month: Option<Date>) -> Result<Self, String> {
        let day = cells.day.as_deref().map(read_day).transpose()?;
        let told = cells.month.as_deref().map(read_month).transpose()?;
        let of_day = day.map(Date::first_of_month);
        let month = match (of_day, told) {
            (Some(of_day), Some(told)) if of_day != told => {
                return Err("day lies in another month than month says".to_owned());
            }
            (of_day, told) => of_day.or(told).or(month),
        };
        Ok(Self {
            charge_type: read_type(&cells.charge_type.unwrap_or_default())?,
            charged: read_count(&cells.charged.unwrap_or_default())?,
            month: month.ok_or("names neither day nor month; --month tells it for such lines")?,
            day,
            app: cells.app,
        })
    }
}

/// Reads `2026-11` or `202611`, as the first day of it.
///
/// # Errors
/// What would be right.
pub fn read_month(text: &str) -> Result<Date, String> {
    let first = |form: &str| {
        let separator = if form.contains('-') { "-" } else { "" };
        let text = format!("{}{separator}01", text.trim().replace('/', "-"));
        Date::strptime(format!("{form}{separator}%d"), text).ok()
    };
    let month = MONTHS.iter().find_map(|form| first(form));
    known(month).ok_or_else(|| "month is no month: write it as 2026-11 or 202611".to_owned())
}

/// The first day of the month that follows.
#[must_use]
pub fn month_after(month: Date) -> Date {
    month.saturating_add(1.month()).first_of_month()
}

/// A month as it is written.
#[must_use]
pub fn month_name(month: Date) -> String {
    month.strftime("%Y-%m").to_string()
}

fn read_day(text: &str) -> Result<Date, String> {
    known(read_date(text))
        .ok_or_else(|| "day is no day: write it as 2026-11-24, 2026/11/24 or 20261124".to_owned())
}

/// Years of four digits: nothing was sold before, and no row is later.
fn known(day: Option<Date>) -> Option<Date> {
    day.filter(|day| (2000..=9998).contains(&day.year()))
}

fn read_type(text: &str) -> Result<&'static str, String> {
    let text = text.trim();
    let is = |name: &&str| text.eq_ignore_ascii_case(name);
    let found = TYPES
        .iter()
        .find(|(name, others)| is(name) || others.iter().any(is));
    found.map(|(name, _)| *name).ok_or_else(|| {
        format!(
            "charge_type is none that is known here: write {} (the interfaces 人脸实名认证V4, 人脸对比V4 and 身份证识别 are read as verify, match and ocr), and leave out lines of other products",
            types().join(", ")
        )
    })
}

/// A count with or without something between its thousands.
fn read_count(text: &str) -> Result<i64, String> {
    let wrong = || "charged is no count: write it in digits, such as 1234 or 1,234".to_owned();
    let groups: Vec<&str> = text.trim().split(BETWEEN_THOUSANDS).collect();
    let is_digits = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_grouped = match groups.as_slice() {
        [_] => true,
        [first, others @ ..] => {
            (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3)
        }
        [] => false,
    };
    if !is_grouped || !groups.iter().all(is_digits) {
        return Err(wrong());
    }
    groups.concat().parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(charge_type: &str, charged: &str, day: &str, month: &str) -> Cells {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Cells {
            charge_type: some(charge_type),
            charged: some(charged),
            day: some(day),
            month: some(month),
            app: None,
        }
    }

    #[test]
    fn a_line_of_a_bill_is_read_as_people_write_it() {
        for (label, line, expected) in [
            (
                "our words",
                ("verify", "12", "2026-11-24", ""),
                ("verify", 12, "2026-11-01"),
            ),
            (
                "slashes",
                ("MATCH", "1,234", "2026/11/24", ""),
                ("match", 1234, "2026-11-01"),
            ),
            (
                "one digit",
                ("live", "0", "2026/1/2", ""),
                ("live", 0, "2026-01-01"),
            ),
            (
                "bare digits",
                ("ocr", "1 234 567", "20261124", "202611"),
                ("ocr", 1_234_567, "2026-11-01"),
            ),
            (
                "a month",
                ("人脸实名认证V4", "1，234", "", "2026-11"),
                ("verify", 1234, "2026-11-01"),
            ),
            (
                "a month of digits",
                ("人脸对比v4", "7", "", "202612"),
                ("match", 7, "2026-12-01"),
            ),
            (
                "a month with a slash",
                ("身份证识别", "7", "", "2026/2"),
                ("ocr", 7, "2026-02-01"),
            ),
            (
                "the month that is asked for",
                ("OCR身份证识别", "7", "", ""),
                ("ocr", 7, "2026-10-01"),
            ),
        ] {
            let (charge_type, charged, day, month) = line;
            let asked = Some(Date::constant(2026, 10, 1));
            let read = Billed::read(cells(charge_type, charged, day, month), asked).unwrap();
            assert_eq!(
                (
                    read.charge_type,
                    read.charged,
                    read.month.to_string().as_str()
                ),
                expected,
                "{label}"
            );
        }
        assert_eq!(
            month_after(Date::constant(2026, 12, 1)).to_string(),
            "2027-01-01"
        );
    }

    #[test]
    fn a_line_that_says_no_count_of_a_type_is_told() {
        for (label, line, part) in [
            (
                "another product",
                ("人脸搜索", "1", "20261124", ""),
                "leave out lines of other products",
            ),
            (
                "no type",
                ("", "1", "20261124", ""),
                "write verify, match, live, ocr",
            ),
            (
                "no count",
                ("verify", "", "20261124", ""),
                "charged is no count",
            ),
            (
                "below zero",
                ("verify", "-1", "20261124", ""),
                "charged is no count",
            ),
            (
                "a fraction",
                ("verify", "1.5", "20261124", ""),
                "charged is no count",
            ),
            (
                "odd thousands",
                ("verify", "1,23", "20261124", ""),
                "charged is no count",
            ),
            (
                "too many thousands",
                ("verify", "1234,567", "20261124", ""),
                "charged is no count",
            ),
            (
                "nothing between",
                ("verify", ",123", "20261124", ""),
                "charged is no count",
            ),
            (
                "beyond all",
                ("verify", "99999999999999999999", "20261124", ""),
                "charged is no count",
            ),
            ("no day", ("verify", "1", "2026-11-31", ""), "day is no day"),
            (
                "a day in the month",
                ("verify", "1", "", "2026-11-24"),
                "month is no month",
            ),
            (
                "no month",
                ("verify", "1", "", "2026-13"),
                "month is no month",
            ),
            ("neither", ("verify", "1", "", ""), "neither day nor month"),
            (
                "two months",
                ("verify", "1", "20261124", "2026-10"),
                "another month",
            ),
        ] {
            let (charge_type, charged, day, month) = line;
            let why = Billed::read(cells(charge_type, charged, day, month), None).unwrap_err();
            assert!(why.contains(part), "{label}: {why}");
        }
    }
}
