//! `status --watch`: looks again and again until nothing is open.

use super::{
    super::{
        people::count,
        report::{Code, Failure},
        screen::Screen,
        words::{self, counted_in},
    },
    Status, alarms,
    beside::Beside,
    beside_of,
    figures::{Sums, document},
    print,
};
use crate::{
    config::Config,
    desk::{self, Desk, RemoteError},
    domain::{
        language::Language,
        time::{Clock as _, Span, Time},
    },
    store::{StoreError, reports::Status as Figures},
    worker::clock::SystemClock,
};

/// Width of the bar, in letters.
const BAR: i64 = 40;

pub(super) async fn run(
    args: &Status,
    config: Option<&Config>,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let mut told = String::new();
    loop {
        match desk.status().await {
            Ok(figures) => {
                let beside = beside_of(config, screen.language).await;
                let now = desk.now();
                let sums = Sums::of(&figures, &beside, now);
                show(args, (&figures, &beside), now, sums, &mut told, screen)?;
                if sums.open() == 0 {
                    return Ok(sums.code());
                }
                if waited(args).await {
                    return Ok(sums.code());
                }
            }
            // A database that is away for a moment is what one watches for.
            Err(desk::Error::Store(StoreError::Unavailable(why))) => {
                screen.note(words::DATABASE_AWAY.filled(screen.language, &[&why.to_string()]))?;
                if waited(args).await {
                    return Ok(Code::Unreachable);
                }
            }
            Err(desk::Error::Remote(RemoteError::Away(why))) => {
                screen.note(words::DAEMON_AWAY.filled(screen.language, &[&why.to_string()]))?;
                if waited(args).await {
                    return Ok(Code::Unreachable);
                }
            }
            Err(other) => return Err(other.into()),
        }
        screen.flush()?;
    }
}

/// True when the person has had enough.
async fn waited(args: &Status) -> bool {
    // Who has had enough before another look.
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => true,
        () = SystemClock.sleep(args.every.max(Span::millis(100))) => false,
    }
}

fn show(
    args: &Status,
    (figures, beside): (&Figures, &Beside),
    now: Time,
    sums: Sums,
    told: &mut String,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if args.json {
        screen.ndjson(&document(figures, beside, now, screen.language)?)?;
    } else if screen.terminal {
        // Clears the screen and goes to its top left.
        screen.line(format!(
            "\u{1b}[2J\u{1b}[H{}\n{}\n",
            now.rfc3339(),
            bar(sums, screen.language)
        ))?;
        print(figures, beside, now, screen)?;
    } else {
        let language = screen.language;
        let alarms_open = counted_in(alarms(figures, beside, now), words::ALARM, language);
        let mut line = progress(sums, language);
        line.push_str(&words::PROGRESS_ALARMS.filled(language, &[&alarms_open]));
        if let Some(deadline) = figures.next_deadline {
            let left = deadline.since(now).to_string();
            line.push_str(&words::PROGRESS_LEFT.filled(language, &[&left]));
        }
        // A pipe gets a line when something has changed, not each time.
        let key = format!(
            "{} {} {} {}",
            sums.settled,
            sums.all,
            sums.lost,
            alarms(figures, beside, now)
        );
        if *told != key {
            screen.line(format!("{} {line}", now.rfc3339()))?;
            *told = key;
        }
    }
    screen.flush()?;
    Ok(())
}

fn alarms(figures: &Figures, beside: &Beside, now: Time) -> i64 {
    let all = alarms::all(Some(figures), beside, Some(now), Language::default());
    i64::try_from(all.len()).unwrap_or(i64::MAX)
}

fn progress(sums: Sums, language: Language) -> String {
    let counts = [sums.settled, sums.all, sums.lost].map(count);
    words::PROGRESS.filled(language, &counts.each_ref().map(String::as_str))
}

/// `[=====>    ]  512 of 1,000 settled`
fn bar(sums: Sums, language: Language) -> String {
    let full = if sums.all > 0 {
        usize::try_from(sums.settled * BAR / sums.all).unwrap_or(0)
    } else {
        0
    };
    let empty = usize::try_from(BAR).unwrap_or(0).saturating_sub(full);
    format!(
        "[{}{}] {}",
        "=".repeat(full),
        " ".repeat(empty),
        progress(sums, language)
    )
}
