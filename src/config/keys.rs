//! Which keys there are: the one table that unknown keys, suggestions and environment variables are
//! checked against.

/// Keys of the file itself.
pub(super) const TOP: &[&str] = &[
    "data_dir",
    "database",
    "vault",
    "sealing",
    "identity",
    "access",
    "http",
    "schedule",
    "limits",
    "alarms",
    "provider",
    "apps",
    "notify",
    "heartbeat_url",
    "heartbeat_url_file",
    "heartbeat_allow_private_host",
    "heartbeat_proxy",
];
/// `[database]`
pub(super) const DATABASE: &[&str] = &["url", "url_file", "max_connections", "allow_insecure"];
/// `[vault]`
pub(super) const VAULT: &[&str] = &["url", "options", "create_only", "allow_insecure"];
/// `[sealing]`
pub(super) const SEALING: &[&str] = &["mode", "recipients"];
/// `[access]`
pub(super) const ACCESS: &[&str] = &["purpose"];
/// `[identity]`
pub(super) const IDENTITY: &[&str] = &["columns", "index_key_file"];
/// `[http]`
pub(super) const HTTP: &[&str] = &[
    "listen",
    "ops_listen",
    "behind_proxy",
    "hosts",
    "max_connections",
];
/// `[schedule]`
pub(super) const SCHEDULE: &[&str] = &["first_poll", "final_grace", "tidy", "relearn"];
/// `[limits]`
pub(super) const LIMITS: &[&str] = &["free_bytes_min"];
/// `[alarms]`, and `alarms` of an app
pub(super) const ALARMS: &[&str] = &[
    "failure_rate",
    "risk",
    "volume",
    "no_tokens",
    "unknown_tokens",
];
/// `[provider]`
pub(super) const PROVIDER: &[&str] = &["proxy"];
/// `[[apps]]`
pub(super) const APP: &[&str] = &[
    "name",
    "base_url",
    "proxy",
    "auth",
    "api_key",
    "api_key_file",
    "secret_key",
    "secret_key_file",
    "account",
    "qps",
    "qps_reserve",
    "verify_window",
    "record_retention",
    "media_retention",
    "fetch",
    "reassign",
    "video",
    "unused_codes",
    "media_hosts",
    "allow_private_media_hosts",
    "alarms",
];

/// Those of the file itself that hold one value.
pub(super) const TOP_VALUES: &[&str] = &[
    "data_dir",
    "heartbeat_url",
    "heartbeat_url_file",
    "heartbeat_allow_private_host",
    "heartbeat_proxy",
];
/// `[[notify]]`
pub(super) const NOTIFY: &[&str] = &[
    "name",
    "kind",
    "url",
    "url_file",
    "secret",
    "secret_file",
    "allow_private_host",
    "proxy",
    "severity",
    "apps",
    "language",
    "daily",
    "host",
    "port",
    "tls",
    "user",
    "password",
    "password_file",
    "from",
    "to",
    "ca_file",
];
/// Those of `[[notify]]` that are for what is posted to.
pub(super) const NOTIFY_POST: &[&str] = &[
    "url",
    "url_file",
    "secret",
    "secret_file",
    "allow_private_host",
    "proxy",
];
/// Those of `[[notify]]` that are for mail.
pub(super) const NOTIFY_MAIL: &[&str] = &[
    "host",
    "port",
    "tls",
    "user",
    "password",
    "password_file",
    "from",
    "to",
    "ca_file",
];
/// The thresholds of an alarm; none when there is no such alarm.
pub(super) fn of_alarm(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "failure_rate" => &["attempts", "percent", "times"],
        "risk" => &["spoofing"],
        "volume" | "unknown_tokens" => &["tokens", "times"],
        "no_tokens" => &["after", "from", "to", "weekends"],
        _ => return None,
    })
}

/// The keys of a section of the file; none when there is no such section.
pub(super) fn of_section(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "database" => DATABASE,
        "vault" => VAULT,
        "sealing" => SEALING,
        "access" => ACCESS,
        "identity" => IDENTITY,
        "http" => HTTP,
        "schedule" => SCHEDULE,
        "limits" => LIMITS,
        "alarms" => ALARMS,
        "provider" => PROVIDER,
        _ => return None,
    })
}

/// The keys of one table of a list of them, an app or a channel; empty when it is no such list.
pub(super) fn of_one(list: &str) -> &'static [&'static str] {
    match list {
        "apps" => APP,
        "notify" => NOTIFY,
        _ => &[],
    }
}

/// "did you mean …", or else the list of what there is.
pub(crate) fn suggestion(wrong: &str, known: &[&str]) -> String {
    match meant(wrong, known) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("there are: {}", known.join(", ")),
    }
}

/// Which key is likely to be meant.
pub(super) fn meant<'k>(wrong: &str, known: &[&'k str]) -> Option<&'k str> {
    let wrong = wrong.to_lowercase().replace('-', "_");
    if let Some(key) = known
        .iter()
        .find(|key| wrong.len() >= 3 && key.starts_with(&wrong))
    {
        return Some(key);
    }
    let close = known
        .iter()
        .map(|key| (distance(&wrong, key), *key))
        .min_by_key(|(far, _)| *far);
    match close {
        Some((far, key))
            if far <= (wrong.chars().count().max(key.len()) / 3).max(1)
                || letters(&wrong) == letters(key) =>
        {
            Some(key)
        }
        _ => None,
    }
}

fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// Edit distance (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, b) in row.windows(2).zip(&other) {
            let [diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(a != *b))
                .min(above + 1)
                .min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_brings_its_neighbour_to_mind() {
        for (wrong, meant) in [
            ("recod_retention", "record_retention"),
            ("Base-URL", "base_url"),
            ("apikey", "api_key"),
            ("fetsh", "fetch"),
            ("qsp", "qps"),
            ("secret", "secret_key"),
        ] {
            assert_eq!(
                suggestion(wrong, APP),
                format!("did you mean `{meant}`?"),
                "{wrong}"
            );
        }
        assert!(suggestion("zzzzzz", HTTP).contains("listen"));
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
