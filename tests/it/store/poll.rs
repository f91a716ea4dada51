//! Records of polls.

use verikeep::{
    domain::{
        answer::{AnswerRow, Body, Endpoint},
        attempt::{Counts, OcrIdentity},
        digest::Sha256,
        identity::{Columns, IdentityRow, IndexKey, PlainIdentity},
        lease::Lane,
        lessons::{DataSeen, Film, FilmedPlan, Lessons, Origin, UnusedSignature},
        media::{Kind, ObjectFacts, Slot, Source},
        packed::Packed,
        plan::{Outcome, Proof},
        secret::Secret,
        settled::Settled,
        time::Span,
        token::State,
    },
    provider::parse,
    store::{
        StoreError,
        records::{FilledSlot, Next, PollRecord, TrackVerdict},
    },
};

use super::make::{
    HOUR, MINUTE, START, answer, attempt, call, claim_at, handle, id, later, named, number, object,
    one_poll, poll, settling, slot, start, store, stored, token, track, wanted,
};
use crate::databases::Database;

pub async fn a_record_is_read_back_whole(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let filled = FilledSlot {
        slot: Slot {
            attempt_no: 1,
            kind: Kind::IdFront,
            position: 0,
            source: Source::Detail,
        },
        stored: stored("front", later(MINUTE)),
    };
    let record = PollRecord {
        answers: vec![answer("a", Endpoint::Getall, START)],
        calls: vec![call(START), call(later(Span(1)))],
        attempts: vec![attempt(2, true, later(MINUTE)), attempt(1, false, START)],
        wanted: vec![wanted(1, 0)],
        filled: vec![filled.clone(), filled],
        last_error: Some("transient: no connection".to_owned()),
        next: Next::Due {
            due_at: later(HOUR),
            deadline: later(Span::hours(20)),
            state: State::Collecting,
            lane: Lane::Living,
        },
        ..poll(&work.lease, later(MINUTE))
    };
    store.record_poll(record).await.unwrap();

    let whole = store.show("token-1").await.unwrap().unwrap();
    let summary = &whole.summary;
    assert_eq!(
        (
            summary.state.as_str(),
            summary.passed,
            summary.attempts,
            summary.polls
        ),
        ("collecting", Some(true), 2, 1)
    );
    assert_eq!(summary.first_attempt_at, Some(START));
    assert_eq!(summary.next_poll_at, Some(later(HOUR)));
    assert_eq!(
        summary.last_error.as_deref(),
        Some("transient: no connection")
    );
    assert_eq!(summary.missing, serde_json::json!([]));
    assert_eq!(
        whole
            .attempt_rows
            .iter()
            .map(|row| (row.attempt_no, row.passed))
            .collect::<Vec<_>>(),
        [(1, Some(false)), (2, Some(true))]
    );
    let row = &whole.attempt_rows[1];
    assert_eq!(
        (row.score, row.threshold, row.liveness_score),
        (Some(95.062_13), Some(80.0), None)
    );
    assert_eq!(row.verify_log_id.as_deref(), Some("9223372036854775807"));
    assert_eq!(
        (row.name_masked.as_deref(), row.name.as_deref()),
        (Some("张**"), None)
    );
    assert_eq!(
        whole.answers[0].log_id.as_deref(),
        Some("1234567890123456789")
    );
    assert_eq!(whole.answers[0].object_key, Some(object("a").object_key));
    assert_eq!(whole.calls_made(), 2);
    let media: Vec<_> = whole
        .media
        .iter()
        .map(|medium| (medium.kind.as_str(), medium.state.as_str(), medium.bytes))
        .collect();
    assert_eq!(
        media,
        [("face", "wanted", None), ("id_front", "stored", Some(1000))]
    );
    assert_eq!(
        store.status(START).await.unwrap().least_left_ms,
        Some(Span::hours(72).0 - MINUTE.0)
    );
}

