//! The calls made about verifications: summed up in the row of each, and counted for the use of the
//! quota.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::together::Together;
use crate::{
    domain::{
        id::VerificationId,
        time::{Span, Time},
    },
    store::{
        Result,
        dialect::Dialect,
        records::CallRow,
        reports::{CallSum, QuotaUse},
        rows::{Cells, Json, binds, id, insert, rows, texts},
    },
};

/// Length of a period of `quota_use`, milliseconds.
pub(super) const PERIOD_MS: i64 = 10_000;

rows! {
    struct QuotaIn<'a> { app: &'a str, endpoint: &'a str, period: i64, calls: i64, too_fast: i64 }
}

rows! {
    struct SumIn { id: VerificationId, sums: String }
}

/// A verification, and what was called about it since its last record.
pub(super) type Told<'r> = (VerificationId, &'r [CallRow]);

/// What calls are summed up by: endpoint, what came of them, and the provider's code.
type Key<'r> = (Cow<'r, str>, Cow<'r, str>, Option<Cow<'r, str>>);

/// How many, when the first ended and when the last, unix milliseconds.
type Sum = (i64, i64, i64);

/// The column `call_sums`: a JSON array of `[endpoint, result, code, calls, first_at, last_at]`.
#[derive(Default)]
struct Sums<'r>(BTreeMap<Key<'r>, Sum>);

impl<'r> Sums<'r> {
    /// What stands in a row. What nobody can read there stops no verification from going on.
    fn read(text: &str, of: VerificationId) -> Self {
        let rows: Vec<(String, String, Option<String>, i64, i64, i64)> = serde_json::from_str(text)
            .unwrap_or_else(|error| {
                tracing::error!(verification_id = %of, at = error.column(), "`call_sums` cannot be read: the sums of its calls begin anew");
                Vec::new()
            });
        let sums = rows
            .into_iter()
            .map(|(endpoint, result, code, calls, first, last)| {
                let key = (endpoint.into(), result.into(), code.map(Cow::from));
                (key, (calls, first, last))
            });
        Self(sums.collect())
    }

    fn add(&mut self, calls: &'r [CallRow]) {
        for call in calls {
            let code = call.code.as_deref().map(Cow::from);
            let key = (call.endpoint.name().into(), call.result.into(), code);
            let at = call.at.0;
            let sum = self.0.entry(key).or_insert((0, at, at));
            *sum = (sum.0 + 1, sum.1.min(at), sum.2.max(at));
        }
    }

    fn text(&self) -> Result<String> {
        let rows = self.0.iter();
        let rows = rows.map(|((endpoint, result, code), (calls, first, last))| {
            (endpoint, result, code, calls, first, last)
        });
        Ok(Json::of(&rows.collect::<Vec<_>>())?.into_text())
    }
}

/// What `call_sums` is with these calls: of those that nobody asked about before, and of the others,
/// whose row has sums already.
pub(super) async fn sums<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    first: impl Iterator<Item = Told<'r>>,
    others: impl Iterator<Item = Told<'r>>,
) -> Result<HashMap<VerificationId, String>> {
    let others: HashMap<VerificationId, &[CallRow]> = others.collect();
    let ids: Vec<VerificationId> = others.keys().copied().collect();
    let mut texts_of = HashMap::new();
    for row in known::<DB>(connection, &ids).await? {
        let id: VerificationId = id(&row, "verification_id")?;
        let mut sums = Sums::read(&row.text("call_sums")?, id);
        sums.add(others.get(&id).copied().unwrap_or_default());
        texts_of.insert(id, sums.text()?);
    }
    for (id, calls) in first {
        let mut sums = Sums::default();
        sums.add(calls);
        texts_of.insert(id, sums.text()?);
    }
    Ok(texts_of)
}

async fn known<DB: Dialect>(
    connection: &mut DB::Connection,
    ids: &[VerificationId],
) -> Result<Vec<DB::Row>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select verification_id, call_sums from verifications where verification_id {}",
        DB::among(1)
    );
    DB::fetch(connection, sql, binds![texts(ids)]).await
}

/// Adds calls to the sums of verifications that were asked about before.
pub(super) async fn add<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    told: impl Iterator<Item = Told<'r>>,
) -> Result<()> {
    let told = told.filter(|(_, calls)| !calls.is_empty());
    let sums = sums::<DB>(connection, std::iter::empty(), told).await?;
    let rows = sums.into_iter().map(|(id, sums)| SumIn { id, sums });
    let sql =
        "update verifications as v set call_sums = t.sums from t where v.verification_id = t.id";
    DB::execute_over(connection, &rows.collect::<Vec<_>>(), sql)
        .await
        .map(|_| ())
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

/// The column `call_sums` of a verification.
pub(super) fn reported(row: &impl Cells, of: VerificationId) -> Result<Vec<CallSum>> {
    let sums = Sums::read(&row.text("call_sums")?, of).0.into_iter();
    let sums = sums.map(
        |((endpoint, result, code), (calls, first_at, last_at))| CallSum {
            endpoint: endpoint.into_owned(),
            result: result.into_owned(),
            code: code.map(Cow::into_owned),
            calls,
            first_at: Time(first_at),
            last_at: Time(last_at),
        },
    );
    Ok(sums.collect())
}
