//! Tokens that are issued here: generated, tracked, and only then prepared and given out.

use simulator::{AppCredential, FaultKind, Faults};

use super::{
    BEGIN, FILMED, House,
    way::Instead::{Body, Nothing},
};
use crate::{
    archive::issue::{IssueError, Issued, Wish},
    domain::{
        answer::{Endpoint, ErrorKind},
        secret::Secret,
        time::{Span, Time},
    },
    store::{
        Reports as _,
        reports::{Filter, Submitted},
    },
};

const FOR_EVER: Time = Time(i64::MAX);

fn wish(plan_id: &str) -> Wish {
    Wish {
        app: FILMED.to_owned(),
        plan_id: plan_id.to_owned(),
        reference: Some("order 7".to_owned()),
        actor: "somebody".to_owned(),
        ..Wish::default()
    }
}

pub(super) fn prepared(plan_id: &str) -> Wish {
    let secret = |text: &str| Secret::new(text.to_owned());
    Wish {
        identity: Some((secret("张三"), secret("110101199003070003"), Some(0))),
        match_image: Some(vec![0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]),
        ..wish(plan_id)
    }
}

impl House {
    pub(super) async fn issue(&self, wish: Wish) -> Result<Issued, IssueError> {
        self.archive.issuer.issue(wish).await
    }

    pub(super) fn asked(&self, endpoint: Endpoint) -> usize {
        self.ways[FILMED].asked(endpoint)
    }

    /// Nothing is tracked, and a person did not wait long.
    fn gave_up_soon(&self) {
        assert_eq!(self.store.rows()["verifications"], 0);
        let waited = self.now().since(BEGIN);
        assert!(waited < Span::seconds(10), "a person waited {waited}");
    }
}

#[tokio::test]
async fn a_token_issued_here_is_tracked_and_archived() {
    let house = House::new();
    let issued = house.issue(wish("passed,video=one")).await.unwrap();
    let token = issued.verify_token.reveal();
    let summary = house.whole(token).await.summary;
    assert_eq!(summary.verification_id, issued.verification_id);
    assert_eq!(
        (
            summary.reference.as_deref(),
            summary.plan_id.as_deref(),
            summary.tracked_by.as_str()
        ),
        (Some("order 7"), Some("passed,video=one"), "somebody")
    );
    house.live().await;
    house.is_archived(token).await;
}

#[tokio::test]
async fn identity_and_image_are_handed_in_once_the_token_is_tracked() {
    let house = House::new();
    let issued = house.issue(prepared("passed,video=one")).await.unwrap();
    assert!(issued.unprepared.is_none(), "{:?}", issued.unprepared);
    let key = house.archive.index_key.as_ref().unwrap();
    let person = |number: &str| Filter {
        id_number_index: Some(key.id_number(number)),
        limit: 10,
        ..Filter::default()
    };
    let found = house
        .store
        .list(&person("110101199003070003"))
        .await
        .unwrap();
    assert_eq!(found.len(), 1, "before the provider tells of an attempt");
    assert_eq!(found[0].verification_id, issued.verification_id);
    assert!(
        house
            .store
            .list(&person("11010519491231002X"))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        [
            Endpoint::Generate,
            Endpoint::Submit,
            Endpoint::UploadMatchImage
        ]
        .map(|at| house.asked(at)),
        [1, 1, 1]
    );
    let whole = house.whole(issued.verify_token.reveal()).await;
    let expected = Submitted {
        at: whole.summary.tracked_at,
        certificate_type: Some(0),
        name_masked: "张*".to_owned(),
        id_number_masked: "1*************0003".to_owned(),
        id_number_index: Some(key.id_number("110101199003070003")),
        name: None,
        id_number: None,
        taken: Some(true),
        refused: None,
    };
    assert_eq!(whole.submitted, Some(expected));
    house.live().await;
    house.is_archived(issued.verify_token.reveal()).await;
}

#[tokio::test]
async fn what_cannot_be_a_number_or_an_image_is_refused_before_a_token_exists() {
    let secret = |text: &str| Secret::new(text.to_owned());
    let house = House::new();
    for (label, number, kind, image, part) in [
        ("12 digits", "110101199003", None, None, "12 characters"),
        (
            "a wrong check digit",
            "110101199003070004",
            Some(0),
            None,
            "check digit",
        ),
        ("no number", " ", Some(1), None, "the number is empty"),
        (
            "text for an image",
            "110101199003070003",
            None,
            Some(b"canary text".to_vec()),
            "no JPEG",
        ),
        (
            "nothing for an image",
            "H12345678",
            Some(1),
            Some(Vec::new()),
            "is empty",
        ),
    ] {
        let wish = Wish {
            identity: Some((secret("张三"), secret(number), kind)),
            match_image: image,
            ..wish("passed")
        };
        let refused = house.issue(wish).await;
        assert!(
            matches!(&refused, Err(IssueError::Wrong(why)) if why.contains(part) && !why.contains("1101")),
            "{label}: {refused:?}"
        );
    }
    assert_eq!(house.asked(Endpoint::Generate), 0);
    house.gave_up_soon();
}

