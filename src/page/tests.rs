//! Pages over records that nobody means well.

use super::{text::*, *};
use crate::{
    domain::{
        access::{Access, What, Who},
        attempt::{Identity, OcrIdentity},
        digest::Sha256,
        id::{AccessId, VerificationId},
        language::tests::stands_in_both,
        secret::Secret,
    },
    store::reports::{
        AccessReport, AnswerReport, AttemptReport, CallSum, EventReport, MediaReport, Submitted,
        Summary,
    },
};

const NOW: Time = Time(1_795_421_701_000);
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&\u{202e}txt\u{7}";

fn summary() -> Summary {
    let text = || Some(HOSTILE.to_owned());
    Summary {
        verification_id: VerificationId::fresh(NOW),
        app: HOSTILE.to_owned(),
        verify_token: HOSTILE.to_owned(),
        plan_id: text(),
        reference: text(),
        issued_at: NOW,
        tracked_at: NOW,
        tracked_by: HOSTILE.to_owned(),
        state: HOSTILE.to_owned(),
        passed: Some(false),
        attempts: 1,
        first_attempt_at: Some(NOW),
        settled_at: Some(NOW),
        missing: serde_json::json!([
            { "what": "face", "attempt_no": 1, "cause": "gone_at_provider", "why": HOSTILE, "from": NOW.rfc3339(), "to": NOW.rfc3339() },
            { "what": HOSTILE, "cause": HOSTILE, "why": "" },
            7,
        ]),
        media_deadline: NOW,
        record_deadline: NOW,
        next_poll_at: None,
        polls: 3,
        last_error: text(),
    }
}

/// A record in which everything that may come from outside is hostile.
fn hostile() -> Whole {
    let text = || Some(HOSTILE.to_owned());
    let media_id = MediaId::fresh(NOW);
    Whole {
        summary: summary(),
        proof: text(),
        never_seen: false,
        submitted: Some(Submitted {
            at: NOW,
            certificate_type: Some(0),
            name_masked: HOSTILE.to_owned(),
            id_number_masked: HOSTILE.to_owned(),
            id_number_index: text(),
            name: text(),
            id_number: text(),
            taken: Some(false),
            refused: text(),
        }),
        attempt_rows: vec![AttemptReport {
            attempt_no: 1,
            passed: Some(false),
            id_number_index: Some("one".to_owned()),
            code: text(),
            message: text(),
            verified_at: Some(NOW),
            charged: Some(true),
            charge_type: text(),
            risk_level: text(),
            risk_tag: text(),
            verify_log_id: text(),
            id_type: text(),
            name_masked: text(),
            id_number_masked: text(),
            ..AttemptReport::default()
        }],
        media: vec![MediaReport {
            media_id,
            attempt_no: 1,
            kind: HOSTILE.to_owned(),
            position: 0,
            state: "lost".to_owned(),
            content_type: text(),
            bytes: None,
            sha256: None,
            object_key: text(),
            stored_bytes: None,
            stored_sha256: None,
            captured_at: None,
            lost_reason: text(),
            check: text(),
        }],
        answers: vec![AnswerReport {
            answer_id: AnswerId::fresh(NOW),
            endpoint: HOSTILE.to_owned(),
            fetched_at: NOW,
            http_status: 200,
            success: None,
            code: text(),
            log_id: text(),
            bytes: 7,
            sha256: Sha256::of(b"x"),
            object_key: text(),
            packed: None,
        }],
        call_sums: vec![CallSum {
            endpoint: HOSTILE.to_owned(),
            result: HOSTILE.to_owned(),
            code: text(),
            calls: 2,
            first_at: NOW,
            last_at: NOW,
        }],
        events: vec![EventReport {
            at: NOW,
            actor: HOSTILE.to_owned(),
            what: HOSTILE.to_owned(),
            detail: HOSTILE.to_owned(),
        }],
        accesses: vec![AccessReport::of(&Access {
            access_id: AccessId::fresh(NOW),
            at: NOW,
            who: Who::User(HOSTILE.to_owned()),
            what: What::Files(VerificationId::fresh(NOW)),
            purpose: text(),
        })],
    }
}

fn told() -> Attempt {
    let secret = |text: &str| Some(Secret::new(text));
    Attempt {
        attempt_no: 1,
        confirmed: Identity {
            id_type: Some("0".to_owned()),
            name: secret("张三丰"),
            id_number: secret("110101199003070003"),
        },
        ocr: Some(OcrIdentity {
            name: secret("章三丰"),
            id_number: secret("11010119900307000３"),
            address: secret(HOSTILE),
            expires: secret("长期"),
            ..OcrIdentity::default()
        }),
        ..Attempt::default()
    }
}

fn page(whole: &Whole, told: &[Attempt], reveal: bool) -> String {
    let case = Case {
        whole,
        told,
        counts: None,
        files: &[],
        failed: &[],
        reveal,
        language: Language::Zh,
        written_at: NOW,
        written_by: HOSTILE,
        purpose: Some(HOSTILE),
    };
    record(&case).unwrap()
}

