//! Every label set that can occur, at zero from the start: a counter that begins to exist with its
//! first failure shows no increase.

use super::metrics::{Metrics, labels};
use crate::domain::{
    answer::{Endpoint, ErrorKind},
    lease::Stage,
    token::State,
};

/// What is put into the vault.
pub(super) const STORED: [&str; 2] = ["answer", "media"];
/// How a step can end.
const STEP_RESULTS: [&str; 3] = ["ok", "failed", "panicked"];
/// How a round can end.
const ROUND_RESULTS: [&str; 2] = ["ok", "failed"];

impl Metrics {
    /// Those that are known from the start.
    pub(super) fn begin(&self) {
        for endpoint in Endpoint::CALLED.map(Endpoint::name) {
            let failures = ErrorKind::ALL.map(ErrorKind::name);
            for result in failures.into_iter().chain(["ok"]) {
                let of = labels([("endpoint", endpoint), ("result", result)]);
                let _ = self.calls.get_or_create(&of);
            }
            let _ = self
                .call_seconds
                .get_or_create(&labels([("endpoint", endpoint)]));
        }
        for what in STORED {
            let _ = self.stored_objects.get_or_create(&labels([("what", what)]));
            let _ = self.stored_bytes.get_or_create(&labels([("what", what)]));
        }
        for outcome in State::ALL.into_iter().filter(|state| state.is_settled()) {
            let of = labels([("outcome", outcome.name())]);
            let _ = self.settled.get_or_create(&of);
        }
        for stage in [Stage::Poll, Stage::Download].map(Stage::name) {
            for result in STEP_RESULTS {
                let of = labels([("stage", stage), ("result", result)]);
                let _ = self.steps.get_or_create(&of);
            }
            let _ = self
                .steps_in_flight
                .get_or_create(&labels([("stage", stage)]));
        }
        self.alarms([]);
        // Not known, which is not none.
        self.clock_skew.set(f64::NAN);
    }

    /// A loop of this name is to come round.
    pub fn begin_loop(&self, name: &str) {
        for result in ROUND_RESULTS {
            let of = [("loop", name.to_owned().into()), ("result", result.into())];
            let _ = self.rounds.get_or_create(&of);
        }
        let _ = self
            .claimed
            .get_or_create(&[("loop", name.to_owned().into())]);
    }

    /// These apps are configured.
    pub fn begin_apps<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            let _ = self
                .never_seen
                .get_or_create(&[("app", name.to_owned().into())]);
        }
    }

    /// Downloads can fail with errors of these names.
    pub fn begin_download_failures(&self, names: &[&'static str]) {
        for name in names {
            let _ = self
                .downloads_failed
                .get_or_create(&labels([("result", name)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::time::Time, telemetry::Format};

    #[test]
    fn every_label_set_that_can_occur_begins_at_zero() {
        let metrics = Metrics::new();
        metrics.begin_loop("poll-h5");
        metrics.begin_apps(["h5"]);
        metrics.begin_download_failures(&["expired", "slow"]);
        let page = metrics.page(None, Time(0), Format::OpenMetrics);
        for line in [
            r#"verikeep_provider_calls_total{endpoint="getall",result="ok"} 0"#,
            r#"verikeep_provider_calls_total{endpoint="getall",result="transient"} 0"#,
            r#"verikeep_provider_calls_total{endpoint="submit",result="not_yet"} 0"#,
            r#"verikeep_provider_call_seconds_count{endpoint="upload_match_image"} 0"#,
            r#"verikeep_provider_call_seconds_bucket{le="0.05",endpoint="media"} 0"#,
            r#"verikeep_provider_call_seconds_bucket{le="30.0",endpoint="media"} 0"#,
            r#"verikeep_stored_objects_total{what="answer"} 0"#,
            r#"verikeep_stored_bytes_total{what="media"} 0"#,
            r#"verikeep_downloads_failed_total{result="expired"} 0"#,
            r#"verikeep_settled_total{outcome="archived"} 0"#,
            "verikeep_reassigned_total 0",
            r#"verikeep_never_seen_total{app="h5"} 0"#,
            r#"verikeep_settled_total{outcome="missed"} 0"#,
            r#"verikeep_steps_total{stage="download",result="panicked"} 0"#,
            r#"verikeep_steps_in_flight{stage="poll"} 0"#,
            r#"verikeep_loop_rounds_total{loop="poll-h5",result="failed"} 0"#,
            r#"verikeep_loop_claimed_total{loop="poll-h5"} 0"#,
            r#"verikeep_process_alarms{kind="loss"} 0"#,
            "verikeep_clock_skew_seconds NaN",
            r#"verikeep_process_alarms{kind="database_down"} 0"#,
        ] {
            assert!(
                page.lines().any(|found| found == line),
                "{line} is not in\n{page}"
            );
        }
        let calls = page.matches("verikeep_provider_calls_total{").count();
        assert_eq!(calls, 8 * 11, "all interfaces, all results");
        assert!(!page.contains(r#"endpoint="download""#), "it is no call");
    }
}
