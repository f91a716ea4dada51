//! `get`: the verbatim answers and all media of one verification, readable, digests checked.
//!
//! Files are written under a temporary name and renamed once their digest agrees with the row: what
//! bears its name is whole. Names come from kinds and numbers alone.

mod files;
mod folder;
mod sniff;

use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde::Serialize;
use sha2::Digest as _;

use super::{
    people::{counted, size},
    progress::Progress,
    report::{Code, Failure},
    screen::Screen,
    show,
};
use crate::{
    desk::Desk,
    domain::{
        digest::Sha256,
        id::VerificationId,
        secret::Secret,
        time::{Time, rfc3339},
        token::State,
    },
    store::reports::Whole,
    vault::{ObjectKey, Vault, VaultError},
};
use files::{From, Wanted};
use folder::Folder;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep get 8vTkUsEJ… --out case-4711
  verikeep get 8vTkUsEJ… --out case-4711 --purpose \"dispute 4711\"

Writes getall-1.json, face-attempt1-0.jpg, process_video-attempt1-0.mp4 and so on, and manifest.json with their digests.
Checked again at any time: (cd case-4711 && jq -r '.files[] | .sha256 + \"  \" + .file' manifest.json | sha256sum -c)";

/// Get the verbatim answers and all media of a verification as files, digests checked.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Get {
    /// Its verify_token or verification_id.
    #[arg(value_name = "TOKEN", value_parser = super::secret)]
    pub token: Secret,
    /// The folder to write into: a new or empty one, or that of the same verification.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// What it is wanted for; stands in the manifest.
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,
    /// The key that opens sealed objects.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

/// What lies in the folder, for people and programs.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    verification_id: VerificationId,
    verify_token: &'a str,
    app: &'a str,
    state: &'a str,
    passed: Option<bool>,
    #[serde(with = "rfc3339")]
    issued_at: Time,
    #[serde(with = "rfc3339::or_null")]
    settled_at: Option<Time>,
    #[serde(with = "rfc3339")]
    written_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    files: Vec<Written>,
    /// What the rows name and the object store does not give, or gives altered.
    failed: Vec<Failed>,
    /// What was gone at the provider before it could be fetched, and why.
    missing: &'a serde_json::Value,
}

#[derive(Debug, Serialize)]
struct Written {
    file: String,
    #[serde(flatten)]
    what: files::What,
    content_type: &'static str,
    bytes: u64,
    sha256: Sha256,
}

#[derive(Debug, Serialize)]
struct Failed {
    #[serde(flatten)]
    what: files::What,
    /// None where it lies in its row.
    #[serde(skip_serializing_if = "Option::is_none")]
    object_key: Option<String>,
    reason: String,
}

/// Writes everything that is kept of the verification.
///
/// # Errors
/// When it is not tracked, the folder cannot be used, or nothing can be reached.
pub(super) async fn run(
    args: &Get,
    desk: &dyn Desk,
    vault: &Vault,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if args.identity.is_some() {
        screen.note("--identity is not needed: objects are not sealed in this version")?;
    }
    let whole = show::find(&args.token, desk).await?;
    let folder = Folder::prepare(&args.out, whole.summary.verification_id)?;
    let wanted = files::wanted(&whole);
    let mut names = files::Names::default();
    let (mut written, mut failed) = (Vec::new(), Vec::new());
    let mut progress = Progress::new("writing", Some(wanted.len() as u64), screen).quiet();
    let mut unreachable = None;
    for (done, want) in (0u64..).zip(wanted) {
        progress.at(done, want.stem.clone(), screen);
        match take(&want, &folder, vault, &mut names).await? {
            Ok(Ok(file)) => written.push(file),
            Ok(Err(why)) => failed.push(want.failed(&why)),
            Err(VaultError::Unavailable(why)) => {
                unreachable = Some(why);
                break;
            }
            Err(VaultError::Missing(_)) => failed.push(want.failed("is not in the object store")),
            Err(error) => failed.push(want.failed(&error.to_string())),
        }
    }
    progress.end();
    if let Some(why) = unreachable {
        return Err(Failure::told(
            Code::Unreachable,
            "object store",
            why,
            format!(
                "{} written; run the same command again",
                counted(number(written.len()), "file")
            ),
        ));
    }
    let manifest = manifest(args, &whole, desk.now(), written, failed);
    folder.write_manifest(&manifest)?;
    tell(&manifest, &folder, screen)
}

fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// One answer or medium into one file; the inner errors spoil this file only: why it could not be read, and
/// what is wrong with what was read.
async fn take(
    want: &Wanted,
    folder: &Folder,
    vault: &Vault,
    names: &mut files::Names,
) -> Result<Result<Result<Written, String>, VaultError>, Failure> {
    let mut pieces = match &want.from {
        From::Row(packed) => match packed.open() {
            Ok(body) => stream::iter([Ok(body.into())]).boxed(),
            Err(damaged) => return Ok(Ok(Err(damaged.to_string()))),
        },
        From::Object(key) => match open(key, vault).await {
            Ok(pieces) => pieces,
            Err(error) => return Ok(Err(error)),
        },
    };
    let mut part = folder.part()?;
    let mut digest = sha2::Sha256::new();
    let mut head = Vec::with_capacity(sniff::HEAD_BYTES);
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return Ok(Err(error)),
        };
        head.extend(piece.iter().take(sniff::HEAD_BYTES - head.len()));
        digest.update(&piece);
        part.write(&piece)?;
    }
    let sha256 = Sha256::from(digest);
    let bytes = part.bytes();
    if sha256 != want.sha256 || i64::try_from(bytes) != Ok(want.bytes) {
        return Ok(Ok(Err(format!(
            "its bytes are not those that were captured ({bytes} with SHA-256 {sha256}, {} with {} expected)",
            want.bytes, want.sha256
        ))));
    }
    let (extension, content_type) = sniff::kind_of(&head);
    let file = names.fresh(&want.stem, extension);
    part.rename(&file)?;
    Ok(Ok(Ok(Written {
        file,
        what: want.what.clone(),
        content_type,
        bytes,
        sha256,
    })))
}

async fn open(
    key: &str,
    vault: &Vault,
) -> Result<BoxStream<'static, Result<Bytes, VaultError>>, VaultError> {
    Ok(vault.open_object(&ObjectKey::parse(key)?).await?.stream)
}

fn manifest<'a>(
    args: &'a Get,
    whole: &'a Whole,
    written_at: Time,
    files: Vec<Written>,
    failed: Vec<Failed>,
) -> Manifest<'a> {
    let row = &whole.summary;
    Manifest {
        verification_id: row.verification_id,
        verify_token: &row.verify_token,
        app: &row.app,
        state: &row.state,
        passed: row.passed,
        issued_at: row.issued_at,
        settled_at: row.settled_at,
        written_at,
        purpose: args.purpose.as_deref(),
        files,
        failed,
        missing: &row.missing,
    }
}

/// Says what was seen: digests agree where they were compared, and a folder without a file is told
/// as such.
fn tell(
    manifest: &Manifest<'_>,
    folder: &Folder,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let written = format!(
        "{}, {}",
        counted(number(manifest.files.len()), "file"),
        size(i64::try_from(bytes).unwrap_or(i64::MAX))
    );
    let path = folder.path().display();
    let failed = number(manifest.failed.len());
    let there = if failed == 1 {
        "is not there"
    } else {
        "are not there"
    };
    screen.line(match (manifest.files.is_empty(), failed) {
        (true, 0) => format!("nothing is kept of it: {}", standing(manifest)),
        (true, _) => format!(
            "no file could be written: {} failed",
            counted(failed, "object")
        ),
        (false, 0) => format!("{written}, every digest agrees, in {path}"),
        (false, _) => format!(
            "{written}, whose digests agree, in {path}; {} failed and {}",
            counted(failed, "object"),
            there
        ),
    })?;
    for failed in &manifest.failed {
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
    Ok(if manifest.files.is_empty() || failed > 0 {
        Code::Finding
    } else {
        Code::Done
    })
}

/// Where a verification of which nothing is kept stands, and why.
fn standing(manifest: &Manifest<'_>) -> String {
    let state = manifest.state;
    let told: Vec<&str> = manifest
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
