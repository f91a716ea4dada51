//! `get`: what becomes a file, and what does not.

use std::{io, os::unix::fs::PermissionsExt as _, path::Path};

use bytes::Bytes;

use super::*;
use crate::{
    domain::{
        answer::{Body, Endpoint},
        digest::Sha256,
        packed::Packed,
    },
    vault::ObjectKey,
};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face";
const VIDEO: &[u8] = b"\x00\x00\x00\x18ftypmp42 a video";

/// Answers and media of a token that lost a video; the keys of the second answer and of the first
/// face.
pub(super) async fn kept(house: &House) -> [String; 2] {
    let mut other = house.answer(1, 3, b"<html>").await;
    other.endpoint = Endpoint::Download;
    // Small ones lie in their rows.
    let mut small = house.answer(1, 1, b"").await;
    small.body = Body::Row(packed(b"{\"n\":1}"));
    let answers = vec![small, house.answer(1, 2, b"{\"n\":2}").await, other];
    let filled = vec![
        house.medium(1, Kind::Face, 0, JPEG).await,
        house.medium(1, Kind::Face, 1, b"other bytes").await,
        house.medium(1, Kind::ProcessVideo, 0, VIDEO).await,
    ];
    let keys = [
        answers[1].body.object().unwrap().object_key.clone(),
        filled[0].stored.object.object_key.clone(),
    ];
    let lost = missing(
        "process_video",
        Cause::GoneAtProvider,
        "gone at the provider",
    );
    let settled = |poll: PollRecord| PollRecord {
        answers,
        filled,
        attempts: vec![attempt()],
        wanted: vec![house::wanted(Kind::ProcessVideo, 1)],
        next: Next::Settled {
            outcome: Outcome::Incomplete,
            missing: vec![lost],
        },
        ..poll
    };
    house.polled(1, settled).await;
    keys
}

fn packed(body: &[u8]) -> Packed {
    Packed::of(body, Sha256::of(body)).unwrap()
}

pub(super) async fn got(out: &Path, house: &House) -> Ended {
    let out = out.to_str().unwrap();
    let line = ["get", "token-1", "--out", out, "--purpose", "dispute"];
    house.ran(&line).await
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn everything_kept_becomes_readable_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/case");
    let house = House::new().await;
    kept(&house).await;
    let ended = got(&out, &house).await;
    assert_eq!(ended.code(), Code::Done, "{}", ended.err);
    assert_eq!(
        names(&out),
        [
            ".verikeep",
            "SHA256SUMS",
            "download-1.txt",
            "face-attempt1-0.jpg",
            "face-attempt1-1.bin",
            "getall-1.json",
            "getall-2.json",
            "index.html",
            "process_video-attempt1-0.mp4",
            "record.json"
        ]
        .map(String::from)
    );
    assert_eq!(fs::read(out.join("face-attempt1-0.jpg")).unwrap(), JPEG);
    assert_eq!(
        fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for name in names(&out) {
        assert_eq!(
            fs::metadata(out.join(&name)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{name}"
        );
    }
    let record: Value =
        serde_json::from_slice(&fs::read(out.join("record.json")).unwrap()).unwrap();
    assert_eq!(
        (
            &record["purpose"],
            &record["written_at"],
            record["files"].as_array().unwrap().len()
        ),
        (&"dispute".into(), &"2026-11-23T08:15:01Z".into(), 6)
    );
    assert_eq!(record["missing"][0]["what"], "process_video");

    assert_eq!(
        got(&out, &house).await.code(),
        Code::Done,
        "again into the same folder"
    );
    fs::write(folder.path().join("foreign"), "x").unwrap();
    let foreign = got(folder.path(), &house).await;
    assert_eq!(foreign.code(), Code::Usage, "{}", foreign.err);
    assert_eq!(names(folder.path()), ["foreign", "new"].map(String::from));
}

#[tokio::test]
async fn an_answer_whose_row_was_altered_is_named_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new().await;
    let mut answer = house.answer(1, 1, b"").await;
    let stored = packed(b"{\"n\":2}").stored;
    answer.body = Body::Row(Packed {
        stored,
        ..packed(b"{\"n\":1}")
    });
    let settled = |poll| PollRecord {
        answers: vec![answer],
        next: Next::Settled {
            outcome: Outcome::Archived,
            missing: Vec::new(),
        },
        ..poll
    };
    house.polled(1, settled).await;
    let ended = got(folder.path(), &house).await;
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended
            .err
            .contains("(in its row): its bytes are not those that were captured"),
        "{}",
        ended.err
    );
    assert_eq!(
        names(folder.path()),
        [".verikeep", "SHA256SUMS", "index.html", "record.json"].map(String::from)
    );
}

