//! `status --watch`: looks again and again until nothing is open.

use super::{
    super::{
        people::count,
        report::{Code, Failure},
        screen::Screen,
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
    domain::time::{Clock as _, Span, Time},
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
                let (now, beside) = (desk.now(), beside_of(config).await);
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
                screen.note(format!(
                    "the database is not available: {why}; looking again"
                ))?;
                if waited(args).await {
                    return Ok(Code::Unreachable);
                }
            }
            Err(desk::Error::Remote(RemoteError::Away(why))) => {
                screen.note(format!("the daemon is away: {why}; looking again"))?;
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
        screen.ndjson(&document(figures, beside, now)?)?;
    } else if screen.terminal {
        // Clears the screen and goes to its top left.
        screen.line(format!(
            "\u{1b}[2J\u{1b}[H{}\n{}\n",
            now.rfc3339(),
            bar(sums)
        ))?;
        print(figures, beside, now, screen)?;
    } else {
        let left = figures.next_deadline.map_or_else(String::new, |deadline| {
            format!(", {} left", deadline.since(now))
        });
        let line = format!(
            "{} of {} settled, {} lost, {} open{left}",
            count(sums.settled),
            count(sums.all),
            count(sums.lost),
            super::super::people::counted(alarms(figures, beside, now), "alarm")
        );
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
    i64::try_from(alarms::all(Some(figures), beside, Some(now)).len()).unwrap_or(i64::MAX)
}

/// `[=====>    ]  512 of 1,000 settled`
fn bar(sums: Sums) -> String {
    let full = if sums.all > 0 {
        usize::try_from(sums.settled * BAR / sums.all).unwrap_or(0)
    } else {
        0
    };
    let empty = usize::try_from(BAR).unwrap_or(0).saturating_sub(full);
    format!(
        "[{}{}] {} of {} settled, {} lost",
        "=".repeat(full),
        " ".repeat(empty),
        count(sums.settled),
        count(sums.all),
        count(sums.lost)
    )
}
