//! What `get` writes, opened in a browser: scripts/pages looks at every page of it.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use bytes::Bytes;
use serde_json::Value;
use simulator::MediaStyle;
use tempfile::TempDir;
use verikeep::{
    domain::{
        address::VaultUrl,
        answer::{AnswerRow, Body},
        digest::Sha256,
        id::{AnswerId, MediaId, ObjectId, VerificationId},
        identity::IdentityRow,
        lease::Lane,
        loss::{Cause, Reason},
        media::{Checked, Kind, Slot, Source, StoredMedia},
        packed::Packed,
        plan::{Missing, Outcome},
        progress::Progress,
        secret::Secret,
        token::{State, Verification},
    },
    provider::parse,
    store::records::{FilledSlot, NewVerification, Next, PollRecord, WantedMedia},
    vault::{CreateOnly, ObjectKey},
};

use super::*;
use crate::feed::feed;

/// Runs if anything of it is taken for more than text.
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)><svg onload=alert(3)></bdi></span><a href=\"javascript:alert(4)\">&lt;\u{202e}txt\u{200f}\u{2066}\u{7}{{ 7 * 7 }}</style>";
/// The same where no control characters are taken.
const PURPOSE: &str = "<script>alert(7)</script>\"'><img src=x onerror=alert(8)>\u{202e}txt";
/// A medium that says it is a picture.
const PRETENDED: &[u8] =
    b"<!doctype html><script>alert(5)</script><img src=x onerror=alert(6)>not a face";
const ANSWER: &str = include_str!("../../fixtures/answers/getall-failed-then-passed.json");

/// Hostile and endless, with and without a place to break.
fn endless(letters: &str) -> String {
    format!("{HOSTILE}{}", letters.repeat(10_000))
}

/// An archive and the folder in which commands read it.
struct Place {
    folder: TempDir,
    held: Held,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let vault = VaultUrl::of_folder(data.join("objects"));
        let vault = Vault::open(&vault, [("", ""); 0], CreateOnly::Probe).unwrap();
        let key = IndexKey::new(vec![0x5c; IndexKey::BYTES]).unwrap();
        let options = Options {
            seed: 31,
            media_style: MediaStyle::Drawn,
            quirks: false,
            ..Options::default()
        };
        let held = Held::over(options, Database::sqlite(), vault, Some(key)).await;
        let database = held.database.url.reveal().to_owned();
        let config = format!(
            "data_dir = \"data\"\n[database]\nurl = \"{database}\"\n[identity]\nindex_key_file = \"index.key\"\n\
             [[apps]]\nname = \"{FILMED}\"\napi_key = \"a\"\nsecret_key = \"b\"\n"
        );
        fs::write(folder.path().join("verikeep.toml"), config).unwrap();
        fs::write(
            folder.path().join("index.key"),
            "5c".repeat(IndexKey::BYTES),
        )
        .unwrap();
        Self {
            folder,
            held: held.taught().await,
        }
    }

    /// Gets a case into a folder below `cases`.
    fn get(&self, case: &str, line: &[&str], read: &str) {
        let out = format!("cases/{case}");
        let mut get = Command::new(env!("CARGO_BIN_EXE_verikeep"));
        get.args(["get", "--out", &out, "--purpose", PURPOSE])
            .args(line)
            .current_dir(self.folder.path())
            .env_clear();
        let got = feed(&mut get, read);
        assert_eq!(got.status.code(), Some(0), "{case}: {}", told(&got));
    }

    fn page(&self, case: &str) -> String {
        fs::read_to_string(self.folder.path().join(format!("cases/{case}/index.html"))).unwrap()
    }

    /// A verification in which every text is hostile, with two attempts, a medium that is no
    /// picture, one that was lost, and one that is one.
    async fn hostile(&self, face: Vec<u8>) -> String {
        let archive = &self.held.archive;
        let at = archive.now();
        let verification_id = VerificationId::fresh(at);
        let verify_token = Secret::new(endless("长"));
        let told = NewVerification {
            verification: Verification {
                verification_id,
                verify_token,
                app: FILMED.to_owned(),
                issued_at: at,
                tracked_at: at,
                plan_id: Some(endless("W")),
                issued_here: false,
            },
            reference: Some(endless("W")),
            tracked_by: HOSTILE.to_owned(),
            media_deadline: at,
            record_deadline: at,
            next: Next::Due {
                due_at: at,
                deadline: at,
                state: State::Waiting,
                lane: Lane::Living,
            },
            issued_at_told: true,
        };
        archive.store.track(vec![told]).await.unwrap();
        let claim = Claim {
            now: at,
            lease: LEASE,
            limit: 1,
            apps: Vec::new(),
            late: 0,
            patience: 3,
        };
        let work = archive.store.claim_polls(&claim).await.unwrap().remove(0);
        assert_eq!(work.verification.verification_id, verification_id);
        let mut answer: Value = serde_json::from_str(ANSWER).unwrap();
        make_hostile(&mut answer);
        let answer = answer.to_string();
        let getall = parse::getall(answer.as_bytes()).unwrap();
        let identity = IdentityRow {
            id_type: Some(HOSTILE.to_owned()),
            name_masked: Some(HOSTILE.to_owned()),
            id_number_masked: Some(endless("1")),
            ocr_name_masked: Some(endless("张")),
            ..IdentityRow::default()
        };
        let attempts = getall.attempts.into_iter();
        let record = PollRecord {
            answers: vec![AnswerRow {
                answer_id: AnswerId::fresh(at),
                endpoint: Endpoint::Getall,
                fetched_at: at,
                http_status: 200,
                success: Some(true),
                code: Some(HOSTILE.to_owned()),
                log_id: Some(endless("9")),
                body: Body::Row(
                    Packed::of(answer.as_bytes(), Sha256::of(answer.as_bytes())).unwrap(),
                ),
            }],
            attempts: attempts.map(|one| (one, identity.clone())).collect(),
            counts: Some(getall.counts),
            filled: vec![
                self.medium(verification_id, Kind::Face, PRETENDED.to_vec())
                    .await,
                self.medium(verification_id, Kind::IdFront, face).await,
            ],
            wanted: vec![WantedMedia {
                media_id: MediaId::fresh(at),
                slot: slot(Kind::ProcessVideo),
            }],
            last_error: Some(endless("W")),
            next: Next::Settled {
                outcome: Outcome::Incomplete,
                missing: vec![Missing {
                    what: HOSTILE.to_owned(),
                    attempt_no: Some(1),
                    reason: Reason::plain(Cause::GoneAtProvider),
                    why: endless("W"),
                }],
            },
            ..PollRecord::begin(work.lease, Progress::default(), at)
        };
        archive.store.record_poll(record).await.unwrap();
        verification_id.to_string()
    }

    async fn medium(&self, of: VerificationId, kind: Kind, bytes: Vec<u8>) -> FilledSlot {
        let at = self.held.archive.now();
        let key = ObjectKey::media(of, ObjectId::fresh(at));
        let object = self.held.archive.vault.put(&key, Bytes::from(bytes)).await;
        FilledSlot {
            slot: slot(kind),
            stored: StoredMedia {
                media_id: MediaId::fresh(at),
                object: object.unwrap(),
                content_type: Some("image/jpeg".to_owned()),
                checked: Checked::Full,
                captured_at: at,
            },
        }
    }
}

