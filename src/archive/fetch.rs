//! One question to the provider: call, keep the verbatim answer, and only then read it.

use bytes::Bytes;

use super::{App, Archive};
use crate::{
    domain::{
        answer::{AnswerRow, Detail, Endpoint, ErrorKind, Getall, MediaList, ProviderError, Stat},
        chance,
        media::{Listed, sha256_hex},
        time::Time,
        token::Verification,
    },
    provider::{Reply, envelope, parse, request},
    store::records::CallRow,
    vault::{ObjectKey, VaultError},
    worker::spawn::blocking,
};

/// An answer, read.
#[derive(Debug)]
pub enum Answered {
    /// `result/getall`.
    Getall(Getall),
    /// `result/detail`, and the answer itself, whose share of the memory for answers the images
    /// take until they are put away.
    Detail(Detail, Bytes),
    /// `result/media/query`.
    Media(MediaList),
    /// `result/simple`: the final face.
    Simple(Option<Listed>),
    /// `result/stat`.
    Stat(Stat),
}

/// One exchange, read.
struct Exchange {
    read: Result<Answered, ProviderError>,
    /// Whether it was refused for its access_token, and the next call gets a fresh one.
    renewed: bool,
}

/// Whether an answer is evidence of the verification.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    No,
}

/// A body to be kept as it came.
pub(super) struct Kept {
    pub(super) endpoint: Endpoint,
    pub(super) fetched_at: Time,
    pub(super) http_status: i64,
    pub(super) body: Bytes,
    /// Of the body.
    pub(super) sha256: String,
    pub(super) summary: envelope::Summary,
}

impl Kept {
    fn of(reply: &Reply) -> Self {
        let Reply {
            endpoint,
            fetched_at,
            http_status,
            ..
        } = *reply;
        let sha256 = sha256_hex(&reply.body);
        Self {
            endpoint,
            fetched_at,
            http_status: i64::from(http_status),
            body: reply.body.clone(),
            sha256,
            summary: envelope::summary(reply),
        }
    }
}

/// What questions about one verification brought so far in this step: the rows to write with it.
#[derive(Debug, Default)]
pub struct Brought {
    /// Answers new to the verification.
    pub answers: Vec<AnswerRow>,
    /// Every call made.
    pub calls: Vec<CallRow>,
    /// (endpoint, SHA-256) of all answers kept, these included.
    kept: Vec<(String, String)>,
}

impl Brought {
    /// Begins with what is kept already.
    #[must_use]
    pub fn beside(kept: Vec<(String, String)>) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// (endpoint, SHA-256) of all answers kept so far.
    #[must_use]
    pub fn kept(&self) -> &[(String, String)] {
        &self.kept
    }
}

impl Archive {
    /// Asks `app` about a verification. The body lies in the vault before it is parsed, whatever it
    /// holds.
    ///
    /// A bad access_token is renewed and the call repeated once, at once; the second time it is the
    /// answer.
    ///
    /// # Errors
    /// The outer error is ours: the vault could not keep the answer. The inner one is the
    /// provider's.
    pub(super) async fn ask(
        &self,
        app: &App,
        verification: &Verification,
        endpoint: Endpoint,
        brought: &mut Brought,
    ) -> Result<Result<Answered, ProviderError>, VaultError> {
        self.renewing(app, verification, endpoint, Keep::Yes, brought)
            .await
    }

    /// Asks another app whether it knows the token. What it answers is no evidence of this
    /// verification, it may be another person's: nothing of it is kept but that it was asked.
    ///
    /// # Errors
    /// As [`Archive::ask`].
    pub(super) async fn ask_sibling(
        &self,
        sibling: &App,
        verification: &Verification,
        brought: &mut Brought,
    ) -> Result<Result<Answered, ProviderError>, VaultError> {
        self.renewing(sibling, verification, Endpoint::Getall, Keep::No, brought)
            .await
    }

