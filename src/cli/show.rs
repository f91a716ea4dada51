//! `show`: one verification whole.

use clap::Args;

use super::{
    people::{counted, size, yes},
    place::Place,
    report::{Code, Failure},
    screen::Screen,
    table::{Table, harmless},
};
use crate::{
    desk::{Desk, Handle},
    domain::{digest::Sha256, secret::Secret, time::Time},
    store::reports::{AccessReport, AttemptReport, EventReport, Submitted, Whole},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep show 8vTkUsEJ…
  verikeep show 019ab1c2-… --json | jq .missing      # by verification_id as well";

/// Show one verification whole: attempts, media, answers, what is missing and why, which answer its
/// end rests on, what was done to it, who looked at it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Show {
    /// Its verify_token or verification_id.
    #[arg(value_name = "TOKEN", value_parser = super::secret)]
    pub token: Secret,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// Shows it.
///
/// # Errors
/// When it is not tracked, or the database cannot be reached.
pub(super) async fn run(
    args: &Show,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let mut whole = find(&args.token, desk).await?;
    whole.summary.verify_token = whole.summary.token_shown(desk.now());
    // Whoever sees a person in plain leaves a trace: `get --reveal`.
    whole.mask();
    if args.json {
        screen.document(&whole)?
    } else {
        print(&whole, screen)?
    }
    Ok(Code::Done)
}

/// The verification of a token or identifier.
///
/// # Errors
/// When it is not tracked, or the database cannot be reached.
pub(super) async fn find(handle: &Secret, desk: &dyn Desk) -> Result<Whole, Failure> {
    let found = desk.show(&Handle::read(handle)).await?;
    found.ok_or_else(untracked)
}

pub(super) fn untracked() -> Failure {
    Failure::told(
        Code::Finding,
        "this token",
        "is not tracked here",
        "`verikeep track` tracks it; `verikeep list` shows what is tracked",
    )
}

fn print(whole: &Whole, screen: &mut Screen<'_>) -> Result<(), Failure> {
    facts(whole, screen)?;
    let missing: Vec<_> = whole
        .summary
        .missing
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    if !missing.is_empty() {
        screen.line("\nmissing")?;
        for one in missing {
            let text = |key: &str| {
                one.get(key)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default()
            };
            let attempt = one
                .get("attempt_no")
                .and_then(serde_json::Value::as_i64)
                .map_or_else(String::new, |no| format!(" of attempt {no}"));
            let interval = match (text("from"), text("to")) {
                ("", "") => String::new(),
                ("", to) => format!(" until {to}"),
                (from, to) => format!(" from {from} to {to}"),
            };
            let (what, cause, why) = (text("what"), text("cause"), text("why"));
            screen.line(harmless(&format!(
                "  {what}{attempt}: {cause}{interval}: {why}"
            )))?;
        }
    }
    submitted(whole.submitted.as_ref(), screen)?;
    attempts(&whole.attempt_rows, screen)?;
    media(whole, screen)?;
    answers(whole, screen)?;
    events(&whole.events, screen)?;
    accesses(&whole.accesses, screen)?;
    Ok(())
}

fn facts(whole: &Whole, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let row = &whole.summary;
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let facts = [
        ("verify_token", row.verify_token.clone()),
        ("verification_id", row.verification_id.to_string()),
        ("state", row.state.clone()),
        ("passed", yes(row.passed)),
        ("app", row.app.clone()),
        ("plan_id", optional(&row.plan_id)),
        ("reference", optional(&row.reference)),
        ("issued_at", row.issued_at.to_string()),
        ("tracked_at", row.tracked_at.to_string()),
        ("tracked_by", row.tracked_by.clone()),
        ("first_attempt_at", instant(row.first_attempt_at)),
        ("settled_at", instant(row.settled_at)),
        ("media_deadline", row.media_deadline.to_string()),
        ("record_deadline", row.record_deadline.to_string()),
        ("next_poll_at", instant(row.next_poll_at)),
        ("polls", row.polls.to_string()),
        ("last_error", optional(&row.last_error)),
        ("proof", optional(&whole.proof)),
    ];
    for (name, text) in facts.iter().filter(|(_, text)| !text.is_empty()) {
        screen.line(format!("{name:<17} {}", harmless(text)))?;
    }
    Ok(())
}

fn submitted(row: Option<&Submitted>, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let Some(row) = row else { return Ok(()) };
    let taken = match &row.refused {
        Some(why) => format!("no: {why}"),
        None => yes(row.taken),
    };
    let mut table = Table::new(["at", "type", "name", "id_number", "taken"]);
    table.row([
        row.at.to_string(),
        row.certificate_type
            .map_or_else(String::new, |kind| kind.to_string()),
        row.name_masked.clone(),
        row.id_number_masked.clone(),
        taken,
    ]);
    screen.line("\nsubmitted")?;
    table.print(screen)?;
    Ok(())
}

fn attempts(rows: &[AttemptReport], screen: &mut Screen<'_>) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<f64>| {
        number.map_or_else(String::new, |number| {
            ((number * 100.0).round() / 100.0).to_string()
        })
    };
    let mut table = Table::new([
        "attempt",
        "verified_at",
        "passed",
        "code",
        "message",
        "name",
        "id_number",
        "score",
        "threshold",
        "liveness",
        "risk",
        "charge",
    ]);
    for row in rows {
        table.row([
            row.attempt_no.to_string(),
            instant(row.verified_at),
            yes(row.passed),
            text(&row.code),
            text(&row.message),
            text(&row.name_masked),
            text(&row.id_number_masked),
            number(row.score),
            number(row.threshold),
            number(row.liveness_score),
            [text(&row.risk_level), text(&row.risk_tag)]
                .join(" ")
                .trim()
                .to_owned(),
            if row.charged == Some(true) {
                row.charge_type.clone().unwrap_or_else(|| "yes".to_owned())
            } else {
                yes(row.charged)
            },
        ]);
    }
    screen.line(format!(
        "\n{}",
        counted(i64::try_from(rows.len()).unwrap_or(i64::MAX), "attempt")
    ))?;
    table.print(screen)?;
    Ok(())
}

