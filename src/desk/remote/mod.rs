//! A desk over the API of a daemon: who asks here needs an address and a key, neither the
//! provider's secrets nor the database.
//!
//! Every call is safe to repeat, and is repeated a few times while the daemon is away.

mod http;

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Compared, Desk, Error, Found, Given, Handle, Result, Search, Tracked, Wish,
    wire::{self, Fate, Outcome, Own},
};
use crate::{
    domain::{
        address::BaseUrl,
        id::VerificationId,
        once::Once,
        secret::Secret,
        time::{Clock, Time},
        token::{State, TrackRequest},
    },
    store::{
        records::{RetryVerdict, TrackVerdict},
        reports::{
            AlarmRow, Filter, LossFilter, LossReport, Reconciliation, Status, Summary, Whole,
        },
    },
};
pub use http::RemoteError;
use http::{Asked, Http};

/// How many rows a page has at most (docs/api.md).
const PAGE_MAX: i64 = 1_000;

/// How many tokens are looked for at once (docs/api.md).
const TOKENS_MAX: usize = 1_000;

/// A desk that is somewhere else.
pub struct Remote {
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Remote {
    /// At this address, asked with this key.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        url: BaseUrl,
        key: Secret,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, RemoteError> {
        Ok(Self {
            http: Http::new(url, key, Arc::clone(&clock))?,
            clock,
        })
    }

    async fn get<T: DeserializeOwned>(&self, asked: &Asked<'_>) -> Result<T> {
        Ok(self.http.ask(asked).await?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &[&str], body: Value) -> Result<T> {
        self.get(&Asked::post(path, body)).await
    }

    /// Our identifier of each; none of one that is not tracked.
    async fn ids(&self, handles: &[Handle]) -> Result<Vec<Option<VerificationId>>> {
        let token = |handle: &Handle| match handle {
            Handle::Id(_) => None,
            Handle::Token(token) => Some(token.clone()),
        };
        let tokens: Vec<Secret> = handles.iter().filter_map(token).collect();
        let mut found = self.find(&tokens).await?.into_iter();
        let named = |handle: &Handle| match handle {
            Handle::Id(id) => Some(*id),
            Handle::Token(_) => found.next().flatten().map(|token| token.verification_id),
        };
        Ok(handles.iter().map(named).collect())
    }

    async fn wake(&self, id: VerificationId, app: Option<&str>) -> Result<RetryVerdict> {
        #[derive(Deserialize)]
        struct Woken {
            was: State,
        }
        let (name, unknown) = (id.to_string(), Ok(RetryVerdict::Unknown));
        let body = app.map_or_else(|| json!({}), |app| json!({ "app": app }));
        let woken: Result<Woken> = self.post(&["verifications", &name, "retry"], body).await;
        match woken {
            Ok(Woken { was }) => Ok(RetryVerdict::Woken {
                verification_id: id,
                was,
            }),
            Err(Error::Remote(RemoteError::Missing)) => unknown,
            Err(Error::Remote(RemoteError::Refused {
                status: 409, field, ..
            })) => {
                match field.as_deref() {
                    // The answer has it in words alone.
                    Some("record_deadline") => match self.show(&Handle::Id(id)).await? {
                        Some(whole) => Ok(RetryVerdict::Forgotten {
                            verification_id: id,
                            since: whole.summary.record_deadline,
                        }),
                        None => unknown,
                    },
                    _ => Ok(RetryVerdict::Whole {
                        verification_id: id,
                    }),
                }
            }
            Err(error) => Err(error),
        }
    }
}

/// A token as it is told.
fn told(one: &TrackRequest) -> Value {
    json!({
        "app": one.app,
        "verify_token": one.verify_token.reveal(),
        "issued_at": one.issued_at.map(Time::rfc3339),
        "plan_id": one.plan_id,
        "reference": one.reference,
    })
}

/// The facts that may differ.
const FACTS: [&str; 4] = ["app", "issued_at", "plan_id", "reference"];

fn tracked(outcome: Outcome) -> Tracked {
    let why = outcome
        .detail
        .unwrap_or_else(|| "it was refused".to_owned());
    let verdict = match (outcome.result, outcome.verification_id, outcome.state) {
        (Fate::New, Some(verification_id), _) => TrackVerdict::New {
            verification_id,
            late: outcome.late,
        },
        (Fate::Known, Some(verification_id), Some(state)) => TrackVerdict::Known {
            verification_id,
            state,
        },
        (Fate::Conflict, verification_id, _) => {
            let field = outcome.field.unwrap_or_default();
            let fact = FACTS.into_iter().find(|fact| *fact == field);
            TrackVerdict::Conflict {
                verification_id,
                field: fact.unwrap_or("fact"),
            }
        }
        _ => return Tracked::Wrong(why),
    };
    Tracked::Verdict(verdict)
}

/// A page of verifications.
#[derive(Deserialize)]
struct Page {
    verifications: Vec<Summary>,
    next: Option<VerificationId>,
    complete: Option<bool>,
}

#[async_trait]
impl Desk for Remote {
    fn now(&self) -> Time {
        self.clock.now()
    }

    async fn apps(&self) -> Result<Vec<String>> {
        let own: Own = self.get(&Asked::get(&["key"])).await?;
        Ok(own.apps)
    }

    async fn track(&self, listed: Vec<TrackRequest>) -> Result<Vec<Tracked>> {
        #[derive(Deserialize)]
        struct Items {
            items: Vec<Outcome>,
        }
        let body = listed.iter().map(told).collect();
        let Items { items } = self.post(&["verifications"], Value::Array(body)).await?;
        self.http.counted(items.len(), listed.len())?;
        Ok(items.into_iter().map(tracked).collect())
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let asked = Asked::get(&["verifications"])
            .with("state", filter.state.map(|state| state.name().to_owned()))
            .with("app", filter.app.clone())
            .with("since", filter.since.map(Time::rfc3339))
            .with("until", filter.until.map(Time::rfc3339))
            .with("reference", filter.reference.clone())
            .with("plan_id", filter.plan_id.clone())
            .with("log_id", filter.log_id.clone())
            .with("limit", Some(filter.limit.clamp(1, PAGE_MAX).to_string()))
            .with("cursor", filter.after.map(|after| after.to_string()));
        let page: Page = self.get(&asked).await?;
        Ok(page.verifications)
    }

    async fn show(&self, handle: &Handle) -> Result<Option<Whole>> {
        let ids = self.ids(std::slice::from_ref(handle)).await?;
        let Some(id) = ids.first().copied().flatten() else {
            return Ok(None);
        };
        let name = id.to_string();
        match self.get(&Asked::get(&["verifications", &name])).await {
            Err(Error::Remote(RemoteError::Missing)) => Ok(None),
            whole => whole.map(Some),
        }
    }

    async fn retry(
        &self,
        handles: &[Handle],
        app: Option<&str>,
        _: &str,
    ) -> Result<Vec<RetryVerdict>> {
        let mut verdicts = Vec::with_capacity(handles.len());
        for id in self.ids(handles).await? {
            verdicts.push(match id {
                Some(id) => self.wake(id, app).await?,
                None => RetryVerdict::Unknown,
            });
        }
        Ok(verdicts)
    }

    async fn compare(&self, listed: &[TrackRequest], track: bool) -> Result<Vec<Compared>> {
        #[derive(Deserialize)]
        struct Items {
            items: Vec<Compared>,
        }
        let items: Vec<Value> = listed.iter().map(told).collect();
        let body = json!({ "items": items, "track": track, "more": true });
        let Items { items } = self.post(&["reconciliations"], body).await?;
        self.http.counted(items.len(), listed.len())?;
        Ok(items)
    }

    async fn record(&self, found: &Reconciliation) -> Result<()> {
        let body = json!({ "items": [], "name": found.name, "so_far": found });
        self.post::<Value>(&["reconciliations"], body).await?;
        Ok(())
    }

    async fn status(&self) -> Result<Status> {
        self.get(&Asked::get(&["status"])).await
    }

    async fn alarms(&self) -> Result<Vec<AlarmRow>> {
        #[derive(Deserialize)]
        struct Alarms {
            alarms: Vec<AlarmRow>,
        }
        let Alarms { alarms } = self.get(&Asked::get(&["alarms"])).await?;
        Ok(alarms)
    }

    async fn acknowledge_alarm(&self, alarm_id: i64, _: &str, note: &str) -> Result<bool> {
        let id = alarm_id.to_string();
        let path = ["alarms", &id, "acknowledge"];
        match self.post::<Value>(&path, json!({ "note": note })).await {
            Ok(_) => Ok(true),
            Err(Error::Remote(RemoteError::Missing)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn losses(&self, filter: &LossFilter, limit: i64) -> Result<Vec<LossReport>> {
        #[derive(Deserialize)]
        struct Losses {
            losses: Vec<LossReport>,
        }
        let asked = Asked::get(&["losses"])
            .with("app", filter.app.clone())
            .with("cause", filter.cause.map(|cause| cause.name().to_owned()))
            .with("limit", Some(limit.clamp(1, PAGE_MAX).to_string()))
            .with("all", (!filter.open).then(|| "true".to_owned()));
        let Losses { losses } = self.get(&asked).await?;
        if limit > PAGE_MAX && i64::try_from(losses.len()).is_ok_and(|many| many >= PAGE_MAX) {
            return Err(Error::Field {
                field: "--limit",
                why: format!(
                    "there are more than {PAGE_MAX} losses, and no more are told at once over the network: narrow them by --app or --cause"
                ),
            });
        }
        Ok(losses)
    }

    async fn acknowledge_losses(&self, filter: &LossFilter, _: &str, note: &str) -> Result<i64> {
        #[derive(Deserialize)]
        struct Noted {
            acknowledged: i64,
        }
        let until = filter.until.unwrap_or_else(|| self.now()).rfc3339();
        let body =
            json!({ "until": until, "note": note, "app": filter.app, "cause": filter.cause });
        let Noted { acknowledged } = self.post(&["losses", "acknowledge"], body).await?;
        Ok(acknowledged)
    }

    async fn issue(&self, wish: Wish, _: Option<Once>) -> Result<Given> {
        #[derive(Deserialize)]
        struct Token {
            verification_id: VerificationId,
            verify_token: String,
            app: String,
            detail: Option<String>,
        }
        let person = wish.identity.as_ref().map(|(name, number, kind)| {
            json!({ "name": name.reveal(), "number": number.reveal(), "certificate_type": kind })
        });
        let body = json!({
            "app": wish.app,
            "plan_id": wish.plan_id,
            "reference": wish.reference,
            "identity": person,
            "match_image": wish.match_image.map(|image| STANDARD.encode(image)),
        });
        let token: Token = self
            .get(&Asked::post(&["tokens"], body).once(self.now()))
            .await?;
        Ok(Given {
            verify_token: Secret::new(token.verify_token),
            verification_id: token.verification_id,
            app: token.app,
            unprepared: token.detail,
        })
    }

    async fn search(&self, asked: Search) -> Result<Found> {
        let Search {
            id_number,
            filter,
            purpose,
            ..
        } = asked;
        let others = [
            ("--state", filter.state.is_some()),
            ("--since", filter.since.is_some()),
            ("--reference", filter.reference.is_some()),
        ];
        if let Some((field, _)) = others.into_iter().find(|(_, is_there)| *is_there) {
            return Err(Error::Field {
                field,
                why: "over the network a person is looked for by app alone: leave it out"
                    .to_owned(),
            });
        }
        let body = json!({
            "id_number": id_number.reveal(),
            "purpose": purpose.unwrap_or_default(),
            "app": filter.app,
            "limit": filter.limit.clamp(1, PAGE_MAX),
            "cursor": filter.after,
        });
        let page: Page = self.post(&["verifications", "search"], body).await?;
        Ok(Found {
            verifications: page.verifications,
            more: page.next.is_some(),
            passed_over: page.complete.unwrap_or(true).then_some(0),
        })
    }

    async fn find(&self, tokens: &[Secret]) -> Result<Vec<Option<wire::Token>>> {
        #[derive(Deserialize)]
        struct Items {
            items: Vec<Option<wire::Token>>,
        }
        let mut found = Vec::with_capacity(tokens.len());
        for some in tokens.chunks(TOKENS_MAX) {
            let tokens: Vec<&str> = some.iter().map(Secret::reveal).collect();
            let body = json!({ "verify_tokens": tokens });
            let Items { items } = self.post(&["verifications", "search"], body).await?;
            self.http.counted(items.len(), some.len())?;
            found.extend(items);
        }
        Ok(found)
    }
}
