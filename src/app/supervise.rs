//! Watching over the tasks that are to run until the end.
//!
//! Drivers, loops, jobs, the server of the pages and the task that writes end only when they are told
//! to. One that ends by itself, or panics past what
//! it catches, would leave a process that looks well and does not do its work: the process ends, in
//! order, with an error, and whoever watches over it starts it again.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::worker::spawn::{Ended, Tasks};

/// Waits for the end: none when `stop` was asked for, otherwise why the process cannot go on, be it
/// a task that ended or `failure`.
pub(super) async fn until_end(
    stop: &CancellationToken,
    (drivers, loops): (&mut Tasks<()>, &mut Tasks<()>),
    failure: impl Future<Output = AppError>,
) -> Option<AppError> {
    // What was asked for is no failure, though tasks end of it; a task names what ended it least.
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        failure = failure => Some(failure),
        Some(ended) = drivers.next() => unless_stopped(stop, ended),
        Some(ended) = loops.next() => unless_stopped(stop, ended),
    }
}

/// A task may have seen the stop first.
fn unless_stopped(stop: &CancellationToken, ended: Ended<()>) -> Option<AppError> {
    (!stop.is_cancelled()).then(|| lost(ended))
}

/// What the end of a task is to the process.
pub(super) fn lost((task, result): Ended<()>) -> AppError {
    let why = result.map_or_else(
        |lost| lost.to_string(),
        |()| "it ended by itself".to_owned(),
    );
    tracing::error!(%task, why, "a task of the daemon is gone: stopping in order");
    AppError::Task {
        task: task.to_string(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use super::*;
    use crate::worker::spawn::Runtime;

    fn tasks() -> Tasks<()> {
        Tasks::new(Arc::new(Runtime))
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_ends_the_process_with_its_name_and_reason() {
        for is_driver in [true, false] {
            for (panics, why) in [(false, "it ended by itself"), (true, "it panicked")] {
                let (stop, mut drivers, mut loops) = (CancellationToken::new(), tasks(), tasks());
                drivers.spawn("poll", pending());
                loops.spawn("heartbeat", pending());
                let gone = if is_driver { &mut drivers } else { &mut loops };
                gone.spawn("gone", async move { assert!(!panics, "poison") });
                let ended = until_end(&stop, (&mut drivers, &mut loops), pending()).await;
                assert!(
                    matches!(&ended, Some(AppError::Task { task, why: told }) if task == "gone" && told == why),
                    "{ended:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_stop_that_tasks_see_first_is_no_failure() {
        let (stop, mut drivers, mut loops) = (CancellationToken::new(), tasks(), tasks());
        let told = stop.clone();
        drivers.spawn("poll", async move { told.cancelled().await });
        stop.cancel();
        let ended = until_end(&stop, (&mut drivers, &mut loops), pending()).await;
        assert!(ended.is_none(), "{ended:?}");
        assert_eq!(drivers.next().await, Some(("poll".into(), Ok(()))));
    }

    #[tokio::test]
    async fn a_failure_beside_the_tasks_is_handed_on() {
        let (stop, mut drivers, mut loops) = (CancellationToken::new(), tasks(), tasks());
        let failure = std::future::ready(AppError::Schedule("wrong".to_owned()));
        let ended = until_end(&stop, (&mut drivers, &mut loops), failure).await;
        assert!(matches!(ended, Some(AppError::Schedule(_))), "{ended:?}");
    }
}
