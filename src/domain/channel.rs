//! The channels by which people are told: the configuration's `[[notify]]`.

use std::fmt;

use super::{
    alarm::{Ends, Kind, Scope, Severity},
    language::Language,
    secret::Secret,
};

/// A channel, and what goes through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// What it is called in the configuration, in `status` and in alarms; unique.
    pub name: String,
    /// How it is reached.
    pub way: Way,
    /// The least severity that is told.
    pub severity: Severity,
    /// The apps whose alarms are told; empty for all. What concerns no app alone is always told.
    pub apps: Vec<String>,
    /// The language of its messages.
    pub language: Language,
    /// Whether the daily report goes through it.
    pub daily: bool,
}

/// How a channel is reached. URLs of robots hold their keys, so all of them are secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Mail.
    Email(Mail),
    /// JSON as Alertmanager's webhook receivers take it, version 4.
    Webhook(Post),
    /// A robot of a DingTalk group.
    Dingtalk(Post),
    /// A robot of a WeCom group.
    Wecom(Post),
    /// A robot of a Feishu (Lark) group.
    Feishu(Post),
}

impl Way {
    /// The name in the configuration's `kind`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Webhook(_) => "webhook",
            Self::Dingtalk(_) => "dingtalk",
            Self::Wecom(_) => "wecom",
            Self::Feishu(_) => "feishu",
        }
    }
}

/// A URL that messages are posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Where to: `https`, or `http` to a host that is allowed privately.
    pub url: Secret,
    /// What messages to a robot are signed with, where it asks for that; of a webhook, what it is
    /// sent as `Authorization: Bearer`.
    pub secret: Option<Secret>,
    /// Whether the host may have a private address.
    pub allow_private: bool,
    /// The proxy that leads there, `http://user:password@host:port`; none is asked otherwise.
    pub proxy: Option<Secret>,
}

/// A mail server and whom it is to tell. `Debug` shows nobody's address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The server's name, which its certificate must bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Name and password of AUTH; none for a server that asks for none.
    pub login: Option<(String, Secret)>,
    /// The sender's address.
    pub from: String,
    /// The recipients' addresses, one at least.
    pub to: Vec<String>,
    /// A file of certificates in PEM to trust beside the system's.
    pub ca_file: Option<std::path::PathBuf>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            tls,
            login,
            // A person's as often as not.
            from: _,
            to,
            ca_file,
        } = self;
        f.debug_struct("Mail")
            .field("host", host)
            .field("port", port)
            .field("tls", tls)
            .field("has_login", &login.is_some())
            .field("recipients", &to.len())
            .field("ca_file", ca_file)
            .finish_non_exhaustive()
    }
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// Begun in plain text and protected before anything is told (STARTTLS, RFC 3207); a server
    /// that does not offer it gets nothing.
    Starttls,
    /// From the first byte (RFC 8314).
    Tls,
    /// Not at all: to this machine alone.
    None,
}

impl Channel {
    /// Channels of one addressee each: of mail one a recipient, `mail#1`, `mail#2`, so that each is
    /// told on its own, and one who is refused keeps nothing from the others.
    #[must_use]
    pub fn apart(&self) -> Vec<Self> {
        let Way::Email(mail) = &self.way else {
            return vec![self.clone()];
        };
        if mail.to.len() < 2 {
            return vec![self.clone()];
        }
        let to_one = |(n, to): (usize, &String)| Self {
            name: format!("{}#{n}", self.name),
            way: Way::Email(Mail {
                to: vec![to.clone()],
                ..mail.clone()
            }),
            ..self.clone()
        };
        (1..).zip(&mail.to).map(to_one).collect()
    }

    /// Whether alarms of this kind and subject are told through it.
    #[must_use]
    pub fn wants(&self, kind: Kind, subject: &str) -> bool {
        // Of losses the subject is the app and the cause.
        let is_of = |app: &String| subject.split(": ").next() == Some(app.as_str());
        let is_about_app = match kind.scope() {
            Scope::App => true,
            Scope::Past => kind.ends() != Ends::Seen,
            Scope::Verification | Scope::Service => false,
        };
        let is_of_other = is_about_app && !self.apps.is_empty() && !self.apps.iter().any(is_of);
        kind.severity() >= self.severity && !is_of_other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_shows_nobodys_address_and_no_secret() {
        let mail = Mail {
            host: "smtp.example.com".to_owned(),
            port: 587,
            tls: MailTls::Starttls,
            login: Some(("canary-user@example.com".to_owned(), "canary-pw".into())),
            from: "canary-from@example.com".to_owned(),
            to: vec![
                "canary-1@example.com".to_owned(),
                "canary-2@example.com".to_owned(),
            ],
            ca_file: None,
        };
        let post = Post {
            url: "https://canary.example.com/?key=canary".into(),
            secret: Some("canary".into()),
            allow_private: false,
            proxy: None,
        };
        for (way, shown) in [
            (Way::Email(mail), "recipients: 2"),
            (Way::Dingtalk(post), "allow_private: false"),
        ] {
            let text = format!("{way:?}");
            assert!(text.contains(shown) && !text.contains("canary"), "{text}");
        }
    }
}
