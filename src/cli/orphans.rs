//! `orphans`: objects that no row names, as crashes leave them.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::{
    open,
    people::{counted, size},
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    app::{self, AppError},
    config::Config,
    domain::{
        installation::{Joint, join},
        time::{Clock as _, Span, Time, rfc3339},
    },
    store::{self, Store},
    vault::{Lying, Vault},
    worker::clock::SystemClock,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep orphans                                  # objects a day old or older that no row names
  verikeep orphans list --json --older-than 7d
  verikeep orphans remove                           # tells how many and how much, and asks
  verikeep orphans remove --yes
An object is written before its row, so that a crash between the two leaves one that nothing points at: harmless, but kept. After a backup of the
database was restored, remove nothing: what was captured since lies in the vault alone. Ends with 1 when some are listed, or when nothing was removed
that could have been.";

/// Find objects that no row names, and remove them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Orphans {
    /// What to do; `list` when nothing is said.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// What `list` takes.
    #[command(flatten)]
    pub list: List,
}

/// What is done.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Show them, as the store lists them.
    List(List),
    /// Remove them for good, each looked up once more.
    Remove(Remove),
}

/// Which are shown, and how.
#[derive(Args, Debug)]
pub struct List {
    /// Only those written so long ago, by the store's clock; an hour at least.
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = age)]
    pub older_than: Span,
    /// A line of NDJSON for each.
    #[arg(long)]
    pub json: bool,
}

/// Which are removed.
#[derive(Args, Debug)]
pub struct Remove {
    /// Only those written so long ago, by the store's clock; an hour at least.
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = age)]
    pub older_than: Span,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// What is under way has its row within minutes.
const AGE_MIN: Span = Span::hours(1);

fn age(text: &str) -> Result<Span, String> {
    let span = Span::parse(text)?;
    if span < AGE_MIN {
        return Err(format!(
            "less than {AGE_MIN}: objects of what is under way would be among them"
        ));
    }
    Ok(span)
}

/// Does it.
///
/// # Errors
/// When database or vault cannot be reached, or do not belong together.
pub(super) async fn run(
    args: &Orphans,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if let Some(Verb::Remove(_)) = args.verb {
        // A standby may not know yet what is named.
        store::check_rights(&config.database.url).await?;
    }
    let (store, vault) = (open::reader(config).await?, app::vault(config)?);
    let place = Place {
        store: &*store,
        vault: &vault,
        now: SystemClock.now(),
        answer: &typed,
    };
    let outcome = at(args, &place, screen).await;
    store.close().await;
    outcome
}

/// Where they are looked for.
pub(super) struct Place<'p> {
    pub store: &'p dyn Store,
    pub vault: &'p Vault,
    pub now: Time,
    /// What a person answers; none where nobody can be asked.
    pub answer: &'p (dyn Fn() -> Option<String> + Sync),
}

fn typed() -> Option<String> {
    let input = io::stdin();
    let mut line = String::new();
    (input.is_terminal() && input.lock().read_line(&mut line).is_ok()).then_some(line)
}

/// Does it there.
pub(super) async fn at(
    args: &Orphans,
    place: &Place<'_>,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    belong_together(place.store, place.vault).await?;
    match &args.verb {
        Some(Verb::Remove(remove)) => removed(remove, place, screen).await,
        Some(Verb::List(list)) => listed(list, place, screen).await,
        None => listed(&args.list, place, screen).await,
    }
}

/// In the vault of another database nothing would be named.
pub(super) async fn belong_together(store: &dyn Store, vault: &Vault) -> Result<(), Failure> {
    let known = store.installation().await?;
    let side = app::installation::look(vault, &known).await?;
    match join(&known, &side) {
        Ok(Joint::Joined) => Ok(()),
        Ok(_) => Err(Failure::told(
            Code::Finding,
            "installation",
            "database and vault do not know one another yet",
            "`verikeep run` joins them at its first start",
        )),
        Err(foreign) => Err(AppError::from(foreign).into()),
    }
}

/// How many there are, and how much.
#[derive(Default)]
struct Sums {
    objects: i64,
    bytes: i64,
}

impl Sums {
    fn add(&mut self, orphan: &Lying) {
        self.objects += 1;
        self.bytes += i64::try_from(orphan.stored_bytes).unwrap_or(i64::MAX);
    }

    fn told(&self) -> String {
        format!("{}, {}", counted(self.objects, "object"), size(self.bytes))
    }
}

/// Calls for each orphan.
async fn each(
    place: &Place<'_>,
    older_than: Span,
    call: impl AsyncFnMut(Lying) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let before = place.now.minus(older_than);
    app::orphans::each(place.store, place.vault, before, call).await
}

async fn listed(args: &List, place: &Place<'_>, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    #[derive(Serialize)]
    struct Line<'l> {
        object_key: &'l str,
        stored_bytes: u64,
        #[serde(with = "rfc3339")]
        written_at: Time,
    }
    let mut sums = Sums::default();
    each(place, args.older_than, async |orphan| {
        sums.add(&orphan);
        let line = Line {
            object_key: orphan.key.as_str(),
            stored_bytes: orphan.stored_bytes,
            written_at: orphan.written_at,
        };
        if args.json {
            screen.ndjson(&line)?;
        } else {
            let bytes = i64::try_from(line.stored_bytes).unwrap_or(i64::MAX);
            screen.line(format!(
                "{}  {:>10}  {}",
                line.written_at,
                size(bytes),
                line.object_key
            ))?;
        }
        Ok(())
    })
    .await?;
    if sums.objects == 0 {
        screen.note("a row names every object of that age")?;
        return Ok(Code::Done);
    }
    screen.note(format!(
        "{} that no row names; `verikeep orphans remove` removes them",
        sums.told()
    ))?;
    Ok(Code::Finding)
}

async fn removed(
    args: &Remove,
    place: &Place<'_>,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if !args.yes && !is_wanted(args, place, screen).await? {
        return Ok(Code::Finding);
    }
    let mut sums = Sums::default();
    each(place, args.older_than, async |orphan| {
        let again = place.store.named(&[app::orphans::of(&orphan)]).await?;
        if again.is_empty() && place.vault.delete_listed(&orphan).await? {
            sums.add(&orphan);
        }
        Ok(())
    })
    .await?;
    if args.json {
        screen.document(&json!({ "removed": sums.objects, "removed_bytes": sums.bytes }))?;
    } else {
        screen.line(format!("{} removed", sums.told()))?;
    }
    Ok(Code::Done)
}

/// Tells what would go, and asks.
async fn is_wanted(
    args: &Remove,
    place: &Place<'_>,
    screen: &mut Screen<'_>,
) -> Result<bool, Failure> {
    let mut sums = Sums::default();
    each(place, args.older_than, async |orphan| {
        sums.add(&orphan);
        Ok(())
    })
    .await?;
    if sums.objects == 0 {
        // Nothing to ask about; what comes of it is told as ever.
        return Ok(true);
    }
    screen.note(format!(
        "{} that no row names would be removed for good; type `yes` to do it",
        sums.told()
    ))?;
    let Some(answer) = (place.answer)() else {
        return Err(Failure::usage(
            "remove",
            "nobody is there to be asked",
            "say --yes, after a look at `verikeep orphans`",
        ));
    };
    let is_yes = answer.trim() == "yes";
    if !is_yes {
        screen.note("nothing was removed")?;
    }
    Ok(is_yes)
}
