//! From what went wrong in a part to what a person is told, and how the process ends.

use super::{Code, Failure, words};
use crate::{
    app::{AppError, demo::DemoError},
    desk::{self, IssueError, RemoteError},
    domain::{
        answer::{ErrorKind, ProviderError},
        installation::Foreign,
        language::Language,
    },
    store::StoreError,
    vault::VaultError,
};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (code, why, todo) = match error {
            StoreError::Unavailable(why) => (
                Code::Unreachable,
                format!("not available: {why}"),
                words::DATABASE_RUNS,
            ),
            StoreError::Schema(why) => (Code::Finding, why, words::RIGHT_DATABASE),
            StoreError::LeaseLost => (
                Code::Finding,
                "the work was taken over by another process".to_owned(),
                words::TRY_AGAIN,
            ),
            StoreError::Corrupt(why) => (
                Code::Finding,
                format!("holds an impossible value: {why}"),
                words::RESTORE_BESIDE,
            ),
            StoreError::Damaged(why) => (Code::Finding, format!("damaged: {why}"), words::RESTORE),
        };
        // Where the cause is known, its own way out stands behind it.
        match why.split_once("; ") {
            Some((why, todo)) => Self::told(code, "database", why, todo),
            None => Self::told(code, "database", why, todo),
        }
    }
}

impl From<desk::Error> for Failure {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Store(error) => error.into(),
            desk::Error::Issue(error) => error.into(),
            desk::Error::Foreign(foreign) => foreign.into(),
            desk::Error::Field { field, why } => Self::usage(field, why, words::AGAIN),
            desk::Error::TooOften(_) => Self::told(
                Code::Finding,
                "search",
                error.to_string(),
                "try again tomorrow (UTC)",
            ),
            desk::Error::Wrong(wrong) => Self::usage(
                wrong.field,
                wrong.why,
                "nothing was asked of the provider; tell it rightly and run the same command again",
            ),
            desk::Error::Running | desk::Error::Other | desk::Error::Lost(_) => Self::told(
                Code::Finding,
                "issue",
                error.to_string(),
                "no token was given out; try again",
            ),
            desk::Error::Remote(error) => error.into(),
            desk::Error::RowsAlone => Self::told(
                Code::Finding,
                "this command",
                error.to_string(),
                words::FAULT,
            ),
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Away(why) => {
                Self::told(Code::Unreachable, "the daemon", why, words::DAEMON_RUNS)
            }
            RemoteError::Foreign(why) => {
                Self::told(Code::Unreachable, "the daemon", why, words::DAEMON_URL)
            }
            RemoteError::Missing => Self::told(
                Code::Finding,
                "the daemon",
                "there is nothing of that name, as far as the key may know",
                words::NAMES,
            ),
            RemoteError::Refused {
                status: 401 | 403,
                detail,
                ..
            } => Self::told(Code::Configuration, "the key", detail, words::MAKE_KEY),
            RemoteError::Refused {
                status: 421,
                detail,
                ..
            } => Self::told(Code::Configuration, "the daemon", detail, ""),
            RemoteError::Refused {
                status: 500..,
                detail,
                ..
            } => Self::told(Code::Finding, "the daemon", detail, words::LATER),
            RemoteError::Refused { detail, field, .. } => Self::usage(
                field.unwrap_or_else(|| "what was asked".to_owned()),
                detail,
                words::NOTHING_DONE,
            ),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let (code, todo) = match &error {
            VaultError::Unavailable(_) => (Code::Unreachable, words::VAULT_RUNS),
            VaultError::Full(_) => (Code::Finding, words::VAULT_FULL),
            VaultError::Denied(_) => (Code::Finding, words::VAULT_DENIED),
            VaultError::Config(_) => (Code::Configuration, words::VAULT_CONFIG),
            VaultError::Missing(_) | VaultError::Different(_) | VaultError::BadKey(_) => {
                (Code::Finding, words::COMPARE)
            }
        };
        Self::told(code, "object store", error.to_string(), todo)
    }
}

impl From<ProviderError> for Failure {
    fn from(problem: ProviderError) -> Self {
        // What a person must act on is a finding; the rest may go well the next time.
        let (code, todo) = match problem.kind {
            ErrorKind::Transient | ErrorKind::Garbled => (Code::Unreachable, words::BASE_URL),
            ErrorKind::TooFast | ErrorKind::DailyQuota => (Code::Unreachable, words::QUOTA),
            _ => return Self::told(Code::Finding, "provider", problem.to_string(), ""),
        };
        Self::told(code, "provider", problem.to_string(), todo)
    }
}

