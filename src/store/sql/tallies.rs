//! How many there are of what grows: sums that the tables' triggers keep.
//!
//! In PostgreSQL each statement adds rows of differences, which are folded now and then, so that no
//! two transactions wait for one another; SQLite, which has one writer, keeps one row each.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{
    Result,
    dialect::Dialect,
    reports::{MediaCount, Miscount, StateCount},
    rows::{Cells, insert, rows},
};

/// Differences folded at once.
const FOLD_MAX: i64 = 20_000;

rows! {
    struct TallyIn<'a> { what: &'a str, name: &'a str, state: &'a str, n: i64, bytes: i64 }
}

/// (what, name, state).
type Key = (String, String, String);
/// How many, and how many bytes.
type Sums = BTreeMap<Key, (i64, i64)>;

/// What there is.
pub(super) struct Tallies(Sums);

impl Tallies {
    fn of(&self, what: &str) -> impl Iterator<Item = (&str, &str, (i64, i64))> {
        let of = self.0.iter().filter(move |((of, ..), _)| of == what);
        of.map(|((_, name, state), sums)| (name.as_str(), state.as_str(), *sums))
    }

    /// Verifications by app and state.
    pub(super) fn states(&self) -> Vec<StateCount> {
        self.of("verifications")
            .map(|(app, state, (count, _))| StateCount {
                app: app.to_owned(),
                state: state.to_owned(),
                count,
            })
            .collect()
    }

    /// Media by kind and state.
    pub(super) fn media(&self) -> Vec<MediaCount> {
        self.of("media")
            .map(|(kind, state, (count, bytes))| MediaCount {
                kind: kind.to_owned(),
                state: state.to_owned(),
                count,
                bytes,
            })
            .collect()
    }

    /// Answers, and their bytes.
    pub(super) fn answers(&self) -> (i64, i64) {
        self.of("answers")
            .map(|(.., sums)| sums)
            .next()
            .unwrap_or_default()
    }
}

fn summed<R: Cells>(rows: &[R]) -> Result<Sums> {
    let mut sums = Sums::new();
    for row in rows {
        let key = (row.text("what")?, row.text("name")?, row.text("state")?);
        let (n, bytes) = sums.entry(key).or_default();
        *n += row.int("n")?;
        *bytes += row.int("bytes")?;
    }
    sums.retain(|_, sums| *sums != (0, 0));
    Ok(sums)
}

/// What is kept.
pub(super) async fn read<DB: Dialect>(connection: &mut DB::Connection) -> Result<Tallies> {
    let sql =
        "select what, name, state, cast(sum(n) as bigint) as n, cast(sum(bytes) as bigint) as bytes
        from tallies group by what, name, state having sum(n) <> 0 or sum(bytes) <> 0";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    Ok(Tallies(summed(&rows)?))
}

/// Puts one row in the place of the oldest differences; true when there may be more.
pub(super) async fn fold<DB: Dialect>(connection: &mut DB::Connection) -> Result<bool> {
    // What another folds at the same time is left to it.
    let sql = format!(
        "delete from tallies where tally_id in (
            select s.tally_id from tallies as s order by s.tally_id limit {FOLD_MAX} {lock}
        ) returning what, name, state, n, bytes",
        lock = DB::FOR_UPDATE_SKIP_LOCKED
    );
    let taken = DB::fetch(connection, sql, Vec::new()).await?;
    let is_full = i64::try_from(taken.len()).is_ok_and(|taken| taken == FOLD_MAX);
    add::<DB>(connection, &summed(&taken)?).await?;
    Ok(is_full)
}

async fn add<DB: Dialect>(connection: &mut DB::Connection, sums: &Sums) -> Result<()> {
    let rows: Vec<TallyIn> = sums
        .iter()
        .map(|((what, name, state), (n, bytes))| TallyIn {
            what,
            name,
            state,
            n: *n,
            bytes: *bytes,
        })
        .collect();
    let sql = insert::<TallyIn>("tallies", DB::ADD_TALLY);
    DB::execute_over(connection, &rows, &sql).await.map(|_| ())
}

/// Compares what is kept with a count of everything, in one state of the database; slow.
pub(super) async fn compare<DB: Dialect>(connection: &mut DB::Connection) -> Result<Vec<Miscount>> {
    let kept = read::<DB>(connection).await?;
    let sql = "select 'verifications' as what, app as name, state, count(*) as n, cast(0 as bigint) as bytes from verifications group by app, state
        union all select 'media', kind, state, count(*), cast(coalesce(sum(bytes), 0) as bigint) from media group by kind, state
        union all select 'answers', '', '', count(*), cast(coalesce(sum(bytes), 0) as bigint) from answers";
    let counted = summed(&DB::fetch(connection, sql.to_owned(), Vec::new()).await?)?;
    let keys: BTreeSet<&Key> = kept.0.keys().chain(counted.keys()).collect();
    let miscount = |key: &Key| {
        let kept = kept.0.get(key).copied().unwrap_or_default();
        let counted = counted.get(key).copied().unwrap_or_default();
        let (what, name, state) = key.clone();
        (kept != counted).then_some(Miscount {
            what,
            name,
            state,
            kept,
            counted,
        })
    };
    Ok(keys.into_iter().filter_map(miscount).collect())
}

/// Adds what is missing: a difference is right whatever was added meanwhile.
pub(super) async fn mend<DB: Dialect>(
    connection: &mut DB::Connection,
    wrong: &[Miscount],
) -> Result<()> {
    let missing = |one: &Miscount| {
        let key = (one.what.clone(), one.name.clone(), one.state.clone());
        let (kept, counted) = (one.kept, one.counted);
        (key, (counted.0 - kept.0, counted.1 - kept.1))
    };
    add::<DB>(connection, &wrong.iter().map(missing).collect()).await
}
