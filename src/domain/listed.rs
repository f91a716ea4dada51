//! Lists of tokens as people have them: what their first line says, and one line at a time.
//!
//! Plain functions on text, so that whoever is told a list reads it alike. What is wrong is told
//! without what the line holds: a cell may be a token.

mod cells;
mod object;
mod when;

pub use object::object;
pub use when::{Zone, instant};

use super::token::check_token;

/// The shortest first line that is taken for a token and not for the name of a column.
const BARE_CHARS_MIN: usize = 16;

/// How much of a name that is not known here is repeated, in characters.
const NAME_CHARS_SHOWN: usize = 40;

/// What a line can say of a token: the columns of CSV and the fields of NDJSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `verify_token`
    VerifyToken,
    /// `app`
    App,
    /// `issued_at`
    IssuedAt,
    /// `plan_id`
    PlanId,
    /// `reference`
    Reference,
}

impl Field {
    /// All of them, in the order in which they are usually written.
    pub const ALL: [Self; 5] = [
        Self::VerifyToken,
        Self::App,
        Self::IssuedAt,
        Self::PlanId,
        Self::Reference,
    ];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyToken => "verify_token",
            Self::App => "app",
            Self::IssuedAt => "issued_at",
            Self::PlanId => "plan_id",
            Self::Reference => "reference",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|field| name.eq_ignore_ascii_case(field.name()))
    }
}

/// The names of all fields, between commas.
#[must_use]
pub fn field_names() -> String {
    Field::ALL.map(Field::name).join(",")
}

/// What a line says, before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// `verify_token`
    pub verify_token: Option<String>,
    /// `app`
    pub app: Option<String>,
    /// `issued_at`, as [`instant`] reads it.
    pub issued_at: Option<String>,
    /// `plan_id`
    pub plan_id: Option<String>,
    /// `reference`
    pub reference: Option<String>,
}

impl Fields {
    const fn of(&mut self, field: Field) -> &mut Option<String> {
        match field {
            Field::VerifyToken => &mut self.verify_token,
            Field::App => &mut self.app,
            Field::IssuedAt => &mut self.issued_at,
            Field::PlanId => &mut self.plan_id,
            Field::Reference => &mut self.reference,
        }
    }
}

/// Another name for a field, as `order_no=reference` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    name: String,
    field: Field,
}

impl Alias {
    /// Reads `NAME=FIELD`.
    ///
    /// # Errors
    /// What is wrong and which fields there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "is not NAME=FIELD, such as order_no=reference; the fields are {}",
                field_names()
            )
        };
        let (name, field) = text.split_once('=').ok_or_else(wrong)?;
        let field = Field::named(field.trim()).ok_or_else(wrong)?;
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(wrong());
        }
        Ok(Self { name, field })
    }
}

/// Which field a name stands for. An alias takes the place of the field's own name.
#[must_use]
pub fn field_of(name: &str, aliases: &[Alias]) -> Option<Field> {
    if let Some(alias) = aliases
        .iter()
        .find(|alias| name.eq_ignore_ascii_case(&alias.name))
    {
        return Some(alias.field);
    }
    Field::named(name).filter(|field| aliases.iter().all(|alias| alias.field != *field))
}

/// How the lines of a list are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A JSON object a line; the first line is one already.
    Objects,
    /// A token a line; the first line is one already.
    Bare,
    /// Columns, which the first line names.
    Columns {
        /// What stands between them.
        separator: char,
        /// What each holds; none for one that is not known here.
        fields: Vec<Option<Field>>,
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
pub fn layout(
    line: &str,
    separator: Option<char>,
    aliases: &[Alias],
) -> Result<(Layout, Vec<String>), String> {
    match line.trim_start().chars().next() {
        Some('{') => return Ok((Layout::Objects, Vec::new())),
        Some('[') => {
            return Err("is a JSON list; write one object a line (jq -c '.[]' does it)".to_owned());
        }
        _ => {}
    }
    let advice = format!(
        "CSV begins with a line of column names, of these: {} (--map NAME=FIELD reads another name as one of them); without such a line only tokens are read, one a line",
        field_names()
    );
    let told = separator.map(|one| [one]);
    let separators = told.as_ref().map_or(&cells::SEPARATORS[..], |one| &one[..]);
    for separator in separators.iter().copied() {
        let Ok(names) = cells::cells(line, separator) else {
            continue;
        };
        if names
            .iter()
            .any(|name| field_of(name, aliases) == Some(Field::VerifyToken))
        {
            return columns(&names, separator, aliases).map_err(|why| format!("{why}; {advice}"));
        }
    }
    if is_bare(line.trim()) {
        return Ok((Layout::Bare, Vec::new()));
    }
    cells::cells(line, ',').map_err(|why| format!("line 1: {why}; {advice}"))?;
    // The line is not repeated: without names of columns it holds tokens.
    Err(format!(
        "the first line names no column verify_token, and is no token; {advice}"
    ))
}

/// Whether a first line is a token already, and not the name of a column.
fn is_bare(line: &str) -> bool {
    check_token(line).is_ok()
        && line.len() >= BARE_CHARS_MIN
        && line
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

fn columns(
    names: &[String],
    separator: char,
    aliases: &[Alias],
) -> Result<(Layout, Vec<String>), String> {
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
pub fn row(
    line: &str,
    separator: char,
    columns: &[Option<Field>],
) -> Result<Option<Fields>, String> {
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
    let mut fields = Fields::default();
    for (field, cell) in columns.iter().zip(cells) {
        if let Some(field) = field {
            *fields.of(*field) = Some(cell).filter(|cell| !cell.is_empty());
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
            let (layout, names) = layout(line, None, &[]).unwrap();
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
            let why = layout(line, None, &[]).unwrap_err();
            assert!(
                why.contains(part) && !why.contains("Tok0") && !why.contains('\n'),
                "{label}: {why}"
            );
        }
        let alias = [Alias::parse("order=reference").unwrap()];
        let why = layout("verify_token,order_no", None, &alias).unwrap_err();
        assert!(
            why.contains("no column order, which is to be read as reference"),
            "{why}"
        );
        for text in ["order", "order=", "=reference", "order=name"] {
            assert!(Alias::parse(text).is_err(), "{text}");
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
