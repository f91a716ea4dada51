//! What became of each line: told as it comes, and counted.

use serde::Serialize;

use super::Run;
use crate::{
    cli::{
        people::count,
        progress::Progress,
        report::{Code, Failure},
    },
    domain::{id::VerificationId, token::Late},
    store::records::TrackVerdict,
};

/// What became of one line.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
enum Line<'a> {
    New {
        line: u64,
        verification_id: VerificationId,
        #[serde(skip_serializing_if = "Option::is_none")]
        late: Option<Late>,
    },
    Known {
        line: u64,
        verification_id: VerificationId,
        state: &'static str,
    },
    Conflict {
        line: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        verification_id: Option<VerificationId>,
        field: &'static str,
    },
    Wrong {
        line: u64,
        reason: &'a str,
    },
}

impl<'a> Line<'a> {
    fn of(line: u64, verdict: &'a TrackVerdict) -> Self {
        match *verdict {
            TrackVerdict::New {
                verification_id,
                late,
            } => Self::New {
                line,
                verification_id,
                late,
            },
            TrackVerdict::Known {
                verification_id,
                state,
            } => Self::Known {
                line,
                verification_id,
                state: state.name(),
            },
            TrackVerdict::Conflict {
                verification_id,
                field,
            } => Self::Conflict {
                line,
                verification_id,
                field,
            },
        }
    }
}

#[derive(Default)]
pub(super) struct Sums {
    new: i64,
    late: i64,
    known: i64,
    conflict: i64,
    wrong: i64,
}

impl Sums {
    fn add(&mut self, verdict: &TrackVerdict) {
        match verdict {
            TrackVerdict::New { late, .. } => {
                self.new += 1;
                self.late += i64::from(late.is_some());
            }
            TrackVerdict::Known { .. } => self.known += 1,
            TrackVerdict::Conflict { .. } => self.conflict += 1,
        }
    }
}

/// What a person should hear of a verdict, wherever the results go.
fn remark(verdict: &TrackVerdict) -> Option<String> {
    match verdict {
        TrackVerdict::New {
            verification_id,
            late: Some(late),
        } => Some(format!("{} ({verification_id})", late.tell())),
        TrackVerdict::Conflict {
            verification_id,
            field,
        } => {
            let named = verification_id.map_or_else(String::new, |id| format!(" ({id})"));
            Some(format!(
                "tracked already with another {field}, which stays{named}"
            ))
        }
        _ => None,
    }
}

/// A verdict as a result; a conflict is none.
fn result(verdict: &TrackVerdict) -> Option<String> {
    match verdict {
        TrackVerdict::New {
            verification_id, ..
        } => Some(format!("new, {verification_id}")),
        TrackVerdict::Known {
            verification_id,
            state,
        } => Some(format!("known, {} ({verification_id})", state.name())),
        TrackVerdict::Conflict { .. } => None,
    }
}

impl Run<'_, '_> {
    /// A line that was tracked, now or before.
    pub(super) fn verdict(
        &mut self,
        line: u64,
        verdict: &TrackVerdict,
        progress: Option<&Progress>,
    ) -> Result<(), Failure> {
        let unit = self.unit();
        self.sums.add(verdict);
        if self.args.json {
            return Ok(self.screen.ndjson(&Line::of(line, verdict))?);
        }
        if let Some(remark) = remark(verdict) {
            self.beside(&format!("{unit} {line}: {remark}"), progress)?;
        }
        if self.args.lines().is_none()
            && let Some(result) = result(verdict)
        {
            self.screen.line(format!("{unit} {line}: {result}"))?;
        }
        Ok(())
    }

    /// A line that was not tracked, and why.
    pub(super) fn wrong(
        &mut self,
        line: u64,
        reason: &str,
        progress: Option<&Progress>,
    ) -> Result<(), Failure> {
        self.sums.wrong += 1;
        if self.args.json {
            self.screen.ndjson(&Line::Wrong { line, reason })?;
        }
        let text = format!("{} {line}: {reason}", self.unit());
        self.beside(&text, progress)
    }

    fn beside(&mut self, text: &str, progress: Option<&Progress>) -> Result<(), Failure> {
        match progress {
            Some(progress) => progress.note(text, self.screen)?,
            None => self.screen.note(text)?,
        }
        Ok(())
    }

    /// The last line: how many of each.
    pub(super) fn summary(self) -> Result<Code, Failure> {
        let Sums {
            new,
            late,
            known,
            conflict,
            wrong,
        } = self.sums;
        let late = if late > 0 {
            format!(" ({} of them late)", count(late))
        } else {
            String::new()
        };
        let text = format!(
            "{} new{late}, {} known, {} in conflict, {} wrong",
            count(new),
            count(known),
            count(conflict),
            count(wrong)
        );
        // Results are for programs with --json: the sum stands beside them.
        if self.args.json {
            self.screen.note(text)?
        } else {
            self.screen.line(text)?
        }
        Ok(if wrong + conflict > 0 {
            Code::Finding
        } else {
            Code::Done
        })
    }
}
