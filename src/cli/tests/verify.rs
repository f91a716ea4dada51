//! `verify`: whatever is not as it was captured has its own finding, and nothing else has any.

mod attempts;
mod told;

use std::io::ErrorKind;

use bytes::Bytes;

use super::{super::people::size, *};
use crate::{
    app::{
        AppError,
        verify::{Name, Told, verify},
    },
    domain::{
        answer::{AnswerRow, Body, Endpoint},
        digest::Sha256,
        id::ObjectId,
        packed::Packed,
        time::Span,
    },
    store::{self, reports::Which},
    vault::{ObjectKey, VaultError},
};

const DETAIL: &[u8] = br#"{"success":true,"log_id":"1"}"#;
/// Tells of the attempt that [`attempt`] is.
const GETALL: &[u8] = r#"{"success":true,"result":{"verify_count":1,"verify_result":[{"order":1,"code":"0","is_verify_passed":true,
"verify_time":"2026-11-23 16:03:00","is_charged":true,"charge_type":"verify","verify_detail":{"score":97.5,"threshold":80.0},
"idcard_confirm":{"name":"张三","idcard_number":"370123199602165826"}}]},"log_id":"2"}"#.as_bytes();

/// Two archived verifications, each with an answer in its row, one that is an object, and a face.
async fn house() -> House {
    let house = House::new().await;
    let known = house.store().installation().await.unwrap();
    let installation_id = known.installation.unwrap().installation_id;
    house.vault.mark(&installation_id).await.unwrap();
    for (number, face) in [(1, b"one face"), (2, b"two face")] {
        let large = house.answer(number, u128::from(number), GETALL).await;
        let small = AnswerRow {
            answer_id: uuid::Uuid::from_u128(u128::from(number) + 10).into(),
            endpoint: Endpoint::Detail,
            body: Body::Row(Packed::of(DETAIL, Sha256::of(DETAIL)).unwrap()),
            ..large.clone()
        };
        let face = house.medium(number, Kind::Face, 0, face).await;
        let record = |poll: PollRecord| PollRecord {
            answers: vec![large, small],
            attempts: vec![attempt()],
            filled: vec![face],
            is_first: true,
            next: Next::Settled {
                outcome: Outcome::Archived,
                missing: Vec::new(),
            },
            ..poll
        };
        house.polled(number, record).await;
    }
    house
}

/// Changes rows by hand.
async fn sql(house: &House, text: &str) {
    store::run_past_the_product(&house.config.database.url, text).await;
}

/// The object of that face.
async fn face(house: &House, number: u32) -> ObjectKey {
    let whole = house.store().show(&id(number).to_string()).await.unwrap();
    let key = whole.unwrap().media[0].object_key.clone().unwrap();
    ObjectKey::parse(&key).unwrap()
}

async fn replace(house: &House, number: u32, bytes: &'static [u8]) {
    let key = face(house, number).await;
    house.vault.delete(&key).await.unwrap();
    house
        .vault
        .put(&key, Bytes::from_static(bytes))
        .await
        .unwrap();
}

