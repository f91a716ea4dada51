//! What this process did: counted here, by plain methods, and encoded at each scrape.
//!
//! Names begin with `verikeep_`, units are base units. Labels come from fixed sets and from the
//! configuration (apps, accounts), never from an answer or a person, so that their number is
//! bounded.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{
    process,
    recent::Recent,
    service,
    text::{self, Format, seconds},
};
use crate::{
    domain::{
        alarm::Kind,
        answer::Endpoint,
        time::{Span, Time},
    },
    store::reports::Status,
};

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
pub(super) type Seconds = Gauge<f64, AtomicU64>;
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// Time left at capture, in seconds: from a last moment to all of three days.
const LEFT_SECONDS: [f64; 10] = [
    1.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 21_600.0, 64_800.0, 86_400.0, 259_200.0,
];

/// How long a call at the provider takes, in seconds: from a quick answer to the time limit.
const CALL_SECONDS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0];

/// Labels from fixed sets.
pub(super) fn labels<const N: usize>(of: [(&'static str, &'static str); N]) -> Labels<N> {
    of.map(|(name, value)| (name, value.into()))
}

/// The figures of this process.
pub struct Metrics {
    /// What calls of the last minute met.
    pub recent: Recent,
    pub(super) registry: Registry,
    pub(super) calls: Counters<2>,
    pub(super) call_seconds: Histograms,
    pub(super) stored_objects: Counters<1>,
    pub(super) stored_bytes: Counters<1>,
    pub(super) downloads_failed: Counters<1>,
    pub(super) settled: Counters<1>,
    pub(super) reassigned: Counter,
    pub(super) never_seen: Counters<1>,
    left: Histogram,
    pub(super) steps: Counters<2>,
    pub(super) steps_in_flight: Family<Labels<1>, Gauge>,
    pub(super) rounds: Counters<2>,
    pub(super) claimed: Counters<1>,
    last_run: Family<Labels<1>, Seconds>,
    last_success: Family<Labels<1>, Seconds>,
    pub(super) quota_rate: Family<Labels<1>, Seconds>,
    pub(super) paused: Family<Labels<1>, Gauge>,
    pub(super) free_bytes: Family<Labels<1>, Gauge>,
    pub(super) held: Gauge,
    pub(super) descriptors_free: Gauge,
    pub(super) clock_skew: Seconds,
    alarms: Family<Labels<1>, Gauge>,
    pub(super) reload_failed: Gauge,
}

