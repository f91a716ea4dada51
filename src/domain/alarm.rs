//! Alarms: what is wrong, since when, what it threatens, what to do. Each is a row, so that nobody
//! has to read logs.

use serde::Serialize;

use super::loss::Cause;

/// What an alarm's subject names, and so whose open verifications it threatens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What it tells of has happened: nothing further is threatened.
    Past,
    /// An app: everything open of it.
    App,
    /// One verification.
    Verification,
    /// A part of this service: everything that is open.
    Service,
}

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Within the day.
    Warning,
    /// Now: what is open may be lost.
    Critical,
}

/// What ends an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The next call of the app that is answered; of an app with nothing open, that there is nothing
    /// to ask.
    Answered,
    /// No medium of the app is wanted any more that fails for one of these causes.
    Fetched(&'static [Cause]),
    /// Its verification is settled or tried again.
    Settled,
    /// Its verification is tried again, ends as something else than rejected, or is forgotten by the
    /// provider.
    Assigned,
    /// The share of the last day is as usual again when it is looked at.
    Usual,
    /// The process that raised it sees that it is over.
    Seen,
    /// A person's word.
    Acknowledged,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $severity:ident, $scope:ident, $ends:expr, $todo:literal;)+) => {
        /// The kinds of alarm. One of a kind and subject is open at a time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The name in tables and metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// What it tells of, in a sentence.
            #[must_use]
            pub const fn means(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// Whom it threatens.
            #[must_use]
            pub const fn scope(self) -> Scope {
                match self {
                    $(Self::$kind => Scope::$scope,)+
                }
            }

            /// How soon somebody should look.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$kind => Severity::$severity,)+
                }
            }

            /// What ends it.
            #[must_use]
            pub const fn ends(self) -> Ends {
                match self {
                    $(Self::$kind => $ends,)+
                }
            }

            /// What a person should do.
            #[must_use]
            pub const fn todo(self) -> &'static str {
                match self {
                    $(Self::$kind => $todo,)+
                }
            }
        }
    };
}

