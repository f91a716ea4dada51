//! Starting and stopping as a service: signals, and what systemd is told.

use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

use super::spawn::{Runtime, Spawn as _};

/// Cancels `stop` at the first SIGTERM, SIGINT or SIGHUP, and leaves at once at the second, as
/// nobody who asks twice wants to wait. Where there is somebody to `reload`, a SIGHUP wakes it and
/// nothing else.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub(crate) fn heed_signals(
    stop: CancellationToken,
    reload: Option<Arc<Notify>>,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let listen = async move {
        let mut asked = false;
        loop {
            // Whichever comes: they ask for the same, but for the last.
            tokio::select! {
                biased;
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {
                    if let Some(reload) = &reload {
                        reload.notify_one();
                        continue;
                    }
                }
            }
            if asked {
                tracing::warn!("asked to stop a second time: leaving at once");
                std::process::exit(130);
            }
            asked = true;
            tracing::info!("asked to stop: no new claims, finishing what is under way");
            notify_stopping();
            stop.cancel();
        }
    };
    Runtime.spawn("signals", listen.boxed());
    Ok(())
}

/// Tells systemd that the service reads its configuration again; [`notify_ready`] ends it.
pub(crate) fn notify_reloading() {
    let mut told = vec![NotifyState::Reloading];
    told.extend(NotifyState::monotonic_usec_now());
    let _ = sd_notify::notify(&told);
}

/// Tells systemd that the service is ready. Without systemd nothing happens.
pub(crate) fn notify_ready() {
    let _ = sd_notify::notify(&[NotifyState::Ready]);
}

/// Tells systemd that the service is stopping.
pub(crate) fn notify_stopping() {
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
}

/// Pats systemd's watchdog.
pub(crate) fn notify_watchdog() {
    let _ = sd_notify::notify(&[NotifyState::Watchdog]);
}

/// How often systemd's watchdog wants to be patted: half of its limit; none when it does not watch.
#[must_use]
pub(crate) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}
