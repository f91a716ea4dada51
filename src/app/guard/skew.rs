//! A host's clock that is apart from the provider's.

use std::sync::Mutex;

use super::lock;
use crate::domain::{
    alarm::{Alarm, Kind},
    time::Span,
};

/// What is apart by more is an alarm: no synchronised clock is.
const MOST: Span = Span::seconds(30);
/// What the alarm is about.
const CLOCK: &str = "clock";

/// Whether it was apart at the last look.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<bool>);

impl Skew {
    /// What is to be raised, and what is over, where the host's clock is so far ahead.
    pub(super) fn look(&self, ahead: Span, begun: &mut Vec<Alarm>, over: &mut Vec<(Kind, String)>) {
        let is_apart = ahead.0.abs() > MOST.0;
        let was_apart = std::mem::replace(&mut *lock(&self.0), is_apart);
        if was_apart == is_apart {
            return;
        }
        if !is_apart {
            over.push((Kind::ClockSkew, CLOCK.to_owned()));
            return;
        }
        let way = if ahead.0 < 0 { "behind" } else { "ahead of" };
        let text = format!(
            "this machine's clock is {} {way} the provider's, as its answers are dated",
            Span(ahead.0.abs())
        );
        begun.push(Alarm {
            kind: Kind::ClockSkew,
            subject: CLOCK.to_owned(),
            text,
        });
    }
}
