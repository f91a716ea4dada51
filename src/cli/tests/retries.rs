//! `retry`: what was woken, and what cannot be.

use super::*;

#[tokio::test]
async fn retry_tells_what_was_woken() {
    let house = House::new().await;
    let mut forgotten = ended(3, Outcome::Missed);
    forgotten.record_deadline = at("2026-11-23T08:10:00Z");
    house
        .put(vec![
            ended(1, Outcome::Rejected),
            ended(2, Outcome::Archived),
            forgotten,
        ])
        .await;
    let second = id(2).to_string();
    let woken = house
        .ran(&["retry", "token-1", &second, "canary-3", "--app", "other"])
        .await;
    assert_eq!(woken.code(), Code::Finding);
    for part in [
        "token 1: woken, was rejected (019ab000-0000-7000-8000-000000000001)",
        "token 2: is whole, there is nothing to try again",
        "token 3: is not tracked here",
    ] {
        assert!(woken.out.contains(part), "{part} in {}", woken.out);
    }
    assert!(!woken.out.contains("canary"), "{}", woken.out);
    let late = house.ran(&["retry", "token-3"]).await;
    assert!(
        late.code() == Code::Finding && late.out.starts_with("token 1: cannot be tried again, the provider has forgotten it since 2026-11-23T08:10:00Z; nothing was changed"),
        "{}",
        late.out
    );
    let shown = house.ran(&["show", "token-1", "--json"]).await;
    let document: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(
        (&document["app"], &document["state"]),
        (&"other".into(), &State::Waiting.name().into())
    );
    assert_eq!(
        house.ran(&["retry", "x", "--app", "gone"]).await.code(),
        Code::Usage
    );
}