#[tokio::test]
async fn a_token_that_cannot_be_prepared_is_tracked_all_the_same() {
    let house = House::new();
    house.ways[FILMED].trouble(Endpoint::Submit, Nothing, FOR_EVER);
    let issued = house.issue(prepared("passed,video=one")).await.unwrap();
    assert_eq!(issued.unprepared.unwrap().kind, ErrorKind::Transient);
    assert_eq!(house.asked(Endpoint::Submit), 4);
    assert_eq!(house.asked(Endpoint::UploadMatchImage), 0);
    let whole = house.whole(issued.verify_token.reveal()).await;
    let submitted = whole.submitted.unwrap();
    assert_eq!(submitted.taken, Some(false));
    let why = submitted.refused.unwrap();
    assert!(!why.is_empty() && !why.contains("110101"), "{why}");
    house.live().await;
    house.is_archived(issued.verify_token.reveal()).await;
}

#[tokio::test]
async fn a_refused_access_token_is_renewed_before_a_token_is_generated() {
    let house = House::new();
    house.issue(wish("unused")).await.unwrap();
    house.world.expire_access_tokens();
    house.issue(wish("unused")).await.unwrap();
    assert_eq!(house.asked(Endpoint::Generate), 3);
    assert_eq!(house.store.rows()["verifications"], 2);
    assert_eq!(house.alarms().await, [""; 0]);
}

#[tokio::test]
async fn a_database_that_is_away_gives_out_no_token_that_is_not_tracked() {
    let house = House::new();
    house.store.set_away(true);
    let issued = house.issue(prepared("passed")).await;
    assert!(matches!(issued, Err(IssueError::Store(_))), "{issued:?}");
    house.store.set_away(false);
    house.gave_up_soon();
    assert_eq!(
        house.asked(Endpoint::Submit),
        0,
        "nobody's identity is handed in for it"
    );
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_after_few_tries() {
    let house = House::new();
    house.world.set_faults(Faults::outage());
    let issued = house.issue(wish("passed")).await;
    assert!(
        matches!(&issued, Err(IssueError::Provider(problem)) if problem.kind == ErrorKind::Transient),
        "{issued:?}"
    );
    assert_eq!(house.asked(Endpoint::Generate), 4);
    house.gave_up_soon();
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_a_token_that_nobody_gets() {
    let house = House::new();
    house.world.set_faults(Faults {
        repeat_max: 1,
        ..Faults::only(FaultKind::AnswerLost)
    });
    let issued = house.issue(wish("passed,video=one")).await.unwrap();
    assert_eq!(house.store.rows()["verifications"], 1);
    house.world.set_faults(Faults::default());
    house.live().await;
    house.is_archived(issued.verify_token.reveal()).await;
}

#[tokio::test]
async fn an_answer_without_a_token_is_an_error() {
    let house = House::new();
    let empty = Body(200, r#"{"success":true,"result":{},"log_id":"1"}"#);
    house.ways[FILMED].trouble(Endpoint::Generate, empty, FOR_EVER);
    let issued = house.issue(wish("passed")).await;
    assert!(matches!(issued, Err(IssueError::Provider(_))), "{issued:?}");
    house.gave_up_soon();
}

#[tokio::test]
async fn a_plan_that_does_not_exist_is_told_at_once() {
    let house = House::new();
    let issued = house.issue(wish("no-such-plan")).await;
    assert!(
        matches!(&issued, Err(IssueError::Provider(problem)) if problem.kind == ErrorKind::Misconfigured),
        "{issued:?}"
    );
    assert_eq!(house.asked(Endpoint::Generate), 1);
    house.gave_up_soon();
}

#[tokio::test]
async fn a_spent_quota_is_told_at_once_and_is_an_alarm() {
    let house = House::new();
    let spent = Body(
        200,
        r#"{"error_code":19,"error_msg":"Open api total request limit reached"}"#,
    );
    house.ways[FILMED].trouble(Endpoint::Generate, spent, FOR_EVER);
    let issued = house.issue(wish("passed")).await;
    assert!(
        matches!(&issued, Err(IssueError::Provider(problem)) if problem.kind == ErrorKind::TotalQuota),
        "{issued:?}"
    );
    assert_eq!(house.asked(Endpoint::Generate), 1);
    assert_eq!(house.alarms().await, ["quota filmed"]);
    house.gave_up_soon();
}

#[tokio::test]
async fn an_app_that_is_not_configured_issues_nothing() {
    let house = House::new();
    let unknown = Wish {
        app: "nobody".to_owned(),
        ..wish("passed")
    };
    assert!(matches!(
        house.issue(unknown).await,
        Err(IssueError::Wrong(_))
    ));
    house.gave_up_soon();
}

#[tokio::test]
async fn wrong_credentials_are_an_alarm_until_they_are_right() {
    let house = House::new();
    let token = house
        .tell(FILMED, super::filmed(simulator::Life::Passed))
        .await;
    let wrong = AppCredential {
        secret_key: "wrong".to_owned(),
        ..AppCredential::synthetic(FILMED, "default")
    };
    let house = house.rekeyed(wrong);
    let issued = house.issue(wish("passed")).await;
    assert!(
        matches!(&issued, Err(IssueError::Provider(problem)) if problem.kind == ErrorKind::Forbidden),
        "{issued:?}"
    );
    house.live_until(BEGIN.plus(Span::hours(3))).await;
    assert_eq!(house.alarms().await, ["credentials filmed"]);
    let house = house.rekeyed(AppCredential::synthetic(FILMED, "default"));
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(house.alarms().await, [""; 0]);
}
