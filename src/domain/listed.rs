//! Lists as people have them, of tokens or of what a bill counts: what their first line says, and
//! one line at a time.
//!
//! Plain functions on text, so that whoever is told a list reads it alike. What is wrong is told
//! without what the line holds: a cell may be a token.

pub mod bill;
mod cells;
mod named;
mod object;
mod token;
mod when;

pub use named::{Named, Numbers, field_names};
pub use object::object;
pub use token::{Field, Fields};
pub use when::{Zone, instant};

use named::named;

/// How much of a name that is not known here is repeated, in characters.
const NAME_CHARS_SHOWN: usize = 40;

/// Another name for a field, as `order_no=reference` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias<F = Field> {
    name: String,
    field: F,
}

impl<F: Named> Alias<F> {
    /// Reads `NAME=FIELD`.
    ///
    /// # Errors
    /// What is wrong and which fields there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "is not NAME=FIELD, such as {}; the fields are {}",
                F::EXAMPLE,
                field_names::<F>()
            )
        };
        let (name, field) = text.split_once('=').ok_or_else(wrong)?;
        let field = named(field.trim()).ok_or_else(wrong)?;
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(wrong());
        }
        Ok(Self { name, field })
    }
}

/// Which field a name stands for. An alias takes the place of the field's own name.
#[must_use]
pub fn field_of<F: Named>(name: &str, aliases: &[Alias<F>]) -> Option<F> {
    if let Some(alias) = aliases
        .iter()
        .find(|alias| name.eq_ignore_ascii_case(&alias.name))
    {
        return Some(alias.field);
    }
    named(name).filter(|field: &F| aliases.iter().all(|alias| alias.field != *field))
}

/// How the lines of a list are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout<F = Field> {
    /// A JSON object a line; the first line is one already.
    Objects,
    /// A [`Named::KEY`] a line; the first line is one already.
    Bare,
    /// Columns, which the first line names.
    Columns {
        /// What stands between them.
        separator: char,
        /// What each holds; none for one that is not known here.
        fields: Vec<Option<F>>,
    },
}

/// The separator that a spreadsheet's line before the names of the columns tells (`sep=;`).
#[must_use]
pub fn told_separator(line: &str) -> Option<char> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (before, separator) = line.split_at_checked(4)?;
    let mut rest = separator.chars();
    let one = rest.next().filter(|one| cells::SEPARATORS.contains(one))?;
    (before.eq_ignore_ascii_case("sep=") && rest.as_str().trim().is_empty()).then_some(one)
}

/// What the first line says of all others, and the names of columns that are not known here.
/// `separator` is the one that is told, if any.
///
/// # Errors
/// Why nothing can be read.
pub fn layout<F: Named>(
    line: &str,
    separator: Option<char>,
    aliases: &[Alias<F>],
) -> Result<(Layout<F>, Vec<String>), String> {
    match line.trim_start().chars().next() {
        Some('{') => return Ok((Layout::Objects, Vec::new())),
        Some('[') => {
            return Err("is a JSON list; write one object a line (jq -c '.[]' does it)".to_owned());
        }
        _ => {}
    }
    let mut advice = format!(
        "CSV begins with a line of column names, of these: {} (--map NAME=FIELD reads another name as one of them)",
        field_names::<F>()
    );
    advice.push_str(F::WITHOUT_NAMES);
    let told = separator.map(|one| [one]);
    let separators = told.as_ref().map_or(&cells::SEPARATORS[..], |one| &one[..]);
    for separator in separators.iter().copied() {
        let Ok(names) = cells::cells(line, separator) else {
            continue;
        };
        if names
            .iter()
            .any(|name| field_of(name, aliases) == Some(F::KEY))
        {
            return columns(&names, separator, aliases).map_err(|why| format!("{why}; {advice}"));
        }
    }
    if F::is_bare(line.trim()) {
        return Ok((Layout::Bare, Vec::new()));
    }
    cells::cells(line, ',').map_err(|why| format!("line 1: {why}; {advice}"))?;
    // The line is not repeated: without names of columns it holds tokens.
    Err(format!(
        "the first line names no column {}{}; {advice}",
        F::KEY.name(),
        F::NOR
    ))
}

fn columns<F: Named>(
    names: &[String],
    separator: char,
    aliases: &[Alias<F>],
) -> Result<(Layout<F>, Vec<String>), String> {
    let mut fields = Vec::with_capacity(names.len());
    let mut unknown = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let field = field_of(name, aliases);
        if field.is_some() && fields.contains(&field) {
            return Err(format!(
                "column {} of the first line is there twice",
                at + 1
            ));
        }
        if field.is_none() && !name.is_empty() {
            unknown.push(shown(name));
        }
        fields.push(field);
    }
    let missing = aliases.iter().find(|alias| {
        !names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&alias.name))
    });
    match missing {
        Some(alias) => Err(format!(
            "no column {}, which is to be read as {}",
            shown(&alias.name),
            alias.field.name()
        )),
        None => Ok((Layout::Columns { separator, fields }, unknown)),
    }
}

/// A name as it is told: on one line and not too long.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|char| !char.is_control())
        .take(NAME_CHARS_SHOWN)
        .collect()
}

