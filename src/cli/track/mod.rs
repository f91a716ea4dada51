//! `track`: tells Verikeep of tokens, by argument, file or pipe.

mod ahead;
pub(super) mod input;
mod lines;
pub(super) mod rows;
mod verdicts;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use clap::Args;
use verdicts::Sums;

use super::{
    actor::actor,
    people::counted,
    place::Place,
    progress::Progress,
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    desk::{self, Desk, Tracked},
    domain::{
        language::Language,
        secret::Secret,
        time::Time,
        token::{TrackRequest, check_name},
    },
};

/// How many lines are tracked at once.
pub(super) const CHUNK: usize = 1000;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep track 8vTkUsEJ… --app h5
  verikeep track 8vTkUsEJ… --app h5 --issued-at 2026-11-23T08:15:01Z --reference order-4711
  verikeep track --file tokens.csv                  # verify_token,app,issued_at,plan_id,reference
  psql -Atc 'select verify_token from …' | verikeep track --app h5 -   # the same as --file -
  verikeep track --file orders.csv --map order_no=reference,token=verify_token --time-zone +08:00

NDJSON has one object a line with the same field names; a list of tokens alone, one a line, needs no names. Columns and fields of other names are left
out. CSV may have commas, semicolons, tabs or | between its columns, in UTF-8 or GB18030 (GBK), with or without a line sep=. Times are RFC 3339, seconds or
milliseconds since 1970, or `2026-11-23 16:15:01` with --time-zone. Tracking again changes nothing: repeat it whenever in doubt. What comes through a pipe is
tracked as it comes: no line waits for longer than a second for others.
Tell the time of issue where you know it: without it a token counts as issued now, and its deadlines as later than they may be.";

/// Track tokens, so that what the provider holds of them is archived.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Track {
    /// The verify_tokens; `-` alone reads standard input.
    #[arg(value_name = "TOKEN", value_parser = super::secret, required_unless_present = "file", conflicts_with = "file")]
    pub tokens: Vec<Secret>,
    /// The configured app that generated them; may be left out when there is only one, or when each
    /// line says it.
    #[arg(long)]
    pub app: Option<String>,
    /// When they were generated (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    pub issued_at: Option<Time>,
    /// The plan they were generated for.
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<String>,
    /// Your own name for them.
    #[arg(long)]
    pub reference: Option<String>,
    /// Read NDJSON, CSV or tokens, one a line, from a file, or from standard input (`-`).
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How the file is read.
    #[command(flatten)]
    pub reading: input::Reading,
    /// A line of NDJSON for each token.
    #[arg(long)]
    pub json: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// Tracks what the arguments name.
///
/// # Errors
/// When the app is unknown, the file cannot be read, or the database cannot be reached; what was
/// tracked until then stays tracked.
pub(super) async fn run(
    args: &Track,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let defaults = defaults(args, desk.apps().await?)?;
    let mut run = Run {
        args,
        desk,
        screen,
        sums: Sums::default(),
        tracked: 0,
    };
    match args.lines() {
        None => run.tokens(&defaults).await?,
        Some(file) if file == Path::new("-") => {
            run.file(|| io::stdin().lock(), None, "standard input", defaults)
                .await?
        }
        Some(file) => {
            let named = file.display().to_string();
            let opened = File::open(file).map_err(|error| {
                Failure::usage(&named, error.to_string(), "check the name given by --file")
            })?;
            let length = opened
                .metadata()
                .ok()
                .map(|facts| facts.len())
                .filter(|length| *length > 0);
            run.file(
                || BufReader::with_capacity(256 * 1024, opened),
                length,
                &named,
                defaults,
            )
            .await?;
        }
    }
    run.summary()
}

impl Track {
    /// The file whose lines are tracked, `-` for standard input; none when the arguments name the
    /// tokens.
    fn lines(&self) -> Option<&Path> {
        match self.tokens.as_slice() {
            [only] if only.reveal() == "-" => Some(Path::new("-")),
            _ => self.file.as_deref(),
        }
    }
}

fn defaults(args: &Track, apps: Vec<String>) -> Result<input::Defaults, Failure> {
    let app = app_named(args.app.as_ref(), &apps, args.lines().is_none())?;
    names_told(args.plan.as_deref(), args.reference.as_deref())?;
    Ok(input::Defaults {
        app,
        issued_at: args.issued_at,
        plan_id: args.plan.clone(),
        reference: args.reference.clone(),
        tracked_by: actor(),
        apps,
        reading: args.reading.clone(),
    })
}

