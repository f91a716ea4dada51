//! What happened to a record, in order: from being issued to being kept and looked at.

use super::{Case, media::of_kind_named, text::Two, words as w};
use crate::{
    domain::{size::size, time::Time},
    store::reports::{AccessReport, Whole},
};

/// Something that happened.
pub(super) struct Entry {
    pub(super) at: Time,
    pub(super) text: Two,
}

/// All of it, in order of time.
pub(super) fn all(case: &Case<'_>) -> Vec<Entry> {
    let whole = case.whole;
    let row = &whole.summary;
    let same = |text: &str| Two::same(text);
    let mut entries = vec![
        (row.issued_at, w::T_ISSUED.two()),
        (row.tracked_at, w::T_TRACKED.with(&[same(&row.tracked_by)])),
    ];
    entries.extend(whole.submitted.as_ref().map(|submitted| {
        let outcome = match (submitted.taken, &submitted.refused) {
            (Some(true), _) => w::TAKEN.two(),
            (_, Some(why)) => w::REFUSED.with(&[same(why)]),
            (_, None) => w::UNSURE.two(),
        };
        (submitted.at, w::T_SUBMITTED.with(&[outcome]))
    }));
    entries.extend(asked(whole));
    entries.extend(whole.attempt_rows.iter().filter_map(|attempt| {
        let result = match attempt.passed {
            Some(true) => w::PASSED.two(),
            Some(false) => w::FAILED.two(),
            None => w::UNKNOWN.two(),
        };
        let text = w::T_ATTEMPT.with(&[Two::same(attempt.attempt_no), result]);
        Some((attempt.verified_at?, text))
    }));
    entries.extend(whole.answers.iter().map(|answer| {
        let size = Two::same(size(answer.bytes));
        let text = w::T_ANSWER.with(&[same(&answer.endpoint), size]);
        (answer.fetched_at, text)
    }));
    entries.extend(whole.media.iter().filter_map(|medium| {
        let kind = of_kind_named(&medium.kind).two();
        let size = Two::same(medium.bytes.map(size).unwrap_or_default());
        let text = match medium.attempt_no {
            0 => w::T_KEPT.with(&[kind, size]),
            no => w::T_CAPTURED.with(&[kind, Two::same(no), size]),
        };
        Some((medium.captured_at?, text))
    }));
    let settled = w::T_SETTLED.with(&[same(&row.state)]);
    entries.extend(row.settled_at.map(|at| (at, settled)));
    entries.extend(whole.events.iter().map(|event| {
        let words = [&event.what, &event.actor, &event.detail].map(|text| same(text));
        (event.at, w::T_EVENT.with(&words))
    }));
    entries.extend(
        whole
            .accesses
            .iter()
            .map(|access| (access.at, looked(access))),
    );
    // What happens at one instant stays in the order above.
    entries.sort_by_key(|(at, _)| *at);
    let entries = entries.into_iter();
    entries.map(|(at, text)| Entry { at, text }).collect()
}

/// Calls, by interface and by what came of them.
fn asked(whole: &Whole) -> Vec<(Time, Two)> {
    let sums = whole.call_sums.iter();
    let told = sums.map(|sum| {
        let endpoint = Two::same(&sum.endpoint);
        let result = match &sum.code {
            Some(code) => Two::same(format!("{} ({code})", sum.result)),
            None => Two::same(&sum.result),
        };
        let text = if sum.calls == 1 {
            w::T_ASKED_ONCE.with(&[endpoint, result])
        } else {
            let (calls, last) = (Two::same(sum.calls), Two::at(sum.last_at));
            w::T_ASKED.with(&[endpoint, calls, last, result])
        };
        (sum.first_at, text)
    });
    told.collect()
}

fn looked(access: &AccessReport) -> Two {
    w::T_ACCESS.with(&[Two::same(&access.who), what(access)])
}

/// What somebody looked at.
pub(super) fn what(access: &AccessReport) -> Two {
    match access.what.as_str() {
        "search" => w::LOOK_SEARCH.two(),
        "files" => w::LOOK_FILES.two(),
        "reveal" => w::LOOK_REVEAL.two(),
        other => Two::same(other),
    }
}
