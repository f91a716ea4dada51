//! `reconcile --bill`: a bill's counts beside the charges that were archived.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use jiff::civil::Date;

use super::{
    Reconcile, aliases,
    sums::{Bill, Sum},
};
use crate::{
    cli::{
        list::quoted,
        people::{count, counted},
        report::{Code, Failure},
        screen::Screen,
        table::Table,
        track::{app_named, rows::Rows},
    },
    desk::{Desk as _, Local},
    domain::{
        listed::{
            Alias,
            bill::{Billed, Column, month_after, month_name},
        },
        time::begin_in_beijing,
        token::check_name,
    },
};

/// Why it is no question for a daemon.
pub(in crate::cli) const NOT_TOLD: &str = "charges are not told over the network";

/// Compares, month by month.
///
/// # Errors
/// When the bill cannot be read, holds nothing to compare, or the database cannot be reached.
pub(in crate::cli) async fn run(
    args: &Reconcile,
    bill: &Path,
    desk: &Local,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let apps = desk.apps().await?;
    let app = match &args.app {
        Some(_) => app_named(args.app.as_ref(), &apps, false)?,
        None => None,
    };
    let mut read = Read {
        args,
        app,
        bill: Bill::default(),
        lines: 0,
        wrong: 0,
        left_out: 0,
    };
    let aliases = aliases::<Column>(&args.map)?;
    if bill == Path::new("-") {
        read.list(io::stdin().lock(), "standard input", aliases, screen)?;
    } else {
        let named = bill.display().to_string();
        let opened = File::open(bill).map_err(|error| {
            Failure::usage(&named, error.to_string(), "check the name of the bill")
        })?;
        read.list(BufReader::new(opened), &named, aliases, screen)?;
    }
    read.compare(desk, screen).await
}

struct Read<'r> {
    args: &'r Reconcile,
    app: Option<String>,
    bill: Bill,
    lines: i64,
    wrong: i64,
    left_out: i64,
}