    async fn renewing(
        &self,
        app: &App,
        verification: &Verification,
        endpoint: Endpoint,
        keep: Keep,
        brought: &mut Brought,
    ) -> Result<Result<Answered, ProviderError>, VaultError> {
        let first = self
            .exchange(app, verification, endpoint, keep, brought)
            .await?;
        if first.renewed {
            Ok(self
                .exchange(app, verification, endpoint, keep, brought)
                .await?
                .read)
        } else {
            Ok(first.read)
        }
    }

    async fn exchange(
        &self,
        app: &App,
        verification: &Verification,
        endpoint: Endpoint,
        keep: Keep,
        brought: &mut Brought,
    ) -> Result<Exchange, VaultError> {
        let reply = match app
            .provider
            .call(endpoint, &request::query(&verification.verify_token))
            .await
        {
            Ok(reply) => reply,
            Err(problem) => {
                let call = CallRow {
                    app: app.name.clone(),
                    endpoint,
                    at: self.now(),
                    result: problem.kind.name(),
                    http_status: None,
                    code: problem.code.clone(),
                    sha256: None,
                };
                self.watcher.call(endpoint, call.result);
                brought.calls.push(call);
                return Ok(Exchange {
                    read: Err(problem),
                    renewed: false,
                });
            }
        };
        let mut sha256 = None;
        if keep == Keep::Yes {
            let kept = off_thread(&reply, Kept::of).await;
            sha256 = Some(self.keep(verification, kept, brought).await?);
        }
        let read = off_thread(&reply, read)
            .await
            .map_err(|problem| vouched(app, problem));
        let result = read
            .as_ref()
            .map_or_else(|problem| problem.kind.name(), |_| "ok");
        self.watcher.call(endpoint, result);
        brought.calls.push(CallRow {
            app: app.name.clone(),
            endpoint,
            at: reply.fetched_at,
            result,
            http_status: Some(i64::from(reply.http_status)),
            code: read.as_ref().err().and_then(|problem| problem.code.clone()),
            sha256,
        });
        if read
            .as_ref()
            .map_or_else(|problem| problem.kind.is_about_the_token(), |_| true)
        {
            self.on_success(app).await;
        }
        let renewed = matches!(&read, Err(problem) if problem.kind == ErrorKind::Unauthorised)
            && app.provider.invalidate(&reply);
        Ok(Exchange { read, renewed })
    }

    /// Puts the body into the vault unless the verification has the very same answer already.
    pub(super) async fn keep(
        &self,
        verification: &Verification,
        kept: Kept,
        brought: &mut Brought,
    ) -> Result<String, VaultError> {
        let Kept {
            endpoint,
            fetched_at,
            http_status,
            body,
            sha256,
            summary: (success, code, log_id),
        } = kept;
        if brought
            .kept
            .iter()
            .any(|(name, digest)| name == endpoint.name() && *digest == sha256)
        {
            return Ok(sha256);
        }
        let answer_id = chance::fresh_id(fetched_at);
        let key = ObjectKey::answer(&verification.verification_id, &answer_id)?;
        let object = self.wrote(self.vault.put(&key, body).await).await?;
        self.watcher.answer_stored(object.bytes);
        brought
            .kept
            .push((endpoint.name().to_owned(), sha256.clone()));
        brought.answers.push(AnswerRow {
            answer_id,
            endpoint,
            fetched_at,
            http_status,
            success,
            code,
            log_id,
            object,
        });
        Ok(sha256)
    }
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
fn read(reply: &Reply) -> Result<Answered, ProviderError> {
    envelope::read(reply)?;
    let body = &reply.body;
    match reply.endpoint {
        Endpoint::Getall => parse::getall(body).map(Answered::Getall),
        Endpoint::Detail => {
            parse::detail(body).map(|detail| Answered::Detail(detail, body.clone()))
        }
        Endpoint::Media => parse::media(body).map(Answered::Media),
        Endpoint::Simple => parse::simple(body).map(Answered::Simple),
        Endpoint::Stat => parse::stat(body).map(Answered::Stat),
        Endpoint::Generate | Endpoint::Submit | Endpoint::UploadMatchImage | Endpoint::Download => {
            Err(ProviderError::new(ErrorKind::Misconfigured, "not a query"))
        }
    }
}
