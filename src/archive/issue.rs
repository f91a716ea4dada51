//! Issue: have the provider generate a token, prepare it, and track it, in one step.

use std::sync::Arc;

use super::{App, Apps, Asker, Tracker, track::Tracked};
use crate::{
    domain::{
        answer::{Endpoint, ErrorKind, ProviderError},
        id::VerificationId,
        identity::{IndexKey, check_card_number},
        random,
        secret::Secret,
        time::{Clock, Span},
        token::{TrackRequest, check_name},
    },
    provider::{
        Reply, parse,
        request::{self, Control, Generate, RequestBody},
    },
    store::{StoreError, Tracking, records::TrackVerdict},
};

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Which app.
    pub app: String,
    /// For which plan.
    pub plan_id: String,
    /// The business's own name for it.
    pub reference: Option<String>,
    /// Name, number and certificate type (0 to 5) of the person who is to verify, for plans that
    /// want them submitted.
    pub identity: Option<(Secret, Secret, Option<u8>)>,
    /// The image to compare with, for plans that want one uploaded.
    pub match_image: Option<Vec<u8>>,
    /// Who asked.
    pub actor: String,
}

impl Wish {
    /// Checks what is known of the person, before a token exists.
    ///
    /// # Errors
    /// What is wrong, without anything of the person.
    pub fn check(&self) -> Result<(), String> {
        self.check_person().map_err(|wrong| wrong.why)
    }

    fn check_person(&self) -> Result<(), WrongWish> {
        if let Some((name, number, certificate_type)) = &self.identity {
            if name.reveal().trim().is_empty() {
                return wrong("identity.name", "the name is empty");
            }
            if number.reveal().trim().is_empty() {
                return wrong("identity.number", "the number is empty");
            }
            if certificate_type.is_none_or(|kind| kind == 0) {
                check_card_number(number.reveal())
                    .or_else(|why| wrong("identity.number", format!("the number {why}")))?;
            }
            if certificate_type.is_some_and(|kind| kind > CERTIFICATE_TYPE_MAX) {
                return wrong("identity.certificate_type", "it is none of 0 to 5");
            }
        }
        let image = self.match_image.as_deref();
        image
            .map_or(Ok(()), request::check_match_image)
            .or_else(|why| wrong("match_image", why))
    }

    fn check_names(&self) -> Result<(), WrongWish> {
        if self.plan_id.trim().is_empty() {
            return wrong("plan_id", "plan_id is empty");
        }
        check_name("plan_id", &self.plan_id).or_else(|why| wrong("plan_id", why))?;
        let reference = self.reference.as_deref().unwrap_or_default();
        check_name("reference", reference).or_else(|why| wrong("reference", why))
    }
}

/// What is wrong with a [`Wish`], without a value of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct WrongWish {
    /// Which field, as the API calls it.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: String,
}

fn wrong<T>(field: &'static str, why: impl Into<String>) -> Result<T, WrongWish> {
    let why = why.into();
    Err(WrongWish { field, why })
}

/// The last of the provider's kinds of certificates.
const CERTIFICATE_TYPE_MAX: u8 = 5;

/// A token issued here.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The provider's handle.
    pub verify_token: Secret,
    /// Ours.
    pub verification_id: VerificationId,
    /// What could not be prepared although the token exists and is tracked.
    pub unprepared: Option<ProviderError>,
}

/// Why nothing was issued.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IssueError {
    /// No such app, or nothing that can be tracked.
    #[error("{0}")]
    Wrong(String),
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The token was generated but could not be tracked; it is named nowhere, so that it is not
    /// used: issue another one.
    #[error("a token was generated but not tracked, and is not given out: {0}")]
    Store(#[from] StoreError),
}

/// How often a call that a person waits for is repeated: about six seconds.
const TRIES: u32 = 3;

/// Has tokens generated.
pub struct Issuer {
    pub(super) asker: Arc<Asker>,
    pub(super) tracker: Arc<Tracker>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) apps: Arc<Apps>,
    pub(super) tracking: Arc<dyn Tracking>,
    pub(super) index_key: Option<IndexKey>,
}

