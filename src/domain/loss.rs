//! Losses: what kept a thing from being had, by a cause from a closed list, and when.

use serde::{Deserialize, Serialize};

use super::time::{Time, rfc3339};

macro_rules! causes {
    ($($(#[doc = $doc:literal])+ $cause:ident = $name:literal;)+) => {
        /// Why something could not be had.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Cause {
            $($(#[doc = $doc])+ $cause,)+
            /// Nothing that is known explains it.
            #[default]
            Unknown,
        }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$cause,)+ Self::Unknown];

            /// The name in tables, in `report_verifications.missing` and in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$cause => $name,)+
                    Self::Unknown => "unknown",
                }
            }
        }
    };
}

causes! {
    /// Calls or downloads did not reach the provider or came to nothing.
    ProviderUnreachable = "provider_unreachable";
    /// The token was told when the provider had forgotten it.
    ToldLate = "told_late";
    /// The quota was spent, or calls were refused as too fast.
    Quota = "quota";
    /// Key, permission or signature were refused.
    Credentials = "credentials";
    /// The token is another app's, or mistyped.
    WrongApp = "wrong_app";
    /// The URL had run out, and no fresh one was had in time.
    UrlExpired = "url_expired";
    /// The provider answered, and its answer did not list it.
    NotListed = "not_listed";
    /// The provider said that it is gone.
    GoneAtProvider = "gone_at_provider";
    /// Something else came in its place.
    NotMedia = "not_media";
    /// What came did not agree with its digest or length.
    Corrupt = "corrupt";
    /// Its URL leads where we do not go.
    ForbiddenHost = "forbidden_host";
    /// The answer holds it in a form that cannot be read; the verbatim answer is kept.
    Unreadable = "unreadable";
    /// Objects could not be written.
    VaultDown = "vault_down";
    /// The database could not be written.
    DatabaseDown = "database_down";
    /// No daemon ran.
    DaemonDown = "daemon_down";
}

impl Cause {
    /// The cause of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.name() == name)
    }

    /// What stands when this one follows upon `earlier` ones: what the provider says once it has
    /// forgotten a thing is not why it was not had before.
    #[must_use]
    pub fn after(self, earlier: Option<Self>) -> Self {
        match (self, earlier) {
            (Self::NotListed | Self::GoneAtProvider | Self::Unknown, Some(earlier))
                if earlier != Self::Unknown =>
            {
                earlier
            }
            _ => self,
        }
    }
}

/// What kept a thing from being had, and from when to when, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The cause.
    #[serde(default)]
    pub cause: Cause,
    /// When it first stood in the way.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::or_null"
    )]
    pub from: Option<Time>,
    /// When it last did.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "rfc3339::or_null"
    )]
    pub to: Option<Time>,
}

impl Reason {
    /// A cause that stood in the way from one instant to another.
    #[must_use]
    pub const fn lasting(cause: Cause, from: Time, to: Time) -> Self {
        Self {
            cause,
            from: Some(from),
            to: Some(to),
        }
    }

    /// A cause without an interval.
    #[must_use]
    pub const fn plain(cause: Cause) -> Self {
        Self {
            cause,
            from: None,
            to: None,
        }
    }
}

/// A stretch of time in which something could not be had, for whatever verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Why.
    pub cause: Cause,
    /// When it began.
    pub from: Time,
    /// When it was over; none while it lasts.
    pub to: Option<Time>,
}

impl Reason {
    /// What explains a thing of which nothing is known but that it was not had: the outage that
    /// covers most of the time it could have been. A reason that is known stands.
    #[must_use]
    pub fn explained_by(self, outages: &[Outage]) -> Self {
        let (Cause::Unknown, Some(from), Some(to)) = (self.cause, self.from, self.to) else {
            return self;
        };
        let within = outages.iter().map(|outage| {
            let (first, last) = (outage.from.max(from), outage.to.unwrap_or(to).min(to));
            Self::lasting(outage.cause, first, last)
        });
        let length = |reason: &Self| reason.to.zip(reason.from).map(|(to, from)| to.0 - from.0);
        within
            .filter(|reason| reason.from < reason.to)
            .max_by_key(length)
            .unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> =
            Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert_eq!(Cause::named(cause.name()), Some(*cause));
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.name());
        }
        let contract = include_str!("../../docs/contract.md");
        let promised = contract.split_once("`cause` is one of ").unwrap().1;
        let promised = promised.split_once(".\n").unwrap().0;
        assert_eq!(
            promised
                .split(',')
                .map(|name| name.trim().trim_matches('`'))
                .collect::<Vec<_>>(),
            Cause::ALL
                .iter()
                .map(|cause| cause.name())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_said_of_a_thing_forgotten_is_not_why_it_was_not_had() {
        use Cause::{Corrupt, GoneAtProvider, NotListed, ProviderUnreachable, Unknown};
        for (cause, earlier, stands) in [
            (NotListed, Some(ProviderUnreachable), ProviderUnreachable),
            (GoneAtProvider, Some(Corrupt), Corrupt),
            (Unknown, Some(Corrupt), Corrupt),
            (GoneAtProvider, Some(Unknown), GoneAtProvider),
            (NotListed, None, NotListed),
            (ProviderUnreachable, Some(Corrupt), ProviderUnreachable),
        ] {
            assert_eq!(cause.after(earlier), stands, "{cause:?} {earlier:?}");
        }
    }

    #[test]
    fn an_outage_explains_what_nothing_else_does() {
        let outage = |cause, from, to: Option<i64>| Outage {
            cause,
            from: Time(from),
            to: to.map(Time),
        };
        let all = [
            outage(Cause::DaemonDown, 0, Some(15)),
            outage(Cause::Quota, 12, Some(40)),
            outage(Cause::VaultDown, 90, None),
            outage(Cause::Credentials, 500, None),
        ];
        let unknown = |from, to| Reason::lasting(Cause::Unknown, Time(from), Time(to));
        let told = Reason::lasting(Cause::Corrupt, Time(10), Time(100));
        for (label, reason, stands) in [
            (
                "the longest",
                unknown(10, 100),
                Reason::lasting(Cause::Quota, Time(12), Time(40)),
            ),
            (
                "as far as it reaches",
                unknown(0, 13),
                Reason::lasting(Cause::DaemonDown, Time(0), Time(13)),
            ),
            (
                "one that lasts",
                unknown(80, 100),
                Reason::lasting(Cause::VaultDown, Time(90), Time(100)),
            ),
            ("none at that time", unknown(50, 80), unknown(50, 80)),
            ("it is known", told, told),
            ("no interval", Reason::default(), Reason::default()),
        ] {
            assert_eq!(reason.explained_by(&all), stands, "{label}");
        }
    }

    #[test]
    fn a_reason_is_written_with_instants_people_read_and_read_again() {
        let reason = Reason::lasting(Cause::Quota, Time(0), Time(1000));
        let json = serde_json::to_value(reason).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "cause": "quota", "from": "1970-01-01T00:00:00Z", "to": "1970-01-01T00:00:01Z" })
        );
        assert_eq!(serde_json::from_value::<Reason>(json).unwrap(), reason);
        let bare = serde_json::from_str::<Reason>("{}").unwrap();
        assert_eq!(bare, Reason::default());
        assert_eq!(
            serde_json::to_value(bare).unwrap(),
            serde_json::json!({ "cause": "unknown" })
        );
    }
}