#[test]
fn what_comes_from_outside_stays_text() {
    let page = page(&hostile(), &[told()], true);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img"));
    for odd in [
        "<script",
        "<img src=x",
        "onerror=alert(2)>",
        "\u{202e}",
        "\u{7}",
    ] {
        assert!(!page.contains(odd), "{odd:?}");
    }
    let tags = [
        "<iframe",
        "<object",
        "<form",
        " style=",
        "javascript:",
        "http://",
        "https://",
    ];
    assert_eq!(tags.map(|tag| page.contains(tag)), [false; 7]);
}

#[test]
fn calls_that_came_to_the_same_are_told_apart_by_the_code() {
    let sum = |code: Option<&str>, calls| CallSum {
        endpoint: "getall".to_owned(),
        result: "refused".to_owned(),
        code: code.map(str::to_owned),
        calls,
        first_at: NOW,
        last_at: NOW,
    };
    let whole = Whole {
        call_sums: vec![sum(Some("283501"), 1), sum(None, 1)],
        ..hostile()
    };
    let page = page(&whole, &[], false);
    for told in ["getall asked: refused (283501)<", "getall asked: refused<"] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let long = "长".repeat(10_000);
    let shown = foreign(&long).to_string();
    assert_eq!(shown.chars().filter(|letter| *letter == '长').count(), 500);
    assert!(shown.ends_with("…</bdi>"));
    assert_eq!(foreign("短").to_string(), "<bdi>短</bdi>");
}

#[test]
fn persons_are_masked_unless_they_are_to_be_revealed() {
    let (masked, open) = (
        page(&hostile(), &[told()], false),
        page(&hostile(), &[told()], true),
    );
    for secret in ["张三丰", "章三丰", "110101199003070003"] {
        assert!(
            !masked.contains(secret) && open.contains(secret),
            "{secret}"
        );
    }
    // A mark tells that they differ, in both.
    for page in [&masked, &open] {
        assert_eq!(
            page.matches("≠").count(),
            3,
            "the name that was read, and both that were submitted"
        );
    }
}

#[test]
fn only_what_its_bytes_say_is_shown_as_a_picture_or_a_video() {
    let mut whole = hostile();
    let medium = whole.media[0].clone();
    let all = [
        ("a.jpg", "image/jpeg", "<img src=\"a.jpg\""),
        (
            "b.mp4",
            "video/mp4",
            "<video controls preload=\"metadata\" src=\"b.mp4\"",
        ),
        ("c.txt", "text/plain", "<a href=\"c.txt\">"),
        ("d.bin", "application/octet-stream", "<a href=\"d.bin\">"),
    ];
    whole.media = Vec::new();
    let mut files = Vec::new();
    for (name, content_type, _) in all {
        let mut medium = medium.clone();
        medium.media_id = MediaId::fresh(NOW);
        files.push(File {
            name: name.to_owned(),
            content_type,
            of: Of::Media(medium.media_id),
        });
        whole.media.push(medium);
    }
    let case = Case {
        whole: &whole,
        told: &[],
        counts: None,
        files: &files,
        failed: &[],
        reveal: false,
        language: Language::En,
        written_at: NOW,
        written_by: "",
        purpose: None,
    };
    let page = record(&case).unwrap();
    for (name, _, tag) in all {
        assert!(page.contains(tag), "{name}");
    }
    assert_eq!(
        (page.matches("<img").count(), page.matches("<video").count()),
        (1, 1)
    );
}

#[test]
fn a_match_image_is_shown_beside_the_attempts_and_is_of_none_of_them() {
    let mut whole = hostile();
    let medium = MediaReport {
        media_id: MediaId::fresh(NOW),
        attempt_no: 0,
        kind: "match_image".to_owned(),
        ..whole.media[0].clone()
    };
    whole.media.push(medium);
    let page = page(&whole, &[], false);
    let (_, others) = page
        .split_once(&w::OTHER_MEDIA.two().to_string())
        .expect("other pictures");
    let (figures, rest) = others.split_once("</section>").unwrap();
    let name = w::MATCH_IMAGE.two().to_string();
    assert!(name.contains("比对底图") && name.contains("Match image submitted by us"));
    assert_eq!(figures.matches(&name).count(), 1, "{figures}");
    for part in ["of attempt 0", "第 0 次"] {
        assert!(!rest.contains(part), "{part}");
    }
}

#[test]
fn every_word_stands_in_both_languages() {
    // What is called the same in both.
    let names = [
        "TOKEN",
        "ID",
        "LOG_ID",
        "SHA256",
        "COUNT_LIVE",
        "NUMBERED",
        "T_EVENT",
    ];
    for (name, Both(words)) in w::ALL {
        if !names.contains(name) {
            stands_in_both(name, *words);
        }
    }
}

#[test]
fn an_instant_is_shown_in_beijing_and_in_utc() {
    let at = Time::parse("2026-11-23T16:15:01Z").unwrap();
    assert_eq!(
        when(at).to_string(),
        "<time datetime=\"2026-11-23T16:15:01Z\">2026-11-24 00:15:01 <span class=\"utc\">2026-11-23T16:15:01Z</span></time>"
    );
}

#[test]
fn the_style_is_the_one_the_policy_lets_in() {
    let page = page(&hostile(), &[], false);
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    assert_eq!(style, STYLE, "to the byte");
    assert!(page.contains("default-src") && page.contains("sha256-"));
}
