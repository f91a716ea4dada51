//! Reading tokens to be tracked.

use std::io::BufRead;

use clap::Args;

use super::rows::Rows;
use crate::domain::{
    listed::{self, Alias, Field, Fields, Zone},
    secret::Secret,
    time::Time,
    token::{TrackRequest, check_name, check_token},
};

/// How a list is to be read.
#[derive(Args, Clone, Debug, Default)]
pub struct Reading {
    /// Read a column or field of another name as one of ours.
    #[arg(long, value_name = "NAME=FIELD", value_delimiter = ',', value_parser = Alias::<Field>::parse)]
    pub map: Vec<Alias>,
    /// The time zone of times that do not tell their offset: Asia/Shanghai, +08:00.
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse, allow_hyphen_values = true)]
    pub time_zone: Option<Zone>,
}

/// What holds for a line that does not say it itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    /// `--app`
    pub app: Option<String>,
    /// `--issued-at`
    pub issued_at: Option<Time>,
    /// `--plan`
    pub plan_id: Option<String>,
    /// `--reference`
    pub reference: Option<String>,
    /// Who tells.
    pub tracked_by: String,
    /// The configured apps.
    pub apps: Vec<String>,
    /// `--map` and `--time-zone`
    pub reading: Reading,
}

/// The lines of a file or a pipe, one token each.
pub(crate) struct Input<R> {
    rows: Rows<R>,
    defaults: Defaults,
}

/// Opens an input.
///
/// # Errors
/// What is wrong with its first line, which decides how all others are read; never what it holds.
pub(crate) fn open<R: BufRead>(input: R, defaults: Defaults) -> Result<Input<R>, String> {
    let rows = Rows::open(input, defaults.reading.map.clone())?;
    Ok(Input { rows, defaults })
}

impl<R: BufRead> Input<R> {
    /// How much of the input has been read, in bytes.
    #[must_use]
    pub(crate) const fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    /// What a person should hear of how it is read, once each.
    pub(crate) fn notes(&mut self) -> Vec<String> {
        self.rows.notes()
    }
}

impl Defaults {
    /// What is told of a token given as an argument.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub(crate) fn told_of(&self, verify_token: &str) -> Result<TrackRequest, String> {
        self.told(Fields {
            verify_token: Some(verify_token.to_owned()),
            ..Fields::default()
        })
    }

    fn told(&self, fields: Fields) -> Result<TrackRequest, String> {
        let verify_token = fields.verify_token.unwrap_or_default();
        check_token(&verify_token)?;
        let app = fields
            .app
            .or_else(|| self.app.clone())
            .ok_or("no app is named, neither here nor by --app")?;
        if !self.apps.contains(&app) {
            return Err(format!(
                "the app is not configured; there are: {}",
                self.apps.join(", ")
            ));
        }
        for (field, text) in [
            ("plan_id", &fields.plan_id),
            ("reference", &fields.reference),
        ] {
            text.as_deref()
                .map_or(Ok(()), |text| check_name(field, text))?;
        }
        let issued_at = fields
            .issued_at
            .map(|text| listed::instant(&text, self.reading.time_zone.as_ref()))
            .transpose()
            .map_err(|why| format!("issued_at is {why}"))?;
        Ok(TrackRequest {
            verify_token: Secret::new(verify_token),
            app,
            issued_at: issued_at.or(self.issued_at),
            plan_id: fields.plan_id.or_else(|| self.plan_id.clone()),
            reference: fields.reference.or_else(|| self.reference.clone()),
            tracked_by: self.tracked_by.clone(),
            issued_here: false,
        })
    }
}

