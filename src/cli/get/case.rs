//! One record in a folder: everything that is kept of it, a page that shows it, and the same for
//! programs.

use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde::Serialize;
use sha2::Digest as _;

use super::{
    files::{self, Failed, From, Wanted, Written},
    folder::{Folder, SUMS},
    sniff,
};
use crate::{
    cli::{
        people::counted,
        report::{Code, Failure},
    },
    domain::{
        answer::Endpoint,
        attempt::{Attempt, Counts},
        digest::Sha256,
        language::Language,
        secret::Secret,
        time::{Time, rfc3339},
    },
    page::{self, Of},
    provider::parse,
    store::reports::Whole,
    vault::{ObjectKey, Vault, VaultError},
};

/// For people.
pub(super) const PAGE: &str = "index.html";
/// For programs.
const RECORD: &str = "record.json";

/// An answer beyond it is not read again for the page: the rows have what it told.
const READ_MAX: i64 = 4 << 20;

/// How the record is written.
pub(super) struct Manner<'a> {
    pub(super) at: Time,
    pub(super) by: &'a str,
    pub(super) purpose: Option<&'a str>,
    pub(super) reveal: bool,
    pub(super) language: Language,
}

/// What lies in the folder, for programs.
#[derive(Debug, Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    whole: &'a Whole,
    #[serde(with = "rfc3339")]
    written_at: Time,
    written_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    /// The persons of its attempts in plain, where they are to be shown so.
    #[serde(skip_serializing_if = "Option::is_none")]
    persons: Option<Vec<Person<'a>>>,
    files: &'a [Written],
    /// What the rows name and the object store does not give, or gives altered.
    failed: &'a [Failed],
}

#[derive(Debug, Serialize)]
struct Person<'a> {
    attempt_no: i64,
    confirmed_name: Option<&'a str>,
    confirmed_id_number: Option<&'a str>,
    ocr_name: Option<&'a str>,
    ocr_id_number: Option<&'a str>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) files: usize,
    pub(super) bytes: u64,
    pub(super) failed: Vec<Failed>,
}

impl Outcome {
    /// With another one.
    pub(super) fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.failed.extend(other.failed);
    }
}

/// What the answers tell of persons, which the rows hold masked.
#[derive(Default)]
struct Told {
    attempts: Vec<Attempt>,
    counts: Option<Counts>,
}

impl Told {
    /// A later answer replaces what an earlier one told of the same attempt.
    fn hear(&mut self, body: &[u8]) {
        let Ok(answer) = parse::getall(body) else {
            return;
        };
        self.counts = Some(answer.counts);
        for attempt in answer.attempts {
            self.attempts
                .retain(|known| known.attempt_no != attempt.attempt_no);
            self.attempts.push(attempt);
        }
    }
}

/// Writes everything that is kept of a record; `seen` is told of each file before it is read.
///
/// # Errors
/// When the folder fails, or the object store cannot be reached.
pub(super) async fn write(
    whole: &Whole,
    folder: &Folder,
    vault: &Vault,
    manner: &Manner<'_>,
    seen: &mut dyn FnMut(&str),
) -> Result<Outcome, Failure> {
    let mut names = files::Names::default();
    let (mut written, mut failed, mut told) = (Vec::new(), Vec::new(), Told::default());
    for want in files::wanted(whole) {
        seen(&want.stem);
        match take(&want, folder, vault, &mut names, &mut told).await? {
            Ok(Ok(file)) => written.push(file),
            Ok(Err(why)) => failed.push(want.failed(&why)),
            Err(VaultError::Unavailable(why)) => {
                let number = i64::try_from(written.len()).unwrap_or(i64::MAX);
                return Err(Failure::told(
                    Code::Unreachable,
                    "object store",
                    why,
                    format!(
                        "{} written; run the same command again",
                        counted(number, "file")
                    ),
                ));
            }
            Err(VaultError::Missing(_)) => failed.push(want.failed("is not in the object store")),
            Err(error) => failed.push(want.failed(&error.to_string())),
        }
    }
    let whole = shown(whole, manner);
    let page = show(&whole, &told, &written, &failed, manner)?;
    let record = Record {
        whole: &whole,
        written_at: manner.at,
        written_by: manner.by,
        purpose: manner.purpose,
        persons: manner.reveal.then(|| persons(&told.attempts)),
        files: &written,
        failed: &failed,
    };
    let mut json = serde_json::to_vec_pretty(&record).map_err(|error| unwritten(&error))?;
    json.push(b'\n');
    folder.write(PAGE, page.as_bytes())?;
    folder.write(RECORD, &json)?;
    let own = [(PAGE, page.as_bytes()), (RECORD, json.as_slice())];
    folder.write(SUMS, sums(&written, &own).as_bytes())?;
    Ok(Outcome {
        files: written.len(),
        bytes: written.iter().map(|file| file.bytes).sum(),
        failed,
    })
}

