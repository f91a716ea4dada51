use super::*;
use crate::domain::{
    alarm::Severity,
    channel::{Post, Way},
    language::Language,
};

const START: Time = Time(1_712_030_400_000);

fn channel() -> Channel {
    Channel {
        name: "duty".to_owned(),
        way: Way::Webhook(Post {
            url: "https://example.com".into(),
            secret: None,
            allow_private: false,
            proxy: None,
        }),
        severity: Severity::Warning,
        apps: vec!["h5".to_owned()],
        language: Language::En,
        daily: true,
    }
}

fn alarm(kind: Kind, subject: &str) -> Standing {
    Standing {
        kind,
        subject: subject.to_owned(),
        text: "what happened".to_owned(),
        since: START,
        times: 1,
        acknowledged: false,
        ended_at: None,
    }
}

/// A channel over time: what it is told, and when.
#[derive(Default)]
struct Life {
    notices: Vec<Notice>,
    told: Vec<(i64, Event)>,
}

impl Life {
    /// Looks at the minute, with these alarms open and these over.
    fn look(&mut self, seconds: i64, open: &[Standing], over: &[Standing]) {
        let now = START.plus(Span::seconds(seconds));
        let notices = std::mem::take(&mut self.notices);
        let notices = learn(notices, &channel(), (open, over), now);
        for one in due(&notices, now) {
            self.told.push((seconds, one.event));
        }
        self.notices = told(notices, now);
    }
}

#[test]
fn an_alarm_is_told_at_once_then_with_growing_pauses_and_once_when_it_is_over() {
    let (mut life, open) = (Life::default(), [alarm(Kind::Quota, "h5")]);
    let hour = 3600;
    for seconds in (0..60 * hour).step_by(5) {
        life.look(seconds, &open, &[]);
    }
    for seconds in (60 * hour..61 * hour).step_by(5) {
        life.look(seconds, &[], &[]);
    }
    let expected = [
        (0, Event::Begun),
        (1800, Event::Lasts(1)),
        (1800 + 2 * hour, Event::Lasts(2)),
        (1800 + 8 * hour, Event::Lasts(3)),
        (1800 + 32 * hour, Event::Lasts(4)),
        (1800 + 56 * hour, Event::Lasts(5)),
        (60 * hour + 60, Event::Ended),
    ];
    assert_eq!(life.told, expected);
    assert!(life.notices.is_empty());
}

#[test]
fn one_that_is_acknowledged_is_told_again_only_when_it_is_over() {
    let (mut life, open) = (Life::default(), alarm(Kind::Quota, "h5"));
    life.look(0, std::slice::from_ref(&open), &[]);
    let seen = Standing {
        acknowledged: true,
        ..open
    };
    for hours in 1..100 {
        life.look(hours * 3600, std::slice::from_ref(&seen), &[]);
    }
    life.look(360_000, &[], &[]);
    life.look(360_060, &[], &[]);
    assert_eq!(life.told, [(0, Event::Begun), (360_060, Event::Ended)]);
}

#[test]
fn one_that_comes_and_goes_is_told_once_and_its_end_when_it_stays_away() {
    let (mut life, open) = (Life::default(), [alarm(Kind::TooFast, "h5")]);
    for round in 0..10 {
        life.look(round * 60, &open, &[]);
        life.look(round * 60 + 30, &[], &[]);
    }
    life.look(629, &[], &[]);
    life.look(630, &[], &[]);
    assert_eq!(life.told, [(0, Event::Begun), (630, Event::Ended)]);
}

#[test]
fn one_that_is_over_before_anybody_looked_is_told_of_once() {
    let mut life = Life::default();
    let over = Standing {
        ended_at: Some(START.plus(Span::minutes(10))),
        ..alarm(Kind::DaemonDown, "daemon")
    };
    life.look(600, &[], std::slice::from_ref(&over));
    life.look(605, &[], &[]);
    life.look(1000, &[], &[]);
    assert_eq!(life.told, [(600, Event::Begun)]);
    assert!(life.notices.is_empty());
}

#[test]
fn what_could_not_be_told_is_due_until_it_is_and_says_that_it_is_over() {
    let now = |seconds| START.plus(Span::seconds(seconds));
    let open = [alarm(Kind::Quota, "h5")];
    let mut notices = Vec::new();
    for seconds in [0, 60, 4000] {
        notices = learn(notices, &channel(), (&open, &[]), now(seconds));
        let due = due(&notices, now(seconds));
        assert!(
            matches!(&due[..], [one] if one.event == Event::Begun && one.ended_at.is_none()),
            "after {seconds} s: {due:?}"
        );
    }
    notices = learn(notices, &channel(), (&[], &[]), now(5000));
    let due = due(&notices, now(5000));
    assert!(
        matches!(&due[..], [one] if one.event == Event::Begun && one.ended_at == Some(now(5000)))
    );
    assert!(told(notices, now(5000)).is_empty());
}

#[test]
fn a_channel_is_told_what_it_wants_and_several_processes_are_one() {
    let of = |kind, subject| Standing {
        times: 2,
        ..alarm(kind, subject)
    };
    let earlier = Standing {
        since: START.minus(Span::minutes(1)),
        ..of(Kind::DatabaseDown, "database")
    };
    let open = [
        of(Kind::TooFast, "h5"),
        of(Kind::Quota, "kyc"),
        of(Kind::DatabaseDown, "database"),
        of(Kind::Loss, "kyc: quota"),
        of(Kind::Delivery, "mail"),
        earlier,
    ];
    let notices = learn(Vec::new(), &channel(), (&open, &[]), START);
    let due = due(&notices, START);
    let told: Vec<_> = due.iter().map(|told| (told.kind, told.times)).collect();
    let expected = [
        (Kind::DatabaseDown, 4),
        (Kind::TooFast, 2),
        (Kind::Delivery, 2),
    ];
    assert_eq!(told, expected);
    assert_eq!(due[0].since, START.minus(Span::minutes(1)));
    let critical = Channel {
        severity: Severity::Critical,
        apps: Vec::new(),
        ..channel()
    };
    let notices = learn(Vec::new(), &critical, (&open, &[]), START);
    let kinds: Vec<_> = notices.iter().map(|notice| notice.alarm.kind).collect();
    assert_eq!(kinds, [Kind::Loss, Kind::Quota, Kind::DatabaseDown]);
}
