//! Tokens that were told under the wrong app.

use std::sync::Arc;

use simulator::{AppCredential, Life, LifeSpec};

use super::{BEGIN, FILMED, House, PLAIN, STRANGER, filmed, way::Instead};
use crate::{
    archive::{App, Apps},
    domain::{address::BaseUrl, answer::Endpoint, policy::Policy, time::Span, traffic::Rules},
};

/// What unused tokens are known to answer, and the tokens here do not: other apps are asked at once.
const NOT_YET: &str = "not_yet:283600";

/// A token that this app generated, for another to be told of.
pub(super) fn of(owner: &str) -> LifeSpec {
    LifeSpec {
        owner: Some(owner.to_owned()),
        ..filmed(Life::WrongApp)
    }
}

impl House {
    /// The app that it stands under, and what was done to it (`who what: detail`).
    async fn stands(&self, token: &str) -> (String, Vec<String>) {
        let whole = self.whole(token).await;
        let events = whole.events.into_iter();
        let events =
            events.map(|event| format!("{} {}: {}", event.actor, event.what, event.detail));
        (whole.summary.app, events.collect())
    }
}

fn went(from: &str, to: &str) -> Vec<String> {
    vec![format!(
        "verikeep reassigned: given from app `{from}` to `{to}`, which lists attempts of it"
    )]
}

#[tokio::test]
async fn a_token_told_under_the_wrong_app_is_archived_under_its_own_and_nobody_is_asked() {
    for taught in [NOT_YET, "refused"] {
        for (told, owner) in [(PLAIN, FILMED), (FILMED, PLAIN)] {
            let house = House::new().taught(taught);
            let token = house.tell(told, of(owner)).await;
            house.live_until(BEGIN.plus(Span::hours(3))).await;
            assert_eq!(
                house.stands(&token).await,
                (owner.to_owned(), went(told, owner)),
                "{taught}"
            );
            house.live().await;
            house.is_archived(&token).await;
            assert_eq!(house.alarms().await, [""; 0], "{taught}, told {told}");
            assert_eq!(house.ways[STRANGER].over.calls(), 0);
        }
    }
}

#[tokio::test]
async fn where_a_person_decides_a_token_stays_until_it_is_given_to_its_app() {
    let house = House::new().reassigning(false).taught(NOT_YET);
    let token = house.tell(FILMED, of(PLAIN)).await;
    let left = house.tell(FILMED, of(PLAIN)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    for token in [&token, &left] {
        let whole = house.whole(token).await;
        assert_eq!(
            (whole.summary.app.as_str(), whole.events.len()),
            (FILMED, 0)
        );
        let alarm = format!("wrong_app {}", whole.summary.verification_id);
        assert!(house.alarms().await.contains(&alarm), "{alarm}");
    }
    house.retry(&token, Some(PLAIN)).await;
    house.live().await;
    house.is_archived(&token).await;
    let expected = "somebody retry: was waiting, given from app `filmed` to `plain`";
    assert_eq!(
        house.stands(&token).await,
        (PLAIN.to_owned(), vec![expected.to_owned()])
    );
    assert_eq!(house.state(&left).await, "rejected");
    assert!(house.missing(&left).await.contains("retry --app plain"));
}

#[tokio::test]
async fn a_token_that_waits_for_a_person_goes_once_nobody_has_to_be_asked() {
    let house = House::new().reassigning(false).taught(NOT_YET);
    let token = house.tell(FILMED, of(PLAIN)).await;
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    assert_eq!(house.alarms().await.len(), 1);
    let house = house.reassigning(true);
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(
        house.stands(&token).await,
        (PLAIN.to_owned(), went(FILMED, PLAIN))
    );
    assert_eq!(house.alarms().await, [""; 0], "it is over");
}

#[tokio::test]
async fn a_token_that_another_app_lists_once_and_then_no_more_stays() {
    // What unused tokens of the app answer, too: the sibling is asked when it must have been used.
    let house = House::new().taught("refused");
    let token = house.tell(FILMED, of(PLAIN)).await;
    let mut at = BEGIN;
    while house.ways[PLAIN].asked(Endpoint::Getall) == 0 {
        at = at.plus(Span::minutes(1));
        assert!(at < BEGIN.plus(Span::hours(4)), "never asked");
        house.live_until(at).await;
    }
    let refused = r#"{"success":false,"error_code":283600,"message":"none yet"}"#;
    let end = BEGIN.plus(Span::hours(24 * 9));
    house.ways[PLAIN].trouble(Endpoint::Getall, Instead::Body(200, refused), end);
    house.live().await;
    assert_eq!(house.stands(&token).await, (FILMED.to_owned(), Vec::new()));
    let alarms = house.alarms().await;
    assert!(
        !alarms.iter().any(|alarm| alarm.starts_with("wrong_app")),
        "{alarms:?}"
    );
}

#[tokio::test]
async fn a_token_of_another_account_stays_and_is_shown_to_nobody_there() {
    let house = House::new().taught(NOT_YET);
    let token = house.tell(FILMED, of(STRANGER)).await;
    house.live().await;
    house.is_true(&token).await;
    assert_eq!(house.stands(&token).await, (FILMED.to_owned(), Vec::new()));
    assert_eq!(house.ways[STRANGER].over.calls(), 0);
}

#[test]
fn only_apps_of_the_same_account_at_the_same_provider_are_siblings() {
    let house = House::new();
    let (here, there) = ("https://one.test", "https://two.test");
    let app = |(name, account, url): (&str, &str, &str)| App {
        name: name.to_owned(),
        account: account.to_owned(),
        origin: url.parse::<BaseUrl>().unwrap().origin(),
        policy: Policy::documented(),
        rules: Rules::default(),
        provider: Arc::clone(&house.ways[FILMED]) as _,
        media_bytes_max: 1,
    };
    let all = [
        ("own", "a", here),
        ("sibling", "a", here),
        ("of another account", "b", here),
        ("at another provider", "a", there),
    ];
    let apps = Apps::new(all.map(app).into());
    let siblings = apps.siblings(apps.get("own").unwrap());
    let names: Vec<&str> = siblings.map(|sibling| sibling.name.as_str()).collect();
    assert_eq!(names, ["sibling"]);
}

#[tokio::test]
async fn a_token_that_goes_by_itself_does_not_come_back_by_itself() {
    let house = House::new().taught(NOT_YET);
    let token = house.tell(FILMED, of(PLAIN)).await;
    while house.stands(&token).await.0 == FILMED {
        assert!(house.now() < BEGIN.plus(Span::hours(4)), "never given");
        house.clock.pass(Span::seconds(20));
        house.step().await.unwrap();
    }
    assert_eq!(
        house.whole(&token).await.attempt_rows.len(),
        0,
        "not yet asked for"
    );
    // Now the other one has the credentials of the app that generated it.
    let swapped = |name: &str, of: &str| AppCredential {
        name: name.to_owned(),
        records_video: name == FILMED,
        ..AppCredential::synthetic(of, "default")
    };
    let house = house.rekeyed(swapped(PLAIN, FILMED));
    let house = house.rekeyed(swapped(FILMED, PLAIN)).taught(NOT_YET);
    house.live().await;
    assert_eq!(
        house.stands(&token).await,
        (PLAIN.to_owned(), went(FILMED, PLAIN)),
        "once"
    );
    assert_eq!(house.state(&token).await, "rejected");
    let id = house.whole(&token).await.summary.verification_id;
    assert_eq!(house.alarms().await, [format!("wrong_app {id}")]);
    assert!(house.missing(&token).await.contains("retry --app filmed"));
}