fn media(whole: &Whole, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if whole.media.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        "attempt",
        "kind",
        "position",
        "state",
        "size",
        "captured_at",
        "sha256",
        "lost_reason",
    ]);
    for row in &whole.media {
        table.row([
            row.attempt_no.to_string(),
            row.kind.clone(),
            row.position.to_string(),
            row.state.clone(),
            row.bytes.map_or_else(String::new, size),
            instant(row.captured_at),
            row.sha256.as_ref().map_or_else(String::new, short),
            row.lost_reason.clone().unwrap_or_default(),
        ]);
    }
    screen.line("\nmedia")?;
    table.print(screen)?;
    Ok(())
}

fn answers(whole: &Whole, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if whole.answers.is_empty() {
        let calls = whole.calls_made();
        screen.line(format!("\nno answer kept; {} made", counted(calls, "call")))?;
        return Ok(());
    }
    let mut table = Table::new([
        "endpoint",
        "fetched_at",
        "http",
        "success",
        "code",
        "size",
        "sha256",
    ]);
    for row in &whole.answers {
        table.row([
            row.endpoint.clone(),
            row.fetched_at.to_string(),
            row.http_status.to_string(),
            yes(row.success),
            row.code.clone().unwrap_or_default(),
            size(row.bytes),
            short(&row.sha256),
        ]);
    }
    let calls = whole.calls_made();
    screen.line(format!(
        "\nanswers kept, of {} made",
        counted(calls, "call")
    ))?;
    table.print(screen)?;
    Ok(())
}

fn events(rows: &[EventReport], screen: &mut Screen<'_>) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["at", "who", "what", "detail"]);
    for row in rows {
        table.row([
            row.at.to_string(),
            row.actor.clone(),
            row.what.clone(),
            row.detail.clone(),
        ]);
    }
    screen.line("\nevents")?;
    table.print(screen)?;
    Ok(())
}

fn accesses(rows: &[AccessReport], screen: &mut Screen<'_>) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["at", "who", "via", "what", "purpose"]);
    for row in rows {
        table.row([
            row.at.to_string(),
            row.who.clone(),
            row.via.clone(),
            row.what.clone(),
            row.purpose.clone().unwrap_or_default(),
        ]);
    }
    screen.line("\nlooked at")?;
    table.print(screen)?;
    Ok(())
}

/// Enough of a digest to tell one from another; --json shows it whole.
fn instant(at: Option<Time>) -> String {
    at.map(Time::rfc3339).unwrap_or_default()
}

fn short(digest: &Sha256) -> String {
    format!("{digest:.16}")
}
