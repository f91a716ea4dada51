//! Who it was: as read off the card, as confirmed by the person, as submitted by us.

use std::borrow::Cow;

use super::{Case, text::Both, words as w};
use crate::{
    domain::{
        attempt::{Attempt, OcrIdentity},
        identity::normalise_id_number,
        mask::{mask_id_number, mask_name},
        secret::Secret,
    },
    store::reports::{AttemptReport, Submitted},
};

/// The identities of an attempt, side by side.
pub(super) struct Identities<'a> {
    pub(super) columns: Vec<Both>,
    pub(super) rows: Vec<Row<'a>>,
    /// Whether something is hidden.
    pub(super) masked: bool,
}

/// One fact of a person.
pub(super) struct Row<'a> {
    pub(super) name: Both,
    pub(super) cells: Vec<Cell<'a>>,
}

/// As one of the sources has it.
#[derive(Default)]
pub(super) struct Cell<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    /// Words of ours in its place.
    pub(super) words: Option<Both>,
    /// Whether it is another one than the person confirmed.
    pub(super) differs: bool,
}

type Mask = fn(&str) -> String;
type Same = fn(&str, &str) -> bool;

/// Where an identity comes from.
struct Source<'a> {
    column: Both,
    id_type: Option<&'a str>,
    name: Fact<'a>,
    number: Fact<'a>,
}

/// A name or number, as far as it is known.
#[derive(Clone, Copy)]
enum Fact<'a> {
    None,
    /// As it came.
    Plain(&'a str),
    /// As the row has it.
    Masked(&'a str),
}

impl<'a> Fact<'a> {
    fn of(plain: Option<&'a Secret>, masked: Option<&'a str>) -> Self {
        match (plain, masked) {
            (Some(plain), _) => Self::Plain(plain.reveal()),
            (None, Some(masked)) => Self::Masked(masked),
            (None, None) => Self::None,
        }
    }

    fn cell(self, reveal: bool, mask: Mask) -> Cell<'a> {
        let text = match self {
            Self::None => None,
            Self::Plain(plain) if !reveal => Some(Cow::Owned(mask(plain))),
            Self::Plain(text) | Self::Masked(text) => Some(Cow::Borrowed(text)),
        };
        Cell {
            text,
            ..Cell::default()
        }
    }
}

impl<'a> Source<'a> {
    fn read(row: &'a AttemptReport, ocr: &'a OcrIdentity) -> Self {
        Self {
            column: w::READ,
            id_type: ocr.id_type.as_deref(),
            name: Fact::of(ocr.name.as_ref(), row.ocr_name_masked.as_deref()),
            number: Fact::of(ocr.id_number.as_ref(), row.ocr_id_number_masked.as_deref()),
        }
    }

    /// The row holds its masks alone, unless columns are plain and it is to be revealed.
    fn submitted(submitted: &'a Submitted) -> Self {
        let fact = |plain: &'a Option<String>, masked: &'a str| match plain {
            Some(plain) => Fact::Plain(plain),
            None => Fact::Masked(masked),
        };
        Self {
            column: w::SUBMITTED,
            id_type: submitted.certificate_type.and_then(type_of),
            name: fact(&submitted.name, &submitted.name_masked),
            number: fact(&submitted.id_number, &submitted.id_number_masked),
        }
    }

    fn confirmed(row: &'a AttemptReport, told: Option<&'a Attempt>) -> Self {
        let told = told.map(|told| &told.confirmed);
        let id_type = told.and_then(|one| one.id_type.as_deref());
        Self {
            column: w::CONFIRMED,
            id_type: id_type.or(row.id_type.as_deref()),
            name: Fact::of(
                told.and_then(|one| one.name.as_ref()),
                row.name_masked.as_deref(),
            ),
            number: Fact::of(
                told.and_then(|one| one.id_number.as_ref()),
                row.id_number_masked.as_deref(),
            ),
        }
    }
}

