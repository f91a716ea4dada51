//! Counting the statements that sqlx runs.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    layer::{Context, SubscriberExt as _},
};

/// What sqlx tells of; `begin` and `commit` are not counted.
#[derive(Clone, Default)]
pub(crate) struct Statements(Arc<AtomicU64>);

impl Statements {
    /// Counts from now on, for the whole process; none where something is told of already.
    pub(crate) fn watch() -> Option<Self> {
        let statements = Self::default();
        let only = Targets::new().with_target("sqlx::query", Level::TRACE);
        let layers = Registry::default().with(statements.clone().with_filter(only));
        tracing::subscriber::set_global_default(layers).ok()?;
        Some(statements)
    }

    /// How many so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut one = One { counts: true };
        event.record(&mut one);
        self.0.fetch_add(u64::from(one.counts), Ordering::Relaxed);
    }
}

struct One {
    counts: bool,
}

impl Visit for One {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            self.counts = !value.eq_ignore_ascii_case("commit");
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}
