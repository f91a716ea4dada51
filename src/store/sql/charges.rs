//! What was charged: sums of the view that people query.

use jiff::civil::Date;

use crate::{
    domain::time::Time,
    store::{
        Result,
        dialect::Dialect,
        reports::{Charge, Unread},
        rows::{Cells as _, binds, known},
    },
};

/// See [`crate::store::Reports::charges`].
pub(super) async fn charges<DB: Dialect>(
    connection: &mut DB::Connection,
    from: Date,
    to: Date,
) -> Result<Vec<Charge>> {
    // A type of that name may come from the provider as well: its attempts are added.
    let sql = format!(
        "select app, {day} as day, charge_type, cast(sum(case when charge_type = 'ocr' then pieces else charged end) as bigint) as n
        from report_charges where {day} >= $1 and {day} < $2
        group by app, day, charge_type
        having sum(case when charge_type = 'ocr' then pieces else charged end) > 0",
        day = DB::DAY
    );
    let days = binds![from.to_string(), to.to_string()];
    let mut charges = Vec::new();
    for row in DB::fetch(connection, sql, days).await? {
        charges.push(Charge {
            app: row.text("app")?,
            day: known(row.text("day")?.parse().ok(), "report_charges.day")?,
            charge_type: row.text_or_null("charge_type")?,
            charged: row.int("n")?,
        });
    }
    charges.sort();
    Ok(charges)
}

/// See [`crate::store::Reports::unread`].
pub(super) async fn unread<DB: Dialect>(
    connection: &mut DB::Connection,
    from: Time,
    to: Time,
) -> Result<Vec<Unread>> {
    let sql = "select app, cast(sum(case when settled_at is null then 1 else 0 end) as bigint) as open,
            cast(sum(case when settled_at is null then 0 else 1 end) as bigint) as lost
        from verifications where issued_at >= $1 and issued_at < $2
            and (settled_at is null or state = 'missed' or (state = 'incomplete' and cast(missing as text) like '%getall\"%'))
        group by app order by app";
    let mut unread = Vec::new();
    for row in DB::fetch(connection, sql.to_owned(), binds![from, to]).await? {
        unread.push(Unread {
            app: row.text("app")?,
            open: row.int("open")?,
            lost: row.int("lost")?,
        });
    }
    unread.sort();
    Ok(unread)
}
