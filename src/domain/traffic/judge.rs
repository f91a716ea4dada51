//! The verdict on an app's figures, in words that name neither person nor token, each with the
//! statement that shows its rows.

use super::{Hour, Traffic, rules::Rules};
use crate::domain::{
    alarm::{Alarm, Kind},
    time::{Span, Time},
};

/// With fewer attempts in the days before, nothing is known of what is usual.
const HISTORY: i64 = 20;

/// Of fewer hours alike there is no median.
const ALIKE: usize = 4;

/// A tag comes from outside: so much of it is told, and only [plain](clean) characters.
const TAG_CHARS: usize = 40;

/// The alarms that an app's figures call for.
#[must_use]
pub fn judge(traffic: &Traffic, rules: &Rules, now: Time) -> Vec<Alarm> {
    let found = [
        (Kind::FailureRate, failure_rate(traffic, rules, now)),
        (Kind::Risk, risk(traffic, rules, now)),
        (Kind::Volume, volume(traffic, rules)),
        (Kind::NoTokens, no_tokens(traffic, rules, now)),
    ];
    let alarm = |(kind, text): (Kind, Option<String>)| {
        Some(Alarm {
            kind,
            subject: traffic.app.clone(),
            text: text?,
        })
    };
    found.into_iter().filter_map(alarm).collect()
}

fn failure_rate(traffic: &Traffic, rules: &Rules, now: Time) -> Option<String> {
    let rule = rules.failure_rate?;
    let (tried, before) = (traffic.tried, traffic.before);
    let is_much = tried.failed.saturating_mul(100) > rule.percent.saturating_mul(tried.attempts);
    let is_known = before.attempts >= HISTORY;
    let now_beside = tried.failed.saturating_mul(before.attempts);
    let usual_beside = before.failed.saturating_mul(tried.attempts);
    let is_sudden = !is_known || now_beside > usual_beside.saturating_mul(rule.times);
    if tried.attempts < rule.attempts || !is_much || !is_sudden {
        return None;
    }
    let usual = if is_known {
        format!(
            "{} % of {} in the seven days before",
            before.percent(),
            before.attempts
        )
    } else {
        "too few in the seven days before to compare".to_owned()
    };
    Some(format!(
        "{} of the {} attempts of app {} captured in the last hour failed ({} %; {usual}): an attack, or a page that is broken; its rows: {}",
        tried.failed,
        tried.attempts,
        traffic.app,
        tried.percent(),
        attempts(&traffic.app, now, "not a.passed")
    ))
}

fn risk(traffic: &Traffic, rules: &Rules, now: Time) -> Option<String> {
    let rule = rules.risk?;
    let risky = &traffic.risky;
    let mut told = Vec::new();
    let mut wanted = vec!["a.risk_level in ('1', '2')".to_owned()];
    if risky.attempts > 0 {
        let tag = risky.tag.as_deref().map(clean);
        let tag = tag.filter(|tag| !tag.is_empty());
        let tag = tag.map_or_else(String::new, |tag| format!(" ({tag})"));
        told.push(format!(
            "{} attempts with risk_level 1 or 2{tag}",
            risky.attempts
        ));
    }
    if let Some(most) = rule.spoofing {
        wanted.push(format!("a.spoofing_score > {most}"));
        if let Some(spoofing) = risky.spoofing.filter(|spoofing| *spoofing > most) {
            told.push(format!("a spoofing_score of {spoofing}, above {most}"));
        }
    }
    if told.is_empty() {
        return None;
    }
    Some(format!(
        "app {} had {} in the last hour: somebody may feed the camera with a picture or a video; its rows: {}",
        traffic.app,
        told.join(" and "),
        attempts(&traffic.app, now, &format!("({})", wanted.join(" or ")))
    ))
}

fn volume(traffic: &Traffic, rules: &Rules) -> Option<String> {
    let rule = rules.volume?;
    let (told, usual) = (traffic.told, median(&traffic.usual)?);
    if usual == 0 || told.max(usual) < rule.tokens {
        return None;
    }
    let word = if told > usual.saturating_mul(rule.times) {
        "more"
    } else if told.saturating_mul(rule.times) < usual {
        "fewer"
    } else {
        return None;
    };
    let (begin, end) = (traffic.hour.begin(), Hour(traffic.hour.0 + 1).begin());
    Some(format!(
        "{told} tokens of app {} were told in the hour from {begin}, {word} than usual (median of {} hours alike: {usual}); its rows: select verification_id, tracked_at, tracked_by from report_verifications where app = {} and tracked_at >= '{begin}' and tracked_at < '{end}' order by tracked_at",
        traffic.app,
        traffic.usual.len(),
        quoted(&traffic.app)
    ))
}

fn no_tokens(traffic: &Traffic, rules: &Rules, now: Time) -> Option<String> {
    let rule = rules.no_tokens?;
    let hour = Hour::of(now);
    let is_work = (rule.from..rule.to).contains(&hour.of_day());
    if !is_work || hour.is_weekend() && !rule.weekends {
        return None;
    }
    let opened = hour.back(hour.of_day() - rule.from).begin();
    let since = traffic.told_last.map_or(opened, |last| last.max(opened));
    if now.since(since) < rule.after {
        return None;
    }
    let last = (traffic.told_last).map_or_else(
        || "none in four weeks".to_owned(),
        |last| format!("the last at {last}"),
    );
    Some(format!(
        "no token of app {} was told for {} of working hours ({last}): whoever tells them may have stopped; its rows: select verification_id, tracked_at, tracked_by from report_verifications where app = {} order by tracked_at desc limit 10",
        traffic.app,
        rule.after,
        quoted(&traffic.app)
    ))
}

/// The statement that shows the tokens of an app that were settled since and may be unknown.
#[must_use]
pub fn rows_unknown(app: &str, since: Time) -> String {
    format!(
        "select verification_id, tracked_at, tracked_by, state from report_verifications where app = {} and state in ('abandoned', 'rejected') and settled_at >= '{since}' order by settled_at",
        quoted(app)
    )
}

/// The statement that shows attempts of an app captured in the last hour.
fn attempts(app: &str, now: Time, which: &str) -> String {
    let since = now.minus(Span::hours(1));
    format!(
        "select a.verification_id, a.attempt_no, a.captured_at, a.code, a.risk_level, a.risk_tag, a.spoofing_score from report_attempts as a join report_verifications as v on v.verification_id = a.verification_id where v.app = {} and a.captured_at >= '{since}' and {which} order by a.captured_at",
        quoted(app)
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Letters, digits and a few signs of a text from outside.
fn clean(text: &str) -> String {
    let is_plain = |letter: &char| letter.is_alphanumeric() || "_-.,: ".contains(*letter);
    let plain: String = text.chars().filter(is_plain).take(TAG_CHARS).collect();
    plain.trim().to_owned()
}

/// The lower of the two in the middle, of enough.
fn median(of: &[i64]) -> Option<i64> {
    if of.len() < ALIKE {
        return None;
    }
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() - 1) / 2).copied()
}
