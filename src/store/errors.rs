//! From the driver's errors to those a caller can act on.
//!
//! The text is the driver's own message, which holds neither the URL nor a value of a row: PostgreSQL's `DETAIL`, where values stand,
//! is left out.

use sqlx::error::ErrorKind;

use super::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => of_database(error.as_ref()),
            E::Migrate(error) => Self::Schema(error.to_string()),
            E::Configuration(error) => Self::Schema(format!("the database URL cannot be used: {error}")),
            E::Decode(error) | E::Encode(error) => Self::Corrupt(error.to_string()),
            error @ (E::ColumnDecode { .. } | E::ColumnNotFound(_) | E::ColumnIndexOutOfBounds { .. } | E::RowNotFound | E::TypeNotFound { .. }) => {
                Self::Corrupt(error.to_string())
            }
            E::PoolTimedOut => Self::Unavailable("no connection became free or could be opened in time".to_owned()),
            E::PoolClosed => Self::Unavailable("the store is closed".to_owned()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

fn of_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let text = error.message().to_owned();
    if error.kind() != ErrorKind::Other {
        return StoreError::Corrupt(text);
    }
    let code = error.code().unwrap_or_default();
    // SQLite's extended codes have four digits at most, an SQLSTATE always five characters.
    if code.len() == 5 { of_sqlstate(&code, text) } else { of_sqlite(code.parse().unwrap_or(0), text) }
}

/// PostgreSQL: appendix A of its manual; the first two characters are the class.
fn of_sqlstate(code: &str, text: String) -> StoreError {
    match code.get(..2).unwrap_or_default() {
        // Cardinality, data and integrity: what we wrote or read is not what the tables can hold.
        "21" | "22" | "23" => StoreError::Corrupt(text),
        // Syntax and access rules: tables or columns are missing, or permission to them.
        "42" => StoreError::Schema(text),
        "XX" => StoreError::Corrupt(text),
        _ => StoreError::Unavailable(text),
    }
}

/// SQLite: <https://sqlite.org/rescode.html>; the low byte is the primary code.
fn of_sqlite(code: i64, text: String) -> StoreError {
    match code & 0xff {
        // ERROR (no such table), MISUSE
        1 | 21 => StoreError::Schema(text),
        // CORRUPT, TOOBIG, MISMATCH, RANGE
        11 | 18 | 20 | 25 => StoreError::Corrupt(text),
        // NOTADB
        26 => StoreError::Schema("the file is not a SQLite database".to_owned()),
        _ => StoreError::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_the_caller_can_do() {
        let text = String::new;
        for code in ["08006", "40P01", "53300", "57P01", "25006", "28P01", "3D000", "55P03"] {
            assert!(matches!(of_sqlstate(code, text()), StoreError::Unavailable(_)), "{code}");
        }
        for code in [5, 6, 8, 10, 13, 14, 261, 778] {
            assert!(matches!(of_sqlite(code, text()), StoreError::Unavailable(_)), "{code}");
        }
        assert!(matches!(of_sqlstate("42P01", text()), StoreError::Schema(_)));
        assert!(matches!(of_sqlstate("22P05", text()), StoreError::Corrupt(_)));
        assert!(matches!(of_sqlite(11, text()), StoreError::Corrupt(_)));
        assert!(matches!(of_sqlite(26, text()), StoreError::Schema(_)));
    }
}
