//! Rows of attempts, and the answers they were read from.

use super::*;

#[tokio::test]
async fn what_a_row_says_of_an_attempt_and_no_answer_does_is_found() {
    let both = ["attempt_altered", "attempts_differ"];
    let (altered, differ) = (&both[..1], &both[1..]);
    for (columns, of_row, names) in [
        ("passed = 0", "", &both[..]),
        ("attempt_no = attempt_no", "passed = 0", differ),
        ("passed = 0", "passed = 0", altered),
        ("score = 99.5", "", altered),
        ("threshold = 60", "", altered),
        ("liveness_score = 0.99", "", altered),
        ("demoted = 0", "", altered),
        ("verified_at = verified_at + 1000", "", altered),
        ("charged = 0", "", altered),
        ("charged_at = 1795421701000", "", altered),
        ("ocr_count = 1", "", altered),
        ("verify_log_id = '17'", "", altered),
        ("id_type = '1'", "", altered),
        ("name_masked = '李*'", "", altered),
        ("id_number_masked = '1*************5826'", "", altered),
        ("name = '李四'", "", altered),
        ("attempt_no = 2", "", altered),
    ] {
        let mut text = format!("update attempts set {columns} where verification_id = '{{1}}';");
        if !of_row.is_empty() {
            text += &format!("update verifications set {of_row} where verification_id = '{{1}}';");
        }
        assert_eq!(damaged(&text).await, names, "{columns}; {of_row}");
    }
    let house = house().await;
    sql(
        &house,
        "update attempts set score = null, verified_at = null, id_number_masked = '370***********5826'",
    )
    .await;
    let ended = house.ran(&["verify"]).await;
    assert_eq!(
        ended.code(),
        Code::Done,
        "what is empty says nothing, and a mask by another rule is one: {}",
        ended.out
    );
}

#[tokio::test]
async fn of_an_answer_that_is_damaged_nothing_more_is_said() {
    let house = house().await;
    let whole = house.store().show(&id(1).to_string()).await.unwrap();
    let mut answers = whole.unwrap().answers.into_iter();
    let key = answers.find_map(|answer| answer.object_key).unwrap();
    let key = ObjectKey::parse(&key).unwrap();
    house.vault.delete(&key).await.unwrap();
    house
        .vault
        .put(&key, Bytes::from_static(b"{}"))
        .await
        .unwrap();
    let ended = house.ran(&["verify", "--json"]).await;
    let found = [("object_altered".to_owned(), id(1).to_string())];
    assert_eq!(findings(&ended), found);
}
