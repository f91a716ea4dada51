//! `status`: what is tracked, what is late, what fails and why, how much time is left.

mod alarms;
pub(super) mod beside;
mod figures;
mod watch;

use clap::Args;

use super::{
    open::{Access, at_desk, at_home, load},
    people::{count, size},
    place::Place,
    report::{Code, Failure},
    screen::Screen,
    table::Table,
};
use crate::{
    config::{Config, Source},
    desk::Desk,
    domain::{
        media::MediaState,
        time::{Span, Time},
        token::State,
    },
    store::reports::Status as Figures,
};
use beside::Beside;
use figures::{Sums, document};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep status
  verikeep status --watch                           # until nothing is open any more, or Ctrl-C
  verikeep status --json | jq .lost
Ends with 1 while something was lost or an alarm is open that nobody has acknowledged (`verikeep losses`, `verikeep alarms`), when the daemon of this machine is not ready, when room is short, or when work waits and
no daemon answers on http.ops_listen, else http.listen; with 4 when the database cannot be reached. Needs no more than to read the database.";

/// Show counts by state, the time left, what is late, and open alarms.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Status {
    /// Look again and again, with a progress bar, until nothing is open any more.
    #[arg(long)]
    pub watch: bool,
    /// How long to wait between two looks.
    #[arg(long, value_name = "SPAN", value_parser = Span::parse, default_value = "2s", requires = "watch")]
    pub every: Span,
    /// One JSON document; with --watch a line of NDJSON for each look.
    #[arg(long)]
    pub json: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// Shows it, and without the database what is known beside it.
///
/// # Errors
/// When the database, or the daemon that is asked, cannot be reached.
pub(super) async fn at(
    args: &Status,
    source: &Source,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if args.place.url.is_some() {
        let look = async |desk: &dyn Desk| run(args, None, desk, screen).await;
        return at_desk(&args.place, source, Access::Read, look).await;
    }
    let config = load(source)?;
    let look = async |desk: &dyn Desk| run(args, Some(&config), desk, screen).await;
    let outcome = at_home(&config, Access::Read, look).await;
    // The daemon knows its alarms by heart.
    if let Err(failure @ Failure::Told { what, .. }) = &outcome
        && what == "database"
    {
        without_database(args, failure, &beside::look(&config).await, screen)?;
    }
    outcome
}

/// What stands beside the figures here; nothing of another host.
async fn beside_of(config: Option<&Config>) -> Beside {
    match config {
        Some(config) => beside::look(config).await,
        None => Beside::default(),
    }
}

pub(super) async fn run(
    args: &Status,
    config: Option<&Config>,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if args.watch {
        return watch::run(args, config, desk, screen).await;
    }
    let figures = desk.status().await?;
    let beside = beside_of(config).await;
    tell(args, &figures, &beside, desk.now(), screen)
}

/// Tells what was found.
pub(super) fn tell(
    args: &Status,
    figures: &Figures,
    beside: &Beside,
    now: Time,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if args.json {
        screen.document(&document(figures, beside, now)?)?
    } else {
        print(figures, beside, now, screen)?
    }
    Ok(Sums::of(figures, beside, now).code())
}

/// What can be told when the database cannot: what the daemon says from memory, and how much room
/// there is.
///
/// # Errors
/// When the stream fails.
pub(super) fn without_database(
    args: &Status,
    away: &Failure,
    beside: &Beside,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let wrong = alarms::all(None, beside, None);
    if args.json {
        let why = if let Failure::Told { why, .. } = away {
            why.as_str()
        } else {
            ""
        };
        let alarms = serde_json::to_value(wrong).map_err(std::io::Error::from)?;
        let mut document =
            serde_json::json!({ "database": { "ok": false, "error": why }, "alarms": alarms });
        if let (serde_json::Value::Object(fields), serde_json::Value::Object(more)) =
            (&mut document, alarms::beside_document(beside))
        {
            fields.extend(more);
        }
        screen.document(&document)?;
        return Ok(());
    }
    alarms::print_beside(beside, &wrong, screen)?;
    if !wrong.is_empty() {
        alarms::print(&wrong, screen)?;
    }
    Ok(())
}

fn print(
    figures: &Figures,
    beside: &Beside,
    now: Time,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    states(figures, screen)?;
    never_seen(figures, screen)?;
    media(figures, screen)?;
    time_left(figures, now, screen)?;
    if !figures.quota_use.is_empty() {
        let mut table = Table::new([
            "quota use, last minute",
            "endpoint",
            "calls",
            "a second",
            "too fast",
        ]);
        for row in &figures.quota_use {
            let tenths = row.calls * 10 / 60;
            table.row([
                row.app.clone(),
                row.endpoint.clone(),
                count(row.calls),
                format!("{}.{}", tenths / 10, tenths % 10),
                count(row.too_fast),
            ]);
        }
        screen.line("")?;
        table.print(screen)?;
    }
    if !figures.errors.is_empty() {
        let mut table = Table::new(["what fails at present", "verifications"]);
        for (error, number) in &figures.errors {
            table.row([error.clone(), count(*number)]);
        }
        screen.line("")?;
        table.print(screen)?;
    }
    reconciled(figures, now, screen)?;
    replicas(figures, now, screen)?;
    let wrong = alarms::all(Some(figures), beside, Some(now));
    alarms::print_beside(beside, &wrong, screen)?;
    alarms::print(&wrong, screen)
}