/// A line of columns; none when all its cells are empty.
///
/// # Errors
/// What is wrong with it.
pub fn row<F: Named>(
    line: &str,
    separator: char,
    columns: &[Option<F>],
) -> Result<Option<F::Line>, String> {
    let cells = cells::cells(line, separator)?;
    if cells.iter().all(String::is_empty) {
        return Ok(None);
    }
    let beyond = cells.iter().skip(columns.len());
    if cells.len() < columns.len() || beyond.into_iter().any(|cell| !cell.is_empty()) {
        return Err(format!(
            "has {} columns, the first line names {}",
            cells.len(),
            columns.len()
        ));
    }
    let mut fields = F::Line::default();
    for (field, cell) in columns.iter().zip(cells) {
        if let Some(field) = field {
            *field.of(&mut fields) = Some(cell).filter(|cell| !cell.is_empty());
        }
    }
    Ok(Some(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_says_how_all_others_are_written() {
        let columns = |separator, fields: &[Option<Field>]| Layout::Columns {
            separator,
            fields: fields.to_vec(),
        };
        let (token, app, reference) = (
            Some(Field::VerifyToken),
            Some(Field::App),
            Some(Field::Reference),
        );
        for (label, line, expected, unknown) in [
            ("NDJSON", "{\"verify_token\":1}", Layout::Objects, &[][..]),
            ("a token", "Tok000000000000000000091", Layout::Bare, &[]),
            (
                "commas",
                "verify_token,app",
                columns(',', &[token, app]),
                &[],
            ),
            (
                "semicolons",
                "app;verify_token",
                columns(';', &[app, token]),
                &[],
            ),
            (
                "tabs",
                "verify_token\tapp",
                columns('\t', &[token, app]),
                &[],
            ),
            (
                "psql -A",
                "verify_token|app",
                columns('|', &[token, app]),
                &[],
            ),
            (
                "one column",
                "\"Verify_Token\"",
                columns(',', &[token]),
                &[],
            ),
            (
                "nameless columns",
                "verify_token,app,,",
                columns(',', &[token, app, None, None]),
                &[],
            ),
            (
                "columns of others",
                "id,verify_token,order\u{7}_no",
                columns(',', &[None, token, None]),
                &["id", "order_no"],
            ),
        ] {
            let (layout, names) = layout::<Field>(line, None, &[]).unwrap();
            assert_eq!(
                (layout, names.as_slice()),
                (
                    expected,
                    &unknown.iter().map(ToString::to_string).collect::<Vec<_>>()[..]
                ),
                "{label}"
            );
        }
        let aliases =
            ["order_no=reference", "Token = verify_token"].map(|text| Alias::parse(text).unwrap());
        assert_eq!(
            layout("token;order_no;reference", None, &aliases).unwrap(),
            (
                columns(';', &[token, reference, None]),
                vec!["reference".to_owned()]
            )
        );
    }

    #[test]
    fn a_first_line_that_says_nothing_is_refused_in_one_sentence() {
        for (label, line, part) in [
            ("a list", "[{}]", "one object a line"),
            ("a name of others", "token", "no column verify_token"),
            (
                "a long name of others",
                "provider_verify_token_of_ours",
                "no column verify_token",
            ),
            (
                "several columns without names",
                "Tok000000000000000000091,h5",
                "no column verify_token",
            ),
            (
                "twice",
                "verify_token,app,APP",
                "column 3 of the first line is there twice",
            ),
            ("an open quote", "\"verify_token", "a quote is left open"),
        ] {
            let why = layout::<Field>(line, None, &[]).unwrap_err();
            assert!(
                why.contains(part) && !why.contains("Tok0") && !why.contains('\n'),
                "{label}: {why}"
            );
        }
        let alias = [Alias::<Field>::parse("order=reference").unwrap()];
        let why = layout("verify_token,order_no", None, &alias).unwrap_err();
        assert!(
            why.contains("no column order, which is to be read as reference"),
            "{why}"
        );
        for text in ["order", "order=", "=reference", "order=name"] {
            assert!(Alias::<Field>::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_told_separator_is_one_of_those_that_are_read() {
        for (line, expected) in [
            ("sep=,", Some(',')),
            ("SEP=;\r\n", Some(';')),
            ("sep=\t", Some('\t')),
            ("sep=x", None),
            ("sep=", None),
            ("sep", None),
            ("订单号", None),
        ] {
            assert_eq!(told_separator(line), expected, "{line}");
        }
    }

    #[test]
    fn rows_of_nothing_are_left_out_and_too_many_cells_are_told() {
        let columns = [Some(Field::VerifyToken), None, Some(Field::Reference)];
        for (line, expected) in [
            ("a,x,r", Ok(Some((Some("a"), Some("r"))))),
            ("a,,", Ok(Some((Some("a"), None)))),
            ("a,,r,,", Ok(Some((Some("a"), Some("r"))))),
            (",,", Ok(None)),
            (",,,,,\r\n", Ok(None)),
            ("a,b", Err("has 2 columns, the first line names 3")),
            ("a,b,c,d", Err("has 4 columns, the first line names 3")),
        ] {
            let read = row(line, ',', &columns);
            let read = read
                .as_ref()
                .map(|fields| {
                    fields
                        .as_ref()
                        .map(|fields| (fields.verify_token.as_deref(), fields.reference.as_deref()))
                })
                .map_err(String::as_str);
            assert_eq!(read, expected, "{line}");
        }
    }
}
