//! What was handed in of persons for tokens that were issued here.

use crate::{
    domain::{id::VerificationId, submission::Submission},
    store::{
        Result,
        dialect::Dialect,
        reports::Submitted,
        rows::{Cells, binds, insert, instant, rows},
    },
};

rows! {
    struct SubmissionIn<'a> {
        verification_id: VerificationId,
        at: i64,
        certificate_type: Option<i64>,
        name_masked: &'a str,
        id_number_masked: &'a str,
        id_number_index: Option<&'a str>,
        index_key_id: Option<&'a str>,
        name: Option<&'a str>,
        id_number: Option<&'a str>,
    }
}

/// Writes what is about to be handed in; what was handed in first stands.
pub(super) async fn add<DB: Dialect>(
    connection: &mut DB::Connection,
    verification_id: VerificationId,
    submission: &Submission,
) -> Result<()> {
    let plain = submission.plain.as_ref();
    let row = SubmissionIn {
        verification_id,
        at: submission.at.0,
        certificate_type: submission.certificate_type,
        name_masked: &submission.name_masked,
        id_number_masked: &submission.id_number_masked,
        id_number_index: submission.id_number_index.as_deref(),
        index_key_id: submission.index_key_id.as_deref(),
        name: plain.map(|(name, _)| name.as_str()),
        id_number: plain.map(|(_, number)| number.as_str()),
    };
    let sql = insert::<SubmissionIn>("submissions", "on conflict (verification_id) do nothing");
    DB::execute_over(connection, &[row], &sql).await.map(|_| ())
}

/// Notes what came of it: none when the provider took it, else why it did not.
pub(super) async fn end<DB: Dialect>(
    connection: &mut DB::Connection,
    verification_id: VerificationId,
    refused: Option<&str>,
) -> Result<()> {
    let sql = "update submissions set taken = $2, refused = $3 where verification_id = $1";
    let bound = binds![verification_id, refused.is_none(), refused];
    DB::execute(connection, sql.to_owned(), bound)
        .await
        .map(|_| ())
}

/// What was handed in for one.
pub(super) async fn of<DB: Dialect>(
    connection: &mut DB::Connection,
    id: VerificationId,
) -> Result<Option<Submitted>> {
    let sql = "select * from submissions where verification_id = $1";
    let rows = DB::fetch(connection, sql.to_owned(), binds![id]).await?;
    rows.first().map(report).transpose()
}

fn report(row: &impl Cells) -> Result<Submitted> {
    Ok(Submitted {
        at: instant(row, "at")?,
        certificate_type: row.int_or_null("certificate_type")?,
        name_masked: row.text("name_masked")?,
        id_number_masked: row.text("id_number_masked")?,
        id_number_index: row.text_or_null("id_number_index")?,
        name: row.text_or_null("name")?,
        id_number: row.text_or_null("id_number")?,
        taken: row.flag_or_null("taken")?,
        refused: row.text_or_null("refused")?,
    })
}
