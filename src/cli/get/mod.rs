//! `get`: everything that is kept of a verification, or of all of a person or a reference, as files
//! that anybody opens.
//!
//! Files are written under a temporary name and renamed once their digest agrees with the row: what
//! bears its name is whole. Names come from kinds and numbers alone. That somebody takes them is
//! committed before the first byte leaves.

mod case;
mod files;
mod folder;
mod sniff;

use std::path::PathBuf;

use clap::Args;

use super::{
    actor::actor,
    people::{counted, size},
    progress::Progress,
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    desk::{Desk, Handle, Local, Look, Search},
    domain::{access::Who, digest::Sha256, secret::Secret, token::State},
    page,
    store::reports::{Filter, Summary, Whole},
    vault::Vault,
};
use case::{Manner, Outcome};
use folder::{Folder, SUMS};

/// How many records of a person or reference are written at most.
const RECORDS_MAX: i64 = 1_000;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep get 8vTkUsEJ… --out case-4711
  verikeep get --reference order-4711 --out case-4711 --purpose \"dispute 4711\"
  verikeep get --id-number - --out person --purpose \"request of the person\" < number.txt

Open index.html in the folder: result and why, faces, ID cards, videos, who it was, charges, timeline. record.json is the same for programs.
Checked again at any time: (cd case-4711 && sha256sum -c SHA256SUMS). Who took it, when and what for stands in report_access before anything is written.";

/// Get everything that is kept of a verification as files, with a page that shows it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["token", "reference", "id_number"]))]
pub struct Get {
    /// Its verify_token or verification_id.
    #[arg(value_name = "TOKEN", value_parser = super::secret)]
    pub token: Option<Secret>,
    /// All of this reference; several get a folder each, and an index.
    #[arg(long)]
    pub reference: Option<String>,
    /// All of the person whose ID number stands on standard input, a folder each, with an index.
    #[arg(long, value_name = "-", value_parser = super::secret)]
    pub id_number: Option<Secret>,
    /// The folder to write into: a new or empty one of yours, or that of the same verification.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What it is wanted for; kept with who takes it and when (report_access).
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,
    /// Show names and ID numbers in plain.
    #[arg(long, requires = "purpose")]
    pub reveal: bool,
    /// The key that opens sealed objects.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

/// Writes everything that is kept of what the arguments name.
///
/// # Errors
/// When it is not tracked, the folder cannot be used, or nothing can be reached.
pub(super) async fn run(
    args: &Get,
    person: Option<Secret>,
    desk: &Local,
    vault: &Vault,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if args.identity.is_some() {
        screen.note("--identity is not needed: objects are not sealed in this version")?;
    }
    let by = actor();
    let giver = Giver {
        args,
        desk,
        vault,
        manner: Manner {
            at: desk.now(),
            by: &by,
            purpose: args.purpose.as_deref(),
            reveal: args.reveal,
            language: screen.language,
        },
    };
    if let Some(token) = &args.token {
        return giver.one(&Handle::read(token), screen).await;
    }
    let found = which(args, person.as_ref(), desk, &by).await?;
    match (found.as_slice(), person) {
        ([], person) => Err(Failure::told(
            Code::Finding,
            person.map_or("this reference", |_| "this person"),
            "has no verification that is tracked here",
            "`verikeep list` shows what is tracked",
        )),
        ([only], None) => giver.one(&Handle::Id(only.verification_id), screen).await,
        (several, _) => giver.all(several, screen).await,
    }
}

/// The verifications of a reference or person, the newest first.
async fn which(
    args: &Get,
    person: Option<&Secret>,
    desk: &Local,
    by: &str,
) -> Result<Vec<Summary>, Failure> {
    let filter = Filter {
        reference: args.reference.clone(),
        limit: RECORDS_MAX + 1,
        ..Filter::default()
    };
    let found = match person {
        None => desk.list(&filter).await?,
        Some(number) => {
            let search = Search {
                id_number: number.clone(),
                filter,
                purpose: args.purpose.clone(),
                who: Who::User(by.to_owned()),
            };
            desk.search(search).await?.verifications
        }
    };
    if i64::try_from(found.len()).is_ok_and(|found| found <= RECORDS_MAX) {
        return Ok(found);
    }
    Err(Failure::told(
        Code::Finding,
        "the records",
        format!("are more than {RECORDS_MAX}"),
        "get them by token: `verikeep list` names them",
    ))
}

/// Gives records out.
struct Giver<'a> {
    args: &'a Get,
    desk: &'a Local,
    vault: &'a Vault,
    manner: Manner<'a>,
}

