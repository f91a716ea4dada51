//! From what went wrong in a room to what a person is told, and how the process ends.

use super::super::{
    get::Unreadable,
    report::{Code, Failure},
};
use crate::{
    app::{AppError, demo::DemoError},
    archive::issue::IssueError,
    domain::{
        answer::{ErrorKind, ProviderError},
        installation::Foreign,
    },
    vault::VaultError,
};

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let (code, todo) = match &error {
            VaultError::Unavailable(_) => (
                Code::Unreachable,
                "see that it runs and that vault.url and vault.options are right",
            ),
            VaultError::Full(_) => (
                Code::Finding,
                "make room, or name a place that has some by vault.url",
            ),
            VaultError::Denied(_) => (
                Code::Finding,
                "see that its credentials (vault.options, the environment) may read and write, or who owns the folder",
            ),
            VaultError::Config(_) => (
                Code::Configuration,
                "correct [vault] in the configuration as it says",
            ),
            VaultError::Missing(_) | VaultError::Different(_) | VaultError::BadKey(_) => {
                (Code::Finding, "keep it as it is and compare with a backup")
            }
        };
        Self::told(code, "object store", error.to_string(), todo)
    }
}

impl From<VaultError> for Unreadable {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Missing(_) => Self::Missing,
            VaultError::Unavailable(why) => Self::Unreachable(why),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(problem: ProviderError) -> Self {
        // What a person must act on is a finding; the rest may go well the next time.
        let (code, todo) = match problem.kind {
            ErrorKind::Transient | ErrorKind::Garbled => (
                Code::Unreachable,
                "see that base_url is right and that the network lets it through; otherwise try again later",
            ),
            ErrorKind::TooFast | ErrorKind::DailyQuota => (
                Code::Unreachable,
                "try again later; look at quota and billing in the provider's console",
            ),
            _ => (Code::Finding, ""),
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
                        "{todo}\n  a token was generated but not tracked, and is not given out: issue another one"
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
}
