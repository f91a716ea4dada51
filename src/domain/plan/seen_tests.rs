//! Tokens of which an attempt was seen.

use super::*;

/// Passed nine minutes after issue, with everything captured that its policy wants.
fn captured() -> Progress {
    let passed = passed_at(Span::minutes(9));
    Progress {
        media_for: 1,
        video_for: 1,
        media_at: passed.getall_at,
        detail: true,
        ..passed
    }
}

fn whats(step: &Step) -> Vec<&str> {
    match step {
        Step::Settle(_, missing) => missing.iter().map(|one| one.what.as_str()).collect(),
        other => panic!("not settled: {other:?}"),
    }
}

#[test]
fn what_was_not_answered_is_asked_for_until_its_end_and_then_missing() {
    let (record_end, media_end) = (Span::minutes(74 * 60 + 5), Span::minutes(26 * 60 + 5));
    for (endpoint, end, open) in [
        (
            Endpoint::Detail,
            record_end,
            Progress {
                detail: false,
                ..captured()
            },
        ),
        (
            Endpoint::Media,
            media_end,
            Progress {
                media_for: 0,
                ..captured()
            },
        ),
    ] {
        let name = endpoint.name();
        let failed = |due: Span| {
            let mut progress = open.clone();
            progress.failed(endpoint, ISSUED, due, "transient");
            progress
        };
        let before = Span(end.0 - 1);
        let step = |due, at| decide(&failed(due), &[], &[], false, at);
        assert_eq!(
            step(before, before),
            Step::Ask(endpoint),
            "{name}: a last time"
        );
        for due in [end, Span(end.0 + 1)] {
            assert_eq!(due_after(&step(due, before)), Some(end), "{name}");
            assert_eq!(whats(&step(due, end)), [name], "{name}: at its end");
        }
    }
}
