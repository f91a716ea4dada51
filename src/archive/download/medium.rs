//! One medium by its URL: fetched, checked, put.

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

use super::{
    DownloadDraft, MediaFetcher,
    slow::{Arriving, is_slow},
};
use crate::{
    archive::{App, Headway, StepError, keeper::Kept},
    domain::{
        digest::Sha256,
        id::{MediaId, ObjectId, VerificationId},
        media::{
            Checked, HEAD_BYTES, MediaRow, MediaState, ObjectFacts, Source, StoredMedia,
            is_no_medium,
        },
        secret::Secret,
    },
    provider::DownloadError,
    vault::{IngestError, Ingested, ObjectKey},
};

/// What comes in place of a medium is kept up to here: an error page is shorter.
const REFUSED_BYTES_MAX: usize = 256 << 10;

/// Where a medium is, and how it is to come.
#[derive(Clone, Copy)]
pub(in crate::archive) struct Request<'a> {
    pub(in crate::archive) app: &'a App,
    pub(in crate::archive) verification_id: VerificationId,
    pub(in crate::archive) url: &'a Secret,
    pub(in crate::archive) must_be_quick: bool,
    pub(in crate::archive) headway: &'a Headway,
}

/// A medium on its way.
pub(super) struct Begun {
    /// All of it, or so much that it can be told whether it is one.
    pub(super) head: BytesMut,
    pub(super) arriving: Arriving,
}

/// A medium that is here.
pub(in crate::archive) enum Here {
    Stored(StoredMedia),
    /// The same; its object was that of another medium, whose row goes.
    Taken(StoredMedia, MediaId),
    /// The bytes are there already as another medium.
    Same,
}

/// What one medium came to.
pub(super) enum Fetched {
    Here(Here),
    /// What came is empty or text, and kept as the answer with this digest.
    Refused(DownloadError, Sha256),
    Failed(DownloadError),
}

/// What the body of one answer came to.
pub(super) enum Body {
    Stored(ObjectFacts, Checked),
    /// One of those known, by its digest.
    Same(Sha256, Checked),
    NoMedium(DownloadError, Bytes),
    Failed(DownloadError),
}

impl MediaFetcher {
    pub(super) async fn fetch_medium(
        &self,
        app: &App,
        row: &MediaRow,
        url: &Secret,
        draft: &mut DownloadDraft,
    ) -> Result<Fetched, StepError> {
        let verification_id = draft.verification.verification_id;
        let known = known(row, &draft.media);
        let request = Request {
            app,
            verification_id,
            url,
            must_be_quick: !is_slow(row),
            headway: &draft.headway,
        };
        let (mut body, content_type) = self.fetch_body(request, &known).await?;
        if let Body::Stored(object, Checked::EtagDiffers) = body {
            body = self.fetch_again(request, object).await?;
        }
        Ok(match self.here(row, &draft.media, body, content_type) {
            Ok(here) => Fetched::Here(here),
            Err((error, Some(body))) if row.refused_sha256.is_none() => {
                let kept = Kept::in_place_of_medium(body, self.clock.now());
                let (verification, log) = (&draft.verification, &mut draft.log);
                Fetched::Refused(error, self.keeper.keep(verification, kept, log).await?)
            }
            Err((error, _)) => Fetched::Failed(error),
        })
    }

    /// What a body came to that is here now, beside the `media` that are.
    ///
    /// # Errors
    /// Why it is not, and what came in its place.
    pub(super) fn here(
        &self,
        row: &MediaRow,
        media: &[MediaRow],
        body: Body,
        content_type: Option<String>,
    ) -> Result<Here, (DownloadError, Option<Bytes>)> {
        let stored = |object, checked| StoredMedia {
            media_id: row.media_id,
            object,
            content_type,
            checked,
            captured_at: self.clock.now(),
        };
        match body {
            Body::Stored(object, checked) => Ok(Here::Stored(stored(object, checked))),
            Body::Same(sha256, checked) => {
                let mut inside = inside(row, media).into_iter();
                let same = inside.find(|other| other.sha256() == Some(sha256));
                let same = same.and_then(|other| Some((other.media_id, other.object.clone()?)));
                Ok(same.map_or(Here::Same, |(media_id, object)| {
                    Here::Taken(stored(object, checked), media_id)
                }))
            }
            Body::NoMedium(error, body) => Err((error, Some(body))),
            Body::Failed(error) => Err((error, None)),
        }
    }

    /// An `ETag` that is not the MD5 is a hint: what comes a second time with the same bytes is
    /// what the provider holds (provider.md §6).
    async fn fetch_again(
        &self,
        request: Request<'_>,
        first: ObjectFacts,
    ) -> Result<Body, StepError> {
        let known = std::slice::from_ref(&first.sha256);
        let second = self.fetch_body(request, known).await;
        if let Ok((Body::Same(..), _)) = second {
            return Ok(Body::Stored(first, Checked::EtagDiffers));
        }
        self.keeper.drop_object(&first.object_key).await;
        match second?.0 {
            Body::Stored(other, Checked::EtagDiffers) => {
                self.keeper.drop_object(&other.object_key).await;
                Ok(Body::Failed(DownloadError::Corrupt(
                    "its ETag is not its MD5, and a second fetch brought other bytes",
                )))
            }
            other => Ok(other),
        }
    }

