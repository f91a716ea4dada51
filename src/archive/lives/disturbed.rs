//! A far end that errs: on one endpoint while the others answer, and on all of them at once. The
//! end is right, the calls stay few, and the right alarm begins and ends.

use simulator::{FaultKind, Faults, Life, Options, Windows};

use super::{
    BEGIN, FILMED, House, each, filmed,
    way::Instead::{self, Body, Nothing},
};
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        answer::Endpoint,
        time::{Span, Time},
    },
    store::{ANYBODY, AlarmStore as _},
};

const HTML: &str = "<html><head><title>Error</title></head></html>";
const TRUNCATED: &str = r#"{"success":true,"result":{"verify_co"#;
const ACCESS_TOKEN: &str = r#"{"error_code":110,"error_msg":"Access token invalid"}"#;
const TOO_FAST: &str = r#"{"error_code":18,"error_msg":"Open api qps request limit reached"}"#;
const DAILY: &str = r#"{"error_code":17,"error_msg":"Open api daily request limit reached"}"#;
const TOTAL: &str = r#"{"error_code":19,"error_msg":"Open api total request limit reached"}"#;
const FORBIDDEN: &str = r#"{"error_code":6,"error_msg":"No permission to access data"}"#;
const NO_INTERFACE: &str = r#"{"error_code":3,"error_msg":"Unsupported openapi method"}"#;
const BUSY: &str = r#"{"error_code":282000,"error_msg":"internal error"}"#;
const UNEXPLAINED: &str = r#"{"success":false,"code":283999,"message":"busy"}"#;

/// For three hours from its issue on one endpoint answers so about a token that passes.
async fn loses_nothing(endpoint: Endpoint, instead: Instead, alarm: &str) {
    let house = House::new();
    let end = BEGIN.plus(Span::hours(3));
    house.ways[FILMED].trouble(endpoint, instead, end);
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.live_until(end).await;
    assert_eq!(house.alarms().await, [format!("{alarm} {FILMED}")]);
    let asked = house.ways[FILMED].asked(endpoint);
    assert!(
        (2..=400).contains(&asked),
        "asked {asked} times in three hours"
    );
    let state = house.state(&token).await;
    assert!(
        ["waiting", "collecting"].contains(&state.as_str()),
        "{state}"
    );
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(house.alarms().await, [""; 0], "it is over");
}

macro_rules! at_each_endpoint {
    ($($name:ident($instead:expr, $alarm:expr);)+) => {
        at_each_endpoint! { @at getall, Endpoint::Getall; $($name($instead, $alarm);)+ }
        at_each_endpoint! { @at detail, Endpoint::Detail; $($name($instead, $alarm);)+ }
        at_each_endpoint! { @at media, Endpoint::Media; $($name($instead, $alarm);)+ }
    };
    (@at $module:ident, $endpoint:expr; $($name:ident($instead:expr, $alarm:expr);)+) => {
        mod $module {
            use super::*;

            each! { loses_nothing: $($name($endpoint, $instead, $alarm);)+ }
        }
    };
}

at_each_endpoint! {
    nothing_comes(Nothing, "provider_down");
    it_fails_inside(Body(500, "internal server error"), "provider_down");
    it_is_busy(Body(200, BUSY), "provider_down");
    a_code_is_unexplained(Body(200, UNEXPLAINED), "provider_down");
    a_page_comes(Body(200, HTML), "provider_down");
    half_of_it_comes(Body(200, TRUNCATED), "provider_down");
    nothing_is_in_it(Body(200, ""), "provider_down");
    the_access_token_is_refused(Body(200, ACCESS_TOKEN), "credentials");
    it_is_too_fast(Body(200, TOO_FAST), "too_fast");
    too_many_requests(Body(429, ""), "too_fast");
    the_quota_of_the_day_is_spent(Body(200, DAILY), "quota");
    the_quota_is_spent(Body(200, TOTAL), "quota");
    the_permission_is_missing(Body(200, FORBIDDEN), "forbidden");
    the_interface_is_none(Body(200, NO_INTERFACE), "misconfigured");
}

/// On the wire, everywhere and for every app: a few times in a row, then right.
async fn changes_no_end(kind: FaultKind) {
    let house = House::new().taught("refused");
    house.world.set_faults(Faults {
        stall_ms: 40_000,
        daily_quota_ms: 3_600_000,
        ..Faults::only(kind)
    });
    let mut tokens = Vec::new();
    for life in [Life::Passed, Life::Failed, Life::Unused] {
        tokens.push(house.tell(FILMED, filmed(life)).await);
    }
    house.live().await;
    for token in &tokens {
        house.is_true(token).await;
        let calls = house.whole(token).await.calls_made();
        assert!(calls <= 120, "{calls} calls");
    }
}

each! { changes_no_end:
    an_error_inside(FaultKind::Http500);
    a_proxy_that_fails(FaultKind::Http502);
    a_service_that_is_away(FaultKind::Http503);
    too_many_requests(FaultKind::Http429);
    a_connection_that_closes(FaultKind::Closed);
    an_answer_that_is_lost(FaultKind::AnswerLost);
    an_answer_that_ends_early(FaultKind::Truncated);
    a_page_in_place_of_an_answer(FaultKind::Html);
    half_of_the_json(FaultKind::TruncatedJson);
    an_answer_that_takes_too_long(FaultKind::Stall);
    a_pace_that_is_too_fast(FaultKind::Code18);
    a_day_without_quota(FaultKind::Code17);
    a_backend_that_fails(FaultKind::BackendCode);
    an_access_token_that_is_refused(FaultKind::AccessTokenRefused);
    a_code_that_nobody_explains(FaultKind::UnknownCode);
    media_that_are_still_being_made(FaultKind::MediaProcessing);
    texts_of_another_charset(FaultKind::WrongCharset);
    keys_that_come_twice(FaultKind::DuplicateKeys);
}

