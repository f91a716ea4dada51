//! A bill's sums beside the archive's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    domain::listed::bill::{Billed, month_name, types},
    store::reports::{Charge, Unread},
};

/// What a type is called where the provider named none.
const UNNAMED: &str = "unnamed";

/// A bill's counts and the archive's of one type, in a month or on a day.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    /// None: of all apps together.
    pub app: Option<String>,
    pub month: String,
    /// None: of the whole month.
    pub day: Option<String>,
    pub charge_type: String,
    pub billed: i64,
    pub archived: i64,
    /// What the bill has more.
    pub difference: i64,
    /// Tokens of the month that are open; none beside a day.
    pub open: Option<i64>,
    /// Tokens of the month whose record was lost; none beside a day.
    pub lost: Option<i64>,
}

/// Whether lines are of an app, and whether of a day: all lines are as the first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    app: bool,
    day: bool,
}

/// App (or none), month, day (or none) and type.
type Key = (Option<String>, Date, Option<Date>, &'static str);

/// The lines of a bill, added up.
#[derive(Default)]
pub(super) struct Bill {
    shape: Option<Shape>,
    sums: BTreeMap<Key, i64>,
}

impl Bill {
    /// Adds a line.
    ///
    /// # Errors
    /// When it is of another kind than those before: they would be counted twice.
    pub(super) fn add(&mut self, line: Billed) -> Result<(), String> {
        let shape = Shape {
            app: line.app.is_some(),
            day: line.day.is_some(),
        };
        let first = *self.shape.get_or_insert(shape);
        if shape.app != first.app {
            return Err(differs("app", shape.app));
        }
        if shape.day != first.day {
            return Err(differs("day", shape.day));
        }
        let key = (line.app, line.month, line.day, line.charge_type);
        let sum = self.sums.entry(key).or_default();
        *sum = sum.saturating_add(line.charged);
        Ok(())
    }

    pub(super) fn months(&self) -> BTreeSet<Date> {
        self.sums.keys().map(|(_, month, _, _)| *month).collect()
    }

    /// The sums of a month, and those of its days that differ where the bill has days; nothing where
    /// neither side has any.
    pub(super) fn beside(&self, month: Date, charges: &[Charge], unread: &[Unread]) -> Vec<Sum> {
        let of_month = self.sums.iter().filter(|((_, of, _, _), _)| *of == month);
        let mut apps: BTreeSet<Option<String>> = of_month
            .clone()
            .map(|((app, _, _, _), _)| app.clone())
            .collect();
        if !apps.contains(&None) {
            apps.extend(charges.iter().map(|charge| Some(charge.app.clone())));
        }
        let mut all = Vec::new();
        for app in apps {
            let is_its = |name: &String| app.as_ref().is_none_or(|app| app == name);
            let mut pairs: BTreeMap<(Option<Date>, Ranked), (i64, i64)> = BTreeMap::new();
            for ((_, _, day, charge_type), billed) in
                of_month.clone().filter(|((of, ..), _)| *of == app)
            {
                for day in days(*day, self.has_days()) {
                    let pair = pairs.entry((day, ranked(charge_type))).or_default();
                    pair.0 = pair.0.saturating_add(*billed);
                }
            }
            for charge in charges.iter().filter(|charge| is_its(&charge.app)) {
                let charge_type = charge.charge_type.as_deref().unwrap_or(UNNAMED);
                for day in days(Some(charge.day), self.has_days()) {
                    let pair = pairs.entry((day, ranked(charge_type))).or_default();
                    pair.1 = pair.1.saturating_add(charge.charged);
                }
            }
            let mut its = unread.iter().filter(|unread| is_its(&unread.app));
            let (open, lost) = its.by_ref().fold((0, 0), |(open, lost), unread| {
                (open + unread.open, lost + unread.lost)
            });
            for ((day, (_, charge_type)), (billed, archived)) in pairs {
                if billed == archived && (day.is_some() || billed == 0) {
                    continue;
                }
                all.push(Sum {
                    app: app.clone(),
                    month: month_name(month),
                    day: day.map(|day| day.to_string()),
                    charge_type,
                    billed,
                    archived,
                    difference: billed.saturating_sub(archived),
                    open: day.is_none().then_some(open),
                    lost: day.is_none().then_some(lost),
                });
            }
        }
        all
    }

    fn has_days(&self) -> bool {
        self.shape.is_some_and(|shape| shape.day)
    }
}

/// A type, in the order in which they are shown.
type Ranked = (usize, String);

fn ranked(charge_type: &str) -> Ranked {
    let known = types();
    let at = known.iter().position(|name| *name == charge_type);
    (at.unwrap_or(known.len()), charge_type.to_owned())
}

/// The month, and the day where days are compared.
fn days(day: Option<Date>, has_days: bool) -> impl Iterator<Item = Option<Date>> {
    let day = day.filter(|_| has_days);
    std::iter::once(None).chain(day.map(Some))
}

fn differs(what: &str, is_named: bool) -> String {
    let (line, before) = if is_named {
        ("names the", "name none")
    } else {
        ("names no", "name one")
    };
    format!("{line} {what}, and the lines before it {before}; compare them as two bills")
}
