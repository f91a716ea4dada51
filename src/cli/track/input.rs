//! Reading tokens to be tracked: NDJSON or CSV, told apart by the first line.
//!
//! A wrong line is told by its number and what is wrong, never by what it holds, and never stops
//! the lines after it. A record is one line: a quote that is left open spoils its own line only.

use std::io::{BufRead, Read as _};

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{
    secret::Secret,
    time::Time,
    token::{TrackRequest, check_name, check_token},
};

/// The longest line that is read, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;

/// The columns of CSV and the fields of NDJSON.
pub(crate) const FIELDS: [&str; 5] = ["verify_token", "app", "issued_at", "plan_id", "reference"];

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
}

/// What a line says, before it is checked.
#[derive(Default)]
struct Fields {
    verify_token: Option<String>,
    app: Option<String>,
    issued_at: Option<String>,
    plan_id: Option<String>,
    reference: Option<String>,
}

/// The lines of a file or a pipe, one token each.
pub(crate) struct Input<R> {
    lines: Lines<R>,
    /// Which field each column of CSV holds; none for NDJSON.
    columns: Option<Vec<usize>>,
    /// A first line that is data already.
    first: Option<(u64, Vec<u8>)>,
    defaults: Defaults,
}

/// Opens an input.
///
/// # Errors
/// What is wrong with its first line, which decides how all others are read; never what it holds.
pub(crate) fn open<R: BufRead>(input: R, defaults: Defaults) -> Result<Input<R>, String> {
    let mut lines = Lines {
        input,
        number: 0,
        bytes: 0,
        broken: false,
    };
    let first = loop {
        match lines.next() {
            Some((_, Ok(line))) if line.trim_ascii().is_empty() => {}
            Some((number, Ok(line))) => break Some((number, line)),
            Some((number, Err(why))) => return Err(format!("line {number}: {why}")),
            None => break None,
        }
    };
    let Some((number, line)) = first else {
        return Ok(Input {
            lines,
            columns: None,
            first: None,
            defaults,
        });
    };
    match line.trim_ascii().first() {
        Some(b'{') => Ok(Input {
            lines,
            columns: None,
            first: Some((number, line)),
            defaults,
        }),
        Some(b'[') => {
            Err("is a JSON list; write one object a line (jq -c '.[]' does it)".to_owned())
        }
        _ => Ok(Input {
            columns: Some(columns(&line)?),
            lines,
            first: None,
            defaults,
        }),
    }
}

/// The header of CSV.
fn columns(line: &[u8]) -> Result<Vec<usize>, String> {
    let advice = format!(
        "CSV begins with a line of column names, of these: {}",
        FIELDS.join(",")
    );
    let names = cells(line).map_err(|why| format!("line 1: {why}; {advice}"))?;
    let mut columns = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let Some(field) = FIELDS
            .iter()
            .position(|field| name.eq_ignore_ascii_case(field))
        else {
            // Not repeated: without a header it would be a token.
            return Err(format!(
                "column {} of the first line has no name known here; {advice}",
                at + 1
            ));
        };
        if columns.contains(&field) {
            return Err(format!(
                "column {} of the first line is there twice; {advice}",
                at + 1
            ));
        }
        columns.push(field);
    }
    if columns.contains(&0) {
        Ok(columns)
    } else {
        Err(format!("no column verify_token; {advice}"))
    }
}

impl<R: BufRead> Input<R> {
    /// How much of the input has been read, in bytes.
    #[must_use]
    pub(crate) const fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    fn read(&self, line: &[u8]) -> Result<TrackRequest, String> {
        let fields = match &self.columns {
            Some(columns) => from_csv(line, columns)?,
            None => from_json(line)?,
        };
        self.defaults.told(fields)
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
            .map(|text| Time::parse(&text))
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
        loop {
            let (number, line) = match self.first.take() {
                Some((number, line)) => (number, Ok(line)),
                None => self.lines.next()?,
            };
            match line {
                Ok(line) if line.trim_ascii().is_empty() => {}
                Ok(line) => {
                    return Some(
                        self.read(&line)
                            .map(|told| (number, told))
                            .map_err(|why| (number, why)),
                    );
                }
                Err(why) => return Some(Err((number, why))),
            }
        }
    }
}

fn from_csv(line: &[u8], columns: &[usize]) -> Result<Fields, String> {
    let cells = cells(line)?;
    if cells.len() != columns.len() {
        return Err(format!(
            "has {} columns, the first line names {}",
            cells.len(),
            columns.len()
        ));
    }
    let mut fields = Fields::default();
    for (field, cell) in columns.iter().zip(cells) {
        let cell = Some(cell).filter(|cell| !cell.is_empty());
        match field {
            0 => fields.verify_token = cell,
            1 => fields.app = cell,
            2 => fields.issued_at = cell,
            3 => fields.plan_id = cell,
            _ => fields.reference = cell,
        }
    }
    Ok(fields)
}

