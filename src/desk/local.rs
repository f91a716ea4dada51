//! The desk in the house itself: over the archive's parts.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Compared, Desk, Error, Found, Given, Handle, Result, Search, Tracked, Wish, issue::issue,
    search::search, wire,
};
use crate::{
    archive::{Archive, Issuer, Tracker},
    domain::{
        access::Purpose,
        identity::IndexKey,
        once::Once,
        secret::Secret,
        time::{Clock, Time},
        token::TrackRequest,
    },
    store::{
        Store,
        records::{KnownToken, RetryVerdict, TrackVerdict},
        reports::{
            Acknowledgement, AlarmRow, Filter, LossFilter, LossReport, Reconciliation, Status,
            Summary, Whole,
        },
    },
};

/// What takes tokens on.
struct Stages {
    tracker: Arc<Tracker>,
    issuer: Arc<Issuer>,
}

/// A desk in the house itself.
pub struct Local {
    /// None over the rows alone.
    stages: Option<Stages>,
    apps: Vec<String>,
    index_key: Option<IndexKey>,
    pub(super) purpose: Purpose,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Local {
    /// Over the parts of this archive.
    #[must_use]
    pub fn new(archive: &Archive) -> Self {
        Self {
            stages: Some(Stages {
                tracker: Arc::clone(&archive.tracker),
                issuer: Arc::clone(&archive.issuer),
            }),
            apps: archive.apps.iter().map(|app| app.name.clone()).collect(),
            index_key: archive.index_key.clone(),
            purpose: Purpose::default(),
            store: Arc::clone(&archive.store),
            clock: Arc::clone(&archive.clock),
        }
    }

    /// Over the rows alone, of these apps: no token can be told.
    #[must_use]
    pub fn over(
        store: Arc<dyn Store>,
        apps: Vec<String>,
        index_key: Option<IndexKey>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            stages: None,
            apps,
            index_key,
            purpose: Purpose::default(),
            store,
            clock,
        }
    }

    /// With this rule for users of the host who look at persons.
    #[must_use]
    pub fn with_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    fn stages(&self) -> Result<&Stages> {
        self.stages.as_ref().ok_or(Error::RowsAlone)
    }

    async fn known(&self, listed: &[&TrackRequest]) -> Result<Vec<Option<KnownToken>>> {
        let tokens: Vec<Secret> = listed.iter().map(|one| one.verify_token.clone()).collect();
        Ok(self.store.known(&tokens).await?)
    }

    /// Tracks tokens that never were, and looks where each stands then.
    async fn take_up(&self, listed: &[&TrackRequest], now: Time) -> Result<Vec<Compared>> {
        let told = listed.iter().map(|one| (*one).clone()).collect();
        let verdicts = self.track(told).await?;
        let known = self.known(listed).await?;
        let each = listed.iter().zip(verdicts).zip(known);
        Ok(each
            .map(|((one, verdict), known)| match (verdict, known) {
                (Tracked::Verdict(TrackVerdict::New { .. }), Some(known)) => {
                    Compared::tracked(&known, now)
                }
                // Twice in the list, or told by somebody else a moment ago.
                (Tracked::Verdict(_), known) => Compared::of(one, known.as_ref()),
                (Tracked::Wrong(why), _) => Compared::wrong(why),
            })
            .collect())
    }

    fn seen(&self, by: &str, note: &str) -> Acknowledgement {
        Acknowledgement {
            at: self.clock.now(),
            by: by.to_owned(),
            note: note.to_owned(),
        }
    }
}

#[async_trait]
impl Desk for Local {
    fn now(&self) -> Time {
        self.clock.now()
    }

    async fn apps(&self) -> Result<Vec<String>> {
        Ok(self.apps.clone())
    }

    async fn track(&self, told: Vec<TrackRequest>) -> Result<Vec<Tracked>> {
        Ok(self.stages()?.tracker.track(told).await?)
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        Ok(self.store.list(filter).await?)
    }

    async fn show(&self, handle: &Handle) -> Result<Option<Whole>> {
        Ok(self.store.show(&text(handle)).await?)
    }

    async fn retry(
        &self,
        handles: &[Handle],
        app: Option<&str>,
        by: &str,
    ) -> Result<Vec<RetryVerdict>> {
        // One that nobody asks for would wait for ever.
        if app.is_some_and(|app| !self.apps.iter().any(|known| known == app)) {
            return Err(Error::Field {
                field: "app",
                why: "no app of that name is configured".to_owned(),
            });
        }
        let handles: Vec<String> = handles.iter().map(text).collect();
        let now = self.clock.now();
        Ok(self.store.retry(&handles, app, by, now).await?)
    }

    async fn compare(&self, listed: &[TrackRequest], track: bool) -> Result<Vec<Compared>> {
        let now = self.clock.now();
        let right: Vec<&TrackRequest> =
            listed.iter().filter(|one| one.check(now).is_ok()).collect();
        let mut known = self.known(&right).await?.into_iter();
        let mut untracked = Vec::new();
        let found: Vec<Option<Compared>> = listed
            .iter()
            .map(|one| match one.check(now) {
                Err(why) => Some(Compared::wrong(why)),
                Ok(()) => match known.next().flatten() {
                    None if track => {
                        untracked.push(one);
                        None
                    }
                    known => Some(Compared::of(one, known.as_ref())),
                },
            })
            .collect();
        let taken = if untracked.is_empty() {
            Vec::new()
        } else {
            self.take_up(&untracked, now).await?
        };
        let mut taken = taken.into_iter();
        Ok(found
            .into_iter()
            .filter_map(|one| one.or_else(|| taken.next()))
            .collect())
    }

    async fn record(&self, found: &Reconciliation) -> Result<()> {
        Ok(self.store.record_reconciliation(found).await?)
    }

    async fn status(&self) -> Result<Status> {
        Ok(self.store.status(self.clock.now()).await?)
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        Ok(self.store.alarms().await?)
    }

    async fn acknowledge_alarm(&self, alarm_id: i64, by: &str, note: &str) -> Result<bool> {
        let seen = self.seen(by, note);
        Ok(self.store.acknowledge(alarm_id, &seen).await?)
    }

    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>> {
        Ok(self.store.losses(filter, limit).await?)
    }

    async fn acknowledge_losses(&self, filter: &LossFilter, by: &str, note: &str) -> Result<i64> {
        let seen = self.seen(by, note);
        Ok(self.store.acknowledge_losses(filter, &seen).await?)
    }

    async fn issue(&self, wish: Wish, once: Option<Once>) -> Result<Given> {
        let issuer = Arc::clone(&self.stages()?.issuer);
        issuer.check(&wish)?;
        let store = Arc::clone(&self.store);
        issue(issuer, store, Arc::clone(&self.clock), wish, once).await
    }

    async fn search(&self, asked: Search) -> Result<Found> {
        let (key, rule) = (self.index_key.as_ref(), self.purpose);
        search(&*self.store, key, asked, rule, self.now()).await
    }

    async fn find(&self, tokens: &[Secret]) -> Result<Vec<Option<wire::Token>>> {
        let known = self.store.known(tokens).await?.into_iter();
        let token = |known: KnownToken| wire::Token {
            verification_id: known.verification_id,
            state: known.state,
            app: known.app,
        };
        Ok(known.map(|known| known.map(token)).collect())
    }
}

/// As the store takes it.
pub(super) fn text(handle: &Handle) -> String {
    match handle {
        Handle::Id(id) => id.to_string(),
        Handle::Token(token) => token.reveal().to_owned(),
    }
}