pub async fn a_medium_told_again_is_not_captured_again(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let told = |media_id: &str, position, at| FilledSlot {
        slot: Slot {
            position,
            ..slot(Kind::IdFront, 0)
        },
        stored: stored(media_id, at),
    };
    let left = Span::hours(72).0;
    // What was told, and the least time left after it: an ID card lives as long as the record.
    for (label, at, filled, least_left) in [
        ("first", START, vec![told("a", 0, START)], left),
        (
            "again, late",
            later(HOUR),
            vec![told("b", 0, later(HOUR))],
            left,
        ),
        (
            "again, with another",
            later(Span::hours(2)),
            vec![
                told("c", 0, later(Span::hours(2))),
                told("d", 1, later(MINUTE)),
            ],
            left - MINUTE.0,
        ),
    ] {
        let work = one_poll(&*store, at).await;
        let record = PollRecord {
            filled,
            ..poll(&work.lease, at)
        };
        store.record_poll(record).await.unwrap();
        let found = store.status(START).await.unwrap().least_left_ms;
        assert_eq!(found, Some(least_left), "{label}");
    }
    let media = store.show(&handle(1)).await.unwrap().unwrap().media;
    let kept: Vec<_> = media.iter().map(|medium| medium.media_id).collect();
    assert_eq!(kept, ["a", "d"].map(named));
}

pub async fn the_sums_of_getall_are_columns(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let counts = Counts {
        verify: Some(2),
        verify_charge: Some(1),
        ..Counts::default()
    };
    let record = PollRecord {
        counts: Some(counts),
        ..poll(&one_poll(&*store, START).await.lease, START)
    };
    store.record_poll(record).await.unwrap();
    let work = one_poll(&*store, later(HOUR)).await;
    store
        .record_poll(poll(&work.lease, later(HOUR)))
        .await
        .unwrap();
    let sums = "select cast(verify_count as text), cast(verify_charge_count as text), cast(live_charge_count as text) from verifications";
    assert_eq!(db.texts(sums).await, [["2", "1", "∅"]]);
}

pub async fn a_lost_lease_cannot_complete(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let lost = one_poll(&*store, START).await;
    let held = one_poll(&*store, later(MINUTE)).await;
    let record = PollRecord {
        answers: vec![answer("late", Endpoint::Getall, START)],
        calls: vec![call(START)],
        attempts: vec![attempt(1, true, START)],
        wanted: vec![wanted(1, 0)],
        download: Some(start(START)),
        lessons: lessons("refused", 1),
        ..settling(&lost.lease, later(MINUTE), Outcome::Archived)
    };
    assert!(matches!(
        store.record_poll(record).await,
        Err(StoreError::LeaseLost)
    ));
    for table in [
        "answers",
        "attempts",
        "media",
        "unused_signatures",
        "filmed_plans",
        "data_seen",
        "quota_use",
        "alarms",
    ] {
        assert_eq!(db.rows(table).await, 0, "{table}");
    }
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(
        (whole.summary.state.as_str(), whole.summary.polls),
        ("waiting", 0)
    );
    store
        .record_poll(poll(&held.lease, later(MINUTE)))
        .await
        .unwrap();
}

