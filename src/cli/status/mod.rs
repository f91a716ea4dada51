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
    words::{self, counted_in},
};
use crate::{
    config::{Config, Source},
    desk::{Desk, Local},
    domain::{
        language::{Language, Words},
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
    let look = async |desk: &Local| run(args, Some(&config), desk, screen).await;
    let outcome = at_home(&config, Access::Read, look).await;
    // The daemon knows its alarms by heart.
    if let Err(failure @ Failure::Told { what, .. }) = &outcome
        && what == "database"
    {
        let beside = beside::look(&config, screen.language).await;
        without_database(args, failure, &beside, screen)?;
    }
    outcome
}

/// What stands beside the figures here; nothing of another host.
async fn beside_of(config: Option<&Config>, language: Language) -> Beside {
    match config {
        Some(config) => beside::look(config, language).await,
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
    let beside = beside_of(config, screen.language).await;
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
        screen.document(&document(figures, beside, now, screen.language)?)?
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
    let wrong = alarms::all(None, beside, None, screen.language);
    if args.json {
        let why = match away {
            Failure::Told { why, .. } => why.as_str(),
            _ => "",
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
        let mut table = headed(
            [
                words::QUOTA_USE,
                words::ENDPOINT,
                words::CALLS,
                words::A_SECOND,
                words::TOO_FAST,
            ],
            screen,
        );
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
        let mut table = headed([words::FAILS, words::VERIFICATIONS], screen);
        for (error, number) in &figures.errors {
            table.row([error.clone(), count(*number)]);
        }
        screen.line("")?;
        table.print(screen)?;
    }
    reconciled(figures, now, screen)?;
    replicas(figures, now, screen)?;
    let wrong = alarms::all(Some(figures), beside, Some(now), screen.language);
    alarms::print_beside(beside, &wrong, screen)?;
    alarms::print(&wrong, screen)
}

fn replicas(figures: &Figures, now: Time, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if figures.replicas.is_empty() {
        return Ok(());
    }
    let mut table = headed([words::DAEMONS, words::SEEN, words::CLOCK], screen);
    let language = screen.language;
    for one in &figures.replicas {
        let apart = one.clock_skew_ms.map_or_else(
            || words::UNKNOWN_YET.in_(language).to_owned(),
            |ms| {
                let apart = Span(ms.saturating_abs());
                let words = match apart {
                    apart if apart < Span::seconds(2) => words::CLOCK_RIGHT,
                    _ if ms < 0 => words::BEHIND,
                    _ => words::AHEAD,
                };
                words.filled(language, &[&apart.to_string()])
            },
        );
        let seen = now.since(one.seen_at).max(Span(0)).to_string();
        let seen = words::AGO.filled(language, &[&seen]);
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
        let language = screen.language;
        let since = now.since(found.at).to_string();
        let lines = counted_in(found.lines, words::LINE, language);
        let mut values = vec![name, since, found.at.to_string(), lines];
        let counts = [
            found.untracked,
            found.tracked,
            found.lost,
            found.rejected,
            found.conflict,
            found.wrong,
        ];
        values.extend(counts.map(count));
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        screen.line(words::RECONCILED.filled(language, &values))?;
    }
    Ok(())
}

fn states(figures: &Figures, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if figures.states.is_empty() {
        screen.line(words::NOTHING_TRACKED.in_(screen.language))?;
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
    let mut table = Table::new(
        std::iter::once(words::APP.in_(screen.language)).chain(State::ALL.map(State::name)),
    );
    let all = words::ALL_APPS.in_(screen.language);
    let several = (apps.len() > 1).then_some(None);
    for app in apps.into_iter().map(Some).chain(several) {
        let counts = State::ALL.map(|state| count(number(app, state)));
        table.row(std::iter::once(app.unwrap_or(all).to_owned()).chain(counts));
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
    let mut table = headed(
        [
            words::SETTLED_LAST_DAY,
            words::SETTLED_ALL,
            words::NEVER_SEEN,
            words::SHARE,
        ],
        screen,
    );
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
    let mut table = headed(
        [
            words::KEPT,
            words::STORED,
            words::WANTED,
            words::LOST,
            words::SIZE,
        ],
        screen,
    );
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
        words::ANSWERS.in_(screen.language).to_owned(),
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
    let language = screen.language;
    screen.line("")?;
    if let Some(deadline) = figures.next_deadline {
        let left = deadline.since(now);
        let words = if left.0 < 0 {
            words::OVER_SINCE
        } else {
            words::LEFT_UNTIL
        };
        let span = Span(left.0.saturating_abs()).to_string();
        let text = words.filled(language, &[&span, &deadline.to_string()]);
        screen.line(words::TIME_LEFT.filled(language, &[&text]))?;
    }
    let polls = counted_in(figures.polls_due, words::POLL, language);
    let downloads = counted_in(figures.downloads_due, words::DOWNLOAD, language);
    let mut due = words::DUE.filled(language, &[&polls, &downloads]);
    if let Some(oldest) = figures.oldest_due.filter(|oldest| *oldest < now) {
        let waits = now.since(oldest).to_string();
        due.push_str(&words::OLDEST_WAITS.filled(language, &[&waits]));
    }
    screen.line(due)?;
    if figures.poisoned > 0 {
        let rows = counted_in(figures.poisoned, words::ROW, language);
        screen.line(words::DYING.filled(language, &[&rows]))?;
    }
    if let Some(least) = figures.least_left_ms {
        screen.line(words::LEAST_LEFT.filled(language, &[&Span(least).to_string()]))?;
    }
    Ok(())
}

/// A table under a heading in the language of the screen.
fn headed<const N: usize>(heading: [Words; N], screen: &Screen<'_>) -> Table {
    Table::new(heading.map(|words| words.in_(screen.language)))
}
