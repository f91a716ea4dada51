//! One question to the provider: admit, call, keep the verbatim answer, read it once, note how it
//! went.
//!
//! Nothing is retried here but what a refused access_token cost; nothing is read by anybody else,
//! and nothing read is handed on without the row of the bytes it was read from ([`CallLog`]).

use std::sync::Arc;

use bytes::Bytes;

use super::{Alarms, App, Breaker, Keeper, Watcher, call_log::CallLog, keeper::Kept};
use crate::{
    domain::{
        answer::{Detail, Endpoint, ErrorKind, Getall, MediaList, ProviderError},
        media::Listed,
        time::{Clock, Span, Time},
        token::Verification,
    },
    provider::{
        Reply, envelope, parse,
        request::{self, RequestBody},
    },
    store::records::CallRow,
    vault::VaultError,
    worker::spawn::blocking,
};

/// Asks, on behalf of every stage.
pub(crate) struct Asker {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) breaker: Arc<Breaker>,
    pub(super) alarms: Arc<Alarms>,
    pub(super) watcher: Arc<dyn Watcher>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) enum ParsedAnswer {
    /// `result/getall`.
    Getall(Getall),
    /// `result/detail`, and the answer itself, whose share of the memory for answers the images
    /// take until they are put away.
    Detail(Detail, Bytes),
    /// `result/media/query`.
    Media(MediaList),
    /// `result/simple`: the final face.
    Simple(Option<Listed>),
    /// Of a query of which nothing is needed beyond its being whole: `result/stat`.
    Whole(Endpoint),
}

/// What a question came to.
pub(super) enum Asked {
    /// An answer with data.
    Answered(ParsedAnswer),
    /// No data came, for whatever reason.
    Failed(ProviderError),
    /// The app is not to be asked before this; nothing was sent.
    Paused(Time, ErrorKind),
}

/// Whether an answer is evidence of the verification.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    No,
}

impl Asker {
    /// Asks `app` about a verification. The body is kept, whatever it holds: a large one
    /// as an object before it is read, a small one with what is read from it.
    ///
    /// A bad access_token is renewed and the call repeated once, at once; the second time it is the
    /// answer.
    ///
    /// # Errors
    /// Ours: the vault could not keep the answer.
    pub(super) async fn query(
        &self,
        app: &App,
        verification: &Verification,
        endpoint: Endpoint,
        log: &mut CallLog,
    ) -> Result<Asked, VaultError> {
        self.admitted(app, verification, endpoint, Keep::Yes, log)
            .await
    }

    /// Asks another app whether it knows the token. What it answers is no evidence of this
    /// verification, it may be another person's: nothing of it is kept but that it was asked.
    ///
    /// # Errors
    /// As [`Asker::query`].
    pub(super) async fn query_sibling(
        &self,
        sibling: &App,
        verification: &Verification,
        log: &mut CallLog,
    ) -> Result<Asked, VaultError> {
        self.admitted(sibling, verification, Endpoint::Getall, Keep::No, log)
            .await
    }

    async fn admitted(
        &self,
        app: &App,
        verification: &Verification,
        endpoint: Endpoint,
        keep: Keep,
        log: &mut CallLog,
    ) -> Result<Asked, VaultError> {
        if let Some(until) = self.breaker.admit(&app.name, self.clock.now()) {
            let kind = self.breaker.failing(&app.name);
            return Ok(Asked::Paused(until, kind));
        }
        let mut read = self
            .attempt_query(app, verification, endpoint, keep, log)
            .await?;
        if matches!(read, Err(Failure::Renewed(_))) {
            read = self
                .attempt_query(app, verification, endpoint, keep, log)
                .await?;
        }
        let read = read.map_err(Failure::problem);
        self.note(app, read.as_ref().map(|_| ())).await;
        Ok(match read {
            Ok(answer) => Asked::Answered(answer),
            Err(problem) => Asked::Failed(problem),
        })
    }

    async fn attempt_query(
        &self,
        app: &App,
        verification: &Verification,
        endpoint: Endpoint,
        keep: Keep,
        log: &mut CallLog,
    ) -> Result<Result<ParsedAnswer, Failure>, VaultError> {
        let query = request::query(&verification.verify_token);
        let reply = match self.call(app, endpoint, &query).await {
            Ok(reply) => reply,
            Err(problem) => {
                log.given_at = None;
                let at = self.clock.now();
                log.calls.push(self.made(app, endpoint, at, Err(&problem)));
                return Ok(Err(Failure::Final(problem)));
            }
        };
        let here = reply.fetched_at;
        let dated = reply.dated();
        log.given_at = Some(dated.map_or(here, |dated| dated.given_at(here)));
        log.behind = dated.map_or(Span(0), |dated| dated.behind(here));
        let mut sha256 = None;
        if keep == Keep::Yes {
            let kept = off_thread(&reply, Kept::of).await;
            sha256 = Some(self.keeper.keep(verification, kept, log).await?);
        }
        let read = off_thread(&reply, read)
            .await
            .map_err(|problem| vouched(app, problem));
        log.calls.push(CallRow {
            sha256,
            ..self.made(app, endpoint, reply.fetched_at, read.as_ref().map(|_| ()))
        });
        Ok(heard(app, &reply, read))
    }

