//! The calls made about verifications: a row each while one is open, folded into sums when it
//! settles, and counted for the use of the quota.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use serde::{Deserialize, Serialize};

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
        rows::{Cells, Json, binds, id, insert, instant, rows, texts},
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
    struct SumIn { id: VerificationId, sums: String }
}

/// A verification that settles, and what was called about it since its last record.
pub(super) type Settled<'r> = (VerificationId, &'r [CallRow]);

/// Calls that came to the same: how many, when the first ended and when the last, unix milliseconds.
type Sum = (i64, i64, i64);

/// The calls of a settled verification, by endpoint and what came of them.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Sums<'r>(BTreeMap<Cow<'r, str>, BTreeMap<Cow<'r, str>, Sum>>);

impl<'r> Sums<'r> {
    fn of(calls: &'r [CallRow]) -> Self {
        let mut sums = Self::default();
        for call in calls {
            let (endpoint, result) = (call.endpoint.name().into(), call.result.into());
            sums.add(endpoint, result, (1, call.at.0, call.at.0));
        }
        sums
    }

    /// What stands in a row. What nobody can read there stops no verification from settling.
    fn read(text: &str, of: VerificationId) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| {
            tracing::error!(verification_id = %of, at = error.column(), "`call_sums` cannot be read: the sums of its calls begin anew");
            Self::default()
        })
    }

    fn add(&mut self, endpoint: Cow<'r, str>, result: Cow<'r, str>, (calls, first, last): Sum) {
        let of_endpoint = self.0.entry(endpoint).or_default();
        let sum = of_endpoint.entry(result).or_insert((0, first, last));
        *sum = (sum.0 + calls, sum.1.min(first), sum.2.max(last));
    }
}

/// Calls of verifications that stay open become rows, at the end of the transaction.
pub(super) fn keep<'r>(
    told: impl Iterator<Item = (VerificationId, &'r [CallRow])>,
    together: &mut Together,
) {
    let rows: Vec<CallIn> = told
        .flat_map(|(id, calls)| calls.iter().map(move |call| row(id, call)))
        .collect();
    together.insert(&rows, insert::<CallIn>("calls", ""));
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

/// Counts calls for the use of the quota, at the end of the transaction.
pub(super) fn count<'r>(calls: impl Iterator<Item = &'r CallRow>, together: &mut Together) {
    // Sorted, so that no two transactions wait for one another crosswise: (period, app, endpoint)
    // to calls, and those that were too fast.
    let mut used: BTreeMap<(i64, &str, &str), (i64, i64)> = BTreeMap::new();
    for call in calls {
        let period = call.at.0.div_euclid(PERIOD_MS);
        let of = (period, &call.app[..], call.endpoint.name());
        let (calls, too_fast) = used.entry(of).or_default();
        *calls += 1;
        *too_fast += i64::from(call.result == "too_fast");
    }
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
}

/// What `call_sums` of settling verifications is now: of those that nobody asked about before, their
/// calls; of the others, also what was summed up already and their rows, which go.
pub(super) async fn sum_up<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    first: impl Iterator<Item = Settled<'r>>,
    others: impl Iterator<Item = Settled<'r>>,
) -> Result<HashMap<VerificationId, String>> {
    let mut sums: HashMap<VerificationId, Sums> =
        others.map(|(id, calls)| (id, Sums::of(calls))).collect();
    let ids: Vec<VerificationId> = sums.keys().copied().collect();
    if !ids.is_empty() {
        for (id, endpoint, result, sum) in taken::<DB>(connection, &ids).await? {
            let sums = sums.entry(id).or_default();
            sums.add(endpoint.into(), result.into(), sum);
        }
    }
    sums.extend(first.map(|(id, calls)| (id, Sums::of(calls))));
    let text = |(id, sums): (VerificationId, Sums)| Ok((id, Json::of(&sums)?.into_text()));
    sums.into_iter().map(text).collect()
}

/// What stands in the rows of verifications and was summed up of them before; the rows are taken
/// away.
async fn taken<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<Vec<(VerificationId, String, String, Sum)>> {
    let (bound, among) = (texts(ids), DB::among(1));
    let sql = format!(
        "select v.verification_id as verification_id, v.call_sums as call_sums, c.endpoint as endpoint, c.result as result,
            count(*) as n, min(c.at) as first_at, max(c.at) as last_at
        from verifications as v left join calls as c on c.verification_id = v.verification_id where v.verification_id {among}
        group by v.verification_id, v.call_sums, c.endpoint, c.result"
    );
    let (mut taken, mut read, mut are_there) = (Vec::new(), HashSet::new(), false);
    for row in DB::fetch(connection, sql, vec![bound.clone()]).await? {
        let id: VerificationId = id(&row, "verification_id")?;
        if read.insert(id) {
            let before = row.text("call_sums")?;
            let before = Sums::read(&before, id).0.into_iter();
            taken.extend(before.flat_map(|(endpoint, results)| {
                let results = results.into_iter();
                results
                    .map(move |(result, sum)| (id, endpoint.to_string(), result.into_owned(), sum))
            }));
        }
        if let (Some(endpoint), Some(result)) =
            (row.text_or_null("endpoint")?, row.text_or_null("result")?)
        {
            are_there = true;
            let sum = (row.int("n")?, row.int("first_at")?, row.int("last_at")?);
            taken.push((id, endpoint, result, sum));
        }
    }
    if are_there {
        let delete = format!("delete from calls where verification_id {among}");
        DB::execute(connection, delete, vec![bound]).await?;
    }
    Ok(taken)
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
    let none: &[CallRow] = &[];
    let settled = ids.iter().map(|id| (*id, none));
    let sums = sum_up::<DB>(connection, std::iter::empty(), settled).await?;
    let rows: Vec<SumIn> = sums
        .into_iter()
        .map(|(id, sums)| SumIn { id, sums })
        .collect();
    let sql =
        "update verifications as v set call_sums = t.sums from t where v.verification_id = t.id";
    DB::execute_over(connection, &rows, sql).await?;
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

/// The column `call_sums` of a verification.
pub(super) fn sums(row: &impl Cells, of: VerificationId) -> Result<Vec<CallSum>> {
    let text = row.text("call_sums")?;
    let by_endpoint = Sums::read(&text, of).0.into_iter();
    let sums = by_endpoint.flat_map(|(endpoint, results)| {
        results
            .into_iter()
            .map(move |(result, (calls, first_at, last_at))| CallSum {
                endpoint: endpoint.to_string(),
                result: result.into_owned(),
                calls,
                first_at: Time(first_at),
                last_at: Time(last_at),
            })
    });
    Ok(sums.collect())
}
