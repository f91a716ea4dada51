//! What is due, in the order of the time left, at a cost that does not grow with it.
//!
//! Due rows are found in the order in which they fell due: an index has that order, and rows that
//! are not due are not looked at. As long as no more than [`WINDOW`] of an app and lane are due, all
//! of them are looked at and the least time left is picked. Where more have gathered, they are made
//! *ready*, some a second, and ready rows have an index in the order of the time left.
//! So a backlog is claimed in that order once it is ready, and until then what is ready comes
//! beside what fell due first.

use crate::{
    domain::{
        lease::{Lane, Stage},
        time::{Span, Time},
    },
    store::{
        Result,
        dialect::Dialect,
        records::Claim,
        rows::{Bind, Cells as _, binds, instant},
    },
};

/// How many due rows of an app and lane are looked at by a claim, at least.
const WINDOW: i64 = 128;
/// How often due rows are made ready.
pub(super) const EVERY: Span = Span::seconds(1);
/// How many of an app and lane are made ready at once at most, and at least. The faster they are
/// claimed, the sooner a backlog is gone in whatever order, and the dearer is a second look at each.
const BATCH: (i64, i64) = (2000, 200);

const LANES: [Lane; 2] = [Lane::Living, Lane::Late];

/// A query for the rows to claim as `id`, in order and locked, and its values.
///
/// `$1` is the time, `$2` how many rows, `$3` how many of them are to be late ones.
pub(super) async fn picked<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    claim: &Claim,
) -> Result<Option<(String, Vec<Bind>)>> {
    let limit = claim.limit.max(0);
    // More than are wanted: others may hold some of them at this moment. Few different numbers, so
    // that the statement is one that is prepared already.
    let mut binds = binds![claim.now, limit, claim.late.clamp(0, limit)];
    let wanted = u64::try_from(limit).unwrap_or_default().next_power_of_two();
    let wanted = i64::try_from(wanted).unwrap_or(limit);
    let (ready, window) = (
        wanted.saturating_mul(3),
        wanted.saturating_mul(4).max(WINDOW),
    );
    let mut parts = Vec::new();
    for app in apps::<DB>(connection, &claim.apps).await? {
        binds.push(app.as_str().into());
        for lane in LANES {
            let of = format!(
                "select verification_id, lane, deadline from schedule where stage = {} and app = ${} and lane = {} and due_at <= $1",
                stage.number(),
                binds.len(),
                lane.number()
            );
            for part in [
                format!("{of} and ready order by deadline, verification_id limit {ready}"),
                format!("{of} and not ready order by due_at limit {window}"),
            ] {
                parts.push(format!("select * from ({part}) as part"));
            }
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "select s.verification_id as id
        from (
            select verification_id, lane, deadline, row_number() over (partition by lane order by deadline, verification_id) as place
            from ({parts}) as parts
        ) as due join schedule as s on s.verification_id = due.verification_id and s.stage = {stage}
        where s.due_at <= $1
        order by case when due.lane = {living} then 1 when due.place <= $3 then 0 else 2 end, due.deadline, due.verification_id
        limit $2 {lock}",
        parts = parts.join(" union all "),
        stage = stage.number(),
        living = Lane::Living.number(),
        lock = DB::FOR_UPDATE_SKIP_LOCKED,
    );
    Ok(Some((sql, binds)))
}

/// The apps that are asked for; all that something is scheduled of when none is named.
async fn apps<DB: Dialect>(
    connection: &mut DB::Connection,
    named: &[String],
) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    scheduled_apps::<DB>(connection).await
}

/// The apps that something is scheduled of, in order: a look at an index each.
pub(super) async fn scheduled_apps<DB: Dialect>(
    connection: &mut DB::Connection,
) -> Result<Vec<String>> {
    let sql = "with recursive apps(app) as (
            select min(app) from schedule
            union all select (select min(s.app) from schedule as s where s.app > apps.app) from apps where apps.app is not null
        ) select app from apps where app is not null";
    let rows = DB::fetch(connection, sql.to_owned(), Vec::new()).await?;
    rows.iter().map(|row| row.text("app")).collect()
}

/// What is left to do of an app.
#[derive(Default)]
pub(super) struct Figures {
    pub next_deadline: Option<Time>,
    pub downloads: i64,
    pub polls_due: i64,
    pub downloads_due: i64,
    pub oldest_due: Option<Time>,
}