impl From<Foreign> for Failure {
    fn from(foreign: Foreign) -> Self {
        Self::told(Code::Configuration, foreign.what, foreign.why, foreign.todo)
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(error) => error.into(),
            AppError::Vault(error) => error.into(),
            AppError::Provider(problem) => problem.into(),
            AppError::Foreign(foreign) => foreign.into(),
            AppError::Io { what, source } => Self::told(
                Code::Finding,
                what,
                source.to_string(),
                "see whether another process holds the address, and http.listen",
            ),
            AppError::Task { task, why } => Self::told(
                Code::Finding,
                format!("the daemon's task `{task}`"),
                why,
                "start it again; the log says what came before",
            ),
            AppError::Channel(error) => Self::told(
                Code::Configuration,
                "notify",
                error.to_string(),
                "correct the channel in the configuration; `verikeep notify test NAME` tries it",
            ),
            AppError::Schedule(why) => Self::told(
                Code::Configuration,
                "schedule",
                why,
                "write cron expressions of six fields, seconds first",
            ),
        }
    }
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Provider(problem) => problem.into(),
            IssueError::Wrong(why) => Self::told(
                Code::Finding,
                "issue",
                why,
                "nothing was given out; try again",
            ),
            IssueError::Store(error) => match Self::from(error) {
                Self::Told {
                    code,
                    what,
                    why,
                    todo,
                } => Self::told(
                    code,
                    what,
                    why,
                    format!(
                        "{}\n  a token was generated but not tracked, and is not given out: issue another one",
                        todo.in_(Language::En)
                    ),
                ),
                other => other,
            },
        }
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let (code, todo) = match &error {
            DemoError::App(_) => (Code::Finding, ""),
            DemoError::Foreign(_) => (Code::Usage, "`verikeep demo --dir DIR`"),
            DemoError::Folder(..) => (
                Code::Finding,
                "name a folder that can be written to: `verikeep demo --dir DIR`",
            ),
            DemoError::Simulator(_) => (Code::Finding, "see that loopback can be listened on"),
            DemoError::Config(_) => (
                Code::Configuration,
                "this is a defect of Verikeep: please tell us",
            ),
            DemoError::Stopped => (Code::Finding, ""),
        };
        match error {
            DemoError::App(error) => error.into(),
            other => Self::told(code, "demo", other.to_string(), todo),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Screen;

    #[test]
    fn what_ends_status_and_alarms_has_its_way_out_in_every_language() {
        let refused = |status| RemoteError::Refused {
            status,
            detail: "no".to_owned(),
            field: None,
        };
        for (label, failure, parts) in [
            (
                "database",
                StoreError::Damaged("x".into()).into(),
                ["keep a copy", "保留现状副本"],
            ),
            (
                "a field",
                desk::Error::Field {
                    field: "note",
                    why: "is too long".to_owned(),
                }
                .into(),
                ["tell it rightly", "改正后重新运行"],
            ),
            (
                "output",
                std::io::Error::other("full").into(),
                ["there is room", "有余量"],
            ),
            (
                "away",
                RemoteError::Away("x".into()).into(),
                ["--url", "确认它在运行"],
            ),
            (
                "foreign",
                RemoteError::Foreign("x".into()).into(),
                ["without /v1", "不带 /v1"],
            ),
            (
                "missing",
                RemoteError::Missing.into(),
                ["shows what there is", "列出现有"],
            ),
            ("key", refused(403).into(), ["daemon's host", "所在主机"]),
            (
                "fault there",
                refused(500).into(),
                ["try again later", "稍后再试"],
            ),
            (
                "refused",
                refused(422).into(),
                ["nothing was done", "未执行任何操作"],
            ),
        ] as [(_, Failure, _); 9]
        {
            for (language, part) in Language::ALL.iter().zip(parts) {
                let (mut out, mut err) = (Vec::new(), Vec::new());
                let mut screen = Screen::new(&mut out, &mut err);
                screen.language = *language;
                super::super::print(&failure, &mut screen);
                let told = String::from_utf8(err).unwrap();
                assert!(told.contains(part), "{label}: {part}: {told}");
            }
        }
    }

    #[test]
    fn a_task_that_is_gone_ends_the_process_as_a_finding_that_names_it() {
        let failure = Failure::from(AppError::Task {
            task: "commit".to_owned(),
            why: "it panicked".to_owned(),
        });
        assert_eq!(failure.code().number(), 1);
        assert!(
            matches!(&failure, Failure::Told { what, why, .. } if what.contains("`commit`") && why == "it panicked"),
            "{failure:?}"
        );
    }
    #[test]
    fn the_way_out_is_told_in_the_language_of_the_screen() {
        for (language, text) in [
            (Language::En, words::DATABASE_RUNS.en),
            (Language::Zh, words::DATABASE_RUNS.zh),
        ] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut screen = super::super::Screen::new(&mut out, &mut err);
            screen.language = language;
            let failure = Failure::from(StoreError::Unavailable("refused".to_owned()));
            super::super::print(&failure, &mut screen);
            let told = String::from_utf8(err).unwrap();
            assert!(told.contains("refused") && told.contains(text), "{told}");
        }
    }
}
