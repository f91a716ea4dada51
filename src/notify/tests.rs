//! Every kind of alarm through every channel in both languages; and what comes from outside.

use serde_json::Value;

use super::{
    html::html,
    markdown::{inert, markdown, text},
    render::{ALARMS_MAX, page, plain},
    robots::Robot,
    webhook,
};
use crate::domain::{
    alarm::Kind,
    language::Language,
    message::{About, Daily, Event, Figures, Message, Told},
    time::{Span, Time},
};

const AT: Time = Time(1_795_680_000_000);
const ROBOTS: [Robot; 3] = [Robot::Dingtalk, Robot::Wecom, Robot::Feishu];

/// What a robot, a mail program or a page could take for more than words.
const HOSTILE: &str = "<at user_id=\"all\">x</at> @all [a](https://evil.example) ![b](http://evil.example) <font color=\"warning\">y</font> **z** `c`\r\nBcc: d@evil.example\u{202e}\u{200b}\t<script>";

fn told(kind: Kind, subject: &str, text: &str) -> Told {
    Told {
        event: Event::Begun,
        kind,
        subject: subject.to_owned(),
        text: text.to_owned(),
        since: AT.minus(Span::minutes(90)),
        ended_at: None,
        times: 3,
    }
}

fn alarms(told: Vec<Told>) -> Message {
    Message {
        at: AT,
        about: About::Alarms(told),
    }
}

fn daily(apps: usize, open: Vec<Told>) -> Message {
    let figures = |app: usize| Figures {
        app: format!("app{app}"),
        told: 1000,
        archived: 990,
        other: 9,
        lost: 1,
        open: 17,
        least_left: (app == 0).then_some(Span::minutes(90)),
        calls: (4000, 172_800),
    };
    Message {
        at: AT,
        about: About::Daily(Daily {
            day: "2026-11-26".to_owned(),
            apps: (0..apps).map(figures).collect(),
            open,
        }),
    }
}

/// The text of a robot's body, and how long its target lets it be.
fn sent(robot: Robot, message: &Message, language: Language) -> (String, usize) {
    let body = robot.body(message, language);
    let at = |path: &str| {
        body.pointer(path)
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    };
    match robot {
        Robot::Dingtalk => (
            format!("{}\n{}", at("/markdown/title"), at("/markdown/text")),
            20_000,
        ),
        Robot::Wecom => (at("/markdown/content"), 4096),
        Robot::Feishu => (body.to_string(), 30 << 10),
    }
}

#[test]
fn every_kind_goes_through_every_channel_in_both_languages() {
    let events = [
        (Event::Begun, None),
        (Event::Lasts(4), None),
        (Event::Ended, Some(AT)),
        (Event::Begun, Some(AT)),
    ];
    for kind in Kind::ALL {
        for language in Language::ALL {
            for (event, ended_at) in events {
                let alarm = Told {
                    event,
                    ended_at,
                    ..told(*kind, "h5", "code 18, 25 times")
                };
                let message = alarms(vec![alarm]);
                let label = format!("{} {language:?} {event:?}", kind.name());
                let whole = page(&message, *language, ALARMS_MAX);
                let rows = || whole.entries.iter().flat_map(|entry| &entry.rows);
                assert_eq!(whole.entries.len(), 1, "{label}");
                assert!(
                    rows().all(|row| !row.word.is_empty() && !row.text.is_empty()),
                    "{label}"
                );
                let shown = text(&whole);
                assert!(html(&whole, *language).contains("<table "), "{label}");
                for part in [
                    kind.name(),
                    "h5",
                    "code 18, 25 times",
                    "2026-11-26",
                    "1h 30m",
                ] {
                    assert!(shown.contains(part), "{label}: {part}\n{shown}");
                }
                assert!(shown.contains(kind.entry().means.in_(*language)), "{label}");
                assert_eq!(
                    shown.contains(kind.entry().todo.in_(*language)),
                    ended_at.is_none(),
                    "{label}"
                );
                for robot in ROBOTS {
                    let (text, most) = sent(robot, &message, *language);
                    assert!(text.len() <= most, "{label} {robot:?}: {}", text.len());
                    assert!(
                        text.contains(&inert(kind.entry().means.in_(*language))),
                        "{label}"
                    );
                }
                let body =
                    serde_json::to_value(webhook::body(&message, "duty", *language)).unwrap();
                assert_eq!(
                    body["alerts"][0]["labels"]["alertname"],
                    kind.name(),
                    "{label}"
                );
                let status = if ended_at.is_some() {
                    "resolved"
                } else {
                    "firing"
                };
                assert_eq!(body["status"], status, "{label}");
            }
        }
    }
}

