//! How people are told of what is found.

use super::*;

#[test]
fn the_help_says_of_each_finding_what_it_means() {
    for name in Name::ALL {
        let words = format!("  {:<21} {}\n", name.name(), name.means().en);
        assert!(crate::cli::verify::EXAMPLES.contains(&words), "{words}");
    }
}

#[tokio::test]
async fn what_is_found_is_told_in_the_language_of_who_asks() {
    let house = house().await;
    replace(&house, 1, b"two face").await;
    let told = house.ran(&["verify", "--lang", "zh"]).await;
    for words in [
        "object_altered        ",
        "face 0（第 1 次尝试）",
        "现在的 SHA-256 为 ",
        "已核对 2 次核验、4 个应答、2 个图片和视频，共 ",
        "：1 项发现\n",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let means = Name::ObjectAltered.means().zh;
    assert!(
        told.err
            .starts_with(&format!("object_altered（1 次）：{means}\n"))
    );
    let json = house.ran(&["verify", "--lang", "zh", "--json"]).await;
    let row = &json.ndjson()[0];
    assert_eq!(row["finding"], "object_altered");
    assert!(row["why"].as_str().unwrap().starts_with("现在的"));
}

#[tokio::test]
async fn what_is_found_is_an_alarm_until_somebody_acknowledges_it() {
    let house = house().await;
    replace(&house, 1, b"two face").await;
    let key = face(&house, 2).await;
    house.vault.delete(&key).await.unwrap();
    house.ran(&["verify"]).await;
    assert_eq!(
        house.store().alarms().await.unwrap().len(),
        0,
        "not asked for"
    );
    for _ in 0..2 {
        let ended = house.ran(&["verify", "--alarm", "--json"]).await;
        assert_eq!(ended.code(), Code::Finding, "{}", ended.err);
    }
    let open = house.store().alarms().await.unwrap();
    let told: Vec<_> = (open.iter())
        .map(|alarm| (alarm.kind.as_str(), alarm.subject.as_str(), alarm.times))
        .collect();
    assert_eq!(
        told,
        [
            ("damaged", "object_altered", 2),
            ("damaged", "object_missing", 2)
        ]
    );
    assert!(
        open[0].text.ends_with(&id(1).to_string()),
        "{}",
        open[0].text
    );
    for alarm in &open {
        let alarm_id = alarm.alarm_id.unwrap().to_string();
        let line = ["alarms", "ack", &alarm_id, "--note", "put back"];
        assert_eq!(house.ran(&line).await.code(), Code::Done);
    }
    house.store().end_alarms(NOW).await.unwrap();
    assert_eq!(house.store().alarms().await.unwrap().len(), 0);
}
