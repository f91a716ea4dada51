//! Which database, vault and index key belong together: the database knows an installation_id and
//! the digest of the key, the vault the same installation_id in an object at its root.

use super::identity::IndexKey;

/// What a database knows of what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Drawn once, at the first opening to write: a UUID.
    pub installation_id: String,
    /// [`super::identity::IndexKey::id`] of the key that look-ups are made with; none before there
    /// was one.
    pub index_key_id: Option<String>,
}

/// One side: the database. The default is one that is empty or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// What it belongs to; none before the first opening to write.
    pub installation: Option<Installation>,
    /// The key of the newest answer it names; none before anything was captured.
    pub newest_object: Option<String>,
}

/// The other side: the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vault {
    /// The installation_id in its object `installation`; none when there is no such object.
    pub sentinel: Option<String>,
    /// Without a sentinel: whether the database's newest object lies here, or, where the database
    /// names none, any object at all.
    pub holds_objects: bool,
}

/// How the two stand to one another, where nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// They know one another.
    Joined,
    /// The database has its installation_id, and the vault is to be given it.
    Unmarked,
    /// Neither has one: it is to be drawn.
    New,
}

/// What does not belong together, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}; {todo}")]
pub struct Foreign {
    /// The key of the configuration that most likely is wrong.
    pub what: &'static str,
    /// How it was found.
    pub why: String,
    /// What to do.
    pub todo: String,
}

const RESTORE: &str = "correct database.url or restore the backup of the database; a new beginning needs an empty place, named by vault.url";

/// Compares database and vault.
///
/// # Errors
/// [`Foreign`] when they do not belong together.
pub fn join(database: &Database, vault: &Vault) -> Result<Joint, Foreign> {
    let refuse = |what, why: String, todo: &str| {
        Err(Foreign {
            what,
            why,
            todo: todo.to_owned(),
        })
    };
    let ours = database
        .installation
        .as_ref()
        .map(|installation| installation.installation_id.as_str());
    match (ours, vault.sentinel.as_deref()) {
        (Some(ours), Some(theirs)) if ours == theirs => Ok(Joint::Joined),
        (Some(ours), Some(theirs)) => refuse(
            "vault.url",
            format!("the vault belongs to installation {theirs}, the database to {ours}"),
            "correct vault.url or database.url, or restore the backups of both",
        ),
        (None, Some(theirs)) => {
            refuse("database.url", format!("the vault belongs to installation {theirs}, and the database is new or belongs to none"), RESTORE)
        }
        (_, None) if database.newest_object.is_some() && !vault.holds_objects => refuse(
            "vault.url",
            "the database names objects, and its newest is not in the vault, which is empty or another's".to_owned(),
            &match ours {
                Some(ours) => format!(
                    "correct vault.url or restore the backup of the vault; to go on without those objects put an object `installation` at its root that \
                     holds {ours} and nothing else"
                ),
                None => "correct vault.url or restore the backup of the vault".to_owned(),
            },
        ),
        (_, None) if database.newest_object.is_none() && vault.holds_objects => {
            refuse("database.url", "the vault holds objects, and the database names none: it is new or another's".to_owned(), RESTORE)
        }
        (Some(_), None) => Ok(Joint::Unmarked),
        (None, None) => Ok(Joint::New),
    }
}

/// Compares the index key that the database knows with the one that is given; true when the
/// database is to be told of the given one.
///
/// # Errors
/// [`Foreign`] for another key or none: nobody would be found by an ID number.
pub fn index_key(known: Option<&str>, given: Option<&str>) -> Result<bool, Foreign> {
    let why = match (known, given) {
        (Some(known), Some(given)) if known != given => format!(
            "is not the key that the database was indexed with ({given} instead of {known})"
        ),
        (Some(known), None) => {
            format!("names no key, and the database was indexed with one ({known})")
        }
        (known, given) => return Ok(known.is_none() && given.is_some()),
    };
    let todo = "put the key back from its copy, or exchange it, for which a lost one is not needed: verikeep index-key rotate --new-key-file FILE";
    Err(Foreign {
        what: "identity.index_key_file",
        why,
        todo: todo.to_owned(),
    })
}

