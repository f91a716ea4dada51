//! What the figures of `status` add up to, and how they look as JSON.

use serde_json::{Value, json};

use super::super::report::{Code, Failure};
use crate::{
    domain::{media::MediaState, time::Time, token::State},
    store::reports::Status as Figures,
};

/// Verifications, added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) all: i64,
    pub(super) settled: i64,
    pub(super) lost: i64,
    media_lost: i64,
    alarms: bool,
}

impl Sums {
    pub(super) fn of(figures: &Figures) -> Self {
        let sum = |wanted: &dyn Fn(State) -> bool| -> i64 {
            figures.states.iter().filter(|row| State::named(&row.state).is_some_and(wanted)).map(|row| row.count).sum()
        };
        // Media can be lost without the verification being so: those of a failed attempt that another followed.
        let media_lost: i64 = figures.media.iter().filter(|row| row.state == MediaState::Lost.name()).map(|row| row.count).sum();
        Self { all: sum(&|_| true), settled: sum(&State::is_settled), lost: sum(&State::is_loss), media_lost, alarms: !figures.alarms.is_empty() }
    }

    pub(super) const fn open(self) -> i64 {
        self.all - self.settled
    }

    pub(super) const fn code(self) -> Code {
        if self.lost > 0 || self.media_lost > 0 || self.alarms { Code::Finding } else { Code::Done }
    }
}

/// The figures as JSON, instants readable.
pub(super) fn document(figures: &Figures, now: Time) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(figures).map_err(std::io::Error::from)?;
    let sums = Sums::of(figures);
    if let Value::Object(fields) = &mut value {
        fields.insert("as_of".to_owned(), json!(now.rfc3339()));
        fields.insert("open".to_owned(), json!(sums.open()));
        fields.insert("lost".to_owned(), json!(sums.lost));
        fields.insert("time_left_ms".to_owned(), json!(figures.next_deadline.map(|deadline| deadline.since(now).0)));
        for (name, at) in [("next_deadline", figures.next_deadline), ("oldest_due", figures.oldest_due)] {
            fields.insert(name.to_owned(), json!(at.map(Time::rfc3339)));
        }
        let errors: Vec<Value> = figures.errors.iter().map(|(error, count)| json!({ "last_error": error, "count": count })).collect();
        fields.insert("errors".to_owned(), Value::Array(errors));
    }
    Ok(value)
}