/// (finding, verification) of each.
fn findings(ended: &Ended) -> Vec<(String, String)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = ended.ndjson();
    let found = rows.iter().filter(|row| row.get("finding").is_some());
    let mut found: Vec<_> = found
        .map(|row| (text(row, "finding"), text(row, "verification_id")))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn an_archive_that_is_whole_has_no_finding() {
    let house = house().await;
    house.clock.pass(Span::hours(48));
    let told = house.ran(&["verify"]).await;
    assert_eq!(told.code(), Code::Done, "{}{}", told.out, told.err);
    let bytes = 2 * (GETALL.len() + DETAIL.len() + b"one face".len());
    let bytes = size(i64::try_from(bytes).unwrap());
    assert_eq!(
        told.out,
        format!("2 verifications, 4 answers, 2 images and videos, {bytes} compared: everything is as it was captured
")
    );
    let json = house.ran(&["verify", "--json"]).await;
    assert_eq!(json.code(), Code::Done);
    let checked = &json.ndjson()[0]["checked"];
    assert_eq!(
        (checked["media"].as_u64(), checked["findings"].as_u64()),
        (Some(2), Some(0))
    );
}

#[tokio::test]
async fn each_kind_of_damage_has_its_own_finding() {
    let in_sql = [
        (
            "a body",
            "update answers set body = x'28b52ffd' where body is not null and verification_id = '{1}'",
            "answer_altered",
        ),
        (
            "a length",
            "update answers set bytes = 9000000000000000000 where body is not null and verification_id = '{1}'",
            "answer_altered",
        ),
        (
            "another's body",
            "update answers set body = (select body from answers where verification_id = '{2}' and body is not null), sha256 = replace(sha256, 'a', 'b') where body is not null and verification_id = '{1}'",
            "answer_altered",
        ),
        (
            "a digest",
            "update media set sha256 = replace(sha256, substr(sha256, 1, 1), 'e'), stored_sha256 = sha256 where verification_id = '{1}' and substr(sha256, 1, 1) <> 'e'",
            "object_altered",
        ),
        (
            "a digest that is none",
            "update media set sha256 = 'x' where verification_id = '{1}'",
            "row_unreadable",
        ),
        (
            "a key that is none",
            "update media set object_key = '../etc/passwd' where verification_id = '{1}'",
            "object_foreign",
        ),
        (
            "another's object",
            "update media set object_key = (select object_key from media where verification_id = '{2}') where verification_id = '{1}'",
            "object_foreign",
        ),
        (
            "another object",
            "update media set object_key = replace(object_key, '.bin', '.json') where verification_id = '{1}'",
            "object_missing",
        ),
        (
            "an attempt too few",
            "delete from attempts where verification_id = '{1}'",
            "attempts_differ",
        ),
        (
            "an attempt too many",
            "insert into attempts (verification_id, attempt_no, captured_at) select verification_id, 2, captured_at from attempts where verification_id = '{1}';
            update verifications set attempts = 2 where verification_id = '{1}'",
            "attempt_altered",
        ),
        (
            "no answers",
            "delete from answers where verification_id = '{1}'",
            "answers_missing",
        ),
        (
            "no verification",
            "delete from verifications where verification_id = '{1}'",
            "verification_missing",
        ),
    ];
    for (label, text, name) in in_sql {
        assert_eq!(damaged(text).await, [name], "{label}");
    }
}

/// What is found after statements that speak of the first verification as `{1}` and of the second as `{2}`.
async fn damaged(text: &str) -> Vec<String> {
    let house = house().await;
    let one = id(1).to_string();
    let text = text.replace("{1}", &one).replace("{2}", &id(2).to_string());
    sql(&house, &text).await;
    let ended = house.ran(&["verify", "--json"]).await;
    assert_eq!(ended.code(), Code::Finding, "{text}: {}", ended.err);
    assert!(!ended.out.contains("张三") && !ended.out.contains("370123"));
    let found = findings(&ended).into_iter();
    let mut names: Vec<String> = found
        .map(|(name, of)| {
            assert_eq!(of, one, "{text}");
            name
        })
        .collect();
    // Of each table that has rows of it.
    names.dedup();
    names
}

#[tokio::test]
async fn each_damage_to_an_object_is_found() {
    for (label, bytes, name) in [
        ("gone", None, "object_missing"),
        ("one bit", Some(&b"one fabe"[..]), "object_altered"),
        ("cut", Some(b"one fac"), "object_altered"),
        ("longer", Some(b"one face "), "object_altered"),
        ("nothing in it", Some(b""), "object_altered"),
        ("the other's", Some(b"two face"), "object_altered"),
    ] {
        let house = house().await;
        match bytes {
            Some(bytes) => replace(&house, 1, bytes).await,
            None => house.vault.delete(&face(&house, 1).await).await.unwrap(),
        }
        let ended = house.ran(&["verify", "--json"]).await;
        assert_eq!(ended.code(), Code::Finding, "{label}: {}", ended.err);
        assert_eq!(
            findings(&ended),
            [(name.to_owned(), id(1).to_string())],
            "{label}"
        );
        let row = &ended.ndjson()[0];
        assert_eq!(row["what"], "face 0 of attempt 1", "{label}");
        let told = house.ran(&["verify"]).await;
        assert!(
            told.out.contains(name) && told.out.contains("compared: 1 finding\n"),
            "{label}: {}",
            told.out
        );
    }
}

#[tokio::test]
async fn an_object_that_no_row_names_is_told_once_it_is_old() {
    let house = house().await;
    let key = ObjectKey::media(id(1), ObjectId::fresh(NOW));
    house
        .vault
        .put(&key, Bytes::from_static(b"12345678"))
        .await
        .unwrap();
    assert_eq!(
        house.ran(&["verify"]).await.code(),
        Code::Done,
        "it may be under way"
    );
    house.clock.pass(Span::hours(25));
    let ended = house.ran(&["verify", "--json"]).await;
    assert_eq!(ended.code(), Code::Finding);
    let row = &ended.ndjson()[0];
    assert_eq!(
        (row["finding"].as_str(), row["object_key"].as_str()),
        (Some("object_unknown"), Some(key.as_str()))
    );
    let part = house.ran(&["verify", "--sample", "1/1"]).await;
    assert_eq!(
        part.code(),
        Code::Done,
        "a part of the rows says nothing of it"
    );
}

#[tokio::test]
async fn parts_are_together_all_and_since_leaves_out_what_was_tracked_before() {
    let house = house().await;
    let compared = async |line: &[&str]| {
        let ended = house.ran(line).await;
        ended.ndjson()[0]["checked"]["verifications"]
            .as_u64()
            .unwrap()
    };
    let mut sum = 0;
    for part in ["1/3", "2/3", "3/3"] {
        sum += compared(&["verify", "--json", "--sample", part]).await;
    }
    assert_eq!(sum, 2);
    let at = |since| ["verify", "--json", "--since", since];
    assert_eq!(compared(&at("2026-11-23T08:00:01Z")).await, 2);
    assert_eq!(compared(&at("2026-11-23T08:00:02Z")).await, 0);
    for part in ["0/3", "4/3", "3"] {
        let line = ["verikeep", "verify", "--sample", part].map(Into::into);
        assert!(super::super::parse(line).is_err(), "{part}");
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_a_finding_and_a_store_that_cannot_ends_it() {
    let house = house().await;
    let mut found = Vec::new();
    let mut compare = async || {
        found.clear();
        let mut tell = |told: Told<'_>| {
            if let Told::Found(one) = told {
                found.push(one.finding);
            }
            Ok::<_, AppError>(())
        };
        let (store, vault) = (house.store(), &house.vault);
        let ended = verify(store, vault, Which::default(), NOW, &mut tell).await;
        (ended, found.clone())
    };
    house.objects.set_reads(Some(ErrorKind::BrokenPipe));
    // Of each verification one of its answers and its face are objects.
    let (ended, findings) = compare().await;
    assert_eq!(ended.unwrap().findings, 4);
    assert_eq!(findings, [Name::ObjectUnreadable; 4]);
    let ended = house.ran(&["verify"]).await;
    assert_eq!(ended.code(), Code::Unreachable, "{}", ended.out);
    house.objects.set_reads(None);
    for number in 3..=20 {
        let large = house.answer(number, u128::from(number) + 100, b"{}").await;
        let record = |poll: PollRecord| PollRecord {
            answers: vec![large],
            ..poll
        };
        house.polled(number, record).await;
    }
    house.objects.set_reads(Some(ErrorKind::BrokenPipe));
    let (ended, _) = compare().await;
    assert!(
        matches!(&ended, Err(AppError::Vault(VaultError::Unavailable(_)))),
        "{ended:?}"
    );
}
