use super::*;

const APP: &str = "a";

fn policy() -> Policy {
    Policy::documented()
}

fn error(kind: ErrorKind) -> ProviderError {
    ProviderError::new(kind, "no")
}

fn coded(kind: ErrorKind, code: &str) -> ProviderError {
    ProviderError {
        code: Some(code.to_owned()),
        ..error(kind)
    }
}

/// 2026-09-21 20:53:20 in Beijing.
const NOW: Time = Time(1_790_000_000_000 - 70_000_000);

#[test]
fn each_error_has_its_pause_and_its_alarm() {
    let midnight = NOW.next_midnight_in_beijing();
    let late = midnight.minus(Span::minutes(1));
    for (now, problem, pause, alarm) in [
        (
            NOW,
            error(ErrorKind::DailyQuota),
            Some(Span::minutes(15)),
            Some(Kind::Quota),
        ),
        (
            late,
            error(ErrorKind::DailyQuota),
            Some(Span::minutes(1)),
            Some(Kind::Quota),
        ),
        (
            late,
            error(ErrorKind::TotalQuota),
            Some(Span::minutes(15)),
            Some(Kind::Quota),
        ),
        (
            NOW,
            error(ErrorKind::Unauthorised),
            Some(Span::minutes(1)),
            Some(Kind::Credentials),
        ),
        (
            NOW,
            error(ErrorKind::Forbidden),
            Some(Span::minutes(3)),
            Some(Kind::Forbidden),
        ),
        (
            NOW,
            coded(ErrorKind::Forbidden, "invalid_client"),
            Some(Span::minutes(3)),
            Some(Kind::Credentials),
        ),
        (
            NOW,
            error(ErrorKind::Misconfigured),
            None,
            Some(Kind::Misconfigured),
        ),
        (NOW, error(ErrorKind::TooFast), None, None),
        (NOW, error(ErrorKind::Transient), None, None),
        (NOW, error(ErrorKind::Garbled), None, None),
    ] {
        let breaker = Breaker::default();
        let label = format!("{problem:?} at {now}");
        assert_eq!(
            breaker.failed(APP, &policy(), &problem, now),
            alarm.map(|kind| (kind, now)),
            "{label}"
        );
        let until = pause.map(|span| now.plus(span));
        assert_eq!(breaker.until(APP, now), until, "{label}");
        assert_eq!(breaker.admit(APP, now), until, "{label}");
        assert_eq!(breaker.until("b", now), None, "{label}: another app");
        if let Some(until) = until {
            assert_eq!(breaker.until(APP, until), None, "{label}: it ends");
        }
    }
}

#[test]
fn the_longer_pause_counts() {
    let breaker = Breaker::default();
    breaker.failed(APP, &policy(), &error(ErrorKind::TotalQuota), NOW);
    breaker.failed(APP, &policy(), &error(ErrorKind::Unauthorised), NOW);
    breaker.failed(APP, &policy(), &error(ErrorKind::Garbled), NOW);
    assert_eq!(breaker.until(APP, NOW), Some(NOW.plus(Span::minutes(15))));
}

#[test]
fn what_passes_by_itself_is_an_alarm_once_it_has_lasted_ten_minutes() {
    for (kind, alarm) in [
        (ErrorKind::TooFast, Kind::TooFast),
        (ErrorKind::Transient, Kind::ProviderDown),
        (ErrorKind::Garbled, Kind::ProviderDown),
    ] {
        let breaker = Breaker::default();
        let failed = |at| breaker.failed(APP, &policy(), &error(kind), at);
        assert_eq!(failed(NOW), None, "{kind:?}");
        assert_eq!(failed(NOW.plus(Span(599_999))), None, "{kind:?}");
        assert_eq!(
            failed(NOW.plus(Span::minutes(10))),
            Some((alarm, NOW)),
            "{kind:?}"
        );
        assert!(breaker.succeeded(APP), "{kind:?}: an alarm may be open");
        assert_eq!(
            failed(NOW.plus(Span::minutes(20))),
            None,
            "{kind:?}: begun anew"
        );
    }
}

#[test]
fn a_success_ends_the_pause_and_asks_for_alarms_to_be_ended_once() {
    let breaker = Breaker::default();
    assert!(
        breaker.succeeded(APP),
        "an earlier process may have left some"
    );
    assert!(!breaker.succeeded(APP));
    breaker.failed(APP, &policy(), &error(ErrorKind::Transient), NOW);
    assert!(!breaker.succeeded(APP), "no alarm was raised");
    breaker.failed(APP, &policy(), &error(ErrorKind::TotalQuota), NOW);
    breaker.failed(APP, &policy(), &error(ErrorKind::Garbled), NOW);
    assert!(breaker.succeeded(APP));
    assert_eq!(breaker.until(APP, NOW), None);
    assert!(!breaker.succeeded(APP));
}

#[test]
fn an_app_that_does_not_answer_is_asked_one_call_at_a_time() {
    let breaker = Breaker::default();
    let failed = |kind, at| breaker.failed(APP, &policy(), &error(kind), at);
    for _ in 1..FAILS_MAX {
        failed(ErrorKind::Transient, NOW);
        assert_eq!(breaker.admit(APP, NOW), None);
    }
    failed(ErrorKind::Garbled, NOW);
    assert_eq!(breaker.admit(APP, NOW), None, "an answer, if a bad one");
    failed(ErrorKind::Transient, NOW);
    let pause = Span::seconds(5);
    let first = NOW.plus(pause);
    for at in [NOW, NOW.plus(Span(1)), first.minus(Span(1))] {
        let until = breaker.admit(APP, at);
        assert_eq!(until, Some(first), "asking does not lengthen it");
    }
    assert_eq!(breaker.admit(APP, first), None, "one tries");
    assert_eq!(
        breaker.admit(APP, first),
        Some(first.plus(pause)),
        "the others wait for it"
    );
    let second = first.plus(pause);
    assert_eq!(
        breaker.admit(APP, second),
        None,
        "it was never heard of again"
    );
    failed(ErrorKind::Transient, second);
    let third = second.plus(Span::seconds(10));
    assert_eq!(breaker.until(APP, second), Some(third), "longer each time");
    for _ in 0..40 {
        failed(ErrorKind::Transient, second);
    }
    let longest = policy().verify_window.part(8).part(16);
    assert_eq!(
        breaker.until(APP, second),
        Some(second.plus(longest)),
        "never for long"
    );
    breaker.succeeded(APP);
    assert_eq!(breaker.admit(APP, second), None);
    assert_eq!(breaker.admit(APP, second), None, "all may ask again");
    failed(ErrorKind::Transient, second);
    assert_eq!(breaker.admit(APP, second), None, "counted anew");
}
