//! What the fields of a list are called.

/// The fields that the lines of one kind of list can have: the columns of CSV and the members of
/// NDJSON.
pub trait Named: Copy + PartialEq + 'static {
    /// What a line says, before it is checked.
    type Line: Default;

    /// All of them, in the order in which they are usually written.
    const ALL: &'static [Self];

    /// The one that no list lacks: names of columns are told from data by it.
    const KEY: Self;

    /// How a column of another name is read as one of them, as an example.
    const EXAMPLE: &'static str;

    /// What a list without names of columns is, said behind what names are; empty where there is
    /// none.
    const WITHOUT_NAMES: &'static str = "";

    /// What a first line that names none is not either.
    const NOR: &'static str = "";

    /// As it is written.
    fn name(self) -> &'static str;

    /// Where a line keeps it.
    fn of(self, line: &mut Self::Line) -> &mut Option<String>;

    /// Which numbers of JSON are taken for it.
    fn numbers(self) -> Numbers;

    /// Whether a name is this one's.
    fn is_named(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name())
    }

    /// Whether a first line holds a [`Named::KEY`] and nothing else, in lists that may have that
    /// alone.
    fn is_bare(_line: &str) -> bool {
        false
    }
}

/// Which numbers of JSON are taken for a field: some write identifiers and times without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// None: it has to be text.
    None,
    /// Those that carry all their digits.
    Whole,
    /// Any, as it is written.
    Any,
}

/// The field of that name.
pub(super) fn named<F: Named>(name: &str) -> Option<F> {
    let mut all = F::ALL.iter().copied();
    all.find(|field| field.is_named(name))
}

/// The names of all fields, between commas.
#[must_use]
pub fn field_names<F: Named>() -> String {
    let names: Vec<_> = F::ALL.iter().map(|field| field.name()).collect();
    names.join(",")
}