impl Metrics {
    /// All figures at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            recent: Recent::default(),
            registry: Registry::with_prefix("verikeep"),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(|| Histogram::new(CALL_SECONDS)),
            stored_objects: Family::default(),
            stored_bytes: Family::default(),
            downloads_failed: Family::default(),
            settled: Family::default(),
            reassigned: Counter::default(),
            never_seen: Family::default(),
            left: Histogram::new(LEFT_SECONDS),
            steps: Family::default(),
            steps_in_flight: Family::default(),
            rounds: Family::default(),
            claimed: Family::default(),
            last_run: Family::default(),
            last_success: Family::default(),
            quota_rate: Family::default(),
            paused: Family::default(),
            free_bytes: Family::default(),
            held: Gauge::default(),
            descriptors_free: Gauge::default(),
            clock_skew: Gauge::default(),
            alarms: Family::default(),
            reload_failed: Gauge::default(),
        };
        metrics.register_build();
        metrics.register_work();
        metrics.register_loops();
        metrics.register_state();
        metrics.register_config();
        metrics.begin();
        metrics
    }

    fn register_build(&mut self) {
        let registry = &mut self.registry;
        let build = Family::<Labels<1>, Gauge>::default();
        build
            .get_or_create(&[("version", Cow::Borrowed(env!("CARGO_PKG_VERSION")))])
            .set(1);
        registry.register(
            "build_info",
            "Always 1; the label says which version runs",
            build,
        );
    }

    fn register_work(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "provider_calls",
            "Calls made at the provider, by endpoint and what came of them",
            self.calls.clone(),
        );
        registry.register(
            "provider_call_seconds",
            "How long exchanges with the provider took, answered or not, by endpoint; without the wait for their turn",
            self.call_seconds.clone(),
        );
        registry.register(
            "stored_objects",
            "Objects put into the vault, by what they are",
            self.stored_objects.clone(),
        );
        registry.register(
            "stored_bytes",
            "Plain bytes put into the vault, by what they are",
            self.stored_bytes.clone(),
        );
        registry.register(
            "downloads_failed",
            "Downloads of media that failed and are tried again while there is time",
            self.downloads_failed.clone(),
        );
        registry.register(
            "settled",
            "Verifications settled by this process, by how they ended",
            self.settled.clone(),
        );
        registry.register(
            "reassigned",
            "Tokens told under the wrong app that this process gave to the one they belong to",
            self.reassigned.clone(),
        );
        registry.register(
            "never_seen",
            "Verifications settled by this process whose tokens were never seen to exist, by app",
            self.never_seen.clone(),
        );
        registry.register(
            "capture_left_seconds",
            "Time left until the provider would have forgotten it, at each capture",
            self.left.clone(),
        );
        registry.register(
            "steps",
            "Steps of work, by stage and how they ended",
            self.steps.clone(),
        );
        registry.register(
            "steps_in_flight",
            "Steps of work under way",
            self.steps_in_flight.clone(),
        );
    }

    fn register_loops(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "loop_rounds",
            "Rounds of each loop, by how they ended",
            self.rounds.clone(),
        );
        registry.register(
            "loop_claimed",
            "Items claimed by each loop",
            self.claimed.clone(),
        );
        registry.register(
            "loop_last_run_timestamp_seconds",
            "When each loop last came round",
            self.last_run.clone(),
        );
        registry.register(
            "loop_last_success_timestamp_seconds",
            "When each loop last came round without a failure",
            self.last_success.clone(),
        );
    }

    fn register_state(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "quota_calls_per_second",
            "The rate at which an account is asked at present, per endpoint",
            self.quota_rate.clone(),
        );
        registry.register(
            "app_paused",
            "1 while an app is not asked at all",
            self.paused.clone(),
        );
        registry.register(
            "free_bytes",
            "Room left on the file systems this process writes to, by what lies there",
            self.free_bytes.clone(),
        );
        registry.register(
            "claims_held",
            "1 while nothing new is begun, for want of room or descriptors",
            self.held.clone(),
        );
        registry.register(
            "descriptors_free",
            "How many more files and connections this process may open",
            self.descriptors_free.clone(),
        );
        registry.register(
            "clock_skew_seconds",
            "The host's clock less the provider's, as its answers tell; NaN before the first",
            self.clock_skew.clone(),
        );
        registry.register(
            "process_alarms",
            "Open alarms that this process raised, known to the database or not, by kind",
            self.alarms.clone(),
        );
    }

    /// A call was made: `ok` or the trouble's name.
    pub fn call(&self, endpoint: Endpoint, result: &'static str) {
        self.calls
            .get_or_create(&[
                ("endpoint", endpoint.name().into()),
                ("result", result.into()),
            ])
            .inc();
    }

    /// An exchange with the provider took so long, whatever came of it.
    pub fn call_took(&self, endpoint: Endpoint, took: Span) {
        self.call_seconds
            .get_or_create(&labels([("endpoint", endpoint.name())]))
            .observe(seconds(took.0));
    }

    /// An answer was put into the vault.
    pub fn answer_stored(&self, bytes: i64) {
        self.stored("answer", bytes);
    }

    /// An image or video was put into the vault.
    pub fn media_stored(&self, bytes: i64) {
        self.stored("media", bytes);
    }

    fn stored(&self, what: &'static str, bytes: i64) {
        let labels = [("what", what.into())];
        self.stored_objects.get_or_create(&labels).inc();
        self.stored_bytes
            .get_or_create(&labels)
            .inc_by(u64::try_from(bytes).unwrap_or(0));
    }

    /// A download failed: the error's name.
    pub fn download_failed(&self, result: &'static str) {
        self.downloads_failed
            .get_or_create(&[("result", result.into())])
            .inc();
    }

    /// Something was captured with this much time left by the earliest reading.
    pub fn time_left(&self, left: Span) {
        self.left.observe(seconds(left.0).max(0.0));
    }

    /// A step of a stage ended: `ok`, `failed`, `panicked`.
    pub fn step(&self, stage: &'static str, result: &'static str) {
        self.steps
            .get_or_create(&[("stage", stage.into()), ("result", result.into())])
            .inc();
    }

    /// A step of a stage is under way until what is returned is dropped.
    #[must_use]
    pub fn in_flight(self: &Arc<Self>, stage: &'static str) -> InFlight {
        self.steps_in_flight
            .get_or_create(&[("stage", stage.into())])
            .inc();
        InFlight {
            metrics: Arc::clone(self),
            stage,
        }
    }

    /// A loop came round.
    pub fn round(&self, name: &str, claimed: usize, failed: bool, now: Time) {
        let name = || ("loop", Cow::Owned(name.to_owned()));
        self.rounds
            .get_or_create(&[
                name(),
                ("result", if failed { "failed" } else { "ok" }.into()),
            ])
            .inc();
        self.claimed.get_or_create(&[name()]).inc_by(claimed as u64);
        self.last_run.get_or_create(&[name()]).set(seconds(now.0));
        if !failed {
            self.last_success
                .get_or_create(&[name()])
                .set(seconds(now.0));
        }
    }

    /// The kinds of the alarms that this process has raised and that are open.
    pub fn alarms<'a>(&self, open: impl IntoIterator<Item = &'a str>) {
        let mut counts: BTreeMap<&str, i64> =
            Kind::ALL.iter().map(|kind| (kind.name(), 0)).collect();
        for kind in open {
            *counts.entry(kind).or_default() += 1;
        }
        for (kind, count) in counts {
            self.alarms
                .get_or_create(&[("kind", Cow::Owned(kind.to_owned()))])
                .set(count);
        }
    }

    /// The page for a scrape: these figures and, as far as the database could be read, those of the
    /// whole service as of `now`.
    #[must_use]
    pub fn page(&self, status: Option<&Status>, now: Time, format: Format) -> String {
        let of_service = service::registry(status, now);
        text::page(&[&self.registry, &of_service, &process::registry()], format)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A step under way.
pub struct InFlight {
    metrics: Arc<Metrics>,
    stage: &'static str,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics
            .steps_in_flight
            .get_or_create(&[("stage", self.stage.into())])
            .dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted() {
        let metrics = Arc::new(Metrics::new());
        metrics.call(Endpoint::Getall, "ok");
        metrics.call(Endpoint::Getall, "ok");
        metrics.call_took(Endpoint::Getall, Span::millis(300));
        metrics.answer_stored(3000);
        metrics.media_stored(200_000);
        metrics.download_failed("expired");
        metrics.settled("archived");
        metrics.reassigned();
        metrics.never_seen("h5");
        metrics.time_left(Span::hours(1));
        metrics.step("poll", "ok");
        metrics.round("poll", 7, false, Time(1_500));
        metrics.round("poll", 0, true, Time(2_500));
        metrics.quota("default", 1.5);
        metrics.paused("loan-h5", true);
        metrics.room("objects", 4096);
        metrics.held(true, Some(12));
        metrics.clock_skew(Span::seconds(-90));
        metrics.alarms(["disk_full"]);
        let under_way = metrics.in_flight("poll");
        let page = metrics.page(None, Time(0), Format::OpenMetrics);
        for line in [
            r#"verikeep_provider_calls_total{endpoint="getall",result="ok"} 2"#,
            r#"verikeep_provider_call_seconds_bucket{le="0.25",endpoint="getall"} 0"#,
            r#"verikeep_provider_call_seconds_bucket{le="0.5",endpoint="getall"} 1"#,
            r#"verikeep_provider_call_seconds_sum{endpoint="getall"} 0.3"#,
            r#"verikeep_stored_bytes_total{what="answer"} 3000"#,
            r#"verikeep_stored_bytes_total{what="media"} 200000"#,
            r#"verikeep_stored_objects_total{what="media"} 1"#,
            r#"verikeep_downloads_failed_total{result="expired"} 1"#,
            r#"verikeep_settled_total{outcome="archived"} 1"#,
            "verikeep_reassigned_total 1",
            r#"verikeep_never_seen_total{app="h5"} 1"#,
            r#"verikeep_capture_left_seconds_bucket{le="7200.0"} 1"#,
            r#"verikeep_steps_total{stage="poll",result="ok"} 1"#,
            r#"verikeep_steps_in_flight{stage="poll"} 1"#,
            "verikeep_clock_skew_seconds -90.0",
            r#"verikeep_loop_rounds_total{loop="poll",result="failed"} 1"#,
            r#"verikeep_loop_claimed_total{loop="poll"} 7"#,
            r#"verikeep_loop_last_run_timestamp_seconds{loop="poll"} 2.5"#,
            r#"verikeep_loop_last_success_timestamp_seconds{loop="poll"} 1.5"#,
            r#"verikeep_quota_calls_per_second{account="default"} 1.5"#,
            r#"verikeep_app_paused{app="loan-h5"} 1"#,
            r#"verikeep_free_bytes{what="objects"} 4096"#,
            r#"verikeep_claims_held 1"#,
            r#"verikeep_descriptors_free 12"#,
            r#"verikeep_process_alarms{kind="disk_full"} 1"#,
            r#"verikeep_process_alarms{kind="loss"} 0"#,
            r#"verikeep_database_up 0"#,
        ] {
            assert!(
                page.lines().any(|found| found == line),
                "{line} is not in\n{page}"
            );
        }
        drop(under_way);
        assert!(
            metrics
                .page(None, Time(0), Format::OpenMetrics)
                .contains(r#"verikeep_steps_in_flight{stage="poll"} 0"#)
        );
    }
}
