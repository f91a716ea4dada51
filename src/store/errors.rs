//! From the driver's errors to those a caller can act on.
//!
//! No text holds the URL or a value of a row. PostgreSQL shows values in its `DETAIL` and, of data
//! it refuses, in the message itself, so that its message is taken only of classes that speak of
//! the connection, the server or the schema; of all others the words are ours.

use std::{error::Error as StdError, io};

use sqlx::{
    error::{DatabaseError, ErrorKind},
    postgres::{PgDatabaseError, PgSeverity},
};

use super::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => of_database(error.as_ref()),
            E::Migrate(error) => Self::Schema(error.to_string()),
            E::Configuration(error) => {
                Self::Schema(format!("the database URL cannot be used: {error}"))
            }
            E::ColumnDecode { index, .. } => Self::Corrupt(format!(
                "the column {index} holds something else than it should"
            )),
            E::Decode(_) => {
                Self::Corrupt("a column holds something else than it should".to_owned())
            }
            E::Encode(_) => Self::Corrupt("a value cannot be sent to the database".to_owned()),
            error @ (E::ColumnNotFound(_)
            | E::ColumnIndexOutOfBounds { .. }
            | E::RowNotFound
            | E::TypeNotFound { .. }) => Self::Corrupt(error.to_string()),
            E::Tls(error) => Self::Unavailable(of_tls(error.as_ref())),
            E::PoolTimedOut => {
                Self::Unavailable("no connection became free or could be opened in time".to_owned())
            }
            E::PoolClosed => Self::Unavailable("the store is closed".to_owned()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The handshake; what it says of a certificate names no host.
fn of_tls(error: &(dyn StdError + 'static)) -> String {
    use rustls::{CertificateError as Bad, Error::InvalidCertificate};
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref::<rustls::Error>() {
            Some(InvalidCertificate(Bad::UnknownIssuer)) => {
                return "its certificate is from an issuer that is not trusted here; name the issuer's certificate, as a PEM file, by sslrootcert in database.url".to_owned();
            }
            Some(InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. })) => {
                return "its certificate is for another name; write the host of database.url as the certificate has it".to_owned();
            }
            Some(InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. })) => {
                return "its certificate has expired; renew it on the server".to_owned();
            }
            _ => {}
        }
        next = match error.downcast_ref::<io::Error>() {
            // What such an error holds is skipped by its `source`.
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    "TLS could not be agreed on; see that the server has ssl = on, and sslmode and sslrootcert of database.url".to_owned()
}

fn of_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    // SQLite's extended codes have four digits at most, an SQLSTATE always five characters.
    if code.len() == 5 {
        let error_of_server = error.try_downcast_ref::<PgDatabaseError>();
        if error_of_server.is_some_and(is_of_server) {
            return StoreError::Unavailable(with_way_out(&code, error.message()));
        }
        return of_sqlstate(&code, error.message(), error.constraint());
    }
    // Of a constraint SQLite names the columns or the rule, and no value.
    if error.kind() == ErrorKind::Other {
        of_sqlite(code.parse().unwrap_or(0), error.message())
    } else {
        StoreError::Corrupt(error.message().to_owned())
    }
}

/// Whether the code that PostgreSQL has for what its programmers did not expect is about the server
/// and not about the statement: it ended a session or would not begin one, or an operation on its
/// files failed in a way that has no code of its own (a quota, a limit, a network share). The
/// messages of both name files and no values.
fn is_of_server(error: &PgDatabaseError) -> bool {
    let ended = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    let of_files = matches!(error.file(), Some("md.c" | "fd.c" | "buffile.c" | "slru.c"));
    error.code() == "XX000" && (ended || of_files)
}

