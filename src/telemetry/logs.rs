//! Log lines on stderr: for people on a terminal, JSON otherwise.

use std::{io::IsTerminal as _, panic};

use tracing::{Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, LevelFilter, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
    util::{SubscriberInitExt as _, TryInitError},
};

/// The environment variable that says what to log: `warn`, `debug`,
/// `info,verikeep::provider=debug`.
pub(crate) const VARIABLE: &str = "VERIKEEP_LOG";

/// What is logged unless told otherwise.
const DEFAULT: &str = "info";

/// What is said of a variable that cannot be read; its text is not repeated.
const WRONG: &str = "is neither a level (error, warn, info, debug, trace, off) nor a list such as `info,verikeep::provider=debug`; info is logged";

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// For people.
    Human {
        /// Coloured.
        ansi: bool,
    },
    /// One JSON object a line.
    Json,
}

/// Sets up logs for this process, and reports panics through them. A variable that cannot be read
/// is told, and stops nothing: whoever mistypes it wants to see more, not a daemon that stays away.
///
/// # Errors
/// When logs are set up already.
pub(crate) fn init() -> Result<(), TryInitError> {
    let filter = wished();
    let look = if std::io::stderr().is_terminal() {
        Look::Human {
            ansi: std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty()),
        }
    } else {
        Look::Json
    };
    let wrong = filter.is_none();
    subscriber(filter.unwrap_or_else(plain), look, std::io::stderr).try_init()?;
    if wrong {
        tracing::warn!("{VARIABLE} {WRONG}");
    }
    panic::set_hook(Box::new(|panic| {
        // Only a text that stands in the program: a composed one may hold anything.
        let text = panic
            .payload()
            .downcast_ref::<&'static str>()
            .copied()
            .unwrap_or("no reason that could be shown");
        let at = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(at, "panicked: {text}");
    }));
    Ok(())
}

/// What is wrong with the variable of this process, if anything.
#[must_use]
pub(crate) fn complaint() -> Option<&'static str> {
    wished().is_none().then_some(WRONG)
}

/// What the variable asks for; none where it cannot be read.
fn wished() -> Option<EnvFilter> {
    match std::env::var(VARIABLE) {
        Ok(wish) => filter(&wish),
        Err(std::env::VarError::NotPresent) => Some(plain()),
        Err(std::env::VarError::NotUnicode(_)) => None,
    }
}

fn plain() -> EnvFilter {
    EnvFilter::new(DEFAULT)
}

/// The library takes a bare word that is no level for the name of a part, and then logs nothing of
/// all others: `inof` would silence everything. So a bare word is a level here, and what is said of
/// a part alone leaves the others as they are.
fn filter(wish: &str) -> Option<EnvFilter> {
    let parts = wish
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let (of_parts, levels): (Vec<&str>, Vec<&str>) = parts.partition(|part| part.contains('='));
    if !levels
        .iter()
        .all(|level| level.parse::<LevelFilter>().is_ok())
    {
        return None;
    }
    let level = levels.last().copied().unwrap_or(DEFAULT);
    let whole = [&[level], of_parts.as_slice()].concat().join(",");
    EnvFilter::builder().parse(whole).ok()
}

fn subscriber<W>(filter: EnvFilter, look: Look, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Libraries name hosts, headers, statements and signed URLs below a warning.
    let ours = filter_fn(|meta| {
        *meta.level() <= Level::WARN
            || meta.target() == "verikeep"
            || meta.target().starts_with("verikeep::")
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer = match look {
        Look::Human { ansi } => lines.with_ansi(ansi).boxed(),
        Look::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed(),
    };
    Registry::default().with(layer.with_filter(filter.and(ours)))
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(wish: &str, look: Look) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(
            subscriber(filter(wish).unwrap(), look, move || writer.clone()),
            || {
                tracing::debug!("ours, fine");
                tracing::info!(app = "loan-h5", "ours");
                tracing::error!(target: "hyper::proto", "theirs, bad");
                tracing::info!(target: "hyper::proto", "canary");
                tracing::debug!(target: "verikeeper", "canary");
            },
        );
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn lines_are_json_when_nobody_reads_them() {
        let text = logged("", Look::Json);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(
            (&lines[0]["message"], &lines[0]["app"], &lines[0]["level"]),
            (&"ours".into(), &"loan-h5".into(), &"INFO".into())
        );
        assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn what_libraries_say_below_a_warning_is_never_logged() {
        for wish in [
            "trace",
            "info,hyper=trace",
            "hyper::proto=trace,verikeep=trace",
        ] {
            let text = logged(wish, Look::Human { ansi: false });
            assert!(
                text.contains("theirs, bad") && !text.contains("canary"),
                "{wish}: {text}"
            );
        }
    }

    #[test]
    fn the_variable_says_what_is_logged() {
        assert!(logged("debug", Look::Json).contains("ours, fine"));
        assert!(!logged("", Look::Json).contains("ours, fine"));
        assert!(!logged("error", Look::Json).contains("loan-h5"));
        let of_a_part = logged("hyper=off", Look::Json);
        assert!(of_a_part.contains("loan-h5") && !of_a_part.contains("theirs, bad"));
        assert!(logged(" INFO ,", Look::Json).contains("loan-h5"));
        for typo in [
            "inof",
            "verikeep=loud",
            "verikeep",
            "info hyper",
            "info,dbeug",
            "99",
        ] {
            assert!(filter(typo).is_none(), "{typo}");
        }
    }
}
