//! `get` on a store and objects by hand: what becomes a file, and what does not.

use std::{collections::HashMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use serde_json::Value;

use super::{
    super::{
        Command,
        fake::{self, Fake},
        get::{self, Pieces, Unreadable},
        report::Code,
        screen::Screen,
    },
    Ended, command,
};

/// Objects by key.
fn vault(
    objects: &[(&str, &[u8])],
) -> impl Fn(String) -> BoxFuture<'static, Result<Pieces, Unreadable>> + Send + Sync + use<> {
    let objects: HashMap<String, Bytes> = objects
        .iter()
        .map(|(key, bytes)| ((*key).to_owned(), Bytes::copy_from_slice(bytes)))
        .collect();
    move |key| {
        let found = if key == "down" {
            Err(Unreadable::Unreachable("connection refused".to_owned()))
        } else {
            objects.get(&key).cloned().ok_or(Unreadable::Missing)
        };
        let pieces = found.map(|bytes| {
            futures::stream::iter(
                bytes
                    .chunks(3)
                    .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                    .collect::<Vec<_>>(),
            )
            .boxed()
        });
        async move { pieces }.boxed()
    }
}

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face";
const VIDEO: &[u8] = b"\x00\x00\x00\x18ftypmp42 a video";

fn kept() -> Fake {
    let mut whole = fake::whole(1);
    whole.answers = vec![
        fake::answer(1, "getall", "a1", b"{\"n\":1}"),
        fake::answer(2, "getall", "a2", b"{\"n\":2}"),
        fake::answer(3, "../../etc", "a3", b"<html>"),
    ];
    whole.media = vec![
        fake::medium("face", 0, Some(("m1", JPEG))),
        fake::medium("face", 0, Some(("m2", b"other bytes of the same slot"))),
        fake::medium("process_video", 0, Some(("m3", VIDEO))),
        fake::medium("process_video", 1, None),
    ];
    Fake {
        wholes: vec![whole],
        ..Fake::default()
    }
}

const OBJECTS: [(&str, &[u8]); 6] = [
    ("a1", b"{\"n\":1}"),
    ("a2", b"{\"n\":2}"),
    ("a3", b"<html>"),
    ("m1", JPEG),
    ("m2", b"other bytes of the same slot"),
    ("m3", VIDEO),
];

async fn got(out: &Path, store: &Fake, objects: &[(&str, &[u8])]) -> Ended {
    let Command::Get(args) = command(&[
        "get",
        "token-1",
        "--out",
        out.to_str().unwrap(),
        "--purpose",
        "dispute",
    ]) else {
        panic!()
    };
    let open = vault(objects);
    ran!(|screen| get::run(&args, store, &open, screen).await)
}

fn names(folder: &Path) -> Vec<String> {
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
    let ended = got(&out, &kept(), &OBJECTS).await;
    assert_eq!(ended.code(), Code::Done, "{}", ended.err);
    assert_eq!(
        names(&out),
        [
            "answer-1.html",
            "face-attempt1-0-2.bin",
            "face-attempt1-0.jpg",
            "getall-1.json",
            "getall-2.json",
            "manifest.json",
            "process_video-attempt1-0.mp4"
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
    let manifest: Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(
        (
            &manifest["purpose"],
            &manifest["written_at"],
            manifest["files"].as_array().unwrap().len()
        ),
        (&"dispute".into(), &"2026-11-23T08:15:01Z".into(), 6)
    );
    assert_eq!(manifest["missing"][0]["what"], "process_video");

    assert_eq!(
        got(&out, &kept(), &OBJECTS).await.code(),
        Code::Done,
        "again into the same folder"
    );
    fs::write(folder.path().join("foreign"), "x").unwrap();
    let foreign = got(folder.path(), &kept(), &OBJECTS).await;
    assert_eq!(foreign.code(), Code::Usage, "{}", foreign.err);
    assert_eq!(names(folder.path()), ["foreign", "new"].map(String::from));
}

#[tokio::test]
async fn an_altered_or_missing_object_is_named_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut objects = OBJECTS.to_vec();
    objects[3].1 = b"\xff\xd8\xff\xe0 b face";
    objects.retain(|(key, _)| *key != "a2");
    let ended = got(folder.path(), &kept(), &objects).await;
    assert_eq!(ended.code(), Code::Finding);
    assert!(
        ended.out.starts_with("4 files, ")
            && ended.out.contains("; 2 objects failed and are not there")
            && !ended.out.contains("every"),
        "{}",
        ended.out
    );
    assert!(
        ended.err.contains(
            "error: face 0 of attempt 1 (object m1): its bytes are not those that were captured"
        ),
        "{}",
        ended.err
    );
    assert!(
        ended.err.contains(
            "answer of getall at 2026-11-23T08:04:00Z (object a2): is not in the object store"
        ),
        "{}",
        ended.err
    );
    assert_eq!(
        names(folder.path()),
        [
            "answer-1.html",
            "face-attempt1-0.bin",
            "getall-1.json",
            "manifest.json",
            "process_video-attempt1-0.mp4"
        ]
        .map(String::from)
    );
    let manifest: Value =
        serde_json::from_slice(&fs::read(folder.path().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["failed"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_not_seen_is_not_said() {
    for (state, missing, objects, said) in [
        (
            "missed",
            serde_json::json!([{ "what": "everything", "why": "told too late" }]),
            0,
            "nothing is kept of it: it is missed, told too late\n",
        ),
        (
            "waiting",
            serde_json::json!([]),
            0,
            "nothing is kept of it: it is waiting, no attempt has been seen so far; ask again later\n",
        ),
        (
            "abandoned",
            serde_json::json!([]),
            0,
            "nothing is kept of it: it is abandoned, nobody verified\n",
        ),
        (
            "archived",
            serde_json::json!([]),
            1,
            "no file could be written: 1 object failed\n",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = kept();
        let whole = &mut store.wholes[0];
        (whole.summary.state, whole.summary.missing) = (state.to_owned(), missing);
        whole.answers.truncate(objects);
        whole.media.clear();
        let ended = got(folder.path(), &store, &[]).await;
        assert_eq!(
            (ended.code(), ended.out.as_str()),
            (Code::Finding, said),
            "{state}: {}",
            ended.err
        );
    }
}

#[tokio::test]
async fn what_was_cut_short_can_be_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = kept();
    store.wholes[0].media[1].object_key = Some("down".to_owned());
    let ended = got(folder.path(), &store, &OBJECTS).await;
    assert_eq!(ended.code(), Code::Unreachable, "{}", ended.err);
    assert!(!names(folder.path()).contains(&"manifest.json".to_owned()));
    assert_eq!(
        got(folder.path(), &kept(), &OBJECTS).await.code(),
        Code::Done
    );
    assert!(
        names(folder.path())
            .iter()
            .all(|name| !name.starts_with('.')),
        "{:?}",
        names(folder.path())
    );
}