/// The cells of one line of CSV (RFC 4180, within the line), trimmed.
///
/// By hand: a reader of the csv crate over the whole input lets an open quote swallow the good
/// lines after it, and one for each line costs more than all the rest of tracking.
fn cells(line: &[u8]) -> Result<Vec<String>, String> {
    let mut rest = std::str::from_utf8(line)
        .map_err(|_| "is not UTF-8 text".to_owned())?
        .trim();
    let mut cells = Vec::with_capacity(FIELDS.len());
    loop {
        let (cell, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => rest
                .split_once(',')
                .map_or((rest.to_owned(), None), |(cell, tail)| {
                    (cell.to_owned(), Some(tail))
                }),
        };
        cells.push(cell.trim().to_owned());
        match tail {
            Some(tail) => rest = tail.trim_start(),
            None => return Ok(cells),
        }
    }
}

/// A cell behind its opening quote, and what follows the comma after it.
fn quoted_cell(text: &str) -> Result<(String, Option<&str>), String> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, tail) = rest
            .split_once('"')
            .ok_or("a quote is left open (a record is one line)")?;
        cell.push_str(part);
        match tail.strip_prefix('"') {
            // A doubled quote stands for one.
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => {
                let tail = tail.trim_start();
                let next = tail.strip_prefix(',');
                return if next.is_some() || tail.is_empty() {
                    Ok((cell, next))
                } else {
                    Err("something follows a closing quote".to_owned())
                };
            }
        }
    }
}

/// Values as they come: numbers are taken for the identifiers that some write without quotes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine {
    verify_token: Option<Value>,
    app: Option<Value>,
    issued_at: Option<Value>,
    plan_id: Option<Value>,
    reference: Option<Value>,
}

fn from_json(line: &[u8]) -> Result<Fields, String> {
    // The text of a serde error may repeat what the line holds.
    let line: JsonLine = serde_json::from_slice(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            format!("is no object of {}, each once at most", FIELDS.join(", "))
        }
        _ => format!("is no JSON (column {})", error.column()),
    })?;
    Ok(Fields {
        verify_token: text("verify_token", line.verify_token, false)?,
        app: text("app", line.app, false)?,
        issued_at: text("issued_at", line.issued_at, false)?,
        plan_id: text("plan_id", line.plan_id, true)?,
        reference: text("reference", line.reference, true)?,
    })
}

fn text(field: &str, value: Option<Value>, number: bool) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        // One that is no integer, or has more digits than a number of JSON carries, is not what was
        // meant.
        Some(Value::Number(digits)) if number && digits.is_f64() => Err(format!(
            "{field} is a number that has lost digits: write it as text"
        )),
        Some(Value::Number(digits)) if number => Ok(Some(digits.to_string())),
        Some(_) => Err(format!("{field} is no text")),
    }
}

/// Lines of bounded length, counted from 1, without a byte order mark.
struct Lines<R> {
    input: R,
    number: u64,
    bytes: u64,
    broken: bool,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Option<(u64, Result<Vec<u8>, String>)> {
        if self.broken {
            return None;
        }
        let mut line = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let read = self.input.by_ref().take(limit).read_until(b'\n', &mut line);
        self.number += 1;
        match read {
            Ok(0) => None,
            Ok(read) => {
                self.bytes += read as u64;
                if read as u64 == limit && line.last() != Some(&b'\n') {
                    let rest = self.input.skip_until(b'\n').unwrap_or(0);
                    self.bytes += rest as u64;
                    return Some((
                        self.number,
                        Err(format!("is longer than {LINE_BYTES_MAX} bytes")),
                    ));
                }
                if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                    line.drain(..3);
                }
                Some((self.number, Ok(line)))
            }
            Err(error) => {
                self.broken = true;
                Some((
                    self.number,
                    Err(format!("the input cannot be read on: {error}")),
                ))
            }
        }
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
    fn cells_are_read_as_rfc_4180_says() {
        for (line, expected) in [
            ("a,b,c", Ok(vec!["a", "b", "c"])),
            (" a , , c\r\n", Ok(vec!["a", "", "c"])),
            (
                "\"a,1\",\"say \"\"x\"\"\" ,",
                Ok(vec!["a,1", "say \"x\"", ""]),
            ),
            ("a\"b,\"\"", Ok(vec!["a\"b", ""])),
            (",", Ok(vec!["", ""])),
            ("\"a", Err("left open")),
            ("\"a\"b,c", Err("follows a closing quote")),
        ] {
            match (cells(line.as_bytes()), expected) {
                (Ok(cells), Ok(expected)) => assert_eq!(cells, expected, "{line}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{line}: {why}"),
                (other, _) => panic!("{line}: {other:?}"),
            }
        }
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
            (5, "issued_at is not an RFC 3339"),
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
            [2, 3, 4, 5, 6, 7, 8, 9]
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
            "verify_token,canary\n",
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
