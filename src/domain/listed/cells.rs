//! The cells of one line of CSV.

/// What may stand between columns, the likeliest first.
pub(super) const SEPARATORS: [char; 4] = [',', '\t', ';', '|'];

/// How many cells there is room for at first.
const CELLS: usize = 5;

/// The cells of one line (RFC 4180, within the line, with any separator), trimmed.
///
/// By hand: a reader of the csv crate over the whole input lets an open quote swallow the good
/// lines after it, and one for each line costs more than all the rest of tracking.
///
/// # Errors
/// What is wrong with its quotes.
pub(super) fn cells(line: &str, separator: char) -> Result<Vec<String>, String> {
    // A tab is a space as well, but not where it separates.
    let begin = |text| {
        str::trim_start_matches(text, |char: char| char.is_whitespace() && char != separator)
    };
    let mut rest = begin(line.trim_end_matches(['\r', '\n']));
    let mut cells = Vec::with_capacity(CELLS);
    loop {
        let (cell, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, separator)?,
            None => rest
                .split_once(separator)
                .map_or((rest.to_owned(), None), |(cell, tail)| {
                    (cell.to_owned(), Some(tail))
                }),
        };
        cells.push(cell.trim().to_owned());
        match tail {
            Some(tail) => rest = begin(tail),
            None => return Ok(cells),
        }
    }
}

/// A cell behind its opening quote, and what follows the separator after it.
fn quoted_cell(text: &str, separator: char) -> Result<(String, Option<&str>), String> {
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
                let tail = tail.trim_start_matches(' ');
                let next = tail.strip_prefix(separator);
                return if next.is_some() || tail.trim().is_empty() {
                    Ok((cell, next))
                } else {
                    Err("something follows a closing quote".to_owned())
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_rfc_4180_says() {
        for (line, separator, expected) in [
            ("a,b,c", ',', Ok(vec!["a", "b", "c"])),
            (" a , , c\r\n", ',', Ok(vec!["a", "", "c"])),
            (
                "\"a,1\",\"say \"\"x\"\"\" ,",
                ',',
                Ok(vec!["a,1", "say \"x\"", ""]),
            ),
            ("a\"b,\"\"", ',', Ok(vec!["a\"b", ""])),
            (",", ',', Ok(vec!["", ""])),
            ("\"a", ',', Err("left open")),
            ("\"a\"b,c", ',', Err("follows a closing quote")),
            ("\ta\t\"b\"\t\t", '\t', Ok(vec!["", "a", "b", "", ""])),
            ("a;1,5;\"b;c\"", ';', Ok(vec!["a", "1,5", "b;c"])),
        ] {
            match (cells(line, separator), expected) {
                (Ok(cells), Ok(expected)) => assert_eq!(cells, expected, "{line}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{line}: {why}"),
                (other, _) => panic!("{line}: {other:?}"),
            }
        }
    }
}