    /// Makes a call that prepares a verification (generate, submit, upload). Nothing of the answer
    /// is kept: it holds a token that is tracked next, or nothing.
    ///
    /// # Errors
    /// The provider's.
    pub(super) async fn prepare(
        &self,
        app: &App,
        endpoint: Endpoint,
        body: &RequestBody,
    ) -> Result<Reply, ProviderError> {
        let mut made = self.attempt_prepare(app, endpoint, body).await;
        if matches!(made, Err(Failure::Renewed(_))) {
            made = self.attempt_prepare(app, endpoint, body).await;
        }
        let made = made.map_err(Failure::problem);
        self.note(app, made.as_ref().map(|_| ())).await;
        made
    }

    async fn attempt_prepare(
        &self,
        app: &App,
        endpoint: Endpoint,
        body: &RequestBody,
    ) -> Result<Reply, Failure> {
        let called = self.call(app, endpoint, body).await;
        let read = called.as_ref().map_or_else(
            |problem| Err(problem.clone()),
            |reply| envelope::read(reply).map(|_| ()),
        );
        self.made(app, endpoint, self.clock.now(), read.as_ref().copied());
        let reply = called.map_err(Failure::Final)?;
        heard(app, &reply, read).map(|()| reply)
    }

    /// One exchange. The clock hears what the answer tells of the provider's time, and says when it
    /// was here.
    async fn call(
        &self,
        app: &App,
        endpoint: Endpoint,
        body: &RequestBody,
    ) -> Result<Reply, ProviderError> {
        let mut reply = app.provider.call(endpoint, body).await?;
        if let Some(dated) = reply.dated() {
            self.clock.heard(dated);
            reply.fetched_at = self.clock.now();
        }
        Ok(reply)
    }

    /// A call of which no answer came, as a row; it is counted.
    fn made(
        &self,
        app: &App,
        endpoint: Endpoint,
        at: Time,
        read: Result<(), &ProviderError>,
    ) -> CallRow {
        let result = read.map_or_else(|problem| problem.kind.name(), |()| "ok");
        self.watcher
            .call(&app.name, endpoint, read.map_err(|problem| problem.kind));
        CallRow {
            app: app.name.clone(),
            endpoint,
            at,
            result,
            code: read.err().and_then(|problem| problem.code.clone()),
            sha256: None,
        }
    }
}

/// Why no data came.
enum Failure {
    Final(ProviderError),
    /// It was refused for its access_token, and the next call gets a fresh one.
    Renewed(ProviderError),
}

impl Failure {
    fn problem(self) -> ProviderError {
        match self {
            Self::Final(problem) | Self::Renewed(problem) => problem,
        }
    }
}

/// Tells the provider's side how its reply was read.
fn heard<T>(app: &App, reply: &Reply, read: Result<T, ProviderError>) -> Result<T, Failure> {
    let is_renewed = app
        .provider
        .heard(reply, read.as_ref().err().map(|problem| problem.kind));
    read.map_err(if is_renewed {
        Failure::Renewed
    } else {
        Failure::Final
    })
}

/// A code that no document explains is an answer about the token where a person vouches for it
/// (`apps.unused_codes`).
fn vouched(app: &App, problem: ProviderError) -> ProviderError {
    let is_vouched = problem.kind == ErrorKind::Transient
        && problem
            .code
            .as_ref()
            .is_some_and(|code| app.policy.unused_codes.contains(code));
    if is_vouched {
        ProviderError {
            kind: ErrorKind::NotYet,
            ..problem
        }
    } else {
        problem
    }
}

/// Works on an answer, a large one off the threads that everybody shares: nobody may hold up the
/// health page by what he has the provider say.
async fn off_thread<T: Send + 'static>(reply: &Reply, work: fn(&Reply) -> T) -> T {
    const BYTES_MAX: usize = 64 << 10;
    if reply.body.len() <= BYTES_MAX {
        return work(reply);
    }
    let theirs = reply.clone();
    let done = blocking(move || work(&theirs)).await;
    // Without it the runtime is ending, and nobody waits for what comes of it.
    done.unwrap_or_else(|| work(reply))
}

/// Reads an answer as what it was asked for.
fn read(reply: &Reply) -> Result<ParsedAnswer, ProviderError> {
    envelope::read(reply)?;
    let body = &reply.body;
    match reply.endpoint {
        Endpoint::Getall => parse::getall(body).map(ParsedAnswer::Getall),
        Endpoint::Detail => {
            parse::detail(body).map(|detail| ParsedAnswer::Detail(detail, body.clone()))
        }
        Endpoint::Media => parse::media(body).map(ParsedAnswer::Media),
        Endpoint::Simple => parse::simple(body).map(ParsedAnswer::Simple),
        Endpoint::Stat => parse::stat(body).map(|_| ParsedAnswer::Whole(Endpoint::Stat)),
        Endpoint::Generate | Endpoint::Submit | Endpoint::UploadMatchImage | Endpoint::Download => {
            Err(ProviderError::new(ErrorKind::Misconfigured, "not a query"))
        }
    }
}
