//! `index-number`.

use super::{
    super::{
        index_number::{check, key, print},
        report::{Code, Failure},
    },
    Command, IndexKey,
    house::{House, command, printed},
};

fn ours() -> IndexKey {
    IndexKey::new(vec![7; 32]).unwrap()
}

#[tokio::test]
async fn each_line_has_its_index_in_order() {
    let number = "36213219923232X";
    let (first, other) = (ours().id_number(number), ours().id_number("123456"));
    for (label, input, code, out, part) in [
        (
            "two",
            "36213219923232x\n123456\n".as_bytes(),
            Code::Done,
            vec![&first, &other],
            "",
        ),
        (
            "one spelling for each",
            " 362132-19923232-X\r\n".as_bytes(),
            Code::Done,
            vec![&first],
            "",
        ),
        ("nothing", b"", Code::Done, vec![], ""),
        (
            "an empty line",
            b"123456\n\n",
            Code::Usage,
            vec![&other],
            "line 2: has no number",
        ),
        (
            "no text",
            b"\xff\n",
            Code::Usage,
            vec![],
            "line 1: cannot be read",
        ),
    ] {
        let mut input = input;
        let ended = printed(async |screen| print(&ours(), &mut input, screen)).await;
        assert_eq!(ended.code(), code, "{label}");
        assert_eq!(ended.out.lines().collect::<Vec<_>>(), out, "{label}");
        assert!(
            ended.err.contains(part) && !ended.err.contains("123456"),
            "{label}: {}",
            ended.err
        );
    }
}

#[test]
fn a_number_on_the_command_line_is_refused_and_not_told() {
    let line = |number| match command(&["index-number", number]) {
        Command::IndexNumber(args) => check(&args),
        other => panic!("{other:?}"),
    };
    assert!(line("-").is_ok());
    let refused = line("canary").unwrap_err();
    assert_eq!(refused.code(), Code::Usage);
    assert!(!format!("{refused:?}").contains("canary"), "{refused:?}");
}

#[tokio::test]
async fn no_index_is_made_with_another_key_or_none() {
    let mut house = House::with_key(Some(ours())).await;
    let made = key(&house.config, house.store()).await.unwrap();
    assert_eq!(made.id(), ours().id());
    for (label, given, part) in [
        ("none", None, "there is no index key"),
        (
            "another",
            IndexKey::new(vec![8; 32]).ok(),
            "is not the key that the database was indexed with",
        ),
    ] {
        house.config.identity.index_key = given;
        let refused: Failure = key(&house.config, house.store()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Configuration, "{label}");
        assert!(
            format!("{refused:?}").contains(part),
            "{label}: {refused:?}"
        );
    }
}
