//! What the figures of `status` add up to, and how they look as JSON.

use serde_json::{Value, json};

use super::{
    super::report::{Code, Failure},
    alarms,
    beside::Beside,
};
use crate::{
    domain::{
        language::Language,
        time::{Span, Time},
        token::State,
    },
    store::reports::Status as Figures,
};

/// Work that waits longer than this is late.
const LATE: Span = Span::minutes(1);

/// Verifications, added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) all: i64,
    pub(super) settled: i64,
    pub(super) lost: i64,
    wrong: bool,
}

impl Sums {
    pub(super) fn of(figures: &Figures, beside: &Beside, now: Time) -> Self {
        let sum = |wanted: &dyn Fn(State) -> bool| -> i64 {
            figures
                .states
                .iter()
                .filter(|row| State::named(&row.state).is_some_and(wanted))
                .map(|row| row.count)
                .sum()
        };
        // Work that waits while no daemon answers here is nobody's work, as far as can be seen.
        let idle =
            beside.is_silent() && figures.oldest_due.is_some_and(|due| now.since(due) > LATE);
        let wrong = alarms::is_any_unseen(figures, beside)
            || !beside.short_of_room.is_empty()
            || beside.is_not_ready()
            || idle;
        Self {
            all: sum(&|_| true),
            settled: sum(&State::is_settled),
            lost: sum(&State::is_loss),
            wrong,
        }
    }

    pub(super) const fn open(self) -> i64 {
        self.all - self.settled
    }

    pub(super) const fn code(self) -> Code {
        if self.wrong {
            Code::Finding
        } else {
            Code::Done
        }
    }
}

/// The figures as JSON, instants readable.
pub(super) fn document(
    figures: &Figures,
    beside: &Beside,
    now: Time,
    language: Language,
) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(figures).map_err(std::io::Error::from)?;
    let sums = Sums::of(figures, beside, now);
    if let Value::Object(fields) = &mut value {
        fields.insert("as_of".to_owned(), json!(now.rfc3339()));
        fields.insert("open".to_owned(), json!(sums.open()));
        fields.insert("lost".to_owned(), json!(sums.lost));
        fields.insert(
            "time_left_ms".to_owned(),
            json!(figures.next_deadline.map(|deadline| deadline.since(now).0)),
        );
        fields.insert(
            "alarms".to_owned(),
            serde_json::to_value(alarms::all(Some(figures), beside, Some(now), language))
                .map_err(std::io::Error::from)?,
        );
        if let Some(Value::Array(apps)) = fields.get_mut("settled_last_day") {
            for (app, row) in apps.iter_mut().zip(&figures.settled_last_day) {
                app["percent"] = json!(row.percent());
            }
        }
        if let Value::Object(more) = alarms::beside_document(beside) {
            fields.extend(more);
        }
        let errors: Vec<Value> = figures
            .errors
            .iter()
            .map(|(error, count)| json!({ "last_error": error, "count": count }))
            .collect();
        fields.insert("errors".to_owned(), Value::Array(errors));
    }
    Ok(value)
}
