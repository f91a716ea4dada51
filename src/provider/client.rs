//! Calls: one HTTP exchange each, under the account's quota, the answer handed on verbatim.
//!
//! Nothing is repeated or read here: whether to ask again is decided once, in `archive`, and who
//! reads an answer says what it came to ([`Client::heard`]).

use std::{fmt, sync::Arc};

use reqwest::header::HeaderMap;

use crate::domain::{
    address::BaseUrl,
    answer::{Endpoint, ErrorKind, ProviderError},
    secret::Secret,
    time::{Clock, Span, Time},
};

use super::{
    auth::{Auth, Credentials, Proof},
    envelope,
    http::Api,
    rate_limiter::RateLimiters,
    request::{self, Control, Generate, RequestBody},
};

pub use super::reply::Reply;

/// What is needed to call on behalf of one app.
#[derive(Clone, Debug)]
pub struct AppAccess {
    /// Its name in the configuration.
    pub name: String,
    /// Where its provider is.
    pub base_url: BaseUrl,
    /// How it proves itself.
    pub credentials: Credentials,
    /// Apps of one account share its quota.
    pub account: String,
    /// Calls a second for each endpoint of the account.
    pub qps: f64,
}

/// What `check` and the start find out about an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The provider's clock less ours; `None` when it sent no `Date`. To the second, and half a
    /// round trip.
    pub skew: Option<Span>,
    /// Whether the access_token's `scope` names a permission for faceprint; `None` where that
    /// cannot be told.
    pub has_scope: Option<bool>,
    /// When the access_token ends, where there is one.
    pub expires_at: Option<Time>,
}

pub(super) const PREFIX: &str = "/rpc/2.0/brain/solution/faceprint/";
/// No such token can exist: it has the wrong length. What is answered to it shows whether the call
/// itself is accepted.
const NOBODYS_TOKEN: &str = "verikeep-check";

/// Calls on behalf of one app. Cheap to share behind an `Arc`.
pub struct Client {
    name: String,
    base_url: BaseUrl,
    account: String,
    qps: f64,
    auth: Auth,
    api: Api,
    clock: Arc<dyn Clock>,
    quota: Arc<RateLimiters>,
    timed: Option<Arc<Timed>>,
}

/// Told how long an exchange took, whatever came of it; without the wait for its turn.
pub type Timed = dyn Fn(Endpoint, Span) + Send + Sync;

impl Client {
    /// Makes a client; nothing is sent yet.
    #[must_use]
    pub fn new(
        access: AppAccess,
        api: Api,
        clock: Arc<dyn Clock>,
        quota: Arc<RateLimiters>,
    ) -> Self {
        let auth = Auth::new(
            access.credentials,
            access.base_url.clone(),
            api.clone(),
            Arc::clone(&clock),
        );
        Self {
            name: access.name,
            base_url: access.base_url,
            account: access.account,
            qps: access.qps,
            auth,
            api,
            clock,
            quota,
            timed: None,
        }
    }

    /// The same, telling how long its exchanges take.
    #[must_use]
    pub fn timed(self, timed: Arc<Timed>) -> Self {
        Self {
            timed: Some(timed),
            ..self
        }
    }