impl Issuer {
    /// Checks all that is known before anything is asked of the provider.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self, wish: &Wish) -> Result<(), WrongWish> {
        if self.apps.get(&wish.app).is_none() {
            return wrong("app", "no app of that name is configured");
        }
        wish.check_names()?;
        wish.check_person()
    }

    /// Generates a token, tracks it, and then submits identity or match image: a token that exists
    /// is tracked whatever follows.
    ///
    /// # Errors
    /// [`IssueError`]; then no token was given out.
    pub async fn issue(&self, wish: Wish) -> Result<Issued, IssueError> {
        let app =
            self.apps.get(&wish.app).cloned().ok_or_else(|| {
                IssueError::Wrong(format!("app {:?} is not in the config", wish.app))
            })?;
        wish.check().map_err(IssueError::Wrong)?;
        let generate = request::generate(&Generate {
            plan_id: wish.plan_id.clone(),
            ..Generate::default()
        });
        let asked_at = self.clock.now();
        // A token whose answer was lost is given to nobody: generating another one harms nothing.
        let reply = self.persist(&app, Endpoint::Generate, &generate).await?;
        let verify_token = parse::prepare::verify_token(&reply.body)?;
        let told = TrackRequest {
            verify_token: verify_token.clone(),
            app: wish.app.clone(),
            issued_at: Some(asked_at),
            plan_id: Some(wish.plan_id.clone()),
            reference: wish.reference.clone(),
            tracked_by: wish.actor.clone(),
            issued_here: true,
        };
        let verification_id = match self.tracker.track(vec![told]).await?.into_iter().next() {
            Some(Tracked::Verdict(
                TrackVerdict::New {
                    verification_id, ..
                }
                | TrackVerdict::Known {
                    verification_id, ..
                },
            )) => verification_id,
            Some(Tracked::Verdict(TrackVerdict::Conflict { .. })) => {
                return Err(IssueError::Wrong(
                    "the provider gave out a token that is tracked already with other facts"
                        .to_owned(),
                ));
            }
            Some(Tracked::Wrong(why)) => {
                return Err(IssueError::Wrong(format!(
                    "the provider gave out what is no token: {why}"
                )));
            }
            None => return Err(IssueError::Wrong("the token was not tracked".to_owned())),
        };
        self.index(verification_id, &wish).await?;
        let unprepared = self.prepare(&app, &verify_token, &wish).await.err();
        Ok(Issued {
            verify_token,
            verification_id,
            unprepared,
        })
    }

    /// Has the person found from now on, and not only once the provider tells of an attempt.
    async fn index(&self, id: VerificationId, wish: &Wish) -> Result<(), StoreError> {
        match (&self.index_key, &wish.identity) {
            (Some(key), Some((_, number, _))) => {
                let index = key.id_number(number.reveal());
                self.tracking.index(id, &index).await
            }
            _ => Ok(()),
        }
    }

    async fn prepare(&self, app: &App, token: &Secret, wish: &Wish) -> Result<(), ProviderError> {
        if let Some((name, number, certificate_type)) = &wish.identity {
            let body = request::submit_identity(token, name, number, *certificate_type)?;
            self.persist(app, Endpoint::Submit, &body).await?;
        }
        if let Some(image) = &wish.match_image {
            let body = request::upload_match_image(token, image, Control::None, Control::None)?;
            self.persist(app, Endpoint::UploadMatchImage, &body).await?;
        }
        Ok(())
    }

    /// Makes a call that a person waits for: repeated a few times over transient errors.
    async fn persist(
        &self,
        app: &App,
        endpoint: Endpoint,
        body: &RequestBody,
    ) -> Result<Reply, ProviderError> {
        let mut tries = 0;
        loop {
            let answer = self.asker.prepare(app, endpoint, body).await;
            let is_worth_a_try = matches!(&answer, Err(problem) if matches!(
                problem.kind,
                ErrorKind::Transient | ErrorKind::Garbled | ErrorKind::TooFast
            ));
            if !is_worth_a_try || tries == TRIES {
                return answer;
            }
            tries += 1;
            let wait = Span::millis(400).times(1 << tries);
            self.clock.sleep(random::jitter(wait)).await;
        }
    }
}
