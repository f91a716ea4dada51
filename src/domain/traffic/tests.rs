//! The edges of each rule.

use super::*;
use crate::domain::alarm::Kind;

/// Tuesday, 2026-11-24, 15:30 in Beijing.
const NOW: Time = Time(1_795_505_400_000);

const ALL: Rules = Rules {
    failure_rate: Some(FailureRate {
        attempts: 20,
        percent: 30,
        times: 3,
    }),
    risk: Some(Risk {
        spoofing: Some(0.5),
    }),
    volume: Some(Volume {
        tokens: 20,
        times: 4,
    }),
    no_tokens: Some(NoTokens {
        after: Span::hours(2),
        from: 9,
        to: 18,
        weekends: false,
    }),
    unknown_tokens: None,
};

/// An ordinary hour.
fn ordinary() -> Traffic {
    Traffic {
        app: "h5".to_owned(),
        tried: Tried {
            attempts: 100,
            failed: 5,
        },
        before: Tried {
            attempts: 8_400,
            failed: 420,
        },
        hour: Hour::of(NOW).back(1),
        told: 100,
        usual: vec![100; 19],
        told_last: Some(NOW.minus(Span::minutes(1))),
        ..Traffic::default()
    }
}

fn kinds(traffic: &Traffic, rules: &Rules, now: Time) -> Vec<Kind> {
    let alarms = judge(traffic, rules, now);
    alarms.iter().map(|alarm| alarm.kind).collect()
}

#[test]
fn an_ordinary_hour_is_no_alarm_and_a_rule_that_is_off_is_none() {
    assert_eq!(kinds(&ordinary(), &ALL, NOW), []);
    let wild = Traffic {
        tried: Tried {
            attempts: 100,
            failed: 100,
        },
        risky: Risky {
            attempts: 1,
            tag: None,
            spoofing: Some(1.0),
        },
        told: 0,
        told_last: None,
        ..ordinary()
    };
    let all = [Kind::FailureRate, Kind::Risk, Kind::Volume, Kind::NoTokens];
    assert_eq!(kinds(&wild, &ALL, NOW), all);
    let off = Rules {
        failure_rate: None,
        risk: None,
        volume: None,
        no_tokens: None,
        unknown_tokens: None,
    };
    assert_eq!(kinds(&wild, &off, NOW), []);
    let usual = [Kind::FailureRate, Kind::Risk, Kind::Volume];
    assert_eq!(kinds(&wild, &Rules::default(), NOW), usual);
}

#[test]
fn so_many_failures_are_an_alarm() {
    for (label, (failed, attempts), (failed_before, before), is_one) in [
        ("too few attempts", (19, 19), (0, 8_400), false),
        ("enough", (20, 20), (0, 8_400), true),
        ("thirty of a hundred", (30, 100), (420, 8_400), false),
        ("one more", (31, 100), (420, 8_400), true),
        ("thrice the usual", (60, 100), (1_680, 8_400), false),
        ("more than that", (61, 100), (1_680, 8_400), true),
        ("always so", (90, 100), (7_560, 8_400), false),
        ("a new app", (31, 100), (0, 0), true),
        ("a new app, thirty of a hundred", (30, 100), (0, 0), false),
        ("too few before to tell", (31, 100), (19, 19), true),
        ("none at all", (0, 0), (0, 0), false),
    ] {
        let traffic = Traffic {
            tried: Tried { attempts, failed },
            before: Tried {
                attempts: before,
                failed: failed_before,
            },
            ..ordinary()
        };
        let expected = [Kind::FailureRate].into_iter().filter(|_| is_one);
        let expected: Vec<Kind> = expected.collect();
        assert_eq!(kinds(&traffic, &ALL, NOW), expected, "{label}");
    }
}

#[test]
fn a_risk_is_an_alarm_and_its_tag_is_told_in_plain_characters() {
    let told = |attempts, spoofing, tag: Option<&str>| {
        let traffic = Traffic {
            risky: Risky {
                attempts,
                tag: tag.map(str::to_owned),
                spoofing,
            },
            ..ordinary()
        };
        let mut alarms = judge(&traffic, &ALL, NOW);
        assert!(alarms.iter().all(|alarm| alarm.kind == Kind::Risk));
        alarms.pop().map(|alarm| alarm.text)
    };
    assert_eq!(told(0, Some(0.5), None), None);
    assert!(
        told(0, Some(0.51), None)
            .unwrap()
            .contains("0.51, above 0.5")
    );
    let tagged = told(2, None, Some("疑似摄像头劫持")).unwrap();
    assert!(tagged.contains("2 attempts with risk_level 1 or 2 (疑似摄像头劫持)"));
    let hostile = format!("x'); drop table\u{1b}[31m\n{}", "y".repeat(500));
    let text = told(1, None, Some(&hostile)).unwrap();
    assert!(
        text.contains("(x drop table31m yyy") || text.contains("(x drop table31my"),
        "{text}"
    );
    assert!(!text.contains(['\u{1b}', '\n', ';']) || text.matches(';').count() == 1);
    assert!(!text.contains(&"y".repeat(41)));
    assert!(
        told(1, None, Some("\u{202e}<>"))
            .unwrap()
            .contains("1 or 2 in the")
    );
}

