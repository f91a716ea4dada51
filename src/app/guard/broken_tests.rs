use super::{super::tests::Post, *};

/// What happens in a second.
#[derive(Clone, Copy)]
enum Event {
    Nothing,
    Claimed,
    ClaimFailed(fn(String) -> StoreError),
    Recorded,
    /// The record of the verification of this number.
    NotRecorded(u8, fn(String) -> StoreError),
    Job,
    JobFailed,
    /// Somebody takes a table out, or puts it back.
    Taken,
    PutBack,
}
use Event::{ClaimFailed, Claimed, Job, JobFailed, NotRecorded, Nothing, PutBack, Recorded, Taken};

const FAILS: Event = ClaimFailed(StoreError::Schema);
const CORRUPT: fn(String) -> StoreError = StoreError::Corrupt;

/// What it is, events and the seconds each is repeated, the alarm afterwards.
type Life = (&'static str, &'static [(Event, i64)], &'static str);

fn happens(post: &Post, event: Event) {
    let (guard, text) = (&post.guard, "no such table: media".to_owned());
    match event {
        Nothing => {}
        Claimed => guard.found_nothing(),
        ClaimFailed(error) => guard.claimed(Err(&error(text))),
        Recorded => guard.recorded(),
        NotRecorded(of, error) => {
            let of = format!("00000000-0000-0000-0000-00000000000{of}");
            guard.not_recorded(of.parse().unwrap(), &error(text));
        }
        Job => guard.did("beat", Ok(())),
        JobFailed => guard.did("beat", Err(&StoreError::Schema(text))),
        Taken => post.store.set_lacking(Some("the database lacks media")),
        PutBack => post.store.set_lacking(None),
    }
}

#[tokio::test]
async fn a_database_that_answers_and_cannot_be_used_is_an_alarm_until_it_can() {
    const BROKEN: &str = "database_broken";
    #[rustfmt::skip]
    let lives: [Life; 18] = [
        ("all is well", &[(Claimed, 20), (Recorded, 20), (Job, 1)], ""),
        ("a moment", &[(FAILS, 9)], ""),
        ("longer", &[(FAILS, 11)], BROKEN),
        ("what cannot be read", &[(ClaimFailed(CORRUPT), 11)], BROKEN),
        ("damage is told at once", &[(ClaimFailed(StoreError::Damaged), 1)], BROKEN),
        ("away is another alarm", &[(ClaimFailed(StoreError::Unavailable), 12)], "database_down"),
        ("well again too shortly", &[(FAILS, 11), (Claimed, 9)], BROKEN),
        ("well again", &[(FAILS, 11), (Claimed, 11)], ""),
        ("others go well beside it", &[(FAILS, 8), (Recorded, 1), (FAILS, 3), (Job, 1)], BROKEN),
        ("what goes well elsewhere proves nothing", &[(FAILS, 11), (Recorded, 30), (Job, 30)], BROKEN),
        ("nobody tries again", &[(NotRecorded(1, StoreError::Schema), 1), (Nothing, 10)], BROKEN),
        ("one verification is its own fault", &[(NotRecorded(1, CORRUPT), 2), (Nothing, 60)], ""),
        ("among those that are written", &[(NotRecorded(1, CORRUPT), 1), (Recorded, 1), (NotRecorded(2, CORRUPT), 1), (Nothing, 60)], ""),
        ("those of two are the database's", &[(NotRecorded(1, CORRUPT), 1), (NotRecorded(2, CORRUPT), 1), (Nothing, 10)], BROKEN),
        ("a record is brought again a lease later", &[(NotRecorded(1, StoreError::Schema), 11), (Recorded, 299)], BROKEN),
        ("and is written then", &[(NotRecorded(1, StoreError::Schema), 11), (Recorded, 311)], ""),
        ("a table is put back, and nobody tries", &[(Taken, 1), (NotRecorded(1, StoreError::Schema), 11), (PutBack, 1), (Nothing, 11)], ""),
        ("a job", &[(JobFailed, 1), (Nothing, 10)], BROKEN),
    ];
    for (label, events, expected) in lives {
        let post = Post::new();
        post.look().await;
        let mut open = Vec::new();
        for (event, seconds) in events {
            for _ in 0..*seconds {
                happens(&post, *event);
                open = post.look().await;
                post.clock.pass(Span::seconds(1));
            }
        }
        let expected: &[&str] = if expected.is_empty() {
            &[]
        } else {
            &[expected]
        };
        assert_eq!(open, expected, "{label}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_on_the_page_and_in_the_alarm() {
    let post = Post::new();
    post.look().await;
    happens(&post, Taken);
    for _ in 0..11 {
        happens(&post, ClaimFailed(StoreError::Schema));
        post.look().await;
        post.clock.pass(Span::seconds(1));
    }
    let checks = post.guard.checks();
    assert_eq!(checks.len(), 1, "one fault, one word: {checks:?}");
    let told = &post.guard.archive.alarms.open()[0].text;
    for text in [&checks[0].text, told] {
        assert!(text.contains("the database lacks media"), "{text}");
    }
}
