//! The calls made about verifications: a row each while one is open, folded into sums when it
//! settles, and counted for the use of the quota.

use std::collections::BTreeMap;

use crate::{
    domain::{
        digest::Sha256,
        id::VerificationId,
        lease::Lease,
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
const PERIOD_MS: i64 = 10_000;
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

/// Adds calls to the history.
pub(super) async fn add<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    calls: Vec<(&'r Lease, &'r Vec<CallRow>)>,
) -> Result<()> {
    let mut rows = Vec::new();
    // Sorted, so that no two transactions wait for one another crosswise.
    let mut used: BTreeMap<(i64, &str, &str), (i64, i64)> = BTreeMap::new();
    for (lease, calls) in calls {
        for call in calls {
            rows.push(CallIn {
                verification_id: lease.verification_id,
                endpoint: call.endpoint.name(),
                at: call.at.0,
                result: call.result,
                http_status: call.http_status,
                code: call.code.as_deref(),
                sha256: call.sha256,
            });
            let (calls, too_fast) = used
                .entry((
                    call.at.0.div_euclid(PERIOD_MS),
                    &call.app,
                    call.endpoint.name(),
                ))
                .or_default();
            *calls += 1;
            *too_fast += i64::from(call.result == "too_fast");
        }
    }
    DB::execute_over(connection, &rows, &insert::<CallIn>("calls", "")).await?;
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
    DB::execute_over(connection, &used, &insert::<QuotaIn>("quota_use", counted))
        .await
        .map(|_| ())
}

/// Folds the calls of settled verifications.
pub(super) async fn fold<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let bound = texts(ids);
    let list = DB::among(1);
    // A verification that was settled before and woken again has sums already.
    let fold = format!(
        "insert into call_sums (verification_id, endpoint, result, calls, first_at, last_at)
        select verification_id, endpoint, result, count(*), min(at), max(at) from calls where verification_id {list}
        group by verification_id, endpoint, result
        on conflict (verification_id, endpoint, result) do update
        set calls = call_sums.calls + excluded.calls, last_at = excluded.last_at"
    );
    DB::execute(connection, fold, vec![bound.clone()]).await?;
    DB::execute(
        connection,
        format!("delete from calls where verification_id {list}"),
        vec![bound.clone()],
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

/// Lets go of what was counted for the quota more than a day ago.
pub(super) async fn forget_quota_use<DB: Dialect>(
    connection: &mut DB::Connection,
    now: Time,
) -> Result<()> {
    let oldest = now.minus(Span::hours(24)).0.div_euclid(PERIOD_MS);
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
