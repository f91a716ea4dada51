//! The calls made about verifications: a row each while one is open, folded into sums when it
//! settles, and counted for the use of the quota.

use std::collections::BTreeMap;

use super::together::Together;
use crate::{
    domain::{
        digest::Sha256,
        id::VerificationId,
        time::{Span, Time},
    },
    store::{
        Result,
        dialect::Dialect,
        records::CallRow,
        reports::{CallReport, CallSum, QuotaUse},
        rows::{Cells, binds, id, insert, instant, rows, texts},
    },
};

/// Length of a period of `quota_use`, milliseconds.
pub(super) const PERIOD_MS: i64 = 10_000;
/// How many settled verifications `tidy` folds in one transaction.
const FOLD_MAX: i64 = 1000;

rows! {
    struct CallIn<'a> {
        verification_id: VerificationId,
        endpoint: &'a str,
        at: i64,
        result: &'a str,
        http_status: Option<i64>,
        code: Option<&'a str>,
        sha256: Option<Sha256>,
    }
}

rows! {
    struct QuotaIn<'a> { app: &'a str, endpoint: &'a str, period: i64, calls: i64, too_fast: i64 }
}

rows! {
    struct SumIn<'a> { verification_id: VerificationId, endpoint: &'a str, result: &'a str, calls: i64, first_at: i64, last_at: i64 }
}

/// Calls that a record tells of.
pub(super) struct Told<'r> {
    /// Whose.
    pub id: VerificationId,
    /// They.
    pub calls: &'r [CallRow],
    /// Whether the verification is settled with them: only sums of them are kept then.
    pub is_settled: bool,
    /// That there were none before.
    pub is_first: bool,
}

/// The rows that calls become.
#[derive(Default)]
struct Gathered<'r> {
    rows: Vec<CallIn<'r>>,
    sums: BTreeMap<(VerificationId, &'r str, &'r str), SumIn<'r>>,
    /// Sorted, so that no two transactions wait for one another crosswise: (period, app, endpoint)
    /// to calls, and those that were too fast.
    used: BTreeMap<(i64, &'r str, &'r str), (i64, i64)>,
    /// Those whose earlier calls are to be folded.
    folded: Vec<VerificationId>,
}

impl<'r> Gathered<'r> {
    fn of(told: impl Iterator<Item = Told<'r>>) -> Self {
        let mut gathered = Self::default();
        for told in told {
            if told.is_settled && !told.is_first {
                gathered.folded.push(told.id);
            }
            for call in told.calls {
                if told.is_settled {
                    gathered.sum(told.id, call);
                } else {
                    gathered.rows.push(row(told.id, call));
                }
                let period = call.at.0.div_euclid(PERIOD_MS);
                let of = (period, &call.app[..], call.endpoint.name());
                let (calls, too_fast) = gathered.used.entry(of).or_default();
                *calls += 1;
                *too_fast += i64::from(call.result == "too_fast");
            }
        }
        gathered
    }

    fn sum(&mut self, verification_id: VerificationId, call: &'r CallRow) {
        let (endpoint, result, at) = (call.endpoint.name(), call.result, call.at.0);
        let sum = self.sums.entry((verification_id, endpoint, result));
        let sum = sum.or_insert_with(|| SumIn {
            verification_id,
            endpoint,
            result,
            calls: 0,
            first_at: at,
            last_at: at,
        });
        sum.calls += 1;
        sum.first_at = sum.first_at.min(at);
        sum.last_at = sum.last_at.max(at);
    }
}

fn row(verification_id: VerificationId, call: &CallRow) -> CallIn<'_> {
    CallIn {
        verification_id,
        endpoint: call.endpoint.name(),
        at: call.at.0,
        result: call.result,
        http_status: call.http_status,
        code: call.code.as_deref(),
        sha256: call.sha256,
    }
}

