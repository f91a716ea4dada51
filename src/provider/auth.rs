//! The three ways to prove who calls (provider.md §5), behind one type.
//!
//! Promised for the access_token: concurrent callers share one call to OAuth and its outcome, good
//! or bad; it is renewed ahead of its end, and while a renewal fails the old one serves as long as
//! it lives; a token that was refused is dropped only if it is still the current one. No token, key
//! or answer of OAuth ever stands in an error.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderValue};

use crate::domain::{
    address::BaseUrl,
    answer::{Endpoint, ErrorKind, ProviderError},
    secret::Secret,
    time::{Clock, Span, Time},
};

use super::{
    envelope,
    http::{Api, Exchange},
    reply::Reply,
    sign::{KeyPair, Request, VALID_SECONDS, uri_encode},
    tolerant::{Object, Raw, text_of},
};

/// What an app proves itself with.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// `auth = "access_token"`: fetched from OAuth with the app's two keys.
    AccessToken {
        /// `client_id` of OAuth.
        api_key: Secret,
        /// `client_secret` of OAuth.
        secret_key: Secret,
    },
    /// `auth = "bce-auth-v1"`: each request is signed.
    BceV1(KeyPair),
    /// `auth = "api-key"`: `bce-v3/ALTAK-…`, sent as a bearer.
    ApiKey(Secret),
}

/// When the provider does not say how long an access_token lives.
const LIFE_DEFAULT: Span = Span::hours(30 * 24);
/// A token is renewed this long ahead, or a tenth of its life, whichever is less.
const AHEAD_MAX: Span = Span::hours(24);
/// After a renewal that failed while the old token lives.
const RENEWAL_PAUSE: Span = Span::minutes(1);
/// Any of these permissions opens the faceprint interfaces.
const SCOPES: [&str; 2] = ["brain_solution_faceprint", "brain_all_scope"];

/// How an app proves itself, with what it remembers.
pub(super) struct Auth {
    credentials: Credentials,
    base_url: BaseUrl,
    api: Api,
    clock: Arc<dyn Clock>,
    current: Mutex<Current>,
    /// Held by whoever talks to OAuth.
    flight: tokio::sync::Mutex<()>,
    /// Flights that ended, well or not.
    flights: AtomicU64,
}

#[derive(Default)]
struct Current {
    token: Option<Arc<AccessToken>>,
    serial: u64,
    /// How the last flight failed, for those who waited for it.
    failure: Option<ProviderError>,
    no_renewal_before: Option<Time>,
}

pub(super) struct AccessToken {
    secret: Secret,
    serial: u64,
    renew_at: Time,
    expires_at: Time,
}

/// What a fresh access_token tells.
pub(super) struct Grant {
    pub(super) expires_at: Time,
    /// Whether `scope` names a permission for faceprint; `None` when there is no `scope`.
    pub(super) has_scope: Option<bool>,
    /// `Date` of the answer.
    pub(super) date: Option<Time>,
}