/// PostgreSQL: appendix A of its manual; the first two characters are the class.
fn of_sqlstate(code: &str, message: &str, constraint: Option<&str>) -> StoreError {
    // A statement that was prepared on another connection to the server, or by another client.
    if matches!(code, "26000" | "42P05") {
        return StoreError::Unavailable(with_way_out(code, message));
    }
    let refused = |why: &str| StoreError::Corrupt(format!("{why} (PostgreSQL, SQLSTATE {code})"));
    match code.get(..2).unwrap_or_default() {
        // What we wrote or read is not what the tables can hold.
        "21" | "22" => {
            refused("a value that its column or the encoding of the database cannot hold")
        }
        "23" => refused(&constraint.map_or_else(
            || "it breaks a rule of its table".to_owned(),
            |name| format!("it breaks the rule {name} of its table"),
        )),
        "54" => refused("a value or a row that is too large or too complex"),
        "XX" if code != "XX000" => StoreError::Damaged(format!(
            "PostgreSQL found its own data damaged (SQLSTATE {code}); its log says where, restore a backup"
        )),
        "XX" => StoreError::Corrupt(format!(
            "PostgreSQL failed inside (SQLSTATE {code}); its log says more"
        )),
        // Syntax and access rules: tables or columns are missing, or permission to them.
        "42" => StoreError::Schema(with_way_out(code, message)),
        // Connection, transaction, authorization, database name, rollback, resources, state,
        // operator, system.
        "08" | "25" | "28" | "3D" | "40" | "53" | "55" | "57" | "58" => {
            StoreError::Unavailable(with_way_out(code, message))
        }
        _ => StoreError::Unavailable(format!(
            "PostgreSQL refuses a statement (SQLSTATE {code}); its log says more"
        )),
    }
}

fn with_way_out(code: &str, message: &str) -> String {
    let todo = match code {
        "42501" => {
            "grant the role of database.url select, insert, update and delete on all tables of the schema, select on its views, and create on it to whoever runs `verikeep migrate`"
        }
        "25006" => {
            "name the primary by database.url, or end the read-only mode (default_transaction_read_only)"
        }
        "28000" | "28P01" => {
            "compare user and password of database.url with the server's, and see its pg_hba.conf"
        }
        "3D000" => {
            "create it with `create database … encoding 'UTF8' template template0`, or correct its name in database.url"
        }
        "26000" | "42P05" => BEHIND_A_POOLER,
        "53100" => "make room on the server's disk",
        "XX000" => "see the server's log, and the room and the limits of its disk",
        "53300" => "lower database.max_connections, or raise max_connections of the server",
        _ => return message.to_owned(),
    };
    format!("{message}; {todo}")
}

/// What can be done where transactions of one client are on several connections to the server.
pub(super) const BEHIND_A_POOLER: &str = "where a pooler in transaction mode stands before the server, add statement-cache-capacity=0 to database.url";

/// SQLite: <https://sqlite.org/rescode.html>; the low byte is the primary code.
fn of_sqlite(code: i64, message: &str) -> StoreError {
    // IOERR of a file that is too short, of a wrong check sum, of a damaged file system.
    if matches!(code, 522 | 8202 | 8458) {
        return StoreError::Damaged(with_rescue(message));
    }
    match code & 0xff {
        // ERROR (no such table), MISUSE
        1 | 21 => StoreError::Schema(message.to_owned()),
        // CORRUPT
        11 => StoreError::Damaged(with_rescue(message)),
        // TOOBIG, CONSTRAINT, MISMATCH, RANGE
        18 | 19 | 20 | 25 => StoreError::Corrupt(message.to_owned()),
        // NOTADB
        26 => StoreError::Damaged(
            "the file is not a SQLite database; name another by database.url, or restore a backup"
                .to_owned(),
        ),
        // READONLY
        8 => StoreError::Unavailable(format!(
            "{message}; see who owns the file and its folder, and how the disk is mounted"
        )),
        // FULL
        13 => StoreError::Unavailable(format!("{message}; make room on its disk")),
        _ => StoreError::Unavailable(message.to_owned()),
    }
}

