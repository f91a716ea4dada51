//! How long a lease runs, and how many polls of each app run at once.

use crate::{
    config::{App, Config},
    domain::time::Span,
};

/// A lease: five minutes, less where windows are so short that a crash could not be made good
/// within them.
pub(super) fn lease_of(config: &Config) -> Span {
    let shortest = config
        .apps
        .iter()
        .map(|app| {
            app.policy
                .media_retention
                .0
                .min(app.policy.record_retention.0)
        })
        .min()
        .unwrap_or(i64::MAX);
    Span((shortest / 8).clamp(1000, 300_000))
}

/// The apps, and how many polls of each may run at once: together about three seconds' worth of
/// their account's quota. Each has its own, so that one whose provider hangs holds up no other; the
/// account only sets the pace.
pub(super) fn poll_slots(config: &Config) -> Vec<(String, usize)> {
    let slots = |one: &App| {
        let of_account = || config.apps.iter().filter(|app| app.account == one.account);
        let qps = of_account().map(|app| app.qps).fold(0.0, f64::max);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to small positive numbers"
        )]
        let slots = (qps * 3.0).clamp(4.0, 64.0) as usize;
        (slots / of_account().count().max(1)).max(4)
    };
    config
        .apps
        .iter()
        .map(|app| (app.name.clone(), slots(app)))
        .collect()
}