    /// Fetches and puts, unless it is one of the `known` (SHA-256); says of which type it is called.
    async fn fetch_body(
        &self,
        request: Request<'_>,
        known: &[Sha256],
    ) -> Result<(Body, Option<String>), StepError> {
        let mut arriving = match self.open(request).await {
            Ok(arriving) => arriving,
            Err(error) => return Ok((Body::Failed(error), None)),
        };
        let content_type = arriving.download.content_type.clone();
        let head = match read_up_to(&mut arriving, BytesMut::new(), HEAD_BYTES).await {
            Ok(head) => head,
            Err(error) => return Ok((Body::Failed(error), content_type)),
        };
        if is_no_medium(&head) {
            return Ok((no_medium(&mut arriving, head).await, content_type));
        }
        let begun = Begun { head, arriving };
        Ok((self.put(request, begun, known).await?, content_type))
    }

    /// Has it sent.
    pub(super) async fn open(&self, request: Request<'_>) -> Result<Arriving, DownloadError> {
        let download = request.app.provider.open(request.url).await?;
        Ok(Arriving::new(
            download,
            &self.clock,
            request.must_be_quick,
            &request.headway.arrived,
        ))
    }

    /// Puts what has begun to come.
    pub(super) async fn put(
        &self,
        request: Request<'_>,
        begun: Begun,
        known: &[Sha256],
    ) -> Result<Body, StepError> {
        let Begun { head, mut arriving } = begun;
        let key = ObjectKey::media(request.verification_id, ObjectId::fresh(self.clock.now()));
        let stream = futures::stream::iter([Ok(head.freeze())]).chain(arriving.stream());
        let bytes_max = request.app.media_bytes_max;
        let put = &request.headway.put;
        let ingested = self.keeper.ingest(&key, stream, bytes_max, known, put);
        let ingested = ingested.await;
        let checked = || arriving.download.checked().unwrap_or(Checked::None);
        Ok(match ingested {
            Ok(Ingested::Stored(object)) => Body::Stored(object, checked()),
            Ok(Ingested::Same { sha256 }) => Body::Same(sha256, checked()),
            Err(IngestError::Stream(error)) => Body::Failed(error),
            Err(IngestError::TooLarge { .. }) => Body::Failed(DownloadError::TooLarge),
            Err(IngestError::Vault(error)) => return Err(error.into()),
        })
    }
}

/// Digests of what is not put a second time.
pub(super) fn known(row: &MediaRow, media: &[MediaRow]) -> Vec<Sha256> {
    let inside = inside(row, media).into_iter();
    let inside = inside.filter_map(MediaRow::sha256);
    same_place(row, media).into_iter().chain(inside).collect()
}

/// Digests of what is there in the same place. media/query tells of the verification, not of an
/// attempt: what it lists after a second attempt may still be the first one's.
fn same_place(row: &MediaRow, media: &[MediaRow]) -> Vec<Sha256> {
    if row.slot.source != Source::Media {
        return Vec::new();
    }
    let place = (row.slot.source, row.slot.kind, row.slot.position);
    media
        .iter()
        .filter(|other| (other.slot.source, other.slot.kind, other.slot.position) == place)
        .filter_map(MediaRow::sha256)
        .collect()
}

/// What came of it inside `detail`, which as a rule has the very picture that `getall` lists by URL: its
/// object is kept, and not put a second time. `getall` lists each picture of an attempt once, so that
/// no two rows ever take the same object.
fn inside<'m>(row: &MediaRow, media: &'m [MediaRow]) -> Vec<&'m MediaRow> {
    let is_inside = |other: &&MediaRow| {
        row.slot.source == Source::Getall
            && other.state == MediaState::Stored
            && (other.slot.source, other.slot.kind, other.slot.attempt_no)
                == (Source::Detail, row.slot.kind, row.slot.attempt_no)
    };
    media.iter().filter(is_inside).collect()
}

/// What came in place of a medium; what of it can be had is evidence enough.
async fn no_medium(arriving: &mut Arriving, head: BytesMut) -> Body {
    let what = if head.is_empty() {
        "the body is empty"
    } else {
        "text came in its place"
    };
    let body = read_up_to(arriving, head.clone(), REFUSED_BYTES_MAX)
        .await
        .unwrap_or(head);
    Body::NoMedium(DownloadError::NotMedia(what), body.freeze())
}

/// Reads on until there are `enough` bytes or no more.
pub(super) async fn read_up_to(
    arriving: &mut Arriving,
    mut read: BytesMut,
    enough: usize,
) -> Result<BytesMut, DownloadError> {
    while read.len() < enough {
        let Some(chunk) = arriving.chunk().await else {
            break;
        };
        read.extend_from_slice(&chunk?);
    }
    Ok(read)
}
