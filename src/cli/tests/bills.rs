//! `reconcile --bill`.

use super::*;

/// Where app h5 was charged for two cards and, in two tokens, twice for `verify` on the 23rd; one of
/// its tokens is open and one was lost.
async fn house() -> House {
    let house = House::new().await;
    let archived = |poll: PollRecord| PollRecord {
        attempts: vec![attempt()],
        next: Next::Settled {
            outcome: Outcome::Archived,
            missing: Vec::new(),
        },
        ..poll
    };
    house.polled(1, archived).await;
    house
        .polled(2, |poll| {
            let mut poll = archived(poll);
            poll.attempts[0].0.ocr_charged = Some(true);
            poll.attempts[0].0.ocr_count = Some(2);
            poll
        })
        .await;
    house.put(vec![due(3), ended(4, Outcome::Missed)]).await;
    house
}

async fn compared(house: &House, line: &[&str], text: &[u8]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bill.csv");
    fs::write(&file, text).unwrap();
    house
        .ran(&[&["reconcile", "--bill", file.to_str().unwrap()], line].concat())
        .await
}

#[tokio::test]
async fn a_bill_agrees_with_what_was_charged_or_shows_where_it_does_not() {
    let house = house().await;
    let good = "charge_type,charged,month\nverify,2,2026-11\nocr,2,202611\n";
    let named = "计费项;用量;day;app\n人脸实名认证V4;1;2026/11/23;h5\n人脸实名认证V4;1;20261123;h5\n身份证识别;\"2\";2026-11-23;h5\n";
    let map = &["--map", "计费项=charge_type,用量=charged"][..];
    let gb = encoding_rs::GB18030.encode(named).0;
    let more = "charge_type,charged,day\nverify,\"1,001\",2026-11-23\nverify,1,2026-11-24\nocr,2,2026-11-23\nmatch,1,2026-11-24\n";
    let ndjson = "{\"charge_type\":\"verify\",\"charged\":2,\"month\":202611}\n{\"charge_type\":\"人脸对比V4\",\"charged\":0,\"month\":\"2026-11\"}\n";
    for (label, line, text, code, parts) in [
        ("a month", &[][..], good.as_bytes(), Code::Done, &["2026-11", "0 differences, 0 wrong"][..]),
        ("of an app", &["--app", "h5"], good.as_bytes(), Code::Done, &["h5", "0 differences"]),
        ("of another app", &["--app", "other"], good.as_bytes(), Code::Finding, &["+2", "2 differences"]),
        ("Chinese names", map, named.as_bytes(), Code::Done, &["0 differences"]),
        ("GB18030", map, &gb, Code::Done, &["0 differences"]),
        ("more on two days", &[], more.as_bytes(), Code::Finding, &["1,002", "+1,000", "2026-11-24", "5 differences"]),
        ("cards are not billed", &[], ndjson.as_bytes(), Code::Finding, &["ocr", "-2", "1 difference,"]),
        (
            "wrong lines",
            &[],
            &[good.as_bytes(), "人脸搜索,7,2026-11\nverify,,2026-11\n".as_bytes()].concat(),
            Code::Finding,
            &["line 4: charge_type is none", "line 5: charged is no count", "0 differences, 2 wrong"],
        ),
        (
            "days beside a month",
            &[],
            "charge_type,charged,month,day\nverify,2,2026-11,\nocr,2,2026-11,\nverify,2,,2026-11-23\n".as_bytes(),
            Code::Finding,
            &["line 4: names the day, and the lines before it name none", "0 differences, 1 wrong"],
        ),
        (
            "other months",
            &["--month", "2026-11"],
            "charge_type,charged,month\nverify,2,2026-11\nocr,2,\nverify,9,2026-10\n".as_bytes(),
            Code::Done,
            &["0 differences", "1 of other months or apps left out"],
        ),
        ("no line", &["--month", "2026-10"], good.as_bytes(), Code::Usage, &["has no line of 2026-10"]),
        ("no columns", &[], "verify,2\n".as_bytes(), Code::Usage, &["names no column charge_type", "--map"]),
        ("no field", &["--map", "a=b"], good.as_bytes(), Code::Usage, &["计费项=charge_type"]),
    ] {
        let ended = compared(&house, line, text).await;
        assert_eq!(ended.code(), code, "{label}: {}{}", ended.out, ended.err);
        for part in parts {
            assert!(
                ended.out.contains(part) || ended.err.contains(part),
                "{label}: {part} in\n{}{}",
                ended.out,
                ended.err
            );
        }
    }
}

#[tokio::test]
async fn what_may_explain_a_difference_is_counted_below() {
    let house = house().await;
    let bill = "charge_type,charged,month\nverify,4,2026-11\nocr,2,2026-11\n";
    house.clock.set(at("2026-11-30T15:59:59Z"));
    let early = compared(&house, &[], bill.as_bytes()).await;
    assert!(
        early.out.contains("2026-11 is not over in Beijing"),
        "{}",
        early.out
    );
    house.clock.set(at("2026-11-30T16:00:00Z"));

    let table = compared(&house, &[], bill.as_bytes()).await;
    assert!(
        table.out.contains(
            "2026-11: of the tokens issued then 1 is still open, and the record of 1 was lost"
        ) && !table.out.contains("not over"),
        "{}",
        table.out
    );

    let json = compared(&house, &["--json"], bill.as_bytes()).await;
    assert_eq!(
        json.ndjson()[0],
        serde_json::json!({
            "app": null, "month": "2026-11", "day": null, "charge_type": "verify",
            "billed": 4, "archived": 2, "difference": 2, "open": 1, "lost": 1,
        })
    );
    let csv = compared(&house, &["--csv"], bill.as_bytes()).await;
    assert_eq!(
        csv.out,
        "app,month,day,charge_type,billed,archived,difference,open,lost\n,2026-11,,verify,4,2,2,1,1\n,2026-11,,ocr,2,2,0,1,1\n"
    );
    assert!(csv.err.contains("1 difference, 0 wrong"), "{}", csv.err);
}
