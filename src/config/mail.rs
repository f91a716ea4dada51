//! What a channel of mail says beside the rest of `[[notify]]`: server, login, sender, recipients.

use std::net::IpAddr;

use super::{
    paths,
    secrets::{self, Folders},
    section::Section,
};
use crate::domain::{
    channel::{Mail, MailTls},
    secret::Secret,
};

/// Recipients of a channel at most.
const RECIPIENTS_MAX: usize = 50;

/// Reads them; none where one that must be there is missing or wrong.
pub(super) fn read(section: &Section<'_>, folders: &Folders) -> Option<Mail> {
    let words = [
        ("starttls", MailTls::Starttls),
        ("tls", MailTls::Tls),
        ("none", MailTls::None),
    ];
    let tls = section.choice("tls", &words);
    let tls = tls.map_or(MailTls::Starttls, |word| word.value);
    let usual = match tls {
        MailTls::Starttls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    };
    let port = section.whole("port", 1, 65_535);
    let port = port.and_then(|port| u16::try_from(port.value).ok());
    let login = login(section, folders);
    let ca_file = section
        .text("ca_file")
        .map(|file| paths::absolute(&folders.base, &file.value));
    if let Some(why) = ca_file
        .as_ref()
        .and_then(|file| std::fs::File::open(file).err())
    {
        let todo = "name a file of certificates in PEM that can be read, or leave the key out to trust the system's alone";
        section.fail("ca_file", secrets::reason(&why), todo);
    }
    let (host, from, to) = (host(section, tls), from(section), recipients(section));
    Some(Mail {
        host: host?,
        port: port.unwrap_or(usual),
        tls,
        login,
        from: from?,
        to: to?,
        ca_file,
    })
}

fn login(section: &Section<'_>, folders: &Folders) -> Option<(String, Secret)> {
    let whence = "the password of AUTH; some servers give out an authorization code for it";
    let user = section.text("user");
    let password = secrets::optional(section, "password", folders, whence);
    let has_password = section.has("password") || section.has("password_file");
    match (user, password) {
        (Some(user), Some(password)) => Some((user.value, password)),
        (Some(_), None) if !has_password => {
            section.missing(
                "password",
                format!("give `password` or `password_file`: {whence}"),
            );
            None
        }
        (None, Some(_)) if !section.has("user") => {
            section.missing("user", "give the name that belongs to the password");
            None
        }
        _ => None,
    }
}

fn host(section: &Section<'_>, tls: MailTls) -> Option<String> {
    let Some(host) = section.text("host") else {
        if !section.has("host") {
            section.missing("host", "name the mail server, such as \"smtp.example.com\"");
        }
        return None;
    };
    let is_name = host
        .value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-.:".contains(c));
    if !is_name || (host.value.contains(':') && host.value.parse::<IpAddr>().is_err()) {
        let todo = "write its name or address alone; the port has a key of its own";
        section.fail("host", "is no name of a host", todo);
        return None;
    }
    let is_here =
        host.value == "localhost" || host.value.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if matches!(tls, MailTls::None) && !is_here {
        let todo = "write tls = \"starttls\" or \"tls\"; \"none\" is for a server on this machine";
        section.fail(
            "tls",
            "is \"none\", and the server is on another machine",
            todo,
        );
    }
    Some(host.value)
}

const MAIL_ADDRESS: &str = "write an address such as \"verikeep@example.com\", without a name";

fn from(section: &Section<'_>) -> Option<String> {
    if !section.has("from") {
        section.missing(
            "from",
            "give the sender's address: the server must let it send",
        );
    }
    let from = section.text("from")?;
    if !is_mail_address(&from.value) {
        section.fail("from", "is no mail address", MAIL_ADDRESS);
        return None;
    }
    Some(from.value)
}

fn recipients(section: &Section<'_>) -> Option<Vec<String>> {
    if !section.has("to") {
        section.missing("to", "list who is told: to = [\"duty@example.com\"]");
    }
    let mut kept: Vec<String> = Vec::new();
    for to in section.texts("to")? {
        let findings = section.findings;
        if !is_mail_address(&to.value) {
            findings.fail(&to.path, &to.place, "is no mail address", MAIL_ADDRESS);
        } else if kept.iter().any(|one| one.eq_ignore_ascii_case(&to.value)) {
            findings.fail(
                &to.path,
                &to.place,
                "stands in the list twice",
                "take one out",
            );
        } else {
            kept.push(to.value);
        }
    }
    if section.texts("to").is_some_and(|to| to.is_empty()) {
        section.fail(
            "to",
            "is empty",
            "list who is told: to = [\"duty@example.com\"]",
        );
    }
    if kept.len() > RECIPIENTS_MAX {
        let reason = format!("holds more than {RECIPIENTS_MAX} addresses");
        section.fail(
            "to",
            reason,
            "write to a distribution list of the mail server",
        );
    }
    (!kept.is_empty()).then_some(kept)
}

/// Whether it has the form of one, without names, comments and quotes (RFC 5321, 4.1.2).
fn is_mail_address(text: &str) -> bool {
    let is_domain = |name: &str| {
        !name.is_empty()
            && !name.starts_with(['.', '-'])
            && !name.ends_with(['.', '-'])
            && !name.contains("..")
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
    };
    let is_local = |name: &str| {
        (1..=64).contains(&name.len())
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..")
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c))
    };
    text.len() <= 254
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_local(local) && is_domain(domain))
}