impl Giver<'_> {
    /// One, into the folder itself.
    async fn one(&self, handle: &Handle, screen: &mut Screen<'_>) -> Result<Code, Failure> {
        let whole = self.look(handle).await?;
        let id = whole.summary.verification_id.to_string();
        let folder = Folder::prepare(&self.args.out, &id)?;
        let outcome = self.write(&whole, &folder, screen).await?;
        tell(&outcome, &[whole], &folder, screen)
    }

    /// A folder for each of several, and an index of them.
    async fn all(&self, several: &[Summary], screen: &mut Screen<'_>) -> Result<Code, Failure> {
        // The oldest of them stays what it is when others follow.
        let oldest = several.last().map(|last| last.verification_id.to_string());
        let mark = format!("all of {}", oldest.unwrap_or_default());
        let folder = Folder::prepare(&self.args.out, &mark)?;
        let mut sum = Outcome::default();
        let (mut wholes, mut entries) = (Vec::new(), Vec::new());
        for summary in several {
            let id = summary.verification_id.to_string();
            let whole = self.look(&Handle::Id(summary.verification_id)).await?;
            let inside = folder.inside(&id, &id)?;
            sum.add(self.write(&whole, &inside, screen).await?);
            wholes.push(whole);
            entries.push((summary, id));
        }
        let index = page::people(&page::People {
            entries: &entries,
            language: self.manner.language,
            written_at: self.manner.at,
            written_by: self.manner.by,
            purpose: self.manner.purpose,
        });
        let index = index.map_err(|error| case::unwritten(&error))?;
        folder.write(case::PAGE, index.as_bytes())?;
        let digest = Sha256::of(index.as_bytes());
        folder.write(SUMS, format!("{digest}  {}\n", case::PAGE).as_bytes())?;
        tell(&sum, &wholes, &folder, screen)
    }

    /// What is kept of it, once it is kept that somebody takes it.
    async fn look(&self, handle: &Handle) -> Result<Whole, Failure> {
        let look = Look {
            who: Who::User(self.manner.by.to_owned()),
            purpose: self.args.purpose.clone(),
            reveal: self.args.reveal,
        };
        let found = self.desk.look(handle, look).await?;
        found.ok_or_else(super::show::untracked)
    }

    async fn write(
        &self,
        whole: &Whole,
        folder: &Folder,
        screen: &mut Screen<'_>,
    ) -> Result<Outcome, Failure> {
        let count = files::wanted(whole).len() as u64;
        let mut progress = Progress::new("writing", Some(count), screen).quiet();
        let mut done = 0;
        let mut seen = |stem: &str| {
            progress.at(done, stem.to_owned(), screen);
            done += 1;
        };
        let outcome = case::write(whole, folder, self.vault, &self.manner, &mut seen).await;
        progress.end();
        outcome
    }
}

/// Says what was seen: digests agree where they were compared, and a record without a file is told
/// as such.
fn tell(
    outcome: &Outcome,
    wholes: &[Whole],
    folder: &Folder,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let files = counted(number(outcome.files), "file");
    let bytes = size(i64::try_from(outcome.bytes).unwrap_or(i64::MAX));
    let records = match wholes.len() {
        1 => String::new(),
        several => format!("{}, ", counted(number(several), "record")),
    };
    let path = folder.path().display();
    let failed = number(outcome.failed.len());
    let there = if failed == 1 {
        "is not there"
    } else {
        "are not there"
    };
    screen.line(match (outcome.files, failed, wholes) {
        (0, 0, [whole]) => format!("nothing is kept of it: {}", standing(whole)),
        (0, 0, _) => format!("{records}nothing is kept of any"),
        (0, ..) => format!(
            "{records}no file could be written: {} failed",
            counted(failed, "object")
        ),
        (_, 0, _) => format!("{records}{files}, {bytes}, every digest agrees, in {path}"),
        (..) => format!(
            "{records}{files}, {bytes}, whose digests agree, in {path}; {} failed and {there}",
            counted(failed, "object")
        ),
    })?;
    for failed in &outcome.failed {
        let place = match &failed.object_key {
            Some(key) => format!("object {key}"),
            None => "in its row".to_owned(),
        };
        screen.note(format!(
            "error: {} ({place}): {}",
            failed.what, failed.reason
        ))?;
    }
    if failed > 0 {
        screen.note("  keep the object store as it is and compare with a backup; `verikeep show` tells when they were captured")?;
    }
    screen.note(format!("open {path}/{}", case::PAGE))?;
    Ok(if outcome.files == 0 || failed > 0 {
        Code::Finding
    } else {
        Code::Done
    })
}

fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Where a verification of which nothing is kept stands, and why.
fn standing(whole: &Whole) -> String {
    let state = &whole.summary.state;
    let told: Vec<&str> = whole
        .summary
        .missing
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("why")?.as_str())
        .collect();
    let why = match State::named(state) {
        _ if !told.is_empty() => told.join("; "),
        Some(State::Waiting) => "no attempt has been seen so far; ask again later".to_owned(),
        Some(State::Collecting) => {
            "an attempt has been seen and is being collected; ask again later".to_owned()
        }
        Some(State::Abandoned) => "nobody verified".to_owned(),
        _ => "`verikeep show` tells what was asked and answered".to_owned(),
    };
    format!("it is {state}, {why}")
}
