//! `[[apps]]`: each on its own, then all of them together.

use std::collections::HashMap;

use super::{
    addresses::{base_url, media_hosts},
    alarms,
    auth::auth,
    finding::Place,
    keys, proxy,
    secrets::Folders,
    section::{At, Section},
    shape::{App, Schedule},
    tree::Value,
};
use crate::domain::{answer::Endpoint, policy::Policy, secret::Secret, traffic::Rules};

const ADD: &str = "add an [[apps]] section with the credentials of an app";

/// What stands in other sections for every app.
pub(super) struct OfAll<'a> {
    pub(super) schedule: &'a Schedule,
    pub(super) rules: &'a Rules,
    pub(super) proxy: Option<&'a Secret>,
}

/// Reads every app. Findings where there is none, where two have one name, and where apps of one
/// account disagree about its quota.
pub(super) fn all(top: &Section<'_>, of_all: &OfAll<'_>, folders: &Folders) -> Vec<App> {
    let Some(node) = top.node("apps") else {
        top.missing("apps", ADD);
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        top.wrong_type(
            "apps",
            node,
            "a list of tables: one [[apps]] section for each app",
        );
        return Vec::new();
    };
    if items.is_empty() {
        top.fail("apps", "is empty", ADD);
    }
    let mut apps = Vec::with_capacity(items.len());
    let mut told = Told::default();
    for (place, item) in items.iter().enumerate() {
        let path = format!("apps[{place}]");
        let Value::Table(table) = &item.value else {
            top.findings.fail(
                &path,
                &item.place,
                format!("must be a table, and is {}", item.value.type_name()),
                "write an [[apps]] section for each app",
            );
            continue;
        };
        let section = Section::open(
            Some(table),
            &path,
            item.place.clone(),
            keys::APP,
            top.findings,
        );
        let (mut app, quota) = app(&section, of_all, folders);
        app.proxy = proxy::said(&section, "proxy").unwrap_or_else(|| of_all.proxy.cloned());
        told.name(&section, place, &app.name);
        told.quota(&section, place, &app.account, quota);
        apps.push(app);
    }
    told.share(&mut apps, top);
    apps
}

/// What the apps read so far said, and which of them said it first.
#[derive(Default)]
struct Told {
    names: HashMap<String, usize>,
    quotas: HashMap<String, (f64, usize)>,
    reserves: HashMap<String, (At<f64>, usize)>,
}

impl Told {
    fn name(&mut self, section: &Section<'_>, place: usize, name: &str) {
        if let Some(first) = self
            .names
            .insert(name.to_owned(), place)
            .filter(|_| !name.is_empty())
        {
            section.fail(
                "name",
                format!("apps[{first}] has the same name"),
                "give each app its own: it stands in every row",
            );
        }
    }

    fn quota(&mut self, section: &Section<'_>, place: usize, account: &str, quota: Quota) {
        #[allow(clippy::float_cmp, reason = "both are written, not computed")]
        let differs = |key, said: f64, now: f64, first: usize| {
            if said != now {
                section.fail(
                    key,
                    format!("apps[{first}] says another figure for the same account"),
                    "apps of one account share its quota: say it once, or the same in each",
                );
            }
        };
        if let Some(qps) = quota.qps {
            let of_account = self.quotas.entry(account.to_owned());
            let (said, first) = *of_account.or_insert((qps, place));
            differs("qps", said, qps, first);
        }
        if let Some(reserve) = quota.reserve {
            let now = reserve.value;
            let of_account = self.reserves.entry(account.to_owned());
            let (said, first) = of_account.or_insert((reserve, place));
            differs("qps_reserve", said.value, now, *first);
        }
    }

    /// Gives each app what was said of its account. A finding where nothing is left to the daemon.
    fn share(&self, apps: &mut [App], top: &Section<'_>) {
        for app in &mut *apps {
            if let Some((qps, _)) = self.quotas.get(&app.account) {
                app.qps = *qps;
            }
            if let Some((reserve, _)) = self.reserves.get(&app.account) {
                app.qps_reserve = reserve.value;
            }
        }
        for (account, (reserve, _)) in &self.reserves {
            let of_account = apps.iter().find(|app| app.account == *account);
            let Some(app) = of_account.filter(|app| app.pace() <= 0.0) else {
                continue;
            };
            top.findings.fail(
                &reserve.path,
                &reserve.place,
                format!("leaves nothing of the qps of {}", app.qps),
                "write fewer calls a second than qps has: the daemon makes the rest",
            );
        }
    }
}

/// What one app says of its account's quota.
struct Quota {
    qps: Option<f64>,
    reserve: Option<At<f64>>,
}

fn quota(section: &Section<'_>) -> Quota {
    let qps = section.number("qps", "a number of calls a second").and_then(|qps| {
        let ok = qps.value > 0.0 && qps.value <= 10_000.0;
        if !ok {
            section.fail("qps", "is out of range", "write the calls a second that the account may make on each endpoint, above 0 and at most 10000");
        }
        ok.then_some(qps.value)
    });
    let reserve = section.number("qps_reserve", "a number of calls a second");
    let reserve = reserve.filter(|reserve| {
        let ok = (0.0..10_000.0).contains(&reserve.value);
        if !ok {
            section.fail(
                "qps_reserve",
                "is out of range",
                "write how many calls a second of qps are left to the business, 0 for none",
            );
        }
        ok
    });
    Quota { qps, reserve }
}