fn slot(kind: Kind) -> Slot {
    Slot {
        attempt_no: 1,
        kind,
        position: 0,
        source: Source::Getall,
    }
}

/// Every text of an answer that is shown, except those that are read as something else.
fn make_hostile(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(make_hostile),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match name.as_str() {
                    "name" | "address" => *value = endless("W").into(),
                    "message" | "risk_tag" | "gender" | "nation" | "issue_authority"
                    | "expire_time" | "birthday" | "charge_type" | "id_card_number"
                    | "idcard_number" => *value = HOSTILE.into(),
                    _ => make_hostile(value),
                }
            }
        }
        _ => {}
    }
}

fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

/// A picture as the provider sends them, out of a case.
fn picture(case: &Path) -> Vec<u8> {
    let entries = fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut pictures = entries.filter(|path| path.extension().is_some_and(|end| end == "jpg"));
    fs::read(pictures.next().unwrap()).unwrap()
}

#[tokio::test]
async fn every_page_reads_well_in_a_browser_and_nothing_of_others_runs_in_it() {
    let place = Place::new().await;
    let with = |video, life| LifeSpec {
        video: Some(video),
        ocr: Some(true),
        ..LifeSpec::of(life, 1)
    };
    let made = place
        .held
        .tell(&[
            (FILMED, with(Video::Two, Life::Passed)),
            (FILMED, with(Video::One, Life::FailedThenPassed)),
            (FILMED, with(Video::One, Life::ToldLate)),
        ])
        .await;
    place.held.live().await;
    let now = place.held.clock.now().0;
    let truth = place.held.world.truth(now);
    let person = &truth.token(&made[1].verify_token).unwrap().attempts;
    let number = person[0].facts.id_number.as_str();
    place.get("passed", &[&made[0].verify_token, "--reveal"], "");
    place.get("person", &["--id-number", "-", "--lang", "zh"], number);
    place.get("late", &[&made[2].verify_token, "--lang", "zh"], "");
    let face = picture(&place.folder.path().join("cases/passed"));
    let hostile = place.hostile(face).await;
    place.get("masked", &[&hostile], "");
    place.get("hostile", &[&hostile, "--reveal", "--lang", "zh"], "");

    // There is something to look at, and something that could run.
    assert_eq!(place.page("passed").matches("<video").count(), 2);
    for (case, texts) in [("masked", 10), ("hostile", 20)] {
        let page = place.page(case);
        let seen = page.matches("&lt;script&gt;alert(1)").count();
        assert!(seen >= texts, "{case}: {seen} hostile texts");
        assert!(page.contains("face-attempt1-0.txt"), "{case}");
    }

    let looked = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/pages"))
        .arg(place.folder.path().join("cases"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(looked.status.code(), Some(0), "{}", told(&looked));
    assert!(
        told(&looked).contains("6 pages in 72 views, 0 faults"),
        "{}",
        told(&looked)
    );
}
