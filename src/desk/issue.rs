//! Tokens that are given out, each request for one being done once.

use std::sync::Arc;

use super::{Error, IssueError, Result, Wish};
use crate::{
    archive::{Issuer, issue::Issued},
    domain::{id::VerificationId, once::Once, secret::Secret, time::Clock},
    store::{Begun, Done, Store, StoreError},
    worker::spawn::to_its_end,
};

/// A token that is given out, tracked.
#[derive(Clone, Debug)]
pub struct Given {
    /// The provider's handle.
    pub verify_token: Secret,
    /// Ours.
    pub verification_id: VerificationId,
    /// Of which app.
    pub app: String,
    /// What could not be prepared although the token exists and is tracked.
    pub unprepared: Option<String>,
}

/// Issues a token, unless `once` says that it was done. It goes on when whoever asked is gone, so
/// that asking again finds what came of it.
pub(super) async fn issue(
    issuer: Arc<Issuer>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    wish: Wish,
    once: Option<Once>,
) -> Result<Given> {
    let work = async move {
        match once {
            None => fresh(&issuer, wish).await,
            Some(once) => again(&issuer, &*store, &*clock, wish, &once).await,
        }
    };
    let done = to_its_end("issue", work).await;
    done.unwrap_or_else(|lost| Err(Error::Lost(lost.to_string())))
}

async fn fresh(issuer: &Issuer, wish: Wish) -> Result<Given> {
    let app = wish.app.clone();
    let Issued {
        verify_token,
        verification_id,
        unprepared,
    } = issuer.issue(wish).await?;
    Ok(Given {
        verify_token,
        verification_id,
        app,
        unprepared: unprepared.map(|problem| problem.to_string()),
    })
}

/// Does it, or brings what came of it.
async fn again(
    issuer: &Issuer,
    store: &dyn Store,
    clock: &dyn Clock,
    wish: Wish,
    once: &Once,
) -> Result<Given> {
    let now = clock.now();
    match store.begin_request(once, now).await? {
        Begun::Running => Err(Error::Running),
        Begun::Other => Err(Error::Other),
        Begun::Done(done) => given(store, done).await,
        Begun::Yours => match fresh(issuer, wish).await {
            Ok(given) => {
                let done = Done {
                    verification_id: given.verification_id,
                    unprepared: given.unprepared.clone(),
                };
                // A token that could not be noted here would be followed by another one: it is
                // given to nobody.
                match store.end_request(once, now, Some(&done)).await {
                    Ok(true) => Ok(given),
                    Ok(false) => Err(Error::Running),
                    Err(error) => Err(Error::Issue(IssueError::Store(error))),
                }
            }
            Err(error) => {
                // Where this fails too, its lease ends.
                let _ = store.end_request(once, now, None).await;
                Err(error)
            }
        },
    }
}

async fn given(store: &dyn Store, done: Done) -> Result<Given> {
    let whole = store.show(&done.verification_id.to_string()).await?;
    let summary = whole.map(|whole| whole.summary).ok_or_else(|| {
        StoreError::Corrupt("a request names a verification that is not there".to_owned())
    })?;
    Ok(Given {
        verify_token: Secret::new(summary.verify_token),
        verification_id: done.verification_id,
        app: summary.app,
        unprepared: done.unprepared,
    })
}
