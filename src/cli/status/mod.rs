//! `status`: what is tracked, what is late, what fails and why, how much time is left.

mod figures;
mod watch;

use clap::Args;

use super::{
    people::{count, size},
    report::{Code, Failure},
    screen::Screen,
    table::{Table, harmless},
};
use crate::{
    domain::{
        media::MediaState,
        time::{Span, Time},
        token::State,
    },
    store::{Store, reports::Status as Figures},
};
use figures::{Sums, document};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep status
  verikeep status --watch                           # until nothing is open any more, or Ctrl-C
  verikeep status --json | jq .lost
Ends with 1 when something was lost or an alarm is open.";

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
}

/// Shows it.
///
/// # Errors
/// When the database cannot be reached.
pub async fn run(args: &Status, store: &dyn Store, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    if args.watch {
        return watch::run(args, store, screen).await;
    }
    let now = store.ping().await?;
    let figures = store.status(now).await?;
    let sums = Sums::of(&figures);
    if args.json {
        screen.document(&document(&figures, now)?)?
    } else {
        print(&figures, now, screen)?
    }
    Ok(sums.code())
}

fn print(figures: &Figures, now: Time, screen: &mut Screen<'_>) -> Result<(), Failure> {
    states(figures, screen)?;
    media(figures, screen)?;
    time_left(figures, now, screen)?;
    if !figures.quota_use.is_empty() {
        let mut table = Table::new(["quota use, last minute", "endpoint", "calls", "a second", "too fast"]);
        for row in &figures.quota_use {
            let tenths = row.calls * 10 / 60;
            table.row([row.app.clone(), row.endpoint.clone(), count(row.calls), format!("{}.{}", tenths / 10, tenths % 10), count(row.too_fast)]);
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
    alarms(figures, screen)
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
        figures.states.iter().filter(|row| row.state == state.name() && app.is_none_or(|app| row.app == app)).map(|row| row.count).sum()
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

fn media(figures: &Figures, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if figures.media.is_empty() && figures.answers == 0 {
        return Ok(());
    }
    let mut table = Table::new(["kept", "stored", "wanted", "lost", "size"]);
    for kind in crate::domain::media::Kind::ALL {
        let rows = || figures.media.iter().filter(|row| row.kind == kind.name());
        let number = |state: MediaState| count(rows().filter(|row| row.state == state.name()).map(|row| row.count).sum());
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
    table.row(["answers".to_owned(), count(figures.answers), String::new(), String::new(), size(figures.answer_bytes)]);
    screen.line("")?;
    table.print(screen)?;
    Ok(())
}

fn time_left(figures: &Figures, now: Time, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line("")?;
    if let Some(deadline) = figures.next_deadline {
        let left = deadline.since(now);
        let text = if left.0 < 0 { format!("over since {} ({deadline})", Span(-left.0)) } else { format!("{left} ({deadline})") };
        screen.line(format!("time left until the provider forgets something: {text}"))?;
    }
    let mut due = format!("due now: {}, {}", super::people::counted(figures.polls_due, "poll"), super::people::counted(figures.downloads_due, "download"));
    if let Some(oldest) = figures.oldest_due.filter(|oldest| *oldest < now) {
        due.push_str(&format!("; the oldest waits for {}", now.since(oldest)));
    }
    screen.line(due)?;
    if figures.poisoned > 0 {
        screen.line(format!("dying again and again: {}", super::people::counted(figures.poisoned, "row")))?;
    }
    if let Some(least) = figures.least_left_ms {
        screen.line(format!("least time that was left at a capture: {}", Span(least)))?;
    }
    Ok(())
}

fn alarms(figures: &Figures, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let number = i64::try_from(figures.alarms.len()).unwrap_or(i64::MAX);
    if number == 0 {
        screen.line("no alarm is open")?;
        return Ok(());
    }
    screen.line(format!("\n{} open", super::people::counted(number, "alarm")))?;
    for alarm in &figures.alarms {
        let times = if alarm.times > 1 { format!(", {} times", count(alarm.times)) } else { String::new() };
        screen.line(harmless(&format!("  {} of {}, since {}{times}", alarm.kind, alarm.subject, alarm.since)))?;
        screen.line(harmless(&format!("    {}", alarm.text)))?;
    }
    Ok(())
}
