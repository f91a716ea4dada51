//! `reconcile`: compares the business's own list of issued tokens with what is tracked.

pub(super) mod bill;
mod sums;
mod unlisted;
mod verdict;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::civil::Date;

use super::{
    actor::actor,
    people::{count, counted},
    place::Place,
    progress::Progress,
    report::{Code, Failure},
    screen::Screen,
    track::{CHUNK, app_named, input},
};
use crate::{
    desk::{
        Compared, Desk,
        compare::{Verdict, add, nothing},
    },
    domain::{
        listed::{Alias, Named, Zone, bill::read_month},
        time::Time,
        token::{TrackRequest, check_name, token_end},
    },
    store::reports::{Reconciliation, Summary},
};
use unlisted::Listed;
use verdict::{Line, is_finding, named};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep reconcile issued.csv                     # verify_token,app,issued_at,plan_id,reference, as for `track`
  verikeep reconcile issued.csv --track             # and track those that never were
  verikeep reconcile issued.csv --name daily        # its counts stay beside those of other lists
  verikeep list --json | verikeep reconcile -       # what was exported is all known
  psql -Atc 'select verify_token from …' | verikeep reconcile - --app h5 --unlisted
  verikeep reconcile issued.ndjson --json | jq 'select(.verdict == \"lost\")'
  verikeep reconcile orders.csv --map order_no=reference,token=verify_token --time-zone +08:00
  verikeep reconcile --bill bill.csv --month 2026-11 # charge_type,charged, and day or month (app where it has one)
  verikeep reconcile --bill bill.csv --map 计费项=charge_type,用量=charged,日期=day --csv

Lists are read as for `verikeep track --file`. A line each for what needs a look: tokens never tracked, lost, rejected, or tracked with other facts, and lines that cannot be read. The counts of
the last comparison of each list (--name) stand in `verikeep status` and in /metrics. A time of issue conflicts from five minutes on.
Ends with 1 when there is such a line, also when --track has just tracked it; what is tracked beyond the list (--unlisted) is no finding.

A bill is any CSV or NDJSON with a count of charges a line, its columns named so or by --map: charge_type (verify, match, live, ocr, or the interface as the provider's document has it: 人脸实名认证V4,
人脸对比V4, 身份证识别; of ocr pieces are counted), charged, day (2026-11-24) or month (2026-11), and app. Days are those of Beijing. Shown are the counts of each month by type, and the days that
differ where the bill has days; the charges of tokens that are open or lost are not all known, and how many there are is said below. Ends with 1 when a count differs or a line cannot be read.";

/// Compare the business's own list of issued tokens with what is tracked.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Reconcile {
    /// The list, NDJSON, CSV or tokens, one a line; `-` reads standard input.
    #[arg(value_name = "FILE", required_unless_present = "bill")]
    pub file: Option<PathBuf>,
    /// A bill instead of a list, CSV or NDJSON with charge_type, charged, and day or month: its
    /// counts are compared with the charges that were archived. `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "track", "unlisted", "name", "time_zone"])]
    pub bill: Option<PathBuf>,
    /// Only this month of the bill (2026-11), and the month of lines that name none.
    #[arg(long, value_name = "MONTH", value_parser = read_month, requires = "bill", conflicts_with = "file")]
    pub month: Option<Date>,
    /// The counts of the bill and of the archive as CSV.
    #[arg(long, requires = "bill", conflicts_with_all = ["file", "json"])]
    pub csv: bool,
    /// Read a column or field of another name as one of ours.
    #[arg(long, value_name = "NAME=FIELD", value_delimiter = ',')]
    pub map: Vec<String>,
    /// The time zone of times that do not tell their offset: Asia/Shanghai, +08:00.
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse, allow_hyphen_values = true)]
    pub time_zone: Option<Zone>,
    /// The configured app that generated them; may be left out when there is only one, or when each
    /// line says it.
    #[arg(long)]
    pub app: Option<String>,
    /// Track those that never were.
    #[arg(long)]
    pub track: bool,
    /// Also tell of what is tracked in the period of the list and not in it.
    #[arg(long)]
    pub unlisted: bool,
    /// When the period begins (RFC 3339); else with the first time of issue in the list.
    #[arg(long, value_name = "TIME", value_parser = Time::parse, requires = "unlisted")]
    pub since: Option<Time>,
    /// When the period ends (RFC 3339); else with the last time of issue in the list.
    #[arg(long, value_name = "TIME", value_parser = Time::parse, requires = "unlisted")]
    pub until: Option<Time>,
    /// The name of the list: its counts are kept beside those of other lists, and replace only those
    /// of an earlier one of that name.
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: Option<String>,
    /// A line of NDJSON for each line of the list, or for each count of the bill.
    #[arg(long)]
    pub json: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// The names that columns of a list or of a bill have instead of ours.