/// The figures of an app. What there is more of than `max` in one of its lanes is not counted.
pub(super) async fn figures<DB: Dialect>(
    connection: &mut DB::Connection,
    app: &str,
    now: Time,
    max: i64,
) -> Result<Figures> {
    let counted = |what: &str, stage: Stage, lane: Lane, which: &str| {
        format!(
            "select '{what}' as what, count(*) as n, min(due_at) as at from (
                select due_at from schedule where stage = {} and app = $1 and lane = {} and {which} order by due_at limit {max}
            ) as part",
            stage.number(),
            lane.number()
        )
    };
    let mut parts = vec![
        "select 'deadline' as what, count(deadline) as n, deadline as at from (select min(deadline) as deadline from schedule where app = $1) as first group by deadline"
            .to_owned(),
    ];
    for lane in LANES {
        for ready in ["ready", "not ready"] {
            let due = format!("{ready} and due_at <= $2");
            parts.push(counted("polls_due", Stage::Poll, lane, &due));
            parts.push(counted("downloads_due", Stage::Download, lane, &due));
            parts.push(counted("downloads", Stage::Download, lane, ready));
        }
    }
    let mut figures = Figures::default();
    let rows = DB::fetch(connection, parts.join(" union all "), binds![app, now]).await?;
    for row in &rows {
        let (n, at) = (row.int("n")?, row.int_or_null("at")?.map(Time));
        let due = match row.text("what")?.as_str() {
            "deadline" => {
                figures.next_deadline = at;
                continue;
            }
            "downloads" => {
                figures.downloads += n;
                continue;
            }
            "polls_due" => &mut figures.polls_due,
            _ => &mut figures.downloads_due,
        };
        *due += n;
        figures.oldest_due = figures.oldest_due.into_iter().chain(at).min();
    }
    Ok(figures)
}

/// When the next rows of a stage are due.
pub(super) async fn next<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    named: &[String],
    most: i64,
) -> Result<Vec<Time>> {
    let (mut parts, mut binds) = (Vec::new(), binds![most]);
    for app in apps::<DB>(connection, named).await? {
        binds.push(app.as_str().into());
        for lane in LANES {
            let of = format!(
                "from schedule where stage = {} and app = ${} and lane = {}",
                stage.number(),
                binds.len(),
                lane.number()
            );
            for ready in ["ready", "not ready"] {
                parts.push(format!(
                    "select due_at from (select due_at {of} and {ready} order by due_at limit $1) as part"
                ));
            }
        }
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select due_at from ({}) as parts order by due_at limit $1",
        parts.join(" union all ")
    );
    let rows = DB::fetch(connection, sql, binds).await?;
    rows.iter().map(|row| instant(row, "due_at")).collect()
}

/// Makes due rows ready where more have gathered than a claim looks at; so many were claimed since
/// the last time.
pub(super) async fn make_ready<DB: Dialect>(
    connection: &mut DB::Connection,
    stage: Stage,
    claim: &Claim,
    claimed: i64,
) -> Result<()> {
    let batch = (BATCH.0 - claimed.saturating_mul(10)).max(BATCH.1);
    for app in apps::<DB>(connection, &claim.apps).await? {
        for lane in LANES {
            let of = format!(
                "from schedule as s where s.stage = {} and s.app = $2 and s.lane = {} and not s.ready and s.due_at <= $1 order by s.due_at",
                stage.number(),
                lane.number()
            );
            let beyond = format!("select 1 as one {of} limit 1 offset {WINDOW}");
            let gathered = DB::fetch(connection, beyond, binds![claim.now, app.as_str()]).await?;
            if gathered.is_empty() {
                continue;
            }
            // What others hold is left out: nobody waits, and no two wait for one another crosswise.
            let ready = format!(
                "with picked as materialized (select s.verification_id as id {of} limit {batch} {lock})
                update schedule as s set ready = true from picked
                where s.verification_id = picked.id and s.stage = {stage}",
                lock = DB::FOR_UPDATE_SKIP_LOCKED,
                stage = stage.number()
            );
            DB::execute(connection, ready, binds![claim.now, app.as_str()]).await?;
        }
    }
    Ok(())
}
