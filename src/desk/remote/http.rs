//! Requests to a daemon's API, repeated while it is away.

use std::sync::Arc;

use reqwest::{Method, StatusCode, Url, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    domain::{
        address::BaseUrl,
        random,
        secret::Secret,
        time::{Clock, Span, Time},
    },
    provider::http::{Limits, describe, plain},
};

/// Why a daemon did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RemoteError {
    /// It cannot be reached, or cannot do it now.
    #[error("{0}")]
    Away(String),
    /// There is nothing of that name, as far as the key may know.
    #[error("there is nothing of that name")]
    Missing,
    /// It refuses.
    #[error("{detail}")]
    Refused {
        /// Of the answer.
        status: u16,
        /// In words, without what was sent.
        detail: String,
        /// What is wrong, where it is one thing.
        field: Option<String>,
    },
    /// Whoever answers there is no Verikeep.
    #[error("{0}")]
    Foreign(String),
}

/// How often something is asked for in all, while the daemon is away.
const TRIES: u32 = 4;
/// The longest wait between two tries, whatever the daemon says.
const PAUSE_MAX: Span = Span::seconds(10);
/// An answer that is longer is none of ours: a page of a thousand verifications is far below.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What is asked.
pub(super) struct Asked<'p> {
    method: Method,
    path: &'p [&'p str],
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    once: Option<String>,
}

impl<'p> Asked<'p> {
    /// Reads a path below `/v1`.
    pub(super) const fn get(path: &'p [&'p str]) -> Self {
        Self {
            method: Method::GET,
            path,
            query: Vec::new(),
            body: None,
            once: None,
        }
    }

    /// Sends a body.
    pub(super) const fn post(path: &'p [&'p str], body: Value) -> Self {
        Self {
            method: Method::POST,
            path,
            query: Vec::new(),
            body: Some(body),
            once: None,
        }
    }

    /// With a parameter, where it has a value.
    pub(super) fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }

    /// Done once, however often it is repeated.
    pub(super) fn once(mut self, now: Time) -> Self {
        self.once = Some(random::fresh_id(now).to_string());
        self
    }
}

/// A problem, as the API tells it (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
    field: Option<String>,
}

/// How one try ended.
enum Tried {
    Done(Vec<u8>),
    /// Worth another try, after so long where it was said.
    Away(String, Option<Span>),
    Failed(RemoteError),
}

/// The way to a daemon.
pub(super) struct Http {
    client: reqwest::Client,
    url: BaseUrl,
    key: Secret,
    clock: Arc<dyn Clock>,
}

impl Http {
    pub(super) fn new(
        url: BaseUrl,
        key: Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RemoteError> {
        let limits = Limits {
            total: Span::seconds(30),
            ..Limits::default()
        };
        let client = plain(&limits).map_err(|error| RemoteError::Away(describe(error)))?;
        Ok(Self {
            client,
            url,
            key,
            clock,
        })
    }

    /// Asks until there is an answer, or it is no use.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        asked: &Asked<'_>,
    ) -> Result<T, RemoteError> {
        let mut tries = 1;
        loop {
            match self.try_once(asked).await {
                Tried::Done(body) => {
                    return serde_json::from_slice(&body).map_err(|_| {
                        self.foreign("what it answers cannot be read: another version?")
                    });
                }
                Tried::Failed(error) => return Err(error),
                Tried::Away(why, _) if tries == TRIES => return Err(RemoteError::Away(why)),
                Tried::Away(_, after) => {
                    let usual = random::jitter(Span::millis(500).times(1 << tries));
                    let pause = after.unwrap_or(usual).min(PAUSE_MAX);
                    self.clock.sleep(pause).await;
                }
            }
            tries += 1;
        }
    }

    /// Whether there is an answer for each that was asked.
    pub(super) fn counted(&self, answered: usize, asked: usize) -> Result<(), RemoteError> {
        if answered == asked {
            return Ok(());
        }
        Err(self.foreign("it does not answer each of what it was told"))
    }

    fn foreign(&self, why: &str) -> RemoteError {
        RemoteError::Foreign(format!("{}: {why}", self.url))
    }

    async fn try_once(&self, asked: &Asked<'_>) -> Tried {
        let url = self.url.join(&format!("/v1/{}", asked.path.join("/")));
        let Ok(url) = Url::parse_with_params(&url, &asked.query) else {
            return Tried::Failed(self.foreign("no request can be made of it"));
        };
        let mut request = self
            .client
            .request(asked.method.clone(), url)
            .bearer_auth(self.key.reveal());
        if let Some(body) = &asked.body {
            request = request.json(body);
        }
        if let Some(once) = &asked.once {
            request = request.header("Idempotency-Key", once);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Tried::Away(describe(error), None),
        };
        let (status, after) = (response.status(), retry_after(response.headers()));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() + piece.len() <= ANSWER_BYTES_MAX => {
                    body.extend_from_slice(&piece);
                }
                Ok(Some(_)) => return Tried::Failed(self.foreign("its answer has no end")),
                Ok(None) => break,
                Err(error) => return Tried::Away(describe(error), None),
            }
        }
        if status.is_success() {
            return Tried::Done(body);
        }
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        let Some(problem) = problem.filter(|one| one.kind.starts_with("urn:verikeep:problem:"))
        else {
            let status = status.as_u16();
            return match status {
                // A proxy in front of a daemon that is away.
                502..=504 => Tried::Away(format!("a proxy answers {status} in its place"), after),
                _ => Tried::Failed(self.foreign(&format!(
                    "who answers there is no Verikeep (status {status})"
                ))),
            };
        };
        match status {
            StatusCode::NOT_FOUND => Tried::Failed(RemoteError::Missing),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Tried::Away(problem.detail, after)
            }
            // The same request is under way.
            StatusCode::CONFLICT if after.is_some() => Tried::Away(problem.detail, after),
            _ => Tried::Failed(RemoteError::Refused {
                status: status.as_u16(),
                detail: problem.detail,
                field: problem.field,
            }),
        }
    }
}

fn retry_after(headers: &header::HeaderMap) -> Option<Span> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    Some(Span::seconds(seconds.parse().ok()?))
}
