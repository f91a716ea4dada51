//! A medium that is small and comes at once, fetched by the poll that found it: it needs no row that wants
//! it, no download and no second record.

use bytes::BytesMut;

use super::{
    MediaFetcher,
    medium::{Begun, Here, Request, known, read_up_to},
};
use crate::{
    archive::StepError,
    domain::{
        media::{Checked, MediaRow, is_no_medium},
        time::{Span, Time, in_time},
    },
};

/// As large as a picture, in bytes.
const SMALL: usize = 1 << 20;

/// What came of it.
pub(in crate::archive) enum AtOnce {
    /// It is here.
    Here(Here),
    /// It is not small.
    Large,
    /// It did not come in time, or not as it should: the download looks into it.
    No,
}

impl MediaFetcher {
    /// Fetches a medium within a time, into memory first, so that it can be let go of until it is put. `media`
    /// are those of the verification.
    ///
    /// # Errors
    /// Of the vault.
    pub(in crate::archive) async fn fetch_at_once(
        &self,
        request: Request<'_>,
        row: &MediaRow,
        (media, issued_at): (&[MediaRow], Time),
        most: Span,
    ) -> Result<AtOnce, StepError> {
        let small = in_time(&*self.clock, most, self.small(request)).await;
        let begun = match small {
            Some(Ok(begun)) => begun,
            Some(Err(other)) => return Ok(other),
            None => return Ok(AtOnce::No),
        };
        let content_type = begun.arriving.download.content_type.clone();
        let body = self.put(request, begun, &known(row, media)).await?;
        let Ok(here) = self.here(row, media, body, content_type) else {
            return Ok(AtOnce::No);
        };
        if let Here::Stored(stored) | Here::Taken(stored, _) = &here {
            self.tell_stored(request.app, row, stored, issued_at).await;
        }
        Ok(AtOnce::Here(here))
    }

    /// All of a small medium.
    async fn small(&self, request: Request<'_>) -> Result<Begun, AtOnce> {
        let begun = self.read(request).await?;
        if begun.arriving.download.checked() == Some(Checked::EtagDiffers)
            && self.read(request).await?.head != begun.head
        {
            // What comes a second time with the same bytes is what the provider holds.
            return Err(AtOnce::No);
        }
        Ok(begun)
    }

    async fn read(&self, request: Request<'_>) -> Result<Begun, AtOnce> {
        let opened = self.open(request).await;
        let mut arriving = opened.map_err(|_| AtOnce::No)?;
        let expected = arriving.download.expected_bytes;
        if expected.is_some_and(|bytes| bytes > SMALL as u64) {
            return Err(AtOnce::Large);
        }
        let enough = SMALL + 1;
        let room = expected.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(0));
        let read = read_up_to(&mut arriving, BytesMut::with_capacity(room), enough).await;
        let head = read.map_err(|_| AtOnce::No)?;
        if head.len() >= enough {
            return Err(AtOnce::Large);
        }
        if is_no_medium(&head) {
            return Err(AtOnce::No);
        }
        Ok(Begun { head, arriving })
    }
}