#[tokio::test]
async fn an_access_token_that_expires_in_the_middle_is_renewed_at_once() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    for minutes in (0..180).step_by(10) {
        house.live_until(BEGIN.plus(Span::minutes(minutes))).await;
        house.world.expire_access_tokens();
    }
    house.live().await;
    house.is_archived(&token).await;
    let whole = house.whole(&token).await;
    let refused = whole.call_sums.iter();
    let refused = refused.filter(|sum| sum.result == "unauthorised");
    assert!(refused.map(|sum| sum.calls).sum::<i64>() >= 2);
    assert_eq!(house.alarms().await, [""; 0], "nobody need know");
}

#[tokio::test]
async fn an_access_token_that_lives_shorter_than_promised_costs_a_call_and_nothing_else() {
    let house = House::with(Options {
        windows: Windows {
            access_token_works_ms: Some(60_000),
            ..Windows::default()
        },
        ..Options::default()
    });
    let token = house.tell(FILMED, filmed(Life::FailedThenPassed)).await;
    house.live().await;
    house.is_archived(&token).await;
    assert_eq!(house.alarms().await, [""; 0]);
}

#[tokio::test]
async fn an_outage_over_the_close_of_the_window_loses_nothing() {
    let house = House::new().taught("refused");
    let passed = house.tell(FILMED, filmed(Life::Passed)).await;
    let unused = house.tell(FILMED, filmed(Life::Unused)).await;
    house.world.set_faults(Faults::outage());
    let end = BEGIN.plus(Span::hours(20));
    house.live_until(end).await;
    assert!(
        house
            .alarms()
            .await
            .contains(&format!("provider_down {FILMED}"))
    );
    house.world.set_faults(Faults::default());
    house.live().await;
    for token in [&passed, &unused] {
        house.is_true(token).await;
    }
    assert_eq!(house.alarms().await, [""; 0]);
}

/// Nobody is asked for more than three days, and the rows tell why.
#[tokio::test]
async fn what_was_lost_while_nobody_asked_is_explained_by_what_was_out() {
    for (kind, subject, cause) in [
        (Kind::DaemonDown, "daemon", "daemon_down"),
        (Kind::Quota, FILMED, "quota"),
        (Kind::VaultDown, "objects", "vault_down"),
        (Kind::Quota, "another", "unknown"),
    ] {
        let house = House::new();
        let token = house.tell(FILMED, filmed(Life::Passed)).await;
        let out = Alarm {
            kind,
            subject: subject.to_owned(),
            text: "out".to_owned(),
        };
        house.store.raise(&out, ANYBODY, BEGIN).await.unwrap();
        house.clock.pass(Span::hours(80));
        house
            .store
            .clear(kind, subject, ANYBODY, house.now())
            .await
            .unwrap();
        house.live().await;
        assert_eq!(house.state(&token).await, "missed", "{cause}");
        let missing = house.whole(&token).await.summary.missing;
        assert_eq!(missing[0]["cause"], cause, "{missing}");
        assert!(missing[0]["from"].as_str() < missing[0]["to"].as_str());
    }
}

#[tokio::test]
async fn an_outage_that_outlasts_the_provider_is_told_with_its_interval() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.world.set_faults(Faults::outage());
    house.live().await;
    assert_eq!(house.state(&token).await, "missed");
    let missing = house.missing(&token).await;
    let (day, result) = (BEGIN.rfc3339(), "transient");
    assert!(
        missing.contains("getall failed") && missing.contains(&day[..10]),
        "{missing}"
    );
    assert!(missing.contains(result), "{missing}");
    assert!(missing.contains("provider_unreachable"), "{missing}");
    let calls = house.ways[FILMED].over.calls();
    assert!(calls < 600, "{calls} calls in vain");
    let alarms = house.alarms().await;
    assert!(
        alarms.contains(&format!("loss {FILMED}: provider_unreachable")),
        "{alarms:?}"
    );
}

/// The result is had when it is over, and the media were forgotten meanwhile.
#[tokio::test]
async fn an_outage_that_outlasts_the_media_is_why_they_are_missing() {
    let house = House::new();
    let token = house.tell(FILMED, filmed(Life::Passed)).await;
    house.world.set_faults(Faults::outage());
    house.live_until(BEGIN.plus(Span::hours(30))).await;
    house.world.set_faults(Faults::default());
    house.live().await;
    assert_eq!(house.state(&token).await, "incomplete");
    let missing = house.whole(&token).await.summary.missing;
    let missing = missing.as_array().unwrap();
    assert!(!missing.is_empty());
    for one in missing {
        assert_eq!(one["cause"], "provider_unreachable", "{one}");
        let at = |name: &str| Time::parse(one[name].as_str().unwrap()).unwrap();
        assert!(at("from").since(BEGIN) < Span::minutes(30), "{one}");
        assert_eq!(at("to"), BEGIN.plus(Span::hours(24)), "{one}");
    }
}