fn replicas(figures: &Figures, now: Time, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if figures.replicas.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["daemons", "seen", "clock against the provider's"]);
    for one in &figures.replicas {
        let apart = one.clock_skew_ms.map_or_else(
            || "not known yet".to_owned(),
            |ms| match Span(ms.saturating_abs()) {
                apart if apart < Span::seconds(2) => "right".to_owned(),
                apart if ms < 0 => format!("{apart} behind"),
                apart => format!("{apart} ahead"),
            },
        );
        let seen = format!("{} ago", now.since(one.seen_at).max(Span(0)));
        table.row([one.instance.clone(), seen, apart]);
    }
    screen.line("")?;
    table.print(screen)?;
    Ok(())
}

fn reconciled(figures: &Figures, now: Time, screen: &mut Screen<'_>) -> Result<(), Failure> {
    for found in &figures.reconciled {
        let name = if found.name.is_empty() {
            String::new()
        } else {
            format!("{}: ", found.name)
        };
        screen.line(format!(
        "{name}last reconciled {} ago ({}): {}, {} never tracked ({} tracked then), {} lost, {} rejected, {} in conflict, {} wrong",
        now.since(found.at),
        found.at,
        super::people::counted(found.lines, "line"),
        count(found.untracked),
        count(found.tracked),
        count(found.lost),
        count(found.rejected),
        count(found.conflict),
        count(found.wrong)
    ))?;
    }
    Ok(())
}

fn states(figures: &Figures, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if figures.states.is_empty() {
        screen.line("nothing is tracked yet; `verikeep track` tells of tokens")?;
        return Ok(());
    }
    let mut apps: Vec<&str> = figures.states.iter().map(|row| row.app.as_str()).collect();
    apps.sort_unstable();
    apps.dedup();
    let number = |app: Option<&str>, state: State| -> i64 {
        figures
            .states
            .iter()
            .filter(|row| row.state == state.name() && app.is_none_or(|app| row.app == app))
            .map(|row| row.count)
            .sum()
    };
    let mut table = Table::new(std::iter::once("app").chain(State::ALL.map(State::name)));
    let several = (apps.len() > 1).then_some(None);
    for app in apps.into_iter().map(Some).chain(several) {
        let counts = State::ALL.map(|state| count(number(app, state)));
        table.row(std::iter::once(app.unwrap_or("all").to_owned()).chain(counts));
    }
    table.print(screen)?;
    Ok(())
}

fn never_seen(figures: &Figures, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut rows = (figures.settled_last_day.iter())
        .filter(|row| row.never_seen > 0)
        .peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut table = Table::new(["settled, last day", "all", "never seen to exist", "share"]);
    for row in rows {
        table.row([
            row.app.clone(),
            count(row.settled),
            count(row.never_seen),
            format!("{} %", row.percent()),
        ]);
    }
    screen.line("")?;
    table.print(screen)?;
    Ok(())
}

fn media(figures: &Figures, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if figures.media.is_empty() && figures.answers == 0 {
        return Ok(());
    }
    let mut table = Table::new(["kept", "stored", "wanted", "lost", "size"]);
    for kind in crate::domain::media::Kind::ALL {
        let rows = || figures.media.iter().filter(|row| row.kind == kind.name());
        let number = |state: MediaState| {
            count(
                rows()
                    .filter(|row| row.state == state.name())
                    .map(|row| row.count)
                    .sum(),
            )
        };
        if rows().next().is_some() {
            table.row([
                kind.name().to_owned(),
                number(MediaState::Stored),
                number(MediaState::Wanted),
                number(MediaState::Lost),
                size(rows().map(|row| row.bytes).sum()),
            ]);
        }
    }
    table.row([
        "answers".to_owned(),
        count(figures.answers),
        String::new(),
        String::new(),
        size(figures.answer_bytes),
    ]);
    screen.line("")?;
    table.print(screen)?;
    Ok(())
}

fn time_left(figures: &Figures, now: Time, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line("")?;
    if let Some(deadline) = figures.next_deadline {
        let left = deadline.since(now);
        let text = if left.0 < 0 {
            format!("over since {} ({deadline})", Span(-left.0))
        } else {
            format!("{left} ({deadline})")
        };
        screen.line(format!(
            "time left until the provider forgets something: {text}"
        ))?;
    }
    let mut due = format!(
        "due now: {}, {}",
        super::people::counted(figures.polls_due, "poll"),
        super::people::counted(figures.downloads_due, "download")
    );
    if let Some(oldest) = figures.oldest_due.filter(|oldest| *oldest < now) {
        due.push_str(&format!("; the oldest waits for {}", now.since(oldest)));
    }
    screen.line(due)?;
    if figures.poisoned > 0 {
        screen.line(format!(
            "dying again and again: {}",
            super::people::counted(figures.poisoned, "row")
        ))?;
    }
    if let Some(least) = figures.least_left_ms {
        screen.line(format!(
            "least time that was left at a capture: {}",
            Span(least)
        ))?;
    }
    Ok(())
}