#[tokio::test]
async fn an_altered_or_missing_object_is_named_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new().await;
    let [answer, face] = kept(&house)
        .await
        .map(|key| ObjectKey::parse(&key).unwrap());
    house.vault.delete(&answer).await.unwrap();
    house.vault.delete(&face).await.unwrap();
    let altered = Bytes::from_static(b"\xff\xd8\xff\xe0 b face");
    house.vault.put(&face, altered).await.unwrap();
    let ended = got(folder.path(), &house).await;
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended.out.starts_with("4 files, ")
            && ended.out.contains("; 2 objects failed and are not there")
            && !ended.out.contains("every"),
        "{}",
        ended.out
    );
    assert!(
        ended.err.contains(&format!(
            "error: face 0 of attempt 1 (object {face}): its bytes are not those that were captured"
        )),
        "{}",
        ended.err
    );
    assert!(
        ended.err.contains(&format!(
            "answer of getall at 2026-11-23T08:04:00Z (object {answer}): is not in the object store"
        )),
        "{}",
        ended.err
    );
    assert_eq!(
        names(folder.path()),
        [
            ".verikeep",
            "SHA256SUMS",
            "download-1.txt",
            "face-attempt1-1.bin",
            "getall-1.json",
            "index.html",
            "process_video-attempt1-0.mp4",
            "record.json"
        ]
        .map(String::from)
    );
    let record: Value =
        serde_json::from_slice(&fs::read(folder.path().join("record.json")).unwrap()).unwrap();
    assert_eq!(record["failed"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_not_seen_is_not_said() {
    for (label, row, objects, said) in [
        (
            "told too late",
            late(),
            false,
            "nothing is kept of it: it is missed, told too late\n",
        ),
        (
            "open",
            due(1),
            false,
            "nothing is kept of it: it is waiting, no attempt has been seen so far; ask again later\n",
        ),
        (
            "nobody verified",
            ended(1, Outcome::Abandoned),
            false,
            "nothing is kept of it: it is abandoned, nobody verified\n",
        ),
        (
            "its object is gone",
            due(1),
            true,
            "no file could be written: 1 object failed\n",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let house = House::new().await;
        house.put(vec![row]).await;
        if objects {
            let answer = house.answer(1, 1, b"{}").await;
            let key = ObjectKey::parse(&answer.body.object().unwrap().object_key).unwrap();
            house.vault.delete(&key).await.unwrap();
            let archived = |poll| PollRecord {
                answers: vec![answer],
                next: Next::Settled {
                    outcome: Outcome::Archived,
                    missing: Vec::new(),
                },
                ..poll
            };
            house.polled(1, archived).await;
        }
        let ended = got(folder.path(), &house).await;
        assert_eq!(
            (ended.code(), ended.out.as_str()),
            (Code::Finding, said),
            "{label}: {}",
            ended.err
        );
    }
}

fn late() -> crate::store::records::NewVerification {
    let missing = vec![missing("everything", Cause::ToldLate, "told too late")];
    let outcome = Outcome::Missed;
    told(1, Next::Settled { outcome, missing })
}

#[tokio::test]
async fn what_was_cut_short_can_be_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new().await;
    kept(&house).await;
    house
        .objects
        .set_reads(Some(io::ErrorKind::ConnectionRefused));
    let ended = got(folder.path(), &house).await;
    assert_eq!(ended.code(), Code::Unreachable, "{}", ended.err);
    assert!(!names(folder.path()).contains(&"SHA256SUMS".to_owned()));
    house.objects.set_reads(None);
    assert_eq!(got(folder.path(), &house).await.code(), Code::Done);
    assert!(
        names(folder.path())
            .iter()
            .all(|name| !name.starts_with(".verikeep-part")),
        "{:?}",
        names(folder.path())
    );
}