    /// The app's name in the configuration.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.name
    }

    /// The account whose quota it uses.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// One exchange: a permit, the request, the answer under the cap. Every whole answer is `Ok`,
    /// whatever it says.
    ///
    /// # Errors
    /// When no whole answer arrived, no access_token was to be had, or the quota is known to be
    /// spent (then nothing was sent).
    pub async fn call(
        &self,
        endpoint: Endpoint,
        body: &RequestBody,
    ) -> Result<Reply, ProviderError> {
        self.exchange(endpoint, body).await.map(|(reply, _)| reply)
    }

    /// Asks for a token's results, and tells the names of the answer's headers as well, sorted.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn look(
        &self,
        endpoint: Endpoint,
        verify_token: &Secret,
    ) -> Result<(Reply, Vec<String>), ProviderError> {
        let (reply, headers) = self
            .exchange(endpoint, &request::query(verify_token))
            .await?;
        let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        Ok((reply, names))
    }

    /// Waits for an exchange, and tells how long it took.
    async fn stopped<T>(&self, endpoint: Endpoint, exchange: impl Future<Output = T>) -> (T, Span) {
        let began = self.clock.elapsed();
        let exchanged = exchange.await;
        let took = Span(self.clock.elapsed().0 - began.0);
        if let Some(timed) = &self.timed {
            timed(endpoint, took);
        }
        (exchanged, took)
    }

    async fn exchange(
        &self,
        endpoint: Endpoint,
        body: &RequestBody,
    ) -> Result<(Reply, HeaderMap), ProviderError> {
        self.auth.ready().await?;
        let limiter = self.quota.limiter(&self.account, endpoint, self.qps);
        limiter.permit().await?;
        let path = format!("{PREFIX}{}", endpoint.path());
        let mut url = Secret::new(self.base_url.join(&path));
        let proof = self
            .auth
            .proof(
                &self.base_url.authority(),
                &format!("{}{path}", self.base_url.path()),
            )
            .await?;
        let mut access = None;
        let mut headers = Vec::new();
        match proof {
            Proof::Query(token, serial) => {
                url = Secret::new(format!(
                    "{}?access_token={}",
                    url.reveal(),
                    super::sign::uri_encode(token.reveal())
                ));
                access = Some(serial);
            }
            Proof::Headers(proofs) => headers = proofs,
        }
        let request = self
            .api
            .client
            .post(url.reveal())
            .header("content-type", "application/json")
            .body(body.bytes());
        let request = headers.into_iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let (exchange, took) = self.stopped(endpoint, self.api.exchange(request)).await;
        let exchange = exchange?;
        let fetched_at = self.clock.now();
        let (date, retry_after) = (exchange.date(), exchange.retry_after(fetched_at));
        let reply = Reply {
            endpoint,
            http_status: exchange.http_status,
            body: exchange.body,
            fetched_at,
            date,
            took,
            retry_after,
            truncated: exchange.truncated,
            access,
        };
        Ok((reply, exchange.headers))
    }

    /// Asks for a token's results.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn query(
        &self,
        endpoint: Endpoint,
        verify_token: &Secret,
    ) -> Result<Reply, ProviderError> {
        self.call(endpoint, &request::query(verify_token)).await
    }

    /// Has a verify_token generated; read it with [`super::parse::prepare::verify_token`].
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn generate(&self, wish: &Generate) -> Result<Reply, ProviderError> {
        self.call(Endpoint::Generate, &request::generate(wish))
            .await
    }

    /// Hands in who is to be verified.
    ///
    /// # Errors
    /// As [`Client::call`], and [`request::submit_identity`].
    pub async fn submit_identity(
        &self,
        verify_token: &Secret,
        name: &Secret,
        number: &Secret,
        certificate_type: Option<u8>,
    ) -> Result<Reply, ProviderError> {
        let body = request::submit_identity(verify_token, name, number, certificate_type)?;
        self.call(Endpoint::Submit, &body).await
    }

    /// Hands in the image to compare with.
    ///
    /// # Errors
    /// As [`Client::call`], and [`request::upload_match_image`].
    pub async fn upload_match_image(
        &self,
        verify_token: &Secret,
        image: &[u8],
        quality: Control,
        liveness: Control,
    ) -> Result<Reply, ProviderError> {
        let body = request::upload_match_image(verify_token, image, quality, liveness)?;
        self.call(Endpoint::UploadMatchImage, &body).await
    }

    /// Hears how a reply was read: an answer that says "too fast" or "quota spent" slows or pauses
    /// the endpoint for every app of the account, a refused access_token is dropped if it is still
    /// the current one. True when it was dropped: the next call fetches a fresh one.
    pub fn heard(&self, reply: &Reply, error: Option<ErrorKind>) -> bool {
        self.quota
            .limiter(&self.account, reply.endpoint, self.qps)
            .learn(error, reply.retry_after);
        error == Some(ErrorKind::Unauthorised)
            && reply
                .access
                .is_some_and(|serial| self.auth.invalidate(serial))
    }

    /// Finds out whether the provider accepts the app: a fresh access_token where there is one,
    /// otherwise a query for a token of nobody.
    ///
    /// # Errors
    /// What keeps the app from working.
    pub async fn probe(&self) -> Result<Probe, ProviderError> {
        let before = self.clock.now();
        if let Some(grant) = self.auth.check().await {
            let grant = grant?;
            let skew = grant.date.map(|date| skew(date, before, self.clock.now()));
            return Ok(Probe {
                skew,
                has_scope: grant.has_scope,
                expires_at: Some(grant.expires_at),
            });
        }
        let reply = self
            .query(Endpoint::Getall, &Secret::new(NOBODYS_TOKEN))
            .await?;
        match envelope::read(&reply) {
            Err(problem) if !problem.kind.is_about_the_token() => Err(problem),
            _ => Ok(Probe {
                skew: reply.date.map(|date| skew(date, before, reply.fetched_at)),
                has_scope: None,
                expires_at: None,
            }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("app", &self.name)
            .field("account", &self.account)
            .field("qps", &self.qps)
            .finish_non_exhaustive()
    }
}

/// The far end's clock less ours, against the middle of the exchange; its half second of rounding
/// is added.
fn skew(date: Time, before: Time, after: Time) -> Span {
    date.plus(Span(500))
        .since(before.plus(after.since(before).part(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skew_is_taken_at_the_middle_of_the_exchange() {
        let second = 1_712_045_701_000;
        assert_eq!(
            skew(Time(second), Time(second + 400), Time(second + 600)),
            Span(0)
        );
        assert_eq!(
            skew(Time(second + 60_000), Time(second), Time(second + 1000)),
            Span::minutes(1)
        );
        assert_eq!(
            skew(Time(second - 60_000), Time(second), Time(second + 1000)),
            Span::minutes(-1)
        );
    }
}
