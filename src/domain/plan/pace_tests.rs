//! How fast things are asked for, and what the waits are bound by.

use super::*;

#[test]
fn the_wait_after_a_failed_call_doubles_within_its_bounds() {
    let short = Policy {
        first_poll: Span(1799),
        ..policy()
    };
    let (day, usual) = (Span::hours(24), policy());
    for (label, policy, fails, left, wait) in [
        ("the first", &usual, 0, day, Span::seconds(5)),
        ("doubled", &usual, 1, day, Span::seconds(10)),
        ("three times", &usual, 3, day, Span::seconds(40)),
        (
            "a sixteenth of what is left",
            &usual,
            10,
            Span::minutes(32),
            Span::minutes(2),
        ),
        (
            "a seventy-second of the retention",
            &usual,
            10,
            day,
            Span::hours(1),
        ),
        ("ever so often", &usual, u32::MAX, day, Span::hours(1)),
        ("nothing is left", &usual, 10, Span(0), Span::seconds(5)),
        ("polls of a second", &short, 0, day, Span(50)),
        ("polls of a second", &short, 1, day, Span(100)),
    ] {
        assert_eq!(backoff(policy, fails, left), wait, "{label}");
    }
}

#[test]
fn a_wait_is_bound_by_the_next_end_to_come() {
    let (verification, policy) = (verification(Span(0)), policy());
    let (progress, learned) = (Progress::default(), Learned::default());
    let known = PlanInput {
        verification: &verification,
        progress: &progress,
        media: &[],
        learned: &learned,
        has_siblings: false,
        policy: &policy,
    };
    let minutes = |hours: i64, minutes| Span::minutes(hours * 60 + minutes);
    for (label, end, next) in [
        ("the media, at the earliest", minutes(24, 0), minutes(2, 5)),
        ("the media, at the latest", minutes(26, 5), minutes(45, 55)),
        ("the record, at the earliest", minutes(72, 0), minutes(2, 5)),
        ("the record, at the latest", minutes(74, 5), minutes(2, 0)),
        ("nothing is waited for any more", minutes(76, 5), Span(0)),
    ] {
        let end = ISSUED.plus(end);
        assert_eq!(left(known, end.minus(Span(1))), Span(1), "{label}");
        assert_eq!(left(known, end), next, "{label}: then the next");
    }
}

#[test]
fn a_series_thins_out_threefold_and_goes_on_behind_what_was_last_asked() {
    let (base, first) = (ISSUED, Span::minutes(3));
    for (label, after, at) in [
        ("nothing asked yet", None, 3),
        ("asked before it begins", Some(-1), 3),
        ("right before one", Some(2), 3),
        ("at one", Some(3), 9),
        ("between two", Some(10), 27),
        ("later", Some(27), 81),
    ] {
        let after = after.map(|minutes| base.plus(Span::minutes(minutes)));
        assert_eq!(
            series(base, first, after),
            base.plus(Span::minutes(at)),
            "{label}"
        );
    }
    assert_eq!(
        series(base, Span(0), Some(base)),
        base.plus(Span(1)),
        "it always goes on"
    );
}
