//! `verify`: the rows compared with the bytes they name.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::{
    list::{Since, since},
    open, orphans,
    people::{count, size},
    progress::Progress,
    report::{Code, Failure},
    screen::Screen,
    words::{self, counted_in},
};
use crate::{
    app::{
        self,
        verify::{Checked, Damage, Finding, Name, Told, verify},
    },
    config::Config,
    domain::{
        id::VerificationId,
        language::Language,
        sample::Part,
        time::{Clock as _, Span, Time},
    },
    store::{Store, reports::Which},
    vault::Vault,
    worker::clock::SystemClock,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep verify                        # every answer and medium, read to its end
  verikeep verify --sample today/30      # a thirtieth, each day another: all of it within thirty days
  verikeep verify --alarm                # and tell of what is found through the channels of [[notify]]
  verikeep verify --since 2d --json      # of what was tracked in the last two days, a line a finding

Findings, each with the verification, the answer or medium, and the reason:
  object_missing        no object lies where the row says
  object_altered        its length or SHA-256 is not that of what was captured: cut, altered, swapped
  object_unreadable     it lies there and cannot be read to its end
  object_foreign        the row names another verification's object, or nothing that could be one
  object_unknown        no row names it, and it is a day old: what a crash leaves, or a row that is gone (also `verikeep orphans`)
  answer_altered        the answer in its row is not the one that was captured
  answers_missing       it is archived, and no answer is kept of it
  attempts_differ       what its row sums up of its attempts is not what their rows say
  attempt_altered       the row of an attempt says what no answer says that is kept: passed, scores, times, charges, masks of the person
  row_unreadable        a row cannot be read as what it should be
  verification_missing  rows are there of a verification that is not
Nothing is changed, but that --alarm raises the alarm `damaged`. It runs beside the service, on a standby and on a full disk; after a backup was restored it says what is not there. Keep database and
object store as they are when something is found, and compare them with a backup. It finds what happened to one of the two; who changes both so that
they agree is found only by a log that he does not hold.";

/// So old is what no row names before it is told of: what is under way has its row within minutes.
const OLD: Span = Span::hours(24);

/// Compare the rows with the bytes they name and with the answers they were read from, and tell of everything that is missing or altered.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// Only verifications tracked since: an instant (RFC 3339) or how long ago (`2d`).
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Since>,
    /// Only a part of them: 3/30 is the third of thirty, which together are all; today/30 another
    /// one each day.
    #[arg(long, value_name = "N/T")]
    pub sample: Option<Part>,
    /// Raise the alarm `damaged` for what is found, so that the channels of [[notify]] tell of it.
    #[arg(long)]
    pub alarm: bool,
    /// A line of NDJSON for each finding, and one for how much was compared.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
///
/// # Errors
/// When database or vault cannot be reached, or do not belong together.
pub(super) async fn run(
    args: &Verify,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let store = if args.alarm {
        open::store(config).await?
    } else {
        open::reader(config).await?
    };
    let vault = app::vault(config)?;
    let outcome = at(args, &*store, &vault, SystemClock.now(), screen).await;
    store.close().await;
    outcome
}

/// Does it there.
pub(super) async fn at(
    args: &Verify,
    store: &dyn Store,
    vault: &Vault,
    now: Time,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    orphans::belong_together(store, vault).await?;
    let which = Which {
        since: args.since.map(|since| since.before(now)),
        sample: args.sample.map(|part| part.at(now)),
    };
    let total = if which.is_all() {
        Some(tracked(store, now).await?)
    } else {
        None
    };
    let language = screen.language;
    let mut progress = Progress::new(words::COMPARING.in_(language), total, screen);
    let (mut damage, mut names) = (Damage::default(), BTreeMap::new());
    let mut tell = |told: Told<'_>| -> Result<(), Failure> {
        match told {
            Told::At(checked) => progress.at(checked.verifications, so_far(checked), screen),
            Told::Found(finding) => {
                damage.note(finding);
                *names.entry(finding.finding).or_insert(0) += 1;
                let line = Line::of(finding, language);
                if args.json {
                    screen.ndjson(&line)?;
                } else {
                    progress.line(&line.told(), screen)?;
                }
            }
        }
        Ok(())
    };
    let checked = verify(store, vault, which, now.minus(OLD), &mut tell).await;
    progress.end();
    if args.alarm {
        // Also of what was found before it was cut off.
        damage.raise(store, now).await?;
    }
    let checked = checked?;
    if args.json {
        screen.ndjson(&json!({ "checked": checked }))?;
    } else {
        screen.line(summary(&checked, language))?;
    }
    if names.is_empty() {
        return Ok(Code::Done);
    }
    for (name, times) in names {
        let means = name.means().in_(language);
        let values = [name.name(), &count(times), means];
        screen.note(words::FOUND_OF.filled(language, &values))?;
    }
    screen.note(words::LEAVE_AS_IT_IS.in_(language))?;
    Ok(Code::Finding)
}

async fn tracked(store: &dyn Store, now: Time) -> Result<u64, Failure> {
    let states = store.status(now).await?.states;
    let all: i64 = states.iter().map(|row| row.count).sum();
    Ok(u64::try_from(all).unwrap_or(0))
}

/// A finding in one language.
#[derive(Serialize)]
struct Line<'f> {
    finding: Name,
    verification_id: Option<VerificationId>,
    what: Option<String>,
    id: Option<&'f str>,
    object_key: Option<&'f str>,
    why: String,
}

impl<'f> Line<'f> {
    fn of(found: &'f Finding, language: Language) -> Self {
        Self {
            finding: found.finding,
            verification_id: found.verification_id,
            what: found.what.as_ref().map(|what| what.in_(language)),
            id: found.id.as_deref(),
            object_key: found.object_key.as_deref(),
            why: found.why.in_(language),
        }
    }

    fn told(&self) -> String {
        let id = self.verification_id.map(|id| id.to_string());
        let place = [id.as_deref(), self.what.as_deref(), self.object_key];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let name = self.finding.name();
        format!("{name:<20}  {}: {}", place.join("  "), self.why)
    }
}

fn so_far(checked: &Checked) -> String {
    size(number(checked.bytes))
}

fn summary(checked: &Checked, language: Language) -> String {
    let told = match checked.findings {
        0 => words::AS_CAPTURED.in_(language).to_owned(),
        findings => counted_in(number(findings), words::FINDING, language),
    };
    let values = [
        counted_in(number(checked.verifications), words::VERIFICATION, language),
        counted_in(number(checked.answers), words::ANSWER, language),
        count(number(checked.media)),
        size(number(checked.bytes)),
        told,
    ];
    words::COMPARED.filled(language, &values.each_ref().map(String::as_str))
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
