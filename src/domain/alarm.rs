//! Alarms: what is wrong, since when, what it threatens, what to do. Each is a row, so that nobody
//! has to read logs. What there is to say of each kind stands in one table, in both languages.

mod kinds;

use serde::Serialize;

use super::{language::Words, loss::Cause, time::Span};
pub use kinds::{Entry, Kind};

/// How long an alarm that [`Ends::Quiet`] ends is open after it was last raised.
pub const QUIET: Span = Span::hours(24);

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
    /// The figures of its app are as usual again when they are looked at.
    Usual,
    /// A day after it was last raised.
    Quiet,
    /// The process that raised it sees that it is over.
    Seen,
    /// A person's word.
    Acknowledged,
}

impl Scope {
    /// Whose open verifications those are.
    #[must_use]
    pub const fn words(self) -> Words {
        match self {
            Self::Past => Words::new(
                "nothing further: it tells of what has happened",
                "不再威胁其他内容：说的是已经发生的事",
            ),
            Self::App => Words::new(
                "everything open of the app it names",
                "所指应用的全部未完成核验",
            ),
            Self::Verification => Words::new("the verification it names", "所指的这次核验"),
            Self::Service => Words::new("everything open", "全部未完成的核验"),
        }
    }
}

impl Severity {
    /// How bad it is and how soon somebody should look.
    #[must_use]
    pub const fn words(self) -> Words {
        match self {
            Self::Critical => Words::new("critical: look now", "严重：立即处理"),
            Self::Warning => Words::new("warning: look within the day", "警告：当天处理"),
        }
    }

    /// How bad it is, in a word.
    #[must_use]
    pub const fn short(self) -> Words {
        match self {
            Self::Critical => Words::new("critical", "严重"),
            Self::Warning => Words::new("warning", "警告"),
        }
    }
}

impl Ends {
    /// When that is.
    #[must_use]
    pub const fn words(self) -> Words {
        match self {
            Self::Answered => Words::new(
                "with the next call of the app that is answered, or when nothing of the app is left to ask",
                "该应用的下一次调用得到应答时，或该应用已没有可查询的内容时",
            ),
            Self::Fetched(_) => Words::new(
                "when no medium of the app that is still wanted fails for it",
                "该应用仍需要的媒体不再因此失败时",
            ),
            Self::Settled => Words::new(
                "when its verification is settled or tried again",
                "该次核验结案或重试时",
            ),
            Self::Assigned => Words::new(
                "when its verification is tried again, ends as something else than rejected, or is forgotten by the provider",
                "该次核验重试、以 rejected 之外的状态结案，或被云端删除时",
            ),
            Self::Seen => Words::new(
                "when the process that raised it sees that it is over, or is heard of no more",
                "发出告警的进程看到问题已消失，或该进程不再有消息时",
            ),
            Self::Usual => Words::new(
                "when the figures of its app are as usual again",
                "该应用的相应数值恢复正常时",
            ),
            Self::Quiet => Words::new(
                "when nothing of the kind was seen for a day",
                "一整天没有再出现时",
            ),
            Self::Acknowledged => Words::new("by a person's word alone", "只在有人确认时"),
        }
    }
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
            | Self::UnknownTokens
            | Self::FailureRate
            | Self::Risk
            | Self::Volume
            | Self::NoTokens
            | Self::ForbiddenHost
            | Self::CorruptDownloads
            | Self::FewDescriptors
            | Self::KeyLimit
            | Self::Delivery
            | Self::ClockSkew
            | Self::Panic
            | Self::Damaged
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
    fn severity_scope_and_end_stand_in_both_languages() {
        for kind in Kind::ALL {
            for (label, words) in [
                ("severity", kind.severity().words()),
                ("severity in a word", kind.severity().short()),
                ("scope", kind.scope().words()),
                ("ends", kind.ends().words()),
            ] {
                let label = format!("{}: {label}", kind.name());
                crate::domain::language::tests::stands_in_both(&label, words);
            }
        }
    }
}
