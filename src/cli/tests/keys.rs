//! `key`.

use super::*;
use crate::domain::{key::Presented, time::Span};

async fn run(house: &House, line: &[&str]) -> Ended {
    house.ran(&[&["key"], line].concat()).await
}

const SHOP: [&str; 7] = [
    "create",
    "--name",
    "shop",
    "--scope",
    "track,issue",
    "--app",
    "h5",
];

#[tokio::test]
async fn a_key_is_printed_once_and_alone_and_its_secret_never_again() {
    let house = House::new().await;
    let made = run(&house, &SHOP).await;
    assert_eq!(made.code(), Code::Done, "{}", made.err);
    let text = made.out.strip_suffix('\n').unwrap();
    let presented = Presented::read(text).unwrap();
    let kept = house
        .store()
        .find_key(presented.key_id)
        .await
        .unwrap()
        .unwrap();
    assert!(kept.digest.is_of(&presented));
    assert_eq!(kept.key.expires_at, NOW.plus(Span::hours(90 * 24)));
    let (_, secret) = text.rsplit_once('_').unwrap();
    let digest = kept.digest.to_keep().to_string();
    let id = presented.key_id.to_string();
    let now = NOW.plus(Span::minutes(1));
    house
        .store()
        .note_key_used(presented.key_id, now)
        .await
        .unwrap();
    for (line, tells) in [
        (
            &["list"][..],
            &["shop", "good", "track issue", "h5", "2026-11-23T08:16:01Z"][..],
        ),
        (
            &["list", "--json"],
            &[r#""scopes":["track","issue"],"all_apps":false,"apps":["h5"]"#],
        ),
        (&["revoke", "shop"], &["shop", "revoked"]),
        (
            &["revoke", &id],
            &["revoked before: 2026-11-23T08:15:01Z by cli"],
        ),
        (&["revoke", &id, "--json"], &[r#""state": "revoked""#]),
        (&["list"], &["there is no key"]),
        (&["list", "--all"], &["shop", "revoked"]),
    ] {
        let ended = run(&house, line).await;
        let told = format!("{}{}{}", made.err, ended.out, ended.err);
        assert_eq!(ended.code(), Code::Done, "{line:?}: {told}");
        for part in tells {
            assert!(told.contains(part), "{line:?} tells {part}: {told}");
        }
        assert!(!told.contains(secret) && !told.contains(&digest), "{told}");
    }
    let again = run(&house, &SHOP).await;
    assert_eq!(again.code(), Code::Done, "the name is free again");
    house.clock.pass(Span::hours(90 * 24));
    let expired = run(&house, &["list"]).await;
    assert!(expired.out.contains("expired"), "{}", expired.out);
}

#[tokio::test]
async fn a_document_holds_the_key_and_what_it_is_for() {
    let house = House::new().await;
    let line = [
        "create",
        "--name",
        "audit",
        "--scope",
        "reveal",
        "--scope",
        "read,read",
        "--all-apps",
        "--expires",
        "2026-12-01T00:00:00Z",
        "--network",
        "10.1.2.3/8,2001:db8::1",
        "--json",
    ];
    let made = run(&house, &line).await;
    assert_eq!(made.err, "");
    let json: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    assert!(Presented::read(json["key"].as_str().unwrap()).is_some());
    for (field, is) in [
        ("name", serde_json::json!("audit")),
        ("state", "good".into()),
        ("scopes", serde_json::json!(["read", "reveal"])),
        ("all_apps", true.into()),
        ("apps", serde_json::json!([])),
        ("rate", 10_000.into()),
        ("tokens_a_day", 1_000_000.into()),
        ("issues_a_day", 10_000.into()),
        (
            "networks",
            serde_json::json!(["10.0.0.0/8", "2001:db8::1/128"]),
        ),
        ("expires_at", "2026-12-01T00:00:00Z".into()),
        ("last_used_at", serde_json::Value::Null),
    ] {
        assert_eq!(json[field], is, "{field}");
    }
}

#[tokio::test]
async fn what_no_key_can_be_is_refused_with_words() {
    let house = House::new().await;
    run(&house, &SHOP).await;
    let long = "x".repeat(65);
    let create = |name: &'static str, app: &'static str, expires: &'static str| {
        vec![
            "create",
            "--scope",
            "read",
            "--name",
            name,
            "--app",
            app,
            "--expires",
            expires,
        ]
    };
    let mut long_name = create("", "h5", "1d");
    long_name[4] = &long;
    let key = "vk_019ab2c4-7f00-7abc-8def-0123456789af_canary";
    for (label, line, code, tells) in [
        (
            "taken",
            create("shop", "h5", "1d"),
            Code::Finding,
            "key list",
        ),
        (
            "no name",
            create("", "h5", "1d"),
            Code::Usage,
            "0 characters",
        ),
        ("long", long_name, Code::Usage, "65 characters"),
        (
            "an app",
            create("a", "othr", "1d"),
            Code::Usage,
            "did you mean `other`?",
        ),
        (
            "another",
            create("a", "x", "1d"),
            Code::Usage,
            "there are: h5, other",
        ),
        (
            "over",
            create("a", "h5", "2020-01-01T00:00:00Z"),
            Code::Usage,
            "is over",
        ),
        ("at once", create("a", "h5", "0s"), Code::Usage, "is over"),
        (
            "far",
            create("a", "h5", "3650d"),
            Code::Usage,
            "too far away",
        ),
        (
            "a key itself",
            vec!["revoke", key],
            Code::Finding,
            "key list --all",
        ),
    ] {
        let ended = run(&house, &line).await;
        assert_eq!(ended.code(), code, "{label}: {}", ended.err);
        assert!(ended.err.contains(tells), "{label}: {}", ended.err);
        assert!(!ended.err.contains("canary"), "{label}: {}", ended.err);
        assert_eq!(ended.out, "", "{label}");
    }
    assert_eq!(house.store().keys(true).await.unwrap().len(), 1);
}