/// One app, and the quota it says itself.
fn app(section: &Section<'_>, of_all: &OfAll<'_>, folders: &Folders) -> (App, Quota) {
    let base_url = section
        .text("base_url")
        .and_then(|text| base_url(section, &text));
    let mut app = App::new(
        name(section),
        base_url.unwrap_or_default(),
        auth(section, folders),
    );
    if let Some(account) = section.text("account") {
        app.account = account.value;
    }
    let quota = quota(section);
    policy(section, of_all.schedule, &mut app.policy);
    app.rules = alarms::read(&section.section("alarms", keys::ALARMS), of_all.rules);
    app.allow_private_media_hosts = section
        .flag("allow_private_media_hosts")
        .is_some_and(|flag| flag.value);
    if let Some(hosts) = media_hosts(section, app.allow_private_media_hosts) {
        app.media_hosts = hosts;
    }
    if app.allow_private_media_hosts && !app.base_url.is_loopback() {
        let todo = "take it out, unless this is a simulator";
        section.warn("allow_private_media_hosts", "lets answers of a real provider lead to hosts of your own network that media_hosts names", todo);
    }
    (app, quota)
}

fn name(section: &Section<'_>) -> String {
    let Some(name) = section.text("name") else {
        if !section.has("name") {
            section.missing(
                "name",
                "name the app as you call it: it stands in every row, metric and command",
            );
        }
        return String::new();
    };
    if !is_plain_name(&name.value) {
        section.fail(
            "name",
            "is no plain name",
            "use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
        );
        return String::new();
    }
    name.value
}

/// Whether it can stand in rows, labels, variables and commands as it is.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn policy(section: &Section<'_>, schedule: &Schedule, policy: &mut Policy) {
    policy.first_poll = schedule.first_poll;
    policy.final_grace = schedule.final_grace;
    for (key, slot) in [
        ("verify_window", &mut policy.verify_window),
        ("record_retention", &mut policy.record_retention),
        ("media_retention", &mut policy.media_retention),
    ] {
        if let Some(span) = section.span(key, false) {
            *slot = span.value;
        }
    }
    for (key, retention) in [
        ("record_retention", policy.record_retention),
        ("media_retention", policy.media_retention),
    ] {
        if retention <= policy.verify_window {
            let reason = format!(
                "{retention} is no longer than the verify_window of {}: some results would be gone before they are final",
                policy.verify_window
            );
            section.warn(
                key,
                reason,
                "check all three windows against the provider's",
            );
        }
    }
    let listed = fetch(section);
    let asks_media = listed
        .as_ref()
        .is_none_or(|listed| listed.contains(&Endpoint::Media));
    if let Some(listed) = listed {
        policy.fetch = listed;
    }
    let video = section.choice("video", &[("expected", true), ("optional", false)]);
    if !asks_media && video.as_ref().is_some_and(|video| video.value) {
        section.fail(
            "video",
            "is \"expected\", and `fetch` does not ask for \"media\"",
            "add \"media\" to fetch, or set video = \"optional\"",
        );
    }
    policy.video_expected = asks_media && video.is_none_or(|video| video.value);
    let reassign = section.choice("reassign", &[("auto", true), ("off", false)]);
    policy.reassign = reassign.is_none_or(|reassign| reassign.value);
    policy.unused_codes = unused_codes(section);
}

/// Codes that a person vouches for: what tokens answer that nobody has used.
fn unused_codes(section: &Section<'_>) -> Vec<String> {
    let mut codes = Vec::new();
    for code in section.texts("unused_codes").unwrap_or_default() {
        if !code.value.is_empty()
            && code.value.len() <= 12
            && code.value.bytes().all(|byte| byte.is_ascii_digit())
        {
            codes.push(code.value);
        } else {
            section.findings.fail(
                &code.path,
                &code.place,
                "is no code of the provider",
                "write digits as text, such as \"283407\"",
            );
        }
    }
    codes
}

/// What to ask, each once, getall first: it always is asked.
fn fetch(section: &Section<'_>) -> Option<Vec<Endpoint>> {
    let names = Endpoint::QUERIES.map(Endpoint::name);
    let mut endpoints = vec![Endpoint::Getall];
    for name in section.texts("fetch")? {
        match Endpoint::query_named(&name.value) {
            Some(endpoint) if endpoints.contains(&endpoint) => {}
            Some(endpoint) => endpoints.push(endpoint),
            None => section.findings.fail(
                &name.path,
                &name.place,
                "is no query of the provider",
                keys::suggestion(&name.value, &names),
            ),
        }
    }
    Some(endpoints)
}

/// Whether an app, or the proxy of all, holds a secret in the file itself.
pub(super) fn has_secret_in_file(top: &Section<'_>) -> bool {
    let of_all = match top.node("provider").map(|node| &node.value) {
        Some(Value::Table(table)) => table.get("proxy").is_some_and(proxy::holds_secret),
        _ => false,
    };
    let Some(Value::List(items)) = top.node("apps").map(|node| &node.value) else {
        return of_all;
    };
    of_all
        || items.iter().any(|item| match &item.value {
            Value::Table(table) => {
                table.get("proxy").is_some_and(proxy::holds_secret)
                    || ["api_key", "secret_key"].iter().any(|key| {
                        table.get(key).is_some_and(|node| {
                        matches!(node.place, Place::Line(..))
                            && matches!(&node.value, Value::Text(text) if !text.trim().is_empty())
                    })
                    })
            }
            _ => false,
        })
}
