//! What a token, the figures of the service and an idle daemon cost the database, with few and with
//! very many tokens: one table.
//!
//! ```sh
//! cargo bench --bench store                                # SQLite
//! scripts/with-postgres cargo bench --bench store          # and PostgreSQL
//! cargo bench --bench store -- --quick                     # a tenth of the tokens
//! cargo bench --bench store -- --tokens 10000000           # so many; this takes most of an hour
//! ```
//!
//! The rows are put into the tables by statements of this benchmark; then the store of the library
//! claims polls and records answers, with nobody asked and no vault. The database of SQLite is a
//! file below `target`. The server that `scripts/with-postgres` starts does not sync to disk; SQLite
//! does.
//!
//! | figure | what it means |
//! |---|---|
//! | CPU ms/token | user and system time of this process, and of the server with all its processes, from the claim of a token that takes one answer until it is settled: claims of 64, their records at once. The ratio is that of many due to 1,000 due, both sides together |
//! | statements/token, commits/token | statements sqlx ran, without `begin` and `commit`; transactions that wrote, by SQLite's WAL index or PostgreSQL's transaction ids (there with savepoints). *Saturated* as above, *one at a time* with a look at what is due next, a claim and a record for each |
//! | status, metrics page | median time of the figures for `status`, and of those and the page that is made of them; 1 % of the tokens are open, the others were settled within a year |
//! | idle | user and system time of the server over real time, while a daemon runs that has nothing due |

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "the table is what it is for, and it runs in real time"
)]

#[path = "store/database.rs"]
mod database;
#[path = "end_to_end/gauge.rs"]
#[allow(dead_code, reason = "shared with others that need more of it")]
mod gauge;
#[path = "store/passes.rs"]
mod passes;
#[path = "end_to_end/server.rs"]
#[allow(dead_code, reason = "shared with another that needs more of it")]
mod server;
#[path = "end_to_end/statements.rs"]
mod statements;

use std::{error::Error, path::Path, sync::OnceLock};

use comfy_table::{CellAlignment, Table, presets};

use database::Database;
use passes::{Cost, Pass};
use statements::Statements;

/// Whatever goes wrong ends the benchmark.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Tokens due where few are.
const FEW: u32 = 1_000;
/// How often so many are worked off.
const ROUNDS: u32 = 5;
/// Tokens worked off one at a time.
const TRICKLE: u32 = 200;

#[tokio::main]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Test runners ask every binary what tests it has: none.
    if words.iter().any(|word| word == "--list") {
        return Ok(());
    }
    let is_quick = words.iter().any(|word| word == "--quick");
    let (usual, idle_seconds) = if is_quick {
        (100_000, 5.0)
    } else {
        (1_000_000, 20.0)
    };
    let told = words.iter().skip_while(|word| *word != "--tokens").nth(1);
    let many = told.map_or(Ok(usual), |count| count.parse())?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .set_header(["figure", "here", "server", "ratio", "aim"]);
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for database in Database::all(folder.path()).await? {
        measure(&database, folder.path(), many, idle_seconds, &mut table).await?;
        database.leave().await?;
    }
    println!("{table}");
    println!("{many} tokens where many are; aims are this project's own");
    Ok(())
}

async fn measure(
    database: &Database,
    folder: &Path,
    many: u32,
    idle_seconds: f64,
    table: &mut Table,
) -> Outcome<()> {
    use passes::FallingDue::{OneByOne, Together};
    let name = database.name();
    let mut pass = Pass::open(database).await?;
    let mut few = Cost::default();
    for _ in 0..ROUNDS {
        pass.seed(FEW).await?;
        few = few.and(pass.drain(FEW, Together).await?);
    }
    eprintln!("{name}: {many} tokens are put in");
    pass.seed(many).await?;
    let crowded = pass.drain(FEW * ROUNDS, Together).await?;
    for (due, cost) in [(FEW, &few), (many, &crowded)] {
        table.add_row([
            format!("{name}, {due} due: CPU ms/token"),
            number(cost.cpu_ms / f64::from(cost.tokens)),
            number(cost.server_ms / f64::from(cost.tokens)),
            if due == many {
                number(cost.each() / few.each())
            } else {
                String::new()
            },
            if due == many {
                "≤ 1.2".to_owned()
            } else {
                String::new()
            },
        ]);
    }
    // Counting costs time, so it comes last.
    let statements = watched()?;
    for (how, tokens, falling_due) in [
        ("saturated", FEW, Together),
        ("one at a time", TRICKLE, OneByOne),
    ] {
        let (said, committed) = (statements.count(), pass.commits().await?);
        let cost = pass.drain(tokens, falling_due).await?;
        let each = |count: u64| number(count as f64 / f64::from(cost.tokens));
        let (said, committed) = (statements.count() - said, pass.commits().await? - committed);
        for (what, figure) in [("statements", each(said)), ("commits", each(committed))] {
            let figure = [format!("{name}, {how}: {what}/token"), figure];
            table.add_row(figure.into_iter().chain([const { String::new() }; 3]));
        }
    }
    pass.settle_most().await?;
    for (what, ms) in [
        ("status", pass.status_ms().await?),
        ("metrics page", pass.page_ms().await?),
    ] {
        let row = [format!("{name}, {many} tracked: {what}, ms"), number(ms)];
        table.add_row(
            row.into_iter()
                .chain([String::new(), String::new(), "≤ 50".to_owned()]),
        );
    }
    if let Some(share) = pass.idle(folder, idle_seconds).await? {
        let row = [
            format!("{name}, {} open: idle, % of a core", many / 100),
            String::new(),
        ];
        table.add_row(row.into_iter().chain([
            number(share * 100.0),
            String::new(),
            "≤ 0.5".to_owned(),
        ]));
    }
    Ok(())
}

/// Counts statements from the first time on.
fn watched() -> Outcome<&'static Statements> {
    static WATCHED: OnceLock<Statements> = OnceLock::new();
    if WATCHED.get().is_none() {
        let watched = Statements::watch().ok_or("statements are told of already")?;
        let _ = WATCHED.set(watched);
    }
    Ok(WATCHED.get().ok_or("nothing counts statements")?)
}

fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}
