//! What was learned of the apps; see [`crate::domain::lessons`].

use async_trait::async_trait;
use futures::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet};

use super::SqlStore;
use crate::{
    domain::{
        id::VerificationId,
        lessons::{DataSeen, Film, FilmedPlan, Lessons, Origin, UnusedSignature},
    },
    store::{
        LessonStore, Result,
        dialect::Dialect,
        rows::{Cells as _, Shape, id, insert, instant, known, rows},
    },
};

#[async_trait]
impl<DB: Dialect> LessonStore for SqlStore<DB> {
    async fn lessons(&self) -> Result<Lessons> {
        self.reading(|connection| all::<DB>(connection).boxed())
            .await
    }
}

rows! {
    struct SignatureIn<'a> { app: &'a str, signature: &'a str, verification_id: VerificationId, seen_at: i64, origin: &'a str }
}

rows! {
    struct PlanIn<'a> { app: &'a str, plan_id: &'a str, kind: &'a str, seen_at: i64 }
}

rows! {
    struct DataIn<'a> { app: &'a str, at: i64 }
}

/// Remembers lessons; what is known already stays, but for the latest data of an app.
pub(super) async fn remember<'r, DB: Dialect>(
    connection: &mut DB::Connection,
    lessons: impl Iterator<Item = &'r Lessons>,
) -> Result<()> {
    // Each sorted, so that two transactions never wait for one another crosswise.
    let (mut unused, mut filmed, mut data) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for lessons in lessons {
        unused.extend(&lessons.unused);
        filmed.extend(&lessons.filmed);
        for seen in &lessons.data_seen {
            let at = data.entry(seen.app.as_str()).or_insert(seen.at);
            *at = seen.at.max(*at);
        }
    }
    let unused = unused.into_iter().map(|seen| SignatureIn {
        app: &seen.app,
        signature: &seen.signature,
        verification_id: seen.verification_id,
        seen_at: seen.seen_at.0,
        origin: seen.origin.name(),
    });
    let filmed = filmed.into_iter().map(|plan| PlanIn {
        app: &plan.app,
        plan_id: &plan.plan_id,
        kind: plan.film.name(),
        seen_at: plan.seen_at.0,
    });
    let data = data.into_iter().map(|(app, at)| DataIn { app, at: at.0 });
    let stays = "on conflict do nothing";
    let later = "on conflict (app) do update set at = excluded.at where excluded.at > data_seen.at";
    put::<DB, _>(connection, "unused_signatures", stays, unused.collect()).await?;
    put::<DB, _>(connection, "filmed_plans", stays, filmed.collect()).await?;
    put::<DB, _>(connection, "data_seen", later, data.collect()).await
}

async fn put<DB: Dialect, S: Shape>(
    connection: &mut DB::Connection,
    table: &str,
    tail: &str,
    rows: Vec<S>,
) -> Result<()> {
    let sql = insert::<S>(table, tail);
    DB::execute_over(connection, &rows, &sql).await.map(|_| ())
}

/// Everything learned.
async fn all<DB: Dialect>(connection: &mut DB::Connection) -> Result<Lessons> {
    let mut lessons = Lessons::default();
    let sql = "select app, signature, verification_id, seen_at, origin from unused_signatures order by app, signature, seen_at, verification_id";
    for row in DB::fetch(connection, sql.to_owned(), Vec::new()).await? {
        lessons.unused.push(UnusedSignature {
            app: row.text("app")?,
            signature: row.text("signature")?,
            verification_id: id(&row, "verification_id")?,
            seen_at: instant(&row, "seen_at")?,
            origin: known(
                Origin::named(&row.text("origin")?),
                "unused_signatures.origin",
            )?,
        });
    }
    for row in DB::fetch(
        connection,
        "select app, plan_id, kind, seen_at from filmed_plans order by app, plan_id, kind"
            .to_owned(),
        Vec::new(),
    )
    .await?
    {
        lessons.filmed.push(FilmedPlan {
            app: row.text("app")?,
            plan_id: row.text("plan_id")?,
            film: known(Film::named(&row.text("kind")?), "filmed_plans.kind")?,
            seen_at: instant(&row, "seen_at")?,
        });
    }
    for row in DB::fetch(
        connection,
        "select app, at from data_seen order by app".to_owned(),
        Vec::new(),
    )
    .await?
    {
        lessons.data_seen.push(DataSeen {
            app: row.text("app")?,
            at: instant(&row, "at")?,
        });
    }
    Ok(lessons)
}