fn aliases<F: Named>(told: &[String]) -> Result<Vec<Alias<F>>, Failure> {
    let parsed: Result<_, String> = told.iter().map(|text| Alias::parse(text)).collect();
    parsed.map_err(|why| Failure::usage("--map", why, "`verikeep reconcile --help` shows examples"))
}

fn name(text: &str) -> Result<String, String> {
    check_name("a list", text).map(|()| text.to_owned())
}

/// Compares, tracks what is asked for, and remembers what was found.
///
/// # Errors
/// When the list cannot be read, the app is unknown, or the database cannot be reached; what was
/// tracked until then stays tracked.
pub(super) async fn run(
    args: &Reconcile,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if args.unlisted {
        let why = "verify_tokens are not told over the network, so that nobody can say which are missing in the list";
        args.place.must_be_here("--unlisted", why)?;
    }
    let apps = desk.apps().await?;
    let app = app_named(args.app.as_ref(), &apps, false)?;
    let tracked_by = format!("{} (reconcile)", actor());
    let defaults = input::Defaults {
        app,
        apps,
        tracked_by,
        reading: input::Reading {
            map: aliases(&args.map)?,
            time_zone: args.time_zone.clone(),
        },
        ..input::Defaults::default()
    };
    let mut run = Run {
        args,
        desk,
        screen,
        sums: nothing(desk.now(), actor(), args.name.clone().unwrap_or_default()),
        listed: args.unlisted.then(Listed::default),
    };
    let file = args.file.as_deref().unwrap_or(Path::new("-"));
    if file == Path::new("-") {
        run.list(io::stdin().lock(), None, "standard input", defaults)
            .await?;
    } else {
        let named = file.display().to_string();
        let opened = File::open(file).map_err(|error| {
            Failure::usage(&named, error.to_string(), "check the name of the list")
        })?;
        let length = opened
            .metadata()
            .ok()
            .map(|facts| facts.len())
            .filter(|length| *length > 0);
        run.list(
            BufReader::with_capacity(256 * 1024, opened),
            length,
            &named,
            defaults,
        )
        .await?;
    }
    run.unlisted().await?;
    run.end().await
}

struct Run<'r, 'w> {
    args: &'r Reconcile,
    desk: &'r dyn Desk,
    screen: &'r mut Screen<'w>,
    sums: Reconciliation,
    listed: Option<Listed>,
}

impl Run<'_, '_> {
    async fn list<R: BufRead>(
        &mut self,
        input: R,
        length: Option<u64>,
        named: &str,
        defaults: input::Defaults,
    ) -> Result<(), Failure> {
        let mut lines = input::open(input, defaults).map_err(|why| {
            Failure::usage(named, why, "`verikeep reconcile --help` shows examples")
        })?;
        let mut progress = Progress::new("comparing", length, self.screen);
        let mut chunk = Vec::with_capacity(CHUNK);
        while let Some(line) = lines.next() {
            for note in lines.notes() {
                progress.note(&note, self.screen)?;
            }
            match line {
                Ok(told) => chunk.push(told),
                Err((number, why)) => {
                    self.tell(&Line::of(number, Compared::wrong(why)), &progress)?
                }
            }
            if chunk.len() >= CHUNK {
                self.compare(&mut chunk, &progress).await?;
                progress.at(lines.bytes(), counted(self.sums.lines, "line"), self.screen);
            }
        }
        self.compare(&mut chunk, &progress).await?;
        progress.end();
        Ok(())
    }