impl<'a> Identities<'a> {
    pub(super) fn of(
        case: &'a Case<'_>,
        row: &'a AttemptReport,
        told: Option<&'a Attempt>,
    ) -> Self {
        let ocr = told.and_then(|told| told.ocr.as_ref());
        let sure = Source::confirmed(row, told);
        let read = ocr.map(|ocr| Source::read(row, ocr));
        let (name, number) = (sure.name, sure.number);
        let submitted = case.whole.submitted.as_ref().map(Source::submitted);
        let sources: Vec<Source<'_>> = read.into_iter().chain([sure]).chain(submitted).collect();
        let reveal = case.reveal;
        let other = differs_by_index(case.whole.submitted.as_ref(), row);
        let mut rows = vec![
            Row {
                name: w::NAME,
                cells: side_by_side(
                    &sources,
                    |one| one.name,
                    name,
                    reveal,
                    (mask_name, same_name),
                ),
            },
            Row {
                name: w::NUMBER,
                cells: side_by_side(
                    &sources,
                    |one| one.number,
                    number,
                    reveal,
                    (mask_id_number, same_number),
                ),
            },
            Row {
                name: w::ID_TYPE,
                cells: sources.iter().map(|one| id_type(one.id_type)).collect(),
            },
        ];
        // The numbers themselves may not be there; that they are two is known all the same.
        if let Some(number) = rows.get_mut(1).and_then(|row| row.cells.last_mut()) {
            number.differs |= other;
        }
        rows.extend(ocr.into_iter().flat_map(|ocr| of_card(ocr, reveal)));
        rows.retain(|row| {
            let mut cells = row.cells.iter();
            cells.any(|cell| cell.text.is_some() || cell.words.is_some())
        });
        Self {
            columns: sources.iter().map(|one| one.column).collect(),
            masked: !reveal && !rows.is_empty(),
            rows,
        }
    }
}

/// Whether the number that was submitted is another one than the person confirmed.
fn differs_by_index(submitted: Option<&Submitted>, row: &AttemptReport) -> bool {
    same_by_index(submitted, row) == Some(false)
}

/// The same the other way round; none where one of both is not indexed.
pub(super) fn same_by_index(submitted: Option<&Submitted>, row: &AttemptReport) -> Option<bool> {
    let submitted = submitted?.id_number_index.as_ref();
    let both = submitted.zip(row.id_number_index.as_ref());
    both.map(|(submitted, confirmed)| submitted == confirmed)
}

/// One fact as each source has it, those that differ from what the person confirmed marked.
fn side_by_side<'a>(
    sources: &[Source<'a>],
    fact: impl Fn(&Source<'a>) -> Fact<'a>,
    sure: Fact<'a>,
    reveal: bool,
    (mask, same): (Mask, Same),
) -> Vec<Cell<'a>> {
    let cell = |source: &Source<'a>| {
        let fact = fact(source);
        let mut cell = fact.cell(reveal, mask);
        if let (Fact::Plain(one), Fact::Plain(sure)) = (fact, sure) {
            cell.differs = !same(one, sure);
        }
        cell
    };
    sources.iter().map(cell).collect()
}

/// What else stands on the card. What tells of the card and not of the person is no secret.
fn of_card(ocr: &OcrIdentity, reveal: bool) -> impl Iterator<Item = Row<'_>> {
    let facts = [
        (w::GENDER, &ocr.gender, reveal),
        (w::NATION, &ocr.nation, reveal),
        (w::BIRTHDAY, &ocr.birthday, reveal),
        (w::ADDRESS, &ocr.address, reveal),
        (w::VALID_FROM, &ocr.issued, true),
        (w::VALID_TO, &ocr.expires, true),
        (w::AUTHORITY, &ocr.authority, reveal),
    ];
    let shown = facts.into_iter().filter(|(.., is_shown)| *is_shown);
    shown.map(|(name, fact, _)| Row {
        name,
        cells: vec![Cell {
            text: fact.as_ref().map(|fact| Cow::Borrowed(fact.reveal())),
            ..Cell::default()
        }],
    })
}

/// Spaces between the names of minorities and around them say nothing.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| -> String {
        let kept = name.chars().filter(|letter| !letter.is_whitespace());
        kept.map(|letter| {
            if matches!(letter, '•' | '‧' | '・' | '．') {
                '·'
            } else {
                letter
            }
        })
        .collect()
    };
    letters(one) == letters(other)
}

pub(super) fn same_number(one: &str, other: &str) -> bool {
    normalise_id_number(one) == normalise_id_number(other)
}

/// The provider's number of a kind, as its answers have it.
fn type_of(kind: i64) -> Option<&'static str> {
    let kinds = ["0", "1", "2", "3", "4", "5"];
    usize::try_from(kind)
        .ok()
        .and_then(|kind| kinds.get(kind).copied())
}

/// What the kinds of documents are called (part 一.2 of the original).
fn id_type(kind: Option<&str>) -> Cell<'_> {
    let words = match kind {
        Some("0") => Some(w::TYPE_0),
        Some("1") => Some(w::TYPE_1),
        Some("2") => Some(w::TYPE_2),
        Some("3") => Some(w::TYPE_3),
        Some("4") => Some(w::TYPE_4),
        Some("5") => Some(w::TYPE_5),
        _ => None,
    };
    Cell {
        text: kind.filter(|_| words.is_none()).map(Cow::Borrowed),
        words,
        differs: false,
    }
}
