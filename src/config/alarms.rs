//! `[alarms]`, and `alarms` of an app: which figures are told of. What an app does not say is as it is
//! for all.

use super::{
    keys,
    section::Section,
    tree::{Node, Value},
};
use crate::domain::traffic::Rules;

const MANY: i64 = 1_000_000;

/// Reads the rules of a section over those that stand without it.
pub(super) fn read(section: &Section<'_>, plain: &Rules) -> Rules {
    Rules {
        failure_rate: rule(
            section,
            "failure_rate",
            plain.failure_rate,
            |section, rule| {
                whole(section, "attempts", (1, MANY), &mut rule.attempts);
                whole(section, "percent", (0, 99), &mut rule.percent);
                whole(section, "times", (1, 1_000), &mut rule.times);
            },
        ),
        risk: rule(section, "risk", plain.risk, |section, rule| {
            if let Some(spoofing) = section.number("spoofing", "a score from 0 to 1") {
                if (0.0..=1.0).contains(&spoofing.value) {
                    rule.spoofing = Some(spoofing.value);
                } else {
                    section.fail("spoofing", "is out of range", "write a score from 0 to 1");
                }
            }
        }),
        volume: rule(section, "volume", plain.volume, |section, rule| {
            whole(section, "tokens", (1, MANY), &mut rule.tokens);
            whole(section, "times", (1, 1_000), &mut rule.times);
        }),
        no_tokens: rule(section, "no_tokens", plain.no_tokens, |section, rule| {
            if let Some(after) = section.span("after", false) {
                rule.after = after.value;
            }
            whole(section, "from", (0, 23), &mut rule.from);
            whole(section, "to", (1, 24), &mut rule.to);
            if rule.from >= rule.to {
                section.fail("to", "is not after `from`", "write the hours of the day in Beijing at which work begins and ends, such as from = 9 and to = 18");
            }
            if let Some(weekends) = section.flag("weekends") {
                rule.weekends = weekends.value;
            }
        }),
        unknown_tokens: rule(
            section,
            "unknown_tokens",
            plain.unknown_tokens,
            |section, rule| {
                whole(section, "tokens", (1, MANY), &mut rule.tokens);
                whole(section, "times", (1, 1_000), &mut rule.times);
            },
        ),
    }
}

/// A rule: a table of its thresholds, `false`, or `true` for those that stand.
fn rule<T: Default>(
    section: &Section<'_>,
    key: &str,
    plain: Option<T>,
    fill: impl Fn(&Section<'_>, &mut T),
) -> Option<T> {
    let node = section.node(key);
    match node.map(|node: &Node| &node.value) {
        None => plain,
        Some(Value::Table(_)) => {
            let mut rule = plain.unwrap_or_default();
            let known = keys::of_alarm(key).unwrap_or_default();
            fill(&section.section(key, known), &mut rule);
            Some(rule)
        }
        Some(Value::Flag(_) | Value::Text(_)) => {
            let is_on = section.flag(key)?;
            is_on.value.then(|| plain.unwrap_or_default())
        }
        Some(_) => {
            if let Some(node) = node {
                section.wrong_type(key, node, "a table of thresholds, or false");
            }
            plain
        }
    }
}

fn whole(section: &Section<'_>, key: &str, (least, most): (i64, i64), slot: &mut i64) {
    if let Some(number) = section.whole(key, least, most) {
        *slot = number.value;
    }
}