    async fn compare(
        &mut self,
        chunk: &mut Vec<(u64, TrackRequest)>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        if chunk.is_empty() {
            return Ok(());
        }
        let (numbers, told): (Vec<u64>, Vec<TrackRequest>) = chunk.drain(..).unzip();
        let compared = self.desk.compare(&told, self.args.track).await?;
        for ((number, told), compared) in numbers.into_iter().zip(&told).zip(compared) {
            if let Some(listed) = &mut self.listed
                && compared.verdict != Verdict::Wrong
            {
                listed.note(told, compared.issued_at);
            }
            self.tell(&Line::of(number, compared).about(told), progress)?;
        }
        Ok(())
    }

    fn tell(&mut self, line: &Line, progress: &Progress) -> Result<(), Failure> {
        add(&mut self.sums, &line.compared);
        if self.args.json {
            self.screen.ndjson(line)?;
        } else if let Some(text) = line.tell() {
            progress.line(&text, self.screen)?;
        }
        Ok(())
    }

    async fn unlisted(&mut self) -> Result<(), Failure> {
        let Some(listed) = self.listed.take() else {
            return Ok(());
        };
        let Some(period) = listed.period(self.args.since, self.args.until) else {
            let todo = "tell it by --since and --until, or by issued_at in the list";
            return Err(Failure::usage(
                "--unlisted",
                "nothing says which period the list is of",
                todo,
            ));
        };
        let (json, screen) = (self.args.json, &mut *self.screen);
        let told = listed
            .each_unlisted(self.desk, period, |one| tell_unlisted(one, json, screen))
            .await?;
        self.sums.unlisted = Some(told?);
        Ok(())
    }

    /// Remembers what was found and says it in one line.
    async fn end(self) -> Result<Code, Failure> {
        let sums = &self.sums;
        let remembered = self.desk.record(sums).await;
        let tracked = match (sums.tracked, sums.late) {
            (0, _) => String::new(),
            (tracked, 0) => format!(" ({} tracked now)", count(tracked)),
            (tracked, late) => format!(
                " ({} tracked now, {} of them late)",
                count(tracked),
                count(late)
            ),
        };
        let mut text = format!(
            "{}: {} whole, {} open, {} never tracked{tracked}, {} lost, {} rejected, {} in conflict, {} wrong",
            counted(sums.lines, "line"),
            count(sums.whole),
            count(sums.open),
            count(sums.untracked),
            count(sums.lost),
            count(sums.rejected),
            count(sums.conflict),
            count(sums.wrong)
        );
        if let Some(unlisted) = sums.unlisted {
            text.push_str(&format!(
                "; {} tracked and not in the list",
                count(unlisted)
            ));
        }
        // Results are for programs with --json: the sum stands beside them.
        if self.args.json {
            self.screen.note(text)?
        } else {
            self.screen.line(text)?
        }
        if let Err(error) = remembered {
            self.screen.note(format!(
                "warning: what was found could not be remembered for `status` and /metrics: {error}"
            ))?;
        }
        Ok(if is_finding(sums) {
            Code::Finding
        } else {
            Code::Done
        })
    }
}

fn tell_unlisted(one: &Summary, json: bool, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let end = token_end(&one.verify_token);
    if json {
        let (id, app, issued_at, state, reference) = (
            &one.verification_id,
            &one.app,
            one.issued_at.rfc3339(),
            &one.state,
            &one.reference,
        );
        screen.ndjson(
            &serde_json::json!({ "verdict": "unlisted", "verification_id": id, "token_end": end, "app": app, "issued_at": issued_at, "state": state, "reference": reference }),
        )?;
    } else {
        screen.line(format!(
            "not in the list: {}{}, issued {} by app {}, {}",
            one.verification_id,
            named(one.reference.as_deref(), end),
            one.issued_at,
            one.app,
            one.state
        ))?;
    }
    Ok(())
}