kinds! {
    /// Something was lost, and nobody has taken note of it: one an app and cause.
    Loss = "loss", Critical, Past, Ends::Acknowledged, "`verikeep losses` says what and why; `verikeep losses ack` takes note of it";
    /// Code 18 lasts: quota or billing.
    TooFast = "too_fast", Warning, App, Ends::Answered, "look at quota and billing in the provider's console, and see that apps.qps is what was bought";
    /// The daily or total quota is spent.
    Quota = "quota", Critical, App, Ends::Answered, "have the quota raised in the provider's console; asking goes on by itself";
    /// Credentials are refused.
    Credentials = "credentials", Critical, App, Ends::Answered, "compare api_key and secret_key with the provider's console, then restart; `verikeep check` tries them";
    /// Permission, signature or clock.
    Forbidden = "forbidden", Critical, App, Ends::Answered, "see that the app has face verification switched on and that this machine's clock is right; `verikeep check` looks at both";
    /// A request or the configuration is wrong.
    Misconfigured = "misconfigured", Critical, App, Ends::Answered, "`verikeep check` shows the configuration at fault";
    /// A token is refused and another app knows it.
    WrongApp = "wrong_app", Warning, Verification, Ends::Assigned, "assign it with `verikeep retry TOKEN --app NAME` before the provider forgets it";
    /// Suddenly many tokens of an app were never seen to exist.
    NeverSeen = "never_seen", Warning, Past, Ends::Usual, "compare with your own list (`verikeep reconcile`) and see who tells them (`tracked_by` in `verikeep list --json`)";
    /// A medium's URL leads where we do not go.
    ForbiddenHost = "forbidden_host", Warning, App, Ends::Fetched(&[Cause::ForbiddenHost]), "if the host is the provider's, add it to apps.media_hosts; otherwise tell the provider";
    /// Media fail their checks again and again.
    CorruptDownloads = "corrupt_downloads", Warning, App, Ends::Fetched(&[Cause::Corrupt, Cause::NotMedia]), "see what lies between this machine and apps.media_hosts (a proxy, a filter); `verikeep show` and `get` have what came instead";
    /// The provider cannot be reached.
    ProviderDown = "provider_down", Critical, App, Ends::Answered, "see that the network lets calls to base_url through; work goes on by itself, the least time left first";
    /// Objects cannot be written.
    VaultDown = "vault_down", Critical, Service, Ends::Seen, "see that the object store runs and accepts writes (`verikeep check` tries); work goes on by itself";
    /// The database cannot be written.
    DatabaseDown = "database_down", Critical, Service, Ends::Seen, "see that the database runs and accepts writes; work goes on by itself";
    /// The database answers, and cannot be used.
    DatabaseBroken = "database_broken", Critical, Service, Ends::Seen, "`verikeep check` names what is wrong; undo what changed it by hand, or restore a backup; work goes on by itself once it is whole";
    /// No daemon ran for a while.
    DaemonDown = "daemon_down", Critical, Service, Ends::Seen, "see why it ended (`journalctl -u verikeep`, the pod's events); what was lost meanwhile stands in `verikeep losses`";
    /// A file system has little room: nothing new is begun.
    DiskFull = "disk_full", Critical, Service, Ends::Seen, "make room, or lower limits.free_bytes_min; work goes on by itself";
    /// The process may open few files or connections.
    FewDescriptors = "few_descriptors", Warning, Service, Ends::Seen, "raise the limit of open files (LimitNOFILE in systemd, `ulimit -n`)";
    /// The machine's clock is apart from the provider's.
    ClockSkew = "clock_skew", Warning, Service, Ends::Seen, "have this machine's clock synchronised (`timedatectl`, `chronyc tracking`); the daemon goes by the provider's time meanwhile, commands and logs do not";
    /// A part of the program broke off where it must not.
    Panic = "panic", Critical, Service, Ends::Seen, "a defect of Verikeep: tell us the log line \"panicked\" with the place it names; what can go on goes on";
    /// A key of the API is refused at a limit of its own.
    KeyLimit = "key_limit", Warning, Service, Ends::Seen, "see who uses it (`verikeep key list`): revoke one that is stolen or runs wild, and make one with a higher --rate, --tokens-a-day or --issues-a-day where the need is real; then reconcile what was refused";
    /// A step dies again and again.
    Poison = "poison", Warning, Verification, Ends::Settled, "`verikeep show` it, and tell us what is odd about it";
}

impl Kind {
    /// The cause for which things are missing that could not be had while it was open; none where it
    /// keeps nothing from being had.
    #[must_use]
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::ProviderDown => Some(Cause::ProviderUnreachable),
            Self::TooFast | Self::Quota => Some(Cause::Quota),
            Self::Credentials | Self::Forbidden => Some(Cause::Credentials),
            Self::VaultDown | Self::DiskFull => Some(Cause::VaultDown),
            Self::DatabaseDown | Self::DatabaseBroken => Some(Cause::DatabaseDown),
            Self::DaemonDown => Some(Cause::DaemonDown),
            Self::Loss
            | Self::Misconfigured
            | Self::WrongApp
            | Self::NeverSeen
            | Self::ForbiddenHost
            | Self::CorruptDownloads
            | Self::FewDescriptors
            | Self::KeyLimit
            | Self::ClockSkew
            | Self::Panic
            | Self::Poison => None,
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// An alarm to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What kind.
    pub kind: Kind,
    /// What it is about: an app, an account, a verification_id, a part of the service
    /// ([`Kind::scope`]).
    pub subject: String,
    /// What happened, what it threatens, what to do.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_says_what_to_do() {
        let names: std::collections::BTreeSet<&str> =
            Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert!(!kind.todo().is_empty());
            assert!(kind.means().ends_with('.') && kind.means().trim() == kind.means());
        }
    }
}
