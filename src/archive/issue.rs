//! Issue: have the provider generate a token, prepare it, and track it, in one step.

use std::{pin::pin, sync::Arc};

use futures::future::{Either, select};

use super::{App, Apps, Asker, Keeper, Tracker, Watcher, headway::Put, track::Tracked};
use crate::{
    domain::{
        answer::{Endpoint, ErrorKind, ProviderError},
        id::{MediaId, ObjectId, VerificationId},
        identity::{Columns, IndexKey, check_card_number},
        loss::{Cause, Reason},
        media::{Checked, StoredMedia, content_type_of},
        random,
        secret::Secret,
        submission::Submission,
        time::{Clock, Span},
        token::{TrackRequest, check_name},
    },
    provider::{
        Reply, parse,
        request::{self, Control, Generate, RequestBody},
    },
    store::{
        StoreError, Tracking,
        records::{MatchImage, TrackVerdict},
    },
    vault::ObjectKey,
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

/// How long a person waits at most for the match image to be stored.
const STORE_WAIT: Span = Span::seconds(5);

/// Has tokens generated.
pub struct Issuer {
    pub(super) asker: Arc<Asker>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) watcher: Arc<dyn Watcher>,
    pub(super) tracker: Arc<Tracker>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) apps: Arc<Apps>,
    pub(super) tracking: Arc<dyn Tracking>,
    /// Which identity columns the database may hold.
    pub(super) columns: Columns,
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
        let verification_id = self.track(told).await?;
        if let Some(person) = &wish.identity {
            // Whatever follows, the person is found from now on, and not only once the provider
            // tells of an attempt.
            let now = self.clock.now();
            let submission = Submission::of(person, self.columns, self.index_key.as_ref(), now);
            self.tracking.submit(verification_id, &submission).await?;
        }
        if let Some(image) = &wish.match_image {
            let kept = self.keep(verification_id, image).await;
            self.tracking
                .keep_match_image(verification_id, &kept)
                .await?;
        }
        let prepared = self
            .prepare(&app, verification_id, &verify_token, &wish)
            .await;
        let unprepared = prepared.err();
        Ok(Issued {
            verify_token,
            verification_id,
            unprepared,
        })
    }

    async fn track(&self, told: TrackRequest) -> Result<VerificationId, IssueError> {
        match self.tracker.track(vec![told]).await?.into_iter().next() {
            Some(Tracked::Verdict(
                TrackVerdict::New {
                    verification_id, ..
                }
                | TrackVerdict::Known {
                    verification_id, ..
                },
            )) => Ok(verification_id),
            Some(Tracked::Verdict(TrackVerdict::Conflict { .. })) => Err(IssueError::Wrong(
                "the provider gave out a token that is tracked already with other facts".to_owned(),
            )),
            Some(Tracked::Wrong(why)) => Err(IssueError::Wrong(format!(
                "the provider gave out what is no token: {why}"
            ))),
            None => Err(IssueError::Wrong("the token was not tracked".to_owned())),
        }
    }

    /// Stores the match image. One that cannot be stored soon is lost: nobody waits for it, and the
    /// token is as good without.
    async fn keep(&self, id: VerificationId, image: &[u8]) -> MatchImage {
        let at = self.clock.now();
        let media_id = MediaId::fresh(at);
        let key = ObjectKey::media(id, ObjectId::fresh(at));
        let alone = Put::default();
        let put = self.keeper.put(&key, image.to_vec().into(), &alone);
        let too_late = async { self.clock.sleep(STORE_WAIT).await };
        let why = match select(pin!(put), pin!(too_late)).await {
            Either::Left((Ok(object), _)) => {
                self.watcher.media_stored(object.bytes);
                return MatchImage::Stored(StoredMedia {
                    media_id,
                    object,
                    content_type: content_type_of(image).map(str::to_owned),
                    checked: Checked::None,
                    captured_at: at,
                });
            }
            Either::Left((Err(error), _)) => error.to_string(),
            Either::Right(_) => format!("it was not stored within {STORE_WAIT}"),
        };
        tracing::warn!(verification_id = %id, why, "the match image is lost: it could not be stored");
        MatchImage::Lost {
            media_id,
            reason: Reason::lasting(Cause::VaultDown, at, self.clock.now()),
            why,
        }
    }

    async fn prepare(
        &self,
        app: &App,
        id: VerificationId,
        token: &Secret,
        wish: &Wish,
    ) -> Result<(), ProviderError> {
        if let Some(person) = &wish.identity {
            let submitted = self.hand_in(app, token, person).await;
            self.note(id, submitted.as_ref().err()).await;
            submitted?;
        }
        if let Some(image) = &wish.match_image {
            let body = request::upload_match_image(token, image, Control::None, Control::None)?;
            self.persist(app, Endpoint::UploadMatchImage, &body).await?;
        }
        Ok(())
    }

    async fn hand_in(
        &self,
        app: &App,
        token: &Secret,
        (name, number, certificate_type): &(Secret, Secret, Option<u8>),
    ) -> Result<(), ProviderError> {
        let body = request::submit_identity(token, name, number, *certificate_type)?;
        self.persist(app, Endpoint::Submit, &body).await.map(|_| ())
    }

    /// Notes what came of a submission. The token is as good where that cannot be written: it is
    /// given out, and whether the provider took the identity stays unknown.
    async fn note(&self, verification_id: VerificationId, problem: Option<&ProviderError>) {
        let refused = problem.map(ToString::to_string);
        let tracking = &self.tracking;
        let noted = tracking
            .end_submission(verification_id, refused.as_deref())
            .await;
        if let Err(error) = noted {
            tracing::warn!(%verification_id, %error, "what came of the submission is not noted: the database cannot be written");
        }
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