pub async fn a_record_counts_once(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let (one, other) = tokio::join!(
        store.record_poll(poll(&work.lease, START)),
        store.record_poll(poll(&work.lease, START))
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    assert_eq!(
        store.show(&handle(1)).await.unwrap().unwrap().summary.polls,
        1
    );
}

pub async fn identical_answers_are_kept_once(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    let named = |id: &str, name: &str, endpoint| AnswerRow {
        body: Body::Object(ObjectFacts {
            sha256: Sha256::of(b"same"),
            ..object(name)
        }),
        ..answer(id, endpoint, START)
    };
    let first = vec![
        named("1", "1", Endpoint::Getall),
        named("2", "2", Endpoint::Getall),
        named("3", "3", Endpoint::Detail),
    ];
    store
        .record_poll(PollRecord {
            answers: first,
            ..poll(&works[0].lease, START)
        })
        .await
        .unwrap();
    store
        .record_poll(PollRecord {
            answers: vec![named("4", "4", Endpoint::Getall)],
            ..poll(&works[1].lease, START)
        })
        .await
        .unwrap();
    let again = store.claim_polls(&claim_at(later(HOUR))).await.unwrap();
    store
        .record_poll(PollRecord {
            answers: vec![named("5", "5", Endpoint::Getall)],
            ..poll(&again[0].lease, later(HOUR))
        })
        .await
        .unwrap();
    let mut kept = Vec::new();
    for n in 1..=2 {
        let answers = store.show(&handle(n)).await.unwrap().unwrap().answers;
        kept.extend(answers.into_iter().map(|answer| answer.answer_id));
    }
    assert_eq!(kept, ["1", "3", "4"].map(super::make::named));
}

pub async fn a_small_answer_lies_in_its_row_and_comes_back_as_it_was(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let body = "{\"result\":\"\u{0}张三\"}".as_bytes();
    let packed = Packed::of(body, Sha256::of(body)).unwrap();
    let in_row = AnswerRow {
        body: Body::Row(packed.clone()),
        ..answer("1", Endpoint::Getall, START)
    };
    // Of the same bytes the first that came stands, wherever they lie.
    let object = AnswerRow {
        body: Body::Object(ObjectFacts {
            sha256: packed.sha256,
            ..object("2")
        }),
        ..answer("2", Endpoint::Getall, later(HOUR))
    };
    store
        .record_poll(PollRecord {
            answers: vec![in_row, object],
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    let answers = store.show(&handle(1)).await.unwrap().unwrap().answers;
    let [kept] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!(
        (kept.object_key.as_ref(), kept.bytes, kept.sha256),
        (None, i64::try_from(body.len()).unwrap(), packed.sha256)
    );
    assert_eq!(kept.packed.as_ref().unwrap().open().unwrap(), body);
    assert_eq!(
        store.installation().await.unwrap().newest_object,
        None,
        "a row is no object"
    );
}

pub async fn attempts_replace_what_was_known_of_their_number(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let (unknown, identity) = attempt(1, false, later(HOUR));
    let unknown = (
        verikeep::domain::attempt::Attempt {
            passed: None,
            verified_at: None,
            charged: None,
            ..unknown
        },
        identity,
    );
    store
        .record_poll(PollRecord {
            attempts: vec![unknown],
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    let summary = store.show(&handle(1)).await.unwrap().unwrap().summary;
    assert_eq!(
        (summary.passed, summary.attempts, summary.first_attempt_at),
        (None, 1, None)
    );
    let work = one_poll(&*store, later(HOUR)).await;
    // An answer that gives one number twice is no reason to lose the rest.
    let attempts = vec![
        attempt(2, true, later(HOUR)),
        attempt(1, true, later(HOUR)),
        attempt(1, false, later(MINUTE)),
    ];
    store
        .record_poll(PollRecord {
            attempts,
            ..poll(&work.lease, later(HOUR))
        })
        .await
        .unwrap();
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(
        (
            whole.summary.passed,
            whole.summary.attempts,
            whole.summary.first_attempt_at
        ),
        (Some(true), 2, Some(later(MINUTE)))
    );
    assert_eq!(
        (whole.attempt_rows[0].passed, whole.attempt_rows[0].charged),
        (Some(false), Some(true))
    );
}

pub async fn what_a_verdict_rests_on_is_kept_until_it_is_opened_again(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let shown = async || {
        let whole = store.show("token-1").await.unwrap().unwrap();
        (whole.proof, whole.never_seen)
    };
    let proof = Proof {
        words: "refused, and so on".to_owned(),
        never_seen: true,
    };
    let work = one_poll(&*store, START).await;
    let record = PollRecord {
        proof: Some(proof.clone()),
        ..settling(&work.lease, START, Outcome::Rejected)
    };
    store.record_poll(record).await.unwrap();
    assert_eq!(shown().await, (Some(proof.words), true));
    let tokens = [handle(1)];
    store
        .retry(&tokens, None, "ops", later(MINUTE))
        .await
        .unwrap();
    assert_eq!(shown().await, (None, false));
}

pub async fn the_settled_of_a_time_are_counted_by_app(db: Database) {
    let store = store(&db).await;
    let tokens = (1..=5).map(|n| {
        let mut told = token(n);
        if n == 5 {
            "another".clone_into(&mut told.verification.app);
        }
        told
    });
    store.track(tokens.collect()).await.unwrap();
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        let n = number(work.lease.verification_id);
        // The second was never seen, the third and fourth are settled later and not at all.
        let record = PollRecord {
            proof: (n != 1).then(|| Proof {
                words: "refused".to_owned(),
                never_seen: n != 5,
            }),
            ..settling(&work.lease, START, Outcome::Abandoned)
        };
        let record = match n {
            3 => PollRecord {
                at: later(HOUR),
                ..record
            },
            4 => poll(&work.lease, START),
            _ => record,
        };
        store.record_poll(record).await.unwrap();
    }
    let counted = async |from, to| {
        let counted = store.settled(from, to).await.unwrap();
        let of = |one: Settled| (one.app, one.settled, one.never_seen);
        counted.into_iter().map(of).collect::<Vec<_>>()
    };
    let (one, other) = ("another".to_owned(), "loan-h5".to_owned());
    assert_eq!(
        counted(START, later(HOUR)).await,
        [(one.clone(), 1, 0), (other.clone(), 2, 1)]
    );
    let both = [(one, 1, 0), (other.clone(), 3, 2)];
    assert_eq!(counted(START, later(Span::hours(2))).await, both);
    assert_eq!(
        counted(later(HOUR), later(Span::hours(2))).await,
        [(other, 1, 1)]
    );
    assert_eq!(counted(later(Span(1)), later(HOUR)).await, []);
    let status = store.status(later(Span::hours(2))).await.unwrap();
    assert_eq!(
        serde_json::to_value(&status.settled_last_day).unwrap(),
        serde_json::json!([
            { "app": "another", "settled": 1, "never_seen": 0 },
            { "app": "loan-h5", "settled": 3, "never_seen": 2 },
        ])
    );
}

pub async fn a_settled_verification_leaves_the_schedule_for_good(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let wanting = PollRecord {
        wanted: vec![wanted(1, 0), wanted(1, 1)],
        download: Some(start(START)),
        ..poll(&work.lease, START)
    };
    store.record_poll(wanting).await.unwrap();
    let download = super::make::one_download(&*store, START).await;
    let work = one_poll(&*store, later(HOUR)).await;
    store
        .record_poll(settling(&work.lease, later(HOUR), Outcome::Incomplete))
        .await
        .unwrap();

    assert_eq!(db.rows("schedule").await, 0);
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(
        (whole.summary.state.as_str(), whole.summary.settled_at),
        ("incomplete", Some(later(HOUR)))
    );
    assert_eq!(
        whole.summary.missing,
        serde_json::json!([{"what": "face", "attempt_no": 1, "cause": "gone_at_provider", "why": "gone"}])
    );
    assert!(
        whole
            .media
            .iter()
            .all(|medium| medium.lost_reason.as_deref()
                == Some("the verification was settled as incomplete before it could be fetched"))
    );
    assert!(matches!(
        store
            .record_poll(settling(&work.lease, later(HOUR), Outcome::Archived))
            .await,
        Err(StoreError::LeaseLost)
    ));
    assert!(matches!(
        store
            .record_download(super::make::download(&download.lease, later(HOUR)))
            .await,
        Err(StoreError::LeaseLost)
    ));
    assert_eq!(
        store.show(&handle(1)).await.unwrap().unwrap().summary.state,
        "incomplete"
    );
    let known = TrackVerdict::Known {
        verification_id: id(1),
        state: State::Incomplete,
    };
    assert_eq!(
        store.track(vec![token(1)]).await.unwrap(),
        [known],
        "told again, it stays settled"
    );
}

pub async fn a_record_the_database_refuses_leaves_nothing_and_holds_up_nobody(db: Database) {
    let store = store(&db).await;
    track(&*store, 30).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    // An object belongs to one row: all but one of these are refused, whatever batches they fall
    // into.
    let records = works.iter().enumerate().map(|(n, work)| {
        let mut kept = answer(&n.to_string(), Endpoint::Getall, START);
        if n.is_multiple_of(3) {
            kept.body = Body::Object(object("the-same"));
        }
        let record = PollRecord {
            answers: vec![kept],
            calls: vec![call(START)],
            attempts: vec![attempt(1, true, START)],
            ..poll(&work.lease, START)
        };
        let store = store.clone();
        tokio::spawn(async move { store.record_poll(record).await })
    });
    let mut refused = 0;
    for record in records.collect::<Vec<_>>() {
        match record.await.unwrap() {
            Ok(_) => (),
            Err(StoreError::Corrupt(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 9);
    for table in ["answers", "attempts"] {
        assert_eq!(db.rows(table).await, 21, "{table}");
    }
    let due = async |now| store.claim_polls(&claim_at(now)).await.unwrap().len();
    assert_eq!(
        (due(later(Span(59_999))).await, due(later(MINUTE)).await),
        (0, 9),
        "the leases of the refused run on"
    );
}

pub async fn plain_identity_is_kept_only_when_given(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let (tried, mut identity) = attempt(1, true, START);
    identity.plain = Some(PlainIdentity {
        name: Some("张三丰".to_owned()),
        id_number: Some("370123199602165826".to_owned()),
        ocr: None,
    });
    store
        .record_poll(PollRecord {
            attempts: vec![(tried, identity), attempt(2, true, START)],
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    let rows = store.show(&handle(1)).await.unwrap().unwrap().attempt_rows;
    assert_eq!(
        (rows[0].name.as_deref(), rows[0].id_number.as_deref()),
        (Some("张三丰"), Some("370123199602165826"))
    );
    assert_eq!(
        (rows[1].name.as_deref(), rows[1].id_number.as_deref()),
        (None, None)
    );
}

pub async fn what_was_read_from_a_card_is_kept_only_when_given(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let (tried, mut identity) = attempt(1, true, START);
    let ocr = OcrIdentity {
        name: Some(Secret::new("张三")),
        address: Some(Secret::new("北京市\0")),
        expires: Some(Secret::new("长期")),
        ..OcrIdentity::default()
    };
    identity.plain = Some(PlainIdentity {
        ocr: Some(ocr),
        ..PlainIdentity::default()
    });
    store
        .record_poll(PollRecord {
            attempts: vec![(tried, identity), attempt(2, true, START)],
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    let ocr = "select ocr_name, ocr_address, ocr_expires, ocr_gender, ocr_name_masked, ocr_id_number_masked from attempts order by attempt_no";
    assert_eq!(
        db.texts(ocr).await,
        [
            [
                "张三",
                "北京市\u{fffd}",
                "长期",
                "∅",
                "李*",
                "1*************0003"
            ],
            ["∅", "∅", "∅", "∅", "李*", "1*************0003"]
        ]
    );
}

pub async fn a_person_in_the_words_of_the_provider_is_in_no_column(db: Database) {
    let body = r#"{"success":true,"result":{"verify_result":[
        {"order":1,"is_verify_passed":false,"code":"370123199602165826",
         "message":"欧阳娜娜(370123199602165826)与JOHN SMITH、H1234567不符，详询13800138000",
         "verify_detail":{"risk_level":"1","risk_tag":"欧阳娜娜 370123199602165826"},
         "idcard_confirm":{"name":"欧阳娜娜","idcard_number":"370123199602165826"},
         "idcard_ocr_result":{"name":"John Smith","idcard_number":"H1234567"}}]}}"#;
    let key = IndexKey::new(vec![7; 32]).unwrap();
    let found = parse::getall(body.as_bytes()).unwrap();
    let rows = found.attempts.into_iter().map(|attempt| {
        let row = IdentityRow::of(&attempt, Columns::Masked, Some(&key));
        (attempt, row)
    });
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    store
        .record_poll(PollRecord {
            attempts: rows.collect(),
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    assert_eq!(
        db.texts("select code, message, risk_tag, name_masked, id_number_masked, ocr_name_masked, ocr_id_number_masked from attempts")
            .await,
        [[
            "3*************5826",
            "欧**(3*************5826)与J**、******67不符，详询*********00",
            "欧** 3*************5826",
            "欧**",
            "3*************5826",
            "J**",
            "******67",
        ]]
    );
    let plain = "select coalesce(name, '') || coalesce(id_number, '') || coalesce(ocr_name, '') || coalesce(ocr_id_number, '') from attempts";
    assert_eq!(db.texts(plain).await, [[""]]);
}

/// What an answer to the `n`th token teaches.
fn lessons(signature: &str, n: u32) -> Lessons {
    let app = || "loan-h5".to_owned();
    let unused = UnusedSignature {
        app: app(),
        signature: signature.to_owned(),
        verification_id: id(n),
        seen_at: START,
        origin: Origin::IssuedHere,
    };
    Lessons {
        unused: vec![unused.clone(), unused],
        filmed: vec![FilmedPlan {
            app: app(),
            plan_id: "plan-1".to_owned(),
            film: Film::Images,
            seen_at: START,
        }],
        data_seen: vec![
            DataSeen {
                app: app(),
                at: later(Span(i64::from(n))),
            },
            DataSeen {
                app: app(),
                at: START,
            },
        ],
    }
}

pub async fn what_is_learned_is_learned_once(db: Database) {
    let store = store(&db).await;
    track(&*store, 3).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    for (n, work) in [3, 1, 2].into_iter().zip(&works) {
        let signature = if n == 3 { "not_yet:283407" } else { "refused" };
        store
            .record_poll(PollRecord {
                lessons: lessons(signature, n),
                ..poll(&work.lease, START)
            })
            .await
            .unwrap();
    }
    let learned = store.lessons().await.unwrap();
    let unused: Vec<_> = learned
        .unused
        .iter()
        .map(|seen| (seen.signature.as_str(), seen.verification_id, seen.origin))
        .collect();
    assert_eq!(
        unused,
        [
            ("not_yet:283407", id(3), Origin::IssuedHere),
            ("refused", id(1), Origin::IssuedHere),
            ("refused", id(2), Origin::IssuedHere)
        ]
    );
    assert_eq!(learned.filmed, lessons("refused", 1).filmed);
    assert_eq!(
        learned.data_seen,
        [DataSeen {
            app: "loan-h5".to_owned(),
            at: later(Span(3))
        }],
        "the latest counts, whoever tells it last"
    );
}

pub async fn calls_are_summed_up_by_what_came_of_them(db: Database) {
    let store = store(&db).await;
    track(&*store, 2).await;
    let works = store.claim_polls(&claim_at(START)).await.unwrap();
    let late = verikeep::store::records::CallRow {
        result: "refused",
        code: Some("283501".to_owned()),
        ..call(later(MINUTE))
    };
    let calls = || vec![call(START), call(later(Span(5))), late.clone()];
    for work in &works {
        let record = PollRecord {
            calls: calls(),
            ..poll(&work.lease, START)
        };
        store.record_poll(record).await.unwrap();
    }
    let again = store.claim_polls(&claim_at(later(HOUR))).await.unwrap();
    let record = PollRecord {
        calls: vec![call(later(HOUR))],
        ..settling(&again[0].lease, later(HOUR), Outcome::Missed)
    };
    store.record_poll(record).await.unwrap();
    let sums = async |n| {
        let whole = store.show(&handle(n)).await.unwrap().unwrap();
        let sums = whole.call_sums.into_iter();
        let sums = sums.map(|sum| {
            assert_eq!(sum.endpoint, "getall");
            (sum.result, sum.code, sum.calls, sum.first_at, sum.last_at)
        });
        sums.collect::<Vec<_>>()
    };
    let refused = |calls| {
        let code = Some("283501".to_owned());
        (
            "refused".to_owned(),
            code,
            calls,
            later(MINUTE),
            later(MINUTE),
        )
    };
    let ok = |calls, last| ("ok".to_owned(), None, calls, START, last);
    assert_eq!(sums(1).await, [ok(3, later(HOUR)), refused(1)]);
    assert_eq!(sums(2).await, [ok(2, later(Span(5))), refused(1)]);

    // Woken and settled once more, its sums grow.
    store
        .retry(&["token-1".to_owned()], None, "test", later(HOUR))
        .await
        .unwrap();
    let woken = one_poll(&*store, later(HOUR)).await;
    let record = PollRecord {
        calls: calls(),
        ..settling(&woken.lease, later(HOUR), Outcome::Missed)
    };
    store.record_poll(record).await.unwrap();
    assert_eq!(sums(1).await, [ok(5, later(HOUR)), refused(2)]);

    // What was counted for the quota is kept for two days.
    store.tidy().await.unwrap();
    assert!(db.rows("quota_use").await > 0);
    db.store_at(later(Span::hours(50)))
        .await
        .tidy()
        .await
        .unwrap();
    assert_eq!(db.rows("quota_use").await, 0);
}

/// A verification must not stay open because of them.
pub async fn sums_of_calls_that_cannot_be_read_begin_anew(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let record = PollRecord {
        calls: vec![call(START)],
        ..poll(&work.lease, START)
    };
    store.record_poll(record).await.unwrap();
    db.run("update verifications set call_sums = 'torn'").await;
    let again = one_poll(&*store, later(HOUR)).await;
    let record = PollRecord {
        calls: vec![call(later(HOUR))],
        ..settling(&again.lease, later(HOUR), Outcome::Missed)
    };
    store.record_poll(record).await.unwrap();
    let whole = store.show(&handle(1)).await.unwrap().unwrap();
    assert_eq!(
        (&whole.summary.state[..], whole.calls_made()),
        ("missed", 1)
    );
}

pub async fn attempts_of_another_index_key_are_counted(db: Database) {
    let store = store(&db).await;
    track(&*store, 1).await;
    let work = one_poll(&*store, START).await;
    let mut attempts = vec![
        attempt(1, false, START),
        attempt(2, false, START),
        attempt(3, true, START),
        attempt(4, true, START),
    ];
    attempts[1].1.index_key_id = Some("key-2".to_owned());
    (attempts[2].1.index_key_id, attempts[2].1.id_number_index) = (None, None);
    attempts[3].1 = IdentityRow::default();
    store
        .record_poll(PollRecord {
            attempts,
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    for (key, others) in [("key-1", 2), ("key-2", 2), ("key-3", 3), ("key-0", 3)] {
        assert_eq!(store.indexed_otherwise(key).await.unwrap(), others, "{key}");
    }
}