/// The app that `--app` names, or the only one of `apps`. Where there are several and none is named,
/// each line has to name its own; `must` says that there are no lines that could.
///
/// # Errors
/// When no such app is configured.
pub(super) fn app_named(
    app: Option<&String>,
    apps: &[String],
    must: bool,
) -> Result<Option<String>, Failure> {
    Ok(match (app, apps) {
        (Some(app), _) if !apps.contains(app) => {
            return Err(Failure::usage(
                "--app",
                "no app of that name is configured",
                format!("there are: {}", apps.join(", ")),
            ));
        }
        (Some(app), _) => Some(app.clone()),
        (None, [only]) => Some(only.clone()),
        (None, _) if must => {
            return Err(Failure::usage(
                "--app",
                "several apps are configured",
                format!("name one of {}", apps.join(", ")),
            ));
        }
        (None, _) => None,
    })
}

/// Checks the plan and the reference that options tell.
///
/// # Errors
/// When one of them can be neither.
pub(super) fn names_told(plan: Option<&str>, reference: Option<&str>) -> Result<(), Failure> {
    for (option, field, text) in [
        ("--plan", "plan_id", plan),
        ("--reference", "reference", reference),
    ] {
        let checked = text.map_or(Ok(()), |text| check_name(field, text));
        checked.map_err(|why| {
            Failure::usage(
                option,
                why,
                "nothing was done; tell it rightly and run the same command again",
            )
        })?;
    }
    Ok(())
}

struct Run<'r, 'w> {
    args: &'r Track,
    desk: &'r dyn Desk,
    screen: &'r mut Screen<'w>,
    sums: Sums,
    tracked: u64,
}

impl Run<'_, '_> {
    async fn tokens(&mut self, defaults: &input::Defaults) -> Result<(), Failure> {
        let mut chunk = Vec::with_capacity(self.args.tokens.len());
        for (number, token) in (1..).zip(&self.args.tokens) {
            match defaults.told_of(token.reveal()) {
                Ok(told) => chunk.push((number, told)),
                Err(why) => self.wrong(number, &why, None)?,
            }
        }
        self.hand_over(&mut chunk, None).await
    }

    async fn file<R: BufRead>(
        &mut self,
        input: impl FnOnce() -> R + Send + 'static,
        length: Option<u64>,
        named: &str,
        defaults: input::Defaults,
    ) -> Result<(), Failure> {
        let mut input = ahead::read(input, defaults).map_err(|error| {
            Failure::told(
                Code::Finding,
                named,
                error.to_string(),
                "look at the limits of the process",
            )
        })?;
        let mut progress = Progress::new("tracking", length, self.screen);
        let mut seen = 0;
        while let Some(together) = input
            .next()
            .await
            .map_err(|why| Failure::usage(named, why, "`verikeep track --help` shows examples"))?
        {
            for note in &together.notes {
                progress.note(note, self.screen)?;
            }
            let mut chunk = Vec::with_capacity(together.lines.len());
            for line in together.lines {
                seen += 1;
                match line {
                    Ok(told) => chunk.push(told),
                    Err((number, why)) => self.wrong(number, &why, Some(&progress))?,
                }
            }
            self.hand_over(&mut chunk, Some(&progress)).await?;
            progress.at(together.bytes, counted(seen, "line"), self.screen);
        }
        progress.end();
        Ok(())
    }

    async fn hand_over(
        &mut self,
        chunk: &mut Vec<(u64, TrackRequest)>,
        progress: Option<&Progress>,
    ) -> Result<(), Failure> {
        if chunk.is_empty() {
            return Ok(());
        }
        let (numbers, told): (Vec<u64>, Vec<TrackRequest>) = chunk.drain(..).unzip();
        let verdicts = self
            .desk
            .track(told)
            .await
            .map_err(|error| self.stopped(error, &numbers))?;
        for (number, verdict) in numbers.into_iter().zip(verdicts) {
            self.tracked += 1;
            match verdict {
                Tracked::Verdict(verdict) => self.verdict(number, &verdict, progress)?,
                Tracked::Wrong(why) => self.wrong(number, &why, progress)?,
            }
        }
        Ok(())
    }

    fn stopped(&self, error: desk::Error, numbers: &[u64]) -> Failure {
        let what = self.unit();
        let from = numbers.first().copied().unwrap_or(0);
        let note = format!(
            "{} tracked, everything from {what} {from} on was not; run the same command again, what is tracked already is only found known",
            counted_u(self.tracked, what)
        );
        match Failure::from(error) {
            Failure::Told {
                code,
                what,
                why,
                todo,
            } => Failure::told(
                code,
                what,
                why,
                format!("{}\n  {note}", todo.in_(Language::En)),
            ),
            other => other,
        }
    }

    fn unit(&self) -> &'static str {
        if self.args.lines().is_some() {
            "line"
        } else {
            "token"
        }
    }
}

fn counted_u(number: u64, one: &str) -> String {
    counted(i64::try_from(number).unwrap_or(i64::MAX), one)
}