#[test]
fn more_or_fewer_tokens_than_usual_are_an_alarm() {
    for (label, told, usual, word) in [
        ("a few more", 400, vec![100; 4], None),
        ("far more", 401, vec![100; 4], Some("more")),
        ("a few less", 25, vec![100; 4], None),
        ("far less", 24, vec![100; 4], Some("fewer")),
        ("none", 0, vec![100; 4], Some("fewer")),
        (
            "none where that is usual: a night, a holiday",
            0,
            vec![0; 19],
            None,
        ),
        ("some where none is usual", 1_000, vec![0; 19], None),
        ("few beside fewer", 19, vec![1; 19], None),
        ("none beside few", 0, vec![19; 19], None),
        ("three hours alike tell nothing", 0, vec![100; 3], None),
        ("a new app", 1_000, vec![], None),
        (
            "one great day is not usual",
            100,
            vec![90, 100, 110, 9_000],
            None,
        ),
    ] {
        let traffic = Traffic {
            told,
            usual,
            ..ordinary()
        };
        let alarms = judge(&traffic, &ALL, NOW);
        let said = alarms.first().map(|alarm| &alarm.text);
        assert_eq!(said.is_some(), word.is_some(), "{label}");
        for (said, word) in said.iter().zip(word) {
            assert!(said.contains(&format!("{word} than usual")), "{label}");
        }
    }
}

#[test]
fn no_tokens_is_an_alarm_in_working_hours_alone() {
    let at = |text: &str| Time::parse(text).unwrap();
    for (label, now, last, is_one) in [
        (
            "a minute ago",
            "2026-11-24T15:30:00+08:00",
            Some("2026-11-24T15:29:00+08:00"),
            false,
        ),
        (
            "two hours ago",
            "2026-11-24T15:30:00+08:00",
            Some("2026-11-24T13:30:00+08:00"),
            true,
        ),
        (
            "nearly so",
            "2026-11-24T15:30:00+08:00",
            Some("2026-11-24T13:30:01+08:00"),
            false,
        ),
        (
            "work has just begun",
            "2026-11-24T10:59:00+08:00",
            Some("2026-11-23T17:59:00+08:00"),
            false,
        ),
        (
            "work began two hours ago",
            "2026-11-24T11:00:00+08:00",
            Some("2026-11-23T17:59:00+08:00"),
            true,
        ),
        ("before work", "2026-11-24T08:59:00+08:00", None, false),
        ("after work", "2026-11-24T18:00:00+08:00", None, false),
        ("on a Saturday", "2026-11-28T15:30:00+08:00", None, false),
        ("on a Sunday", "2026-11-29T15:30:00+08:00", None, false),
        (
            "on a Monday, after two days off",
            "2026-11-30T11:00:00+08:00",
            Some("2026-11-27T17:00:00+08:00"),
            true,
        ),
        ("never one", "2026-11-24T15:30:00+08:00", None, true),
    ] {
        let traffic = Traffic {
            told_last: last.map(at),
            ..ordinary()
        };
        let expected: Vec<Kind> = [Kind::NoTokens].into_iter().filter(|_| is_one).collect();
        assert_eq!(kinds(&traffic, &ALL, at(now)), expected, "{label}");
    }
}

#[test]
fn hours_alike_are_those_of_the_same_hour_and_the_same_sort_of_day() {
    let hour = |text: &str| Hour::of(Time::parse(text).unwrap());
    let now = hour("2026-11-24T15:30:00+08:00");
    assert_eq!((now.of_day(), now.is_weekend()), (15, false));
    assert!(hour("2026-11-28T00:00:00+08:00").is_weekend());
    assert!(hour("2026-11-29T23:59:59+08:00").is_weekend());
    assert!(!hour("2026-11-30T00:00:00+08:00").is_weekend());
    let told = BTreeMap::from([
        (now, 9),
        (now.back(24), 7),
        (now.back(48), 100),
        (now.back(23), 100),
    ]);
    // Monday, Friday and Thursday; no row is none told, before the first it is not known.
    let since = hour("2026-11-19T15:00:00+08:00");
    assert_eq!(usual(now, since, &told), [7, 0, 0]);
    assert_eq!(usual(now, now, &told), [0; 0]);
    assert_eq!(usual(now, Hour(0), &told).len(), 20);
    assert_eq!(usual(now.back(48), Hour(0), &told).len(), 8);
}

#[test]
fn an_hour_is_over_five_minutes_after_its_end() {
    let begin = Hour::of(NOW).begin();
    assert_eq!(Hour::open(begin.plus(Span::minutes(5))), Hour::of(NOW));
    let early = begin.plus(Span::minutes(5)).minus(Span(1));
    assert_eq!(Hour::open(early), Hour::of(NOW).back(1));
}
