//! The two text formats of a metrics page, and its unit of time.

use prometheus_client::{encoding::text, registry::Registry};

/// How a metrics page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0, which Prometheus asks for.
    OpenMetrics,
    /// The older text format (0.0.4), for everybody else.
    Classic,
}

impl Format {
    /// The format that an `Accept` header asks for.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Milliseconds as seconds.
#[allow(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// The figures of all registries on one page.
pub(super) fn page(registries: &[&Registry], format: Format) -> String {
    let mut page = String::new();
    for registry in registries {
        // Writing to a String cannot fail, and no encoder here does by itself.
        let _ = text::encode_registry(&mut page, registry);
    }
    match format {
        Format::OpenMetrics => {
            let _ = text::encode_eof(&mut page);
            page
        }
        Format::Classic => classic(&page),
    }
}

/// OpenMetrics describes a counter under its name without `_total`, the older format under the name
/// of its samples.
fn classic(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut help = None;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
            continue;
        }
        if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take() {
                out.extend(["# HELP ", name, suffix, " ", help, "\n"]);
            }
            out.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
            continue;
        }
        out.extend([line, "\n"]);
    }
    out
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

    use super::*;

    fn registry() -> Registry {
        let mut registry = Registry::with_prefix("verikeep");
        registry.register("calls", "Calls made", Counter::<u64>::default());
        registry.register("due", "Work due", Gauge::<i64>::default());
        registry
    }

    #[test]
    fn both_formats_describe_a_counter_as_each_wants_it() {
        let open = page(&[&registry()], Format::OpenMetrics);
        assert_eq!(
            open,
            "# HELP verikeep_calls Calls made.\n# TYPE verikeep_calls counter\nverikeep_calls_total 0\n# HELP verikeep_due Work due.\n# TYPE verikeep_due gauge\nverikeep_due 0\n# EOF\n"
        );
        let classic = page(&[&registry()], Format::Classic);
        assert_eq!(
            classic,
            "# HELP verikeep_calls_total Calls made.\n# TYPE verikeep_calls_total counter\nverikeep_calls_total 0\n# HELP verikeep_due Work due.\n# TYPE verikeep_due gauge\nverikeep_due 0\n"
        );
    }

    #[test]
    fn whoever_does_not_ask_for_openmetrics_gets_the_older_format() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        for (accept, format) in [
            (prometheus, Format::OpenMetrics),
            ("*/*", Format::Classic),
            ("", Format::Classic),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