/// With what can be done about a damaged file.
pub(super) fn with_rescue(found: &str) -> String {
    format!(
        "{found}; keep a copy of the file and restore a backup, or save what can be read into a new file: `sqlite3 old.db .recover | sqlite3 new.db`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_the_caller_can_do() {
        let state = |code| of_sqlstate(code, "canary", None);
        for code in [
            "08006", "40P01", "53300", "57P01", "25006", "28P01", "3D000", "55P03", "P0001",
            "0A000",
        ] {
            assert!(matches!(state(code), StoreError::Unavailable(_)), "{code}");
        }
        for code in [5, 6, 8, 10, 13, 14, 261, 778] {
            assert!(
                matches!(of_sqlite(code, ""), StoreError::Unavailable(_)),
                "{code}"
            );
        }
        assert!(matches!(state("42P01"), StoreError::Schema(_)));
        for code in ["21000", "22P05", "22021", "23505", "54000", "XX000"] {
            assert!(matches!(state(code), StoreError::Corrupt(_)), "{code}");
        }
        // TOOBIG, CONSTRAINT and its trigger, rowid and datatype.
        for code in [18, 19, 1811, 2579, 3091] {
            assert!(
                matches!(of_sqlite(code, ""), StoreError::Corrupt(_)),
                "{code}"
            );
        }
        // CORRUPT and its index, NOTADB, IOERR of a short file.
        for code in [11, 779, 26, 522] {
            assert!(
                matches!(of_sqlite(code, ""), StoreError::Damaged(_)),
                "{code}"
            );
        }
        for code in ["XX001", "XX002"] {
            assert!(matches!(state(code), StoreError::Damaged(_)), "{code}");
        }
    }

    #[test]
    fn the_way_out_fits_the_cause() {
        let connected = |error: rustls::Error| {
            StoreError::from(sqlx::Error::Tls(Box::new(io::Error::other(error)))).to_string()
        };
        let certificate = |bad| connected(rustls::Error::InvalidCertificate(bad));
        let state = |code| of_sqlstate(code, "reason", None).to_string();
        for (label, told, part) in [
            ("rights", state("42501"), "; grant the role"),
            ("standby", state("25006"), "; name the primary"),
            ("password", state("28P01"), "user and password"),
            ("no such database", state("3D000"), "create database"),
            ("connections", state("53300"), "max_connections"),
            ("a full disk of a server", state("53100"), "; make room"),
            ("pooler", state("26000"), "statement-cache-capacity=0"),
            ("pooler", state("42P05"), "statement-cache-capacity=0"),
            (
                "a file of another user",
                of_sqlite(8, "reason").to_string(),
                "; see who owns",
            ),
            (
                "a full disk",
                of_sqlite(13, "reason").to_string(),
                "; make room",
            ),
            (
                "a private issuer",
                certificate(rustls::CertificateError::UnknownIssuer),
                "sslrootcert",
            ),
            (
                "another name",
                certificate(rustls::CertificateError::NotValidForName),
                "another name",
            ),
            (
                "something else",
                connected(rustls::Error::General("canary".to_owned())),
                "could not be agreed on",
            ),
        ] {
            assert!(
                told.contains(part) && !told.contains("canary"),
                "{label}: {told}"
            );
        }
    }

    #[test]
    fn what_the_server_says_of_data_is_not_repeated() {
        for code in [
            "21000", "22P05", "22021", "22P02", "23505", "54000", "XX000", "P0001", "0A000",
        ] {
            let text = of_sqlstate(
                code,
                "character with byte sequence 0xe5 0xa0 0x83: canary",
                Some("verifications_token"),
            )
            .to_string();
            assert!(
                text.contains(code) && !text.contains("0xe5") && !text.contains("canary"),
                "{text}"
            );
        }
        assert!(
            of_sqlstate("23505", "", Some("verifications_token"))
                .to_string()
                .contains("verifications_token")
        );
    }
}
