//! The lines of an input as text: of bounded length, whatever ends them, and in the encodings in
//! which spreadsheets write them.

use std::io::{self, BufRead};

use encoding_rs::GB18030;

/// The longest line that is read, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;

/// Lines counted from 1, without a byte order mark. Each ends with a line feed, a carriage return
/// or both.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    bytes: u64,
    /// No line follows any more.
    ended: bool,
    /// A line ended with a carriage return: a line feed that follows belongs to it. It is looked
    /// for with the next line, so that a pipe is not waited for.
    after_return: bool,
    encoding: Encoding,
    note: Option<String>,
}

/// What the lines until now were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// ASCII: anything.
    Open,
    Utf8,
    Gb18030,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn of(input: R) -> Self {
        Self {
            input,
            number: 0,
            bytes: 0,
            ended: false,
            after_return: false,
            encoding: Encoding::Open,
            note: None,
        }
    }

    /// How much has been read, in bytes.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// In which encoding it is read, said once where that is not the usual one.
    pub(super) const fn note(&mut self) -> Option<String> {
        self.note.take()
    }

    /// The next line with its number, or what is wrong with it.
    pub(super) fn next(&mut self) -> Option<(u64, Result<String, String>)> {
        if self.ended {
            return None;
        }
        self.number += 1;
        let mut line = Vec::new();
        let text = match self.read(&mut line) {
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Ok(Some(true)) => self.decode(line),
            Ok(Some(false)) => Err(format!("is longer than {LINE_BYTES_MAX} bytes")),
            Err(error) => {
                self.ended = true;
                Err(format!("the input cannot be read on: {error}"))
            }
        };
        Some((self.number, text))
    }

    /// Reads a line without its end: none when there is no more, and whether it was short enough.
    fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let (mut any, mut whole) = (false, true);
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                return Ok(any.then_some(whole));
            }
            if std::mem::take(&mut self.after_return) && buffer.first() == Some(&b'\n') {
                self.input.consume(1);
                self.bytes += 1;
                continue;
            }
            any = true;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, _) = buffer.split_at(end.unwrap_or(buffer.len()));
            whole = whole && line.len() + part.len() <= LINE_BYTES_MAX;
            if whole {
                line.extend_from_slice(part);
            }
            self.after_return = end.is_some_and(|end| buffer.get(end) == Some(&b'\r'));
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                return Ok(Some(whole));
            }
        }
    }

    /// UTF-8, or GB18030 from the first line on that cannot be UTF-8, unless one before it was: then
    /// it is that line that is wrong.
    fn decode(&mut self, mut line: Vec<u8>) -> Result<String, String> {
        if self.number == 1 {
            if line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
                self.encoding = Encoding::Utf8;
            } else if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
                self.ended = true;
                return Err("is UTF-16 text: save the list as CSV in UTF-8".to_owned());
            }
        }
        if line.is_ascii() || self.encoding != Encoding::Gb18030 {
            match String::from_utf8(line) {
                Ok(text) => {
                    if !text.is_ascii() {
                        self.encoding = Encoding::Utf8;
                    }
                    return Ok(text);
                }
                Err(error) => line = error.into_bytes(),
            }
        }
        if self.encoding == Encoding::Utf8 {
            return Err("is not UTF-8 text, as lines before it are".to_owned());
        }
        let text = GB18030
            .decode_without_bom_handling_and_without_replacement(&line)
            .ok_or("is neither UTF-8 nor GB18030 text")?;
        if self.encoding == Encoding::Open {
            self.encoding = Encoding::Gb18030;
            self.note = Some(format!(
                "line {} is not UTF-8: read as GB18030 (GBK) from here on",
                self.number
            ));
        }
        Ok(text.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Vec<(u64, Result<String, String>)>, Option<String>);

    fn read(bytes: &[u8]) -> Read {
        // A buffer of few bytes cuts every line somewhere.
        let mut lines = Lines::of(io::BufReader::with_capacity(3, bytes));
        let mut all = Vec::new();
        while let Some(line) = lines.next() {
            all.push(line);
        }
        assert_eq!(lines.bytes(), bytes.len() as u64);
        (all, lines.note())
    }

    #[test]
    fn a_line_ends_with_a_line_feed_a_carriage_return_or_both() {
        for (label, text, expected) in [
            ("line feeds", "a\n\nb", &["a", "", "b"][..]),
            ("both", "a\r\n\r\nb\r\n", &["a", "", "b"]),
            ("carriage returns", "a\r\rb\r", &["a", "", "b"]),
            ("mixed", "a\nb\rc\r\nd", &["a", "b", "c", "d"]),
            ("nothing", "", &[]),
        ] {
            let lines: Vec<String> = read(text.as_bytes())
                .0
                .into_iter()
                .map(|(_, line)| line.unwrap())
                .collect();
            assert_eq!(lines, expected, "{label}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_read_as_gb18030_and_said() {
        for (label, bytes, expected, noted) in [
            (
                "UTF-8",
                &b"a\n\xe8\xae\xa2"[..],
                &[Ok("a"), Ok("\u{8ba2}")][..],
                false,
            ),
            (
                "GBK",
                b"a\n\xb6\xa9\xb5\xa5,1\n\xb6\xa9",
                &[Ok("a"), Ok("\u{8ba2}\u{5355},1"), Ok("\u{8ba2}")],
                true,
            ),
            (
                "GBK that UTF-8 could be too",
                b"\xb6\xa9\n\xc3\xb6",
                &[Ok("\u{8ba2}"), Ok("\u{679a}")],
                true,
            ),
            ("four bytes", b"\x81\x30\x81\x30", &[Ok("\u{80}")], true),
            (
                "UTF-8 with a damaged line",
                b"\xe8\xae\xa2\n\xb6\xa9\na",
                &[Ok("\u{8ba2}"), Err("not UTF-8 text, as lines"), Ok("a")],
                false,
            ),
            (
                "a mark of UTF-8",
                b"\xef\xbb\xbfa\n\xb6\xa9",
                &[Ok("a"), Err("not UTF-8 text, as lines")],
                false,
            ),
            (
                "neither",
                b"a\n\xff\xfe\nb",
                &[Ok("a"), Err("neither UTF-8 nor"), Ok("b")],
                false,
            ),
        ] {
            let (lines, note) = read(bytes);
            assert_eq!(lines.len(), expected.len(), "{label}");
            for ((_, line), expected) in lines.iter().zip(expected) {
                match (line, expected) {
                    (Ok(line), Ok(expected)) => assert_eq!(line, expected, "{label}"),
                    (Err(why), Err(part)) => assert!(why.contains(part), "{label}: {why}"),
                    other => panic!("{label}: {other:?}"),
                }
            }
            assert_eq!(note.is_some(), noted, "{label}");
        }
        let mut lines = Lines::of(&b"\xff\xfea\0\n\0"[..]);
        assert!(matches!(lines.next(), Some((1, Err(why))) if why.contains("UTF-16")));
        assert!(lines.next().is_none());
    }
}