#[test]
fn what_comes_from_outside_stays_words() {
    let long = HOSTILE.repeat(40);
    let wide = "𠀀".repeat(3000);
    for kind in Kind::ALL {
        for language in Language::ALL {
            for outside in [HOSTILE, &long, &wide, ""] {
                let message = alarms(vec![told(*kind, outside, outside)]);
                let whole = page(&message, *language, ALARMS_MAX);
                assert!(!whole.title.contains(['\r', '\n', '\u{202e}', '\u{200b}']));
                let page = html(&whole, *language);
                for tag in ["<at", "<font", "<script", "<img", "<a "] {
                    assert!(!page.contains(tag), "{tag}: {page}");
                }
                for robot in ROBOTS {
                    let (text, most) = sent(robot, &message, *language);
                    let label = format!("{} {robot:?} {language:?}", kind.name());
                    assert!(text.len() <= most, "{label}: {}", text.len());
                    assert!(
                        text.contains(kind.entry().first.split(' ').next().unwrap()),
                        "{label}: told in full"
                    );
                    for markup in [
                        "@all", "<at", "<font", "<script", "](", "![b", "**", "://", "\nBcc",
                    ] {
                        assert!(!text.contains(markup), "{label}: {markup}\n{text}");
                    }
                }
                let body =
                    serde_json::to_value(webhook::body(&message, "duty", *language)).unwrap();
                let subject = body["alerts"][0]["labels"]["subject"].as_str().unwrap();
                assert!(!subject.is_empty() && !subject.contains(['\r', '\n']));
                assert!(subject.chars().count() <= 201);
            }
        }
    }
}

#[test]
fn of_many_the_first_are_told_in_full_and_the_rest_by_kind() {
    let mut many: Vec<Told> = (0..25)
        .map(|n| told(Kind::Loss, &format!("app{n}"), "lost"))
        .collect();
    many.extend((0..970).map(|n| told(Kind::WrongApp, &format!("v{n}"), "code 1")));
    many.extend((0..5).map(|n| told(Kind::Poison, &format!("p{n}"), "died")));
    let message = alarms(many);
    let whole = page(&message, Language::En, ALARMS_MAX);
    assert_eq!(whole.title, "[Verikeep critical] 1000 alarms");
    assert_eq!(whole.entries.len(), 20);
    assert_eq!(
        whole.rest,
        ["and 980 more: 970 wrong_app, 5 loss, 5 poison"]
    );
    for language in Language::ALL {
        for robot in ROBOTS {
            let (text, most) = sent(robot, &message, *language);
            assert!(text.len() <= most, "{robot:?}: {}", text.len());
            let full = text.matches("#loss").count();
            assert!((1..=20).contains(&full), "{robot:?}: {full}");
            let left = (1000 - full).to_string();
            assert!(text.contains(&left), "{robot:?}: {text}");
        }
    }
    let body = serde_json::to_value(webhook::body(&message, "duty", Language::En)).unwrap();
    assert_eq!(body["alerts"].as_array().unwrap().len(), 100);
    assert_eq!(body["truncatedAlerts"], 900);
}

