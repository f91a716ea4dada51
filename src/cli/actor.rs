//! Who gives a command: asked of the kernel, since everybody can set a variable.

use nix::unistd::{Uid, User, getuid};

/// Who gives a command, for the record of who did what: `cli:alice(1000)`, and behind sudo
/// `cli:alice(1000) as root`.
#[must_use]
pub(super) fn actor() -> String {
    let behind = std::env::var("SUDO_UID").ok();
    told(getuid().as_raw(), behind.as_deref(), |uid| {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        user.map(|user| user.name)
    })
}

/// `SUDO_UID` counts for root alone: another could set it to anybody's.
fn told(uid: u32, behind: Option<&str>, name: impl Fn(u32) -> Option<String>) -> String {
    let user = |uid| match name(uid) {
        Some(name) => format!("cli:{name}({uid})"),
        None => format!("cli:({uid})"),
    };
    let behind = behind
        .filter(|_| uid == 0)
        .and_then(|text| text.parse().ok())
        .filter(|behind| *behind != 0);
    behind.map_or_else(|| user(uid), |behind| format!("{} as root", user(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_true_user_is_told() {
        let name = |uid| match uid {
            0 => Some("root".to_owned()),
            1000 => Some("alice".to_owned()),
            _ => None,
        };
        for (uid, behind, who) in [
            (1000, None, "cli:alice(1000)"),
            (0, None, "cli:root(0)"),
            (0, Some("1000"), "cli:alice(1000) as root"),
            (0, Some("0"), "cli:root(0)"),
            (0, Some("alice"), "cli:root(0)"),
            (1000, Some("0"), "cli:alice(1000)"),
            (1000, Some("7"), "cli:alice(1000)"),
            (4711, None, "cli:(4711)"),
        ] {
            assert_eq!(told(uid, behind, name), who);
        }
    }
}