pub(super) fn unwritten(error: &dyn std::fmt::Display) -> Failure {
    let todo = "run the same command again";
    Failure::told(Code::Finding, "the page", error.to_string(), todo)
}

/// The record as it may be shown: a token that still opens something by its end alone, and persons
/// masked unless they are to be revealed.
fn shown(whole: &Whole, manner: &Manner<'_>) -> Whole {
    let mut whole = whole.clone();
    whole.summary.verify_token = whole.summary.token_shown(manner.at);
    if !manner.reveal {
        whole.mask();
    }
    whole
}

fn persons(attempts: &[Attempt]) -> Vec<Person<'_>> {
    attempts.iter().map(Person::of).collect()
}

impl<'a> Person<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        let (confirmed, ocr) = (&attempt.confirmed, attempt.ocr.as_ref());
        let open = |secret: Option<&'a Secret>| secret.map(Secret::reveal);
        Self {
            attempt_no: attempt.attempt_no,
            confirmed_name: open(confirmed.name.as_ref()),
            confirmed_id_number: open(confirmed.id_number.as_ref()),
            ocr_name: open(ocr.and_then(|ocr| ocr.name.as_ref())),
            ocr_id_number: open(ocr.and_then(|ocr| ocr.id_number.as_ref())),
        }
    }
}

fn show(
    whole: &Whole,
    told: &Told,
    written: &[Written],
    failed: &[Failed],
    manner: &Manner<'_>,
) -> Result<String, Failure> {
    let of = |what: &files::What| match what {
        files::What::Answer { answer_id, .. } => Of::Answer(*answer_id),
        files::What::Media { media_id, .. } => Of::Media(*media_id),
    };
    let file = |file: &Written| page::File {
        name: file.file.clone(),
        content_type: file.content_type,
        of: of(&file.what),
    };
    let files: Vec<page::File> = written.iter().map(file).collect();
    let failed: Vec<(Of, String)> = failed
        .iter()
        .map(|one| (of(&one.what), one.reason.clone()))
        .collect();
    page::record(&page::Case {
        whole,
        told: &told.attempts,
        counts: told.counts,
        files: &files,
        failed: &failed,
        reveal: manner.reveal,
        language: manner.language,
        written_at: manner.at,
        written_by: manner.by,
        purpose: manner.purpose,
    })
    .map_err(|error| unwritten(&error))
}

/// As `sha256sum -c` reads them.
fn sums(written: &[Written], own: &[(&str, &[u8])]) -> String {
    let files = written
        .iter()
        .map(|file| (file.file.as_str(), file.sha256))
        .chain(own.iter().map(|(name, bytes)| (*name, Sha256::of(bytes))));
    files
        .map(|(name, digest)| format!("{digest}  {name}\n"))
        .collect()
}

/// One answer or medium into one file; the inner errors spoil this file only: why it could not be read, and
/// what is wrong with what was read.
async fn take(
    want: &Wanted,
    folder: &Folder,
    vault: &Vault,
    names: &mut files::Names,
    told: &mut Told,
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
    let mut body =
        (want.endpoint() == Some(Endpoint::Getall) && want.bytes <= READ_MAX).then(Vec::new);
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return Ok(Err(error)),
        };
        head.extend(piece.iter().take(sniff::HEAD_BYTES - head.len()));
        digest.update(&piece);
        part.write(&piece)?;
        if let Some(body) = &mut body {
            body.extend_from_slice(&piece);
        }
    }
    let sha256 = Sha256::from(digest);
    let bytes = part.bytes();
    if sha256 != want.sha256 || i64::try_from(bytes) != Ok(want.bytes) {
        return Ok(Ok(Err(format!(
            "its bytes are not those that were captured ({bytes} with SHA-256 {sha256}, {} with {} expected)",
            want.bytes, want.sha256
        ))));
    }
    if let Some(body) = body {
        told.hear(&body);
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