#[test]
fn a_report_is_a_table_of_its_apps_and_what_is_open() {
    for language in Language::ALL {
        for (apps, open) in [(1, 0), (2, 1), (300, 50)] {
            let open = (0..open)
                .map(|n| told(Kind::Poison, &format!("p{n}"), HOSTILE))
                .collect();
            let message = daily(apps, open);
            let whole = page(&message, *language, ALARMS_MAX);
            assert_eq!(whole.table.len(), 1 + apps.min(ALARMS_MAX));
            assert!(whole.table.iter().flatten().all(|cell| !cell.is_empty()));
            assert!(whole.title.contains("2026-11-26") && whole.title.contains(&apps.to_string()));
            for robot in ROBOTS {
                let (text, most) = sent(robot, &message, *language);
                assert!(text.len() <= most, "{robot:?} {apps}: {}", text.len());
                assert!(
                    text.contains("4000 / 172800") && text.contains("1h 30m"),
                    "{robot:?} {apps}: {text}"
                );
            }
            let body = serde_json::to_value(webhook::body(&message, "duty", *language)).unwrap();
            assert_eq!(body["status"], "resolved");
            assert_eq!(body["alerts"][0]["labels"]["alertname"], "verikeep_daily");
        }
    }
}

#[test]
fn a_test_says_that_nothing_is_wrong() {
    let message = Message {
        at: AT,
        about: About::Test,
    };
    for (language, says) in [
        (Language::En, "Nothing is wrong"),
        (Language::Zh, "一切正常"),
    ] {
        for robot in ROBOTS {
            assert!(
                sent(robot, &message, language).0.contains(says),
                "{robot:?}"
            );
        }
        let body = serde_json::to_value(webhook::body(&message, "duty", language)).unwrap();
        assert_eq!(body["alerts"][0]["labels"]["severity"], "none");
    }
}

#[test]
fn titles_say_how_bad_it_is_and_what_has_become_of_it() {
    let one = |event| Told {
        event,
        ..told(Kind::ProviderDown, "h5", "x")
    };
    let mild = told(Kind::TooFast, "h5", "x");
    for (alarms_told, english, chinese) in [
        (
            vec![one(Event::Begun)],
            "[Verikeep critical] provider_down: h5",
            "【Verikeep 严重】provider_down：h5",
        ),
        (
            vec![one(Event::Lasts(2))],
            "[Verikeep critical, lasts] provider_down: h5",
            "【Verikeep 严重，仍在持续】provider_down：h5",
        ),
        (
            vec![one(Event::Ended)],
            "[Verikeep, over] provider_down: h5",
            "【Verikeep 已结束】provider_down：h5",
        ),
        (
            vec![one(Event::Ended), one(Event::Ended)],
            "[Verikeep, over] 2 alarms",
            "【Verikeep 已结束】2 条告警",
        ),
        (
            vec![one(Event::Ended), mild],
            "[Verikeep warning] 2 alarms",
            "【Verikeep 警告】2 条告警",
        ),
    ] {
        let message = alarms(alarms_told);
        assert_eq!(page(&message, Language::En, 1).title, english);
        assert_eq!(page(&message, Language::Zh, 1).title, chinese);
    }
}

#[test]
fn the_first_command_names_what_the_alarm_is_about() {
    for (kind, subject, command) in [
        (Kind::WrongApp, "0190-ab", "verikeep show 0190-ab"),
        (
            Kind::WrongApp,
            "x; rm -rf /",
            "verikeep show VERIFICATION_ID",
        ),
        (
            Kind::UnknownTokens,
            "h5",
            "verikeep list --app h5 --since 2d --json",
        ),
        (Kind::Quota, "h5", "verikeep status"),
    ] {
        let shown = text(&page(
            &alarms(vec![told(kind, subject, "x")]),
            Language::En,
            1,
        ));
        assert!(
            shown.contains(&format!("first command: {command}\n")),
            "{shown}"
        );
    }
}

#[test]
fn a_text_is_cut_between_characters_and_never_empty() {
    for (text, most, shown) in [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc…"),
        ("核验核验", 2, "核验…"),
        ("", 5, "–"),
        ("\r\n\t", 5, "–"),
        ("a\r\nb", 5, "a  b"),
    ] {
        assert_eq!(plain(text, most), shown, "{text:?}");
    }
    let whole = page(&alarms(vec![told(Kind::Quota, "h5", "x")]), Language::En, 1);
    assert!(markdown(&whole).starts_with("### ［Verikeep critical］ quota: h5\n\n"));
}