impl<R: BufRead> Iterator for Input<R> {
    type Item = Result<(u64, TrackRequest), (u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        let (number, read) = self.rows.next()?;
        Some(match read.and_then(|fields| self.defaults.told(fields)) {
            Ok(told) => Ok((number, told)),
            Err(why) => Err((number, why)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults {
            app: Some("h5".to_owned()),
            tracked_by: "test".to_owned(),
            apps: vec!["h5".to_owned(), "other".to_owned()],
            ..Defaults::default()
        }
    }

    type Read = Vec<Result<(u64, TrackRequest), (u64, String)>>;

    fn read(text: &[u8]) -> Read {
        open(text, defaults()).unwrap().collect()
    }

    fn wrong(read: &Read) -> Vec<(u64, &str)> {
        read.iter()
            .filter_map(|line| {
                line.as_ref()
                    .err()
                    .map(|(number, why)| (*number, why.as_str()))
            })
            .collect()
    }

    #[test]
    fn csv_and_ndjson_say_the_same() {
        let csv = "\u{feff}verify_token,app,issued_at,plan_id,reference\r\n\r\ntok-1,other,2026-11-23T08:15:01Z,17,\"order, 7\"\r\ntok-2,,,,\r\n".as_bytes();
        let json = "{\"verify_token\":\"tok-1\",\"app\":\"other\",\"issued_at\":\"2026-11-23T16:15:01+08:00\",\"plan_id\":17,\"reference\":\"order, 7\"}\n\n{\"verify_token\":\"tok-2\",\"app\":null,\"plan_id\":\"\"}".as_bytes();
        let (csv, json): (Vec<_>, Vec<_>) = (
            read(csv).into_iter().map(Result::unwrap).collect(),
            read(json).into_iter().map(Result::unwrap).collect(),
        );
        assert_eq!(
            csv.iter().map(|(_, told)| told).collect::<Vec<_>>(),
            json.iter().map(|(_, told)| told).collect::<Vec<_>>()
        );
        assert_eq!(
            (csv[0].0, csv[1].0, json[1].0),
            (3, 4, 3),
            "lines are counted as an editor counts them"
        );
        assert_eq!(
            (csv[0].1.app.as_str(), csv[1].1.app.as_str()),
            ("other", "h5")
        );
        assert_eq!(csv[0].1.reference.as_deref(), Some("order, 7"));
        assert_eq!(
            (csv[1].1.issued_at, csv[1].1.plan_id.as_deref()),
            (None, None)
        );
    }

    #[test]
    fn columns_stand_in_any_order_and_number() {
        let read = read(b"Reference, verify_token\nr1,canary1\n,canary2");
        let all: Vec<_> = read
            .into_iter()
            .map(|line| line.unwrap().1)
            .map(|told| (told.verify_token.reveal().to_owned(), told.reference))
            .collect();
        assert_eq!(
            all,
            [
                ("canary1".to_owned(), Some("r1".to_owned())),
                ("canary2".to_owned(), None)
            ]
        );
    }

    #[test]
    fn a_wrong_line_is_told_by_number_and_never_by_what_it_holds() {
        let long = format!("{},", "canary".repeat(20_000));
        let csv = format!(
            "verify_token,app,issued_at\ncanary1,h5,\ncanary 2,h5,\ncanary3,canary,\ncanary4,h5,yesterday\ncanary5,h5\n\"canary6,h5,\n,h5,\n{long}\ncanary8,h5,"
        );
        let csv = read(csv.as_bytes());
        let wrong_lines = wrong(&csv);
        let parts = [
            (3, "not visible ASCII"),
            (4, "not configured; there are: h5, other"),
            (5, "issued_at is not a time"),
            (6, "has 2 columns, the first line names 3"),
            (7, "a quote is left open"),
            (8, "verify_token is empty"),
            (9, "is longer than"),
        ];
        assert_eq!(
            wrong_lines
                .iter()
                .map(|(number, _)| *number)
                .collect::<Vec<_>>(),
            parts.map(|(number, _)| number)
        );
        for ((_, why), (_, part)) in wrong_lines.iter().zip(parts) {
            assert!(why.contains(part) && !why.contains("canary"), "{why}");
        }
        assert_eq!(csv.iter().filter(|line| line.is_ok()).count(), 2);

        let json = read(b"{\"verify_token\":\"ok\"}\n{\"verify_token\":5}\n{\"verify_tokn\":\"canary\"}\n{\"verify_token\":\"canary\"\n[\"canary\"]\n{\"verify_token\":\"a\",\"verify_token\":\"canary\"}\n{\"verify_token\":\"a\",\"canary\":1}\n\xff\xfe\n{}\n{\"verify_token\":\"last\"}");
        assert_eq!(
            wrong(&json)
                .iter()
                .map(|(number, _)| *number)
                .collect::<Vec<_>>(),
            [2, 3, 4, 5, 6, 8, 9]
        );
        for (_, why) in wrong(&json) {
            assert!(!why.contains("canary"), "{why}");
        }
    }

    #[test]
    fn what_a_spreadsheet_did_to_a_line_is_told() {
        let csv = "verify_token,app,issued_at,plan_id,reference\n\
            canary1\t,h5,,1,12345678901234567\t\n=\"canary2\",h5,,1,r\n'canary3,h5,,1,r\n1.23457E+23,h5,,1,r\ncanary5,h5,,1.23457E+11,r\ncanary6,h5,,1,2.1E+11\n\
            https://h5.example/?token=canary7&x=y,h5,,1,r\n-,h5,,1,r\n";
        let csv = read(csv.as_bytes());
        let parts = [
            (3, "quote"),
            (4, "quote"),
            (5, "verify_token is a number in scientific"),
            (6, "plan_id is a number in scientific"),
            (7, "reference is a number in scientific"),
            (8, "between `token=`"),
            (9, "is -"),
        ];
        let wrong_lines = wrong(&csv);
        assert_eq!(
            wrong_lines
                .iter()
                .map(|(number, _)| *number)
                .collect::<Vec<_>>(),
            parts.map(|(number, _)| number)
        );
        for ((_, why), (_, part)) in wrong_lines.iter().zip(parts) {
            assert!(why.contains(part) && !why.contains("canary"), "{why}");
        }

        let json = [
            format!(
                "{{\"verify_token\":\"canary1\",\"reference\":\"{}\"}}",
                "x".repeat(8_000)
            ),
            "{\"verify_token\":\"canary2\",\"reference\":\"a\\nb\"}".to_owned(),
            "{\"verify_token\":\"canary3\",\"plan_id\":1.23457e11}".to_owned(),
            "{\"verify_token\":\"canary4\",\"reference\":123456789012345678901234}".to_owned(),
            "{\"verify_token\":\"canary5\",\"plan_id\":17}".to_owned(),
        ];
        let json = read(json.join("\n").as_bytes());
        let parts = [
            (1, "8000 characters"),
            (2, "reference has a control"),
            (3, "plan_id is a number that has lost"),
            (4, "reference is a number that has lost"),
        ];
        assert_eq!(
            wrong(&json)
                .iter()
                .map(|(number, _)| *number)
                .collect::<Vec<_>>(),
            parts.map(|(number, _)| number)
        );
        for ((_, why), (_, part)) in wrong(&json).into_iter().zip(parts) {
            assert!(why.contains(part) && !why.contains("canary"), "{why}");
        }
    }

    #[test]
    fn a_first_line_without_names_is_refused_and_not_repeated() {
        for text in [
            "canary-token\ncanary-2\n",
            "verify_token,verify_token\n",
            "app\nx",
            "[{}]",
            "\"verify_token\nx",
        ] {
            let why = open(text.as_bytes(), defaults()).err().unwrap();
            assert!(!why.contains("canary"), "{why}");
        }
        assert_eq!(read(b"").len(), 0);
        assert_eq!(read(b"\r\n\r\n").len(), 0);
    }

    /// What is read of a list: each token with its reference, what is wrong, and what is noted.
    fn summary(text: &[u8], reading: Reading) -> (Vec<String>, Vec<String>, Vec<String>) {
        let mut input = open(
            text,
            Defaults {
                reading,
                ..defaults()
            },
        )
        .unwrap();
        let (mut good, mut bad, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(line) = input.next() {
            match line {
                Ok((number, told)) => {
                    let reference = told.reference.unwrap_or_default();
                    let at = told.issued_at.map_or_else(String::new, Time::rfc3339);
                    good.push(
                        format!("{number} {} {reference} {at}", told.verify_token.reveal())
                            .trim_end()
                            .to_owned(),
                    );
                }
                Err((number, why)) => bad.push(format!("{number}: {why}")),
            }
            notes.extend(input.notes());
        }
        (good, bad, notes)
    }

    #[test]
    fn lists_are_read_as_people_have_them() {
        let reading = |map: &[&str], zone: Option<&str>| Reading {
            map: map.iter().map(|text| Alias::parse(text).unwrap()).collect(),
            time_zone: zone.map(|zone| Zone::parse(zone).unwrap()),
        };
        let plain = || reading(&[], None);
        let (one, two) = ("Tok000000000000000000041", "Tok000000000000000000042");
        let gbk = [
            &b"verify_token,reference\r\n"[..],
            one.as_bytes(),
            b",\xb6\xa9\xb5\xa51\r\n",
            two.as_bytes(),
            b",\xb6\xa9\xb5\xa52\r\n",
        ]
        .concat();
        for (label, text, reading, expected, noted) in [
            ("tokens alone", format!("{one}\n\n{two}\n").into_bytes(), plain(), ["1", "3"].as_slice(), ""),
            ("GBK", gbk, plain(), &["2 订单1", "3 订单2"], "line 2 is not UTF-8: read as GB18030"),
            ("semicolons", format!("verify_token;app;issued_at;reference\r\n{one};h5;;订单1\r\n{two};h5;;订单2\r\n").into_bytes(), plain(), &["2 订单1", "3 订单2"], ""),
            ("tabs", format!("verify_token\tapp\tissued_at\treference\r\n{one}\th5\t\tr\r\n{two}\th5\t\t\r\n").into_bytes(), plain(), &["2 r", "3"], ""),
            ("psql -A", format!("verify_token|reference\n{one}|r\n{two}|\n").into_bytes(), plain(), &["2 r", "3"], ""),
            ("carriage returns", format!("verify_token,reference\r{one},r\r{two},r\r").into_bytes(), plain(), &["2 r", "3 r"], ""),
            ("rows of commas", format!("verify_token,app,reference\r\n{one},h5,r\r\n{two},h5,r\r\n,,\r\n,,\r\n").into_bytes(), plain(), &["2 r", "3 r"], ""),
            ("nameless columns", format!("verify_token,reference,,\r\n{one},r,,\r\n{two},r,,\r\n").into_bytes(), plain(), &["2 r", "3 r"], ""),
            ("sep=", format!("sep=;\r\nverify_token;reference\r\n{one};a,b\r\n{two};\r\n").into_bytes(), plain(), &["3 a,b", "4"], ""),
            ("columns of others", format!("id,verify_token,app,status\n1,{one},h5,OK\n2,{two},h5,OK\n").into_bytes(), plain(), &["2", "3"], "columns not known here and left out: id, status"),
            ("fields of others", format!("{{\"verify_token\":\"{one}\",\"status\":\"x\",\"log_id\":1775075543214005842}}\n{{\"status\":{{}},\"verify_token\":\"{two}\"}}").into_bytes(), plain(), &["1", "2"], "fields not known here and left out: status, log_id"),
            ("other names", format!("order_no,token\nr1,{one}\nr2,{two}\n").into_bytes(), reading(&["order_no=reference", "TOKEN=verify_token"], None), &["2 r1", "3 r2"], ""),
            ("other names of fields", format!("{{\"token\":\"{one}\",\"order_no\":17}}\n{{\"token\":\"{two}\"}}").into_bytes(), reading(&["order_no=reference", "token=verify_token"], None), &["1 17", "2"], ""),
            ("times of a wall clock", format!("verify_token,issued_at\n{one},2026-11-26 19:20:00\n{two},2026/11/26 19:20\n").into_bytes(), reading(&[], Some("+08:00")), &["2  2026-11-26T11:20:00Z", "3  2026-11-26T11:20:00Z"], ""),
            ("seconds and milliseconds", format!("{{\"verify_token\":\"{one}\",\"issued_at\":1795692000}}\n{{\"verify_token\":\"{two}\",\"issued_at\":\"1795692000000\"}}").into_bytes(), plain(), &["1  2026-11-26T11:20:00Z", "2  2026-11-26T11:20:00Z"], ""),
        ] {
            let (good, bad, notes) = summary(&text, reading);
            let expected: Vec<String> = expected.iter().zip([one, two]).map(|(line, token)| {
                let (number, rest) = line.split_once(' ').unwrap_or((line, ""));
                format!("{number} {token} {rest}").trim_end().to_owned()
            }).collect();
            assert_eq!(good, expected, "{label}");
            assert!(bad.is_empty(), "{label}: {bad:?}");
            let notes = notes.join("\n");
            assert!(notes.starts_with(noted) && noted.is_empty() == notes.is_empty() && notes.lines().count() <= 1, "{label}: {notes}");
        }
    }

    #[test]
    fn of_ten_thousand_lines_thirty_seven_are_wrong_and_the_others_are_not() {
        let mut text = String::from("verify_token\n");
        for number in 0..10_000 {
            let bad = number % 270 == 100;
            text.push_str(&if bad {
                "has a space\n".to_owned()
            } else {
                format!("token-{number}\n")
            });
        }
        let read = read(text.as_bytes());
        assert_eq!(
            (
                read.iter().filter(|line| line.is_ok()).count(),
                wrong(&read).len()
            ),
            (9_963, 37)
        );
        assert_eq!(wrong(&read)[0].0, 102);
    }
}