/// What to add to a request.
pub(super) enum Proof {
    /// The URL's `access_token`, and the token's number.
    Query(Secret, u64),
    /// Headers.
    Headers(Vec<(&'static str, HeaderValue)>),
}

impl Auth {
    pub(super) fn new(
        credentials: Credentials,
        base_url: BaseUrl,
        api: Api,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            credentials,
            base_url,
            api,
            clock,
            current: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
            flights: AtomicU64::new(0),
        }
    }

    /// Makes sure a token is there, where one is needed, so that no permit is spent waiting for
    /// OAuth.
    pub(super) async fn ready(&self) -> Result<(), ProviderError> {
        match &self.credentials {
            Credentials::AccessToken {
                api_key,
                secret_key,
            } => self.token(api_key, secret_key).await.map(|_| ()),
            Credentials::BceV1(_) | Credentials::ApiKey(_) => Ok(()),
        }
    }

    /// The proof for a POST to `path` on `host`, to be used at once.
    pub(super) async fn proof(&self, host: &str, path: &str) -> Result<Proof, ProviderError> {
        match &self.credentials {
            Credentials::AccessToken {
                api_key,
                secret_key,
            } => self
                .token(api_key, secret_key)
                .await
                .map(|token| Proof::Query(token.secret.clone(), token.serial)),
            Credentials::ApiKey(key) => Ok(Proof::Headers(vec![(
                AUTHORIZATION.as_str(),
                sensitive(&format!("Bearer {}", key.reveal()))?,
            )])),
            Credentials::BceV1(pair) => {
                let now = self.clock.now();
                let date = now.rfc3339();
                let request = Request {
                    method: "POST",
                    path,
                    query: &[],
                    headers: &[("host", host), ("x-bce-date", &date)],
                };
                let authorization = pair.authorization(&request, now, VALID_SECONDS);
                Ok(Proof::Headers(vec![
                    ("x-bce-date", sensitive(&date)?),
                    (AUTHORIZATION.as_str(), sensitive(authorization.reveal())?),
                ]))
            }
        }
    }

    /// Drops the access_token of that number; false when another has taken its place meanwhile.
    pub(super) fn invalidate(&self, serial: u64) -> bool {
        let mut current = self.current();
        let is_current = current
            .token
            .as_ref()
            .is_some_and(|token| token.serial == serial);
        if is_current {
            current.token = None;
        }
        is_current
    }

    /// Fetches a fresh access_token to see whether the credentials are good; `None` where there is
    /// none to fetch.
    pub(super) async fn check(&self) -> Option<Result<Grant, ProviderError>> {
        let Credentials::AccessToken {
            api_key,
            secret_key,
        } = &self.credentials
        else {
            return None;
        };
        let _flight = self.flight.lock().await;
        Some(
            self.fetch(api_key, secret_key)
                .await
                .map(|(_, grant)| grant),
        )
    }

    async fn token(
        &self,
        api_key: &Secret,
        secret_key: &Secret,
    ) -> Result<Arc<AccessToken>, ProviderError> {
        let now = self.clock.now();
        let (held, may_renew) = {
            let current = self.current();
            (
                current.token.clone(),
                current.no_renewal_before.is_none_or(|at| at <= now),
            )
        };
        if let Some(token) = held.filter(|token| token.expires_at > now) {
            if token.renew_at > now || !may_renew {
                return Ok(token);
            }
            // One renews; the others go on with what they have.
            let Ok(_flight) = self.flight.try_lock() else {
                return Ok(token);
            };
            return Ok(match self.fetch(api_key, secret_key).await {
                Ok((fresh, _)) => fresh,
                Err(_) => {
                    self.current().no_renewal_before = Some(now.plus(RENEWAL_PAUSE));
                    token
                }
            });
        }
        let flights = self.flights.load(Ordering::Acquire);
        let _flight = self.flight.lock().await;
        let landed = self.flights.load(Ordering::Acquire) != flights;
        {
            let current = self.current();
            if let Some(token) = current.token.clone().filter(|token| token.expires_at > now) {
                return Ok(token);
            }
            // Who waited for a flight that failed shares its failure instead of repeating it.
            if let Some(failure) = current.failure.clone().filter(|_| landed) {
                return Err(failure);
            }
        }
        self.fetch(api_key, secret_key)
            .await
            .map(|(token, _)| token)
    }

    /// One call to OAuth; the caller holds `flight`.
    async fn fetch(
        &self,
        api_key: &Secret,
        secret_key: &Secret,
    ) -> Result<(Arc<AccessToken>, Grant), ProviderError> {
        let outcome = self.ask(api_key, secret_key).await;
        let mut current = self.current();
        let outcome = match outcome {
            Ok((secret, life, grant)) => {
                current.serial += 1;
                let ahead = Span(life.part(10).0.min(AHEAD_MAX.0));
                let token = Arc::new(AccessToken {
                    secret,
                    serial: current.serial,
                    renew_at: grant.expires_at.minus(ahead),
                    expires_at: grant.expires_at,
                });
                current.token = Some(Arc::clone(&token));
                current.failure = None;
                current.no_renewal_before = None;
                Ok((token, grant))
            }
            Err(problem) => {
                current.failure = Some(problem.clone());
                Err(problem)
            }
        };
        self.flights.fetch_add(1, Ordering::Release);
        outcome
    }

    async fn ask(
        &self,
        api_key: &Secret,
        secret_key: &Secret,
    ) -> Result<(Secret, Span, Grant), ProviderError> {
        let url = Secret::new(format!(
            "{}/oauth/2.0/token?grant_type=client_credentials&client_id={}&client_secret={}",
            self.base_url,
            uri_encode(api_key.reveal()),
            uri_encode(secret_key.reveal())
        ));
        // The age of a token counts from before it was asked for: rather renewed early than late.
        let asked_at = self.clock.now();
        let request = self
            .api
            .client
            .post(url.reveal())
            .header("accept", "application/json")
            .body("");
        let exchange = self
            .api
            .exchange(request)
            .await
            .map_err(|problem| ProviderError {
                detail: format!("no access_token: {}", problem.detail),
                ..problem
            })?;
        let text = text_of(&exchange.body);
        let object = Raw::new(&text).object();
        let token = object
            .as_ref()
            .filter(|_| exchange.http_status < 300)
            .and_then(|object| object.text("access_token"));
        let Some((object, token)) = object.as_ref().zip(token) else {
            return Err(refusal(&exchange, asked_at));
        };
        let life = object
            .integer("expires_in")
            .filter(|seconds| *seconds > 0)
            .map_or(LIFE_DEFAULT, Span::seconds);
        Ok((
            Secret::new(token),
            life,
            Grant {
                expires_at: asked_at.plus(life),
                has_scope: has_scope(object),
                date: exchange.date(),
            },
        ))
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_scope(object: &Object<'_>) -> Option<bool> {
    let scope = object.text("scope")?;
    Some(scope.split([' ', ',']).any(|name| SCOPES.contains(&name)))
}

/// Why OAuth gave no token, classified as any answer is.
pub(super) fn refusal(exchange: &Exchange, now: Time) -> ProviderError {
    let reply = Reply {
        truncated: exchange.truncated,
        retry_after: exchange.retry_after(now),
        ..Reply::kept(
            Endpoint::Generate,
            exchange.http_status,
            Bytes::clone(&exchange.body),
            now,
        )
    };
    match envelope::read(&reply) {
        // "Data" without a token, or a token that is itself not accepted, makes no sense here.
        Ok(_) => ProviderError::new(
            ErrorKind::Garbled,
            "the provider answered the request for access with something else; check base_url of the app",
        ),
        Err(problem) if problem.kind == ErrorKind::Unauthorised => ProviderError {
            kind: ErrorKind::Forbidden,
            ..problem
        },
        Err(problem) => problem,
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        ProviderError::new(ErrorKind::Misconfigured, "a key of the app has a character that cannot stand in a header; check it for stray spaces or line ends")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(json: &str) -> Option<bool> {
        has_scope(&Raw::new(json).object().unwrap())
    }

    #[test]
    fn either_permission_opens_the_interfaces() {
        for (json, expected) in [
            (
                r#"{"scope":"public brain_all_scope vis-classify"}"#,
                Some(true),
            ),
            (r#"{"scope":"public,brain_solution_faceprint"}"#, Some(true)),
            (r#"{"scope":"public brain_all_scopes"}"#, Some(false)),
            (r#"{"scope":""}"#, None),
            ("{}", None),
        ] {
            assert_eq!(scope(json), expected, "{json}");
        }
    }

    #[test]
    fn refusals_of_oauth_are_told_apart_and_name_a_way_out() {
        for (status, body, expected) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"unknown client id"}"#,
                ErrorKind::Forbidden,
            ),
            (
                200,
                r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
                ErrorKind::Forbidden,
            ),
            (
                400,
                r#"{"error":"unsupported_grant_type"}"#,
                ErrorKind::Misconfigured,
            ),
            (401, r#"{"error":"invalid_token"}"#, ErrorKind::Forbidden),
            (
                503,
                r#"{"error":"temporarily_unavailable"}"#,
                ErrorKind::Transient,
            ),
            (500, "<html>", ErrorKind::Transient),
            (429, "", ErrorKind::TooFast),
            (200, "<html>", ErrorKind::Garbled),
            (200, r#"{"success":true}"#, ErrorKind::Garbled),
            (200, r#"{"expires_in":1}"#, ErrorKind::Garbled),
            (404, "", ErrorKind::Misconfigured),
        ] {
            let exchange = Exchange {
                http_status: status,
                headers: reqwest::header::HeaderMap::new(),
                body: Bytes::from_static(body.as_bytes()),
                truncated: false,
            };
            assert_eq!(
                refusal(&exchange, Time(0)).kind,
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn credentials_show_nothing_of_themselves() {
        for credentials in [
            Credentials::AccessToken {
                api_key: "canary".into(),
                secret_key: "canary".into(),
            },
            Credentials::BceV1(KeyPair {
                ak: "canary".into(),
                sk: "canary".into(),
            }),
            Credentials::ApiKey("canary".into()),
        ] {
            assert!(!format!("{credentials:?}").contains("canary"));
        }
    }
}