/// Adds calls to the history.
pub(super) async fn add<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    told: impl Iterator<Item = Told<'r>>,
    together: &mut Together,
) -> Result<()> {
    let Gathered {
        rows,
        sums,
        used,
        folded,
    } = Gathered::of(told);
    let calls = insert::<CallIn>("calls", "");
    if folded.is_empty() {
        together.insert(&rows, calls);
    } else {
        DB::execute_over(connection, &rows, &calls).await?;
        fold::<DB>(connection, &folded).await?;
    }
    let sums: Vec<SumIn> = sums.into_values().collect();
    together.insert(&sums, insert::<SumIn>("call_sums", SUMMED));
    let used: Vec<QuotaIn> = used
        .into_iter()
        .map(|((period, app, endpoint), (calls, too_fast))| QuotaIn {
            app,
            endpoint,
            period,
            calls,
            too_fast,
        })
        .collect();
    let counted = "on conflict (period, app, endpoint) do update set calls = quota_use.calls + excluded.calls, too_fast = quota_use.too_fast + excluded.too_fast";
    together.insert(&used, insert::<QuotaIn>("quota_use", counted));
    Ok(())
}

/// A verification that was settled before and woken again has sums already.
const SUMMED: &str = "on conflict (verification_id, endpoint, result) do update
    set calls = call_sums.calls + excluded.calls, last_at = excluded.last_at";

/// Folds the calls of settled verifications.
async fn fold<DB: Dialect>(connection: &mut DB::Connection, ids: &[VerificationId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let (bound, among) = (texts(ids), DB::among(1));
    let fold = format!(
        "insert into call_sums (verification_id, endpoint, result, calls, first_at, last_at)
        select verification_id, endpoint, result, count(*), min(at), max(at) from calls where verification_id {among}
        group by verification_id, endpoint, result
        {SUMMED}"
    );
    DB::execute(connection, fold, vec![bound.clone()]).await?;
    DB::execute(
        connection,
        format!("delete from calls where verification_id {among}"),
        vec![bound],
    )
    .await
    .map(|_| ())
}

/// Folds what lies there of settled verifications, some at a time; true when there may be more.
pub(super) async fn fold_settled<DB: Dialect>(connection: &mut DB::Connection) -> Result<bool> {
    let sql = format!(
        "select distinct c.verification_id from calls as c join verifications as v on v.verification_id = c.verification_id
        where v.settled_at is not null order by c.verification_id limit {FOLD_MAX}"
    );
    let rows = DB::fetch(connection, sql, Vec::new()).await?;
    let ids = rows
        .iter()
        .map(|row| id(row, "verification_id"))
        .collect::<Result<Vec<VerificationId>>>()?;
    super::lease::lock_ids::<DB>(connection, &ids).await?;
    fold::<DB>(connection, &ids).await?;
    Ok(i64::try_from(ids.len()).is_ok_and(|folded| folded == FOLD_MAX))
}

/// Lets go of what was counted for the quota more than two days ago: the report of a day is written
/// in the course of the next one.
pub(super) async fn forget_quota_use<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
) -> Result<()> {
    let oldest = now.minus(Span::hours(48)).0.div_euclid(PERIOD_MS);
    DB::execute(
        connection,
        "delete from quota_use where period < $1".to_owned(),
        binds![oldest],
    )
    .await
    .map(|_| ())
}

/// What each app's quota was used for in the last minute.
pub(super) async fn quota_use<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
) -> Result<Vec<QuotaUse>> {
    let sql = "select app, endpoint, cast(sum(calls) as bigint) as n, cast(sum(too_fast) as bigint) as too_fast from quota_use
        where period > $1 group by app, endpoint order by app, endpoint";
    let oldest = now.minus(Span::minutes(1)).0.div_euclid(PERIOD_MS);
    let rows = DB::fetch(connection, sql.to_owned(), binds![oldest]).await?;
    rows.iter()
        .map(|row| {
            Ok(QuotaUse {
                app: row.text("app")?,
                endpoint: row.text("endpoint")?,
                calls: row.int("n")?,
                too_fast: row.int("too_fast")?,
            })
        })
        .collect()
}

/// A row of `calls`.
pub(super) fn call(row: &impl Cells) -> Result<CallReport> {
    Ok(CallReport {
        endpoint: row.text("endpoint")?,
        at: instant(row, "at")?,
        result: row.text("result")?,
        http_status: row.int_or_null("http_status")?,
        code: row.text_or_null("code")?,
    })
}

/// A row of `call_sums`.
pub(super) fn sum(row: &impl Cells) -> Result<CallSum> {
    Ok(CallSum {
        endpoint: row.text("endpoint")?,
        result: row.text("result")?,
        calls: row.int("calls")?,
        first_at: instant(row, "first_at")?,
        last_at: instant(row, "last_at")?,
    })
}