impl Read<'_> {
    fn list<R: BufRead>(
        &mut self,
        input: R,
        named: &str,
        aliases: Vec<Alias<Column>>,
        screen: &mut Screen<'_>,
    ) -> Result<(), Failure> {
        let mut rows = Rows::<R, Column>::open(input, aliases).map_err(|why| {
            Failure::usage(named, why, "`verikeep reconcile --help` shows examples")
        })?;
        while let Some((number, cells)) = rows.next() {
            for note in rows.notes() {
                screen.note(note)?;
            }
            self.lines += 1;
            let read = cells.and_then(|cells| Billed::read(cells, self.args.month));
            if let Err(why) = read.and_then(|line| self.take(line)) {
                self.wrong += 1;
                self.tell_wrong(number, &why, screen)?;
            }
        }
        if self.bill.months().is_empty() && self.wrong == 0 {
            let why = match self.args.month {
                Some(month) => format!("has no line of {} to compare", month_name(month)),
                None => "has no line to compare".to_owned(),
            };
            let todo = "look whether it is the bill that was meant, and at --month and --app";
            return Err(Failure::usage(named, why, todo));
        }
        Ok(())
    }

    /// Adds a line of the month and the app that are asked for.
    fn take(&mut self, line: Billed) -> Result<(), String> {
        if let Some(app) = &line.app {
            check_name("app", app)?;
        }
        let is_other = |app: &String| line.app.as_ref().is_some_and(|named| named != app);
        if self.args.month.is_some_and(|month| month != line.month)
            || self.app.as_ref().is_some_and(is_other)
        {
            self.left_out += 1;
            return Ok(());
        }
        let app = line.app.clone().or_else(|| self.app.clone());
        self.bill.add(Billed { app, ..line })
    }

    fn tell_wrong(&self, number: u64, why: &str, screen: &mut Screen<'_>) -> Result<(), Failure> {
        let text = format!("line {number}: {why}");
        if self.args.json {
            screen.ndjson(&serde_json::json!({ "line": number, "wrong": why }))?;
        } else if self.args.csv {
            screen.note(text)?;
        } else {
            screen.line(text)?;
        }
        Ok(())
    }

    async fn compare(&self, desk: &Local, screen: &mut Screen<'_>) -> Result<Code, Failure> {
        let (mut sums, mut notes) = (Vec::new(), Vec::new());
        for month in self.bill.months() {
            let (mut charges, unread) = desk.charges(month, month_after(month)).await?;
            if let Some(app) = &self.app {
                charges.retain(|charge| charge.app == *app);
            }
            let its = self.bill.beside(month, &charges, &unread);
            notes.extend(doubts(&its));
            notes.extend(not_over(desk, month));
            sums.extend(its);
        }
        self.print(&sums, screen)?;
        let differences = sums.iter().filter(|sum| sum.difference != 0).count();
        let differences = i64::try_from(differences).unwrap_or(i64::MAX);
        let mut end = format!(
            "{}: {}, {} wrong",
            counted(self.lines, "line"),
            counted(differences, "difference"),
            count(self.wrong)
        );
        if self.left_out > 0 {
            end.push_str(&format!(
                "; {} of other months or apps left out",
                count(self.left_out)
            ));
        }
        notes.push(end);
        for note in notes {
            if self.args.json || self.args.csv {
                screen.note(note)?;
            } else {
                screen.line(note)?;
            }
        }
        Ok(if differences > 0 || self.wrong > 0 {
            Code::Finding
        } else {
            Code::Done
        })
    }

    fn print(&self, sums: &[Sum], screen: &mut Screen<'_>) -> Result<(), Failure> {
        if self.args.json {
            for sum in sums {
                screen.ndjson(sum)?;
            }
            return Ok(());
        }
        let optional = |number: Option<i64>| number.map(|n| n.to_string()).unwrap_or_default();
        if self.args.csv {
            screen.line(HEADING.join(","))?;
            for sum in sums {
                let cells = named(sum).into_iter().chain([
                    sum.billed.to_string(),
                    sum.archived.to_string(),
                    sum.difference.to_string(),
                    optional(sum.open),
                    optional(sum.lost),
                ]);
                let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
                screen.line(cells.join(","))?;
            }
            return Ok(());
        }
        let mut table = Table::new(HEADING.into_iter().take(HEADING.len() - 2));
        for sum in sums {
            let sign = if sum.difference > 0 { "+" } else { "" };
            table.row(named(sum).into_iter().chain([
                count(sum.billed),
                count(sum.archived),
                format!("{sign}{}", count(sum.difference)),
            ]));
        }
        if !table.is_empty() {
            table.print(screen)?;
        }
        Ok(())
    }
}

const HEADING: [&str; 9] = [
    "app",
    "month",
    "day",
    "charge_type",
    "billed",
    "archived",
    "difference",
    "open",
    "lost",
];

/// What the counts of a row are of.
fn named(sum: &Sum) -> [String; 4] {
    [
        sum.app.clone().unwrap_or_default(),
        sum.month.clone(),
        sum.day.clone().unwrap_or_default(),
        sum.charge_type.clone(),
    ]
}

/// What may explain the differences of a month, once for each app.
fn doubts(sums: &[Sum]) -> Vec<String> {
    let mut told = Vec::new();
    for sum in sums {
        let (open, lost) = (sum.open.unwrap_or(0), sum.lost.unwrap_or(0));
        if open + lost == 0 {
            continue;
        }
        let app = sum.app.as_ref().map(|app| format!(" of app {app}"));
        let text = format!(
            "{}{}: of the tokens issued then {} still open, and the record of {} was lost: their charges are not, or not all, archived",
            sum.month,
            app.unwrap_or_default(),
            if open == 1 {
                "1 is".to_owned()
            } else {
                format!("{} are", count(open))
            },
            count(lost)
        );
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told
}

/// That both sides of a month still grow.
fn not_over(desk: &Local, month: Date) -> Option<String> {
    let next = month_after(month);
    (desk.now() < begin_in_beijing(next)).then(|| {
        format!(
            "{} is not over in Beijing: what is charged until {next} is not all there yet",
            month_name(month)
        )
    })
}