/// The key to look a person up with, where the database knows no other.
///
/// # Errors
/// [`Foreign`] for another key or none: nobody would be found by an ID number.
pub fn look_up<'k>(
    known: Option<&str>,
    given: Option<&'k IndexKey>,
) -> Result<&'k IndexKey, Foreign> {
    let Some(given) = given else {
        return Err(Foreign {
            what: "identity.index_key_file",
            why: "there is no index key, so that an ID number cannot be looked up".to_owned(),
            todo: "name the key file that was in use when the verifications were tracked"
                .to_owned(),
        });
    };
    index_key(known, Some(&given.id())).map(|_| given)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "019ab2c4-7f00-7abc-8def-0123456789af";
    const THEIRS: &str = "019ab2c4-7f00-7abc-8def-0123456789b0";

    #[test]
    fn what_does_not_belong_together_is_refused_with_the_way_out() {
        let database = |id: Option<&str>, names: bool| Database {
            installation: id.map(|id| Installation {
                installation_id: id.to_owned(),
                index_key_id: None,
            }),
            newest_object: names.then(|| "v/af/a/b.json".to_owned()),
        };
        let vault = |sentinel: Option<&str>, holds_objects| Vault {
            sentinel: sentinel.map(str::to_owned),
            holds_objects,
        };
        let (ours, theirs, none) = (Some(OURS), Some(THEIRS), None);
        for (what, database, vault, expected) in [
            (
                "a first start",
                database(none, false),
                vault(none, false),
                Ok(Joint::New),
            ),
            (
                "a first start after an upgrade",
                database(none, true),
                vault(none, true),
                Ok(Joint::New),
            ),
            (
                "a start that was cut after the row",
                database(ours, false),
                vault(none, false),
                Ok(Joint::Unmarked),
            ),
            (
                "objects moved without the sentinel",
                database(ours, true),
                vault(none, true),
                Ok(Joint::Unmarked),
            ),
            (
                "as ever",
                database(ours, true),
                vault(ours, true),
                Ok(Joint::Joined),
            ),
            (
                "an old backup of the database",
                database(ours, false),
                vault(ours, true),
                Ok(Joint::Joined),
            ),
            (
                "another vault",
                database(ours, true),
                vault(theirs, true),
                Err("vault.url"),
            ),
            (
                "an empty vault",
                database(ours, true),
                vault(none, false),
                Err("`installation` at its root that holds 019ab2c4-7f00-7abc-8def-0123456789af"),
            ),
            (
                "an empty vault after an upgrade",
                database(none, true),
                vault(none, false),
                Err("restore the backup of the vault"),
            ),
            (
                "a new database",
                database(none, false),
                vault(theirs, true),
                Err("restore the backup of the database"),
            ),
            (
                "a new database beside a vault without a sentinel",
                database(none, false),
                vault(none, true),
                Err("a new beginning needs an empty place"),
            ),
            (
                "an unused database beside another's objects",
                database(ours, false),
                vault(none, true),
                Err("database.url"),
            ),
            (
                "a database of before beside another's vault",
                database(none, true),
                vault(theirs, true),
                Err("database.url"),
            ),
        ] {
            match (join(&database, &vault), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{what}"),
                (Err(found), Err(part)) => {
                    assert!(found.to_string().contains(part), "{what}: {found}")
                }
                (found, expected) => panic!("{what}: {found:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn only_the_key_that_is_known_is_taken() {
        let ours = IndexKey::new(vec![7; 32]).unwrap();
        for (label, known, given, found) in [
            ("its own", Some(ours.id()), Some(&ours), true),
            ("the first", None, Some(&ours), true),
            ("another", Some("a".to_owned()), Some(&ours), false),
            ("none", Some(ours.id()), None, false),
            ("none at all", None, None, false),
        ] {
            let looked = look_up(known.as_deref(), given);
            assert_eq!(looked.is_ok(), found, "{label}");
            assert!(looked.is_ok() || looked.is_err_and(|no| no.what == "identity.index_key_file"));
        }
        assert_eq!(index_key(None, None), Ok(false));
        assert_eq!(index_key(None, Some("a")), Ok(true));
        assert_eq!(index_key(Some("a"), Some("a")), Ok(false));
        for given in [None, Some("b")] {
            let refused = index_key(Some("a"), given).unwrap_err();
            assert!(
                refused.what == "identity.index_key_file"
                    && refused
                        .todo
                        .contains("verikeep index-key rotate --new-key-file FILE"),
                "{refused}"
            );
        }
    }
}
