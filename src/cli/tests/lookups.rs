//! `list --id-number` beside an index key that is not the database's.

use super::{
    super::{fake::Fake, report::Code},
    config, listed,
};
use crate::domain::{
    identity::IndexKey,
    installation::{Database, Installation},
};

#[tokio::test]
async fn a_look_up_with_another_index_key_finds_nobody_and_does_not_say_so() {
    let mut config = config();
    let key = IndexKey::new(vec![7; 32]).unwrap();
    config.identity.index_key = Some(key.clone());
    let known = |id: &str| Database {
        installation: Some(Installation {
            installation_id: "i".to_owned(),
            index_key_id: Some(id.to_owned()),
        }),
        newest_object: None,
    };
    for (what, installation, indexed_otherwise, code, part) in [
        (
            "another key",
            known("0123456789abcdef"),
            0,
            Code::Configuration,
            "is not the key that the database was indexed with",
        ),
        (
            "attempts of another key",
            known(&key.id()),
            1200,
            Code::Finding,
            "not looked through: 1,200 attempts",
        ),
        (
            "the key",
            known(&key.id()),
            0,
            Code::Done,
            "nothing is tracked that fits",
        ),
    ] {
        let store = Fake {
            installation,
            indexed_otherwise,
            ..Fake::default()
        };
        let ended = listed(&["--id-number", "canary-number"], &config, &store).await;
        assert!(
            ended.code() == code && ended.err.contains(part) && !ended.err.contains("canary"),
            "{what}: {:?} {}",
            ended.code(),
            ended.err
        );
    }
    let others = Fake {
        indexed_otherwise: 1200,
        ..Fake::default()
    };
    assert_eq!(
        listed(&[], &config, &others).await.code(),
        Code::Done,
        "without an ID number nothing is looked up"
    );
}
