//! `get`: who took it, records of a reference or person together, and whose folder it is.

use std::{io, os::unix::fs::PermissionsExt as _, path::Path};

use super::{
    files::{got, kept, names},
    *,
};
use crate::domain::time::Span;

/// Who looked, at what and what for, as the rows have it.
async fn trail(house: &House) -> Vec<(String, Option<String>)> {
    let whole = house.store().show("token-1").await.unwrap().unwrap();
    let looks = whole.accesses.into_iter();
    looks.map(|look| (look.what, look.purpose)).collect()
}

#[tokio::test]
async fn a_trace_is_committed_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("case");
    let house = House::new().await;
    kept(&house).await;
    house
        .objects
        .set_reads(Some(io::ErrorKind::ConnectionRefused));
    assert_eq!(got(&out, &house).await.code(), Code::Unreachable);
    let look = ("files".to_owned(), Some("dispute".to_owned()));
    assert_eq!(trail(&house).await, std::slice::from_ref(&look));
    house.clock.pass(Span::seconds(1));
    house.objects.set_reads(None);
    let out = out.to_str().unwrap();
    let open = [
        "get",
        "token-1",
        "--out",
        out,
        "--reveal",
        "--purpose",
        "court",
    ];
    assert_eq!(house.ran(&open).await.code(), Code::Done);
    let reveal = ("reveal".to_owned(), Some("court".to_owned()));
    assert_eq!(trail(&house).await, [look, reveal]);
    let page = fs::read_to_string(folder.path().join("case/index.html")).unwrap();
    assert!(page.contains("court"), "the page shows who had it made");
    let unsaid = house
        .ran(&["get", "token-1", "--out", out, "--purpose", " "])
        .await;
    assert_eq!(unsaid.code(), Code::Usage, "{}", unsaid.err);
    assert!(trail(&house).await.len() == 2, "nothing was given");
}

#[tokio::test]
async fn all_of_a_reference_or_a_person_come_with_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::with_key(Some(IndexKey::new(vec![7; 32]).unwrap())).await;
    let twice = |n| {
        let mut told = due(n);
        told.reference = Some("order-1".to_owned());
        told
    };
    house.put(vec![twice(1), twice(2), due(3)]).await;
    let out = folder.path().join("case");
    let line = |reference: &str, out: &Path| {
        [
            "get",
            "--reference",
            reference,
            "--out",
            out.to_str().unwrap(),
        ]
        .map(String::from)
    };
    let run = async |line: [String; 5]| {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        house.ran(&line).await
    };
    let several = run(line("order-1", &out)).await;
    assert!(several.out.starts_with("2 records, "), "{}", several.out);
    let index = fs::read_to_string(out.join("index.html")).unwrap();
    let mut folders = names(&out);
    folders.retain(|name| !name.starts_with('.') && name.len() == 36);
    assert_eq!(folders.len(), 2);
    for name in folders {
        assert!(index.contains(&format!("href=\"{name}/index.html\"")));
        assert!(out.join(name).join("record.json").exists());
    }
    let none = run(line("order-9", &folder.path().join("none"))).await;
    assert_eq!(none.code(), Code::Finding);
    assert!(none.err.contains("this reference"), "{}", none.err);
    assert!(!folder.path().join("none").exists());
    let person = ["get", "--id-number", "canary-number", "--out", "unused"];
    let nobody = house.ran(&person).await;
    assert!(nobody.err.contains("this person") && !nobody.err.contains("canary"));
}

#[tokio::test]
async fn a_folder_of_others_is_refused_and_links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new().await;
    kept(&house).await;
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let link = folder.path().join("link");
    let aim = folder.path().join("aim");
    fs::create_dir(&aim).unwrap();
    std::os::unix::fs::symlink(&aim, &link).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for (out, why) in [
        (&open, "may be written to by other users"),
        (&link, "is no folder, or a link to one"),
        (&file, "File exists"),
    ] {
        let refused = got(out, &house).await;
        assert!(refused.err.contains(why), "{}", refused.err);
        assert_ne!(refused.code(), Code::Done);
    }
    assert_eq!(names(&aim), [""; 0]);

    // A link in the place of a file is replaced, and not written through.
    let case = folder.path().join("case");
    assert_eq!(got(&case, &house).await.code(), Code::Done);
    let target = folder.path().join("target");
    fs::write(&target, "mine").unwrap();
    fs::remove_file(case.join("index.html")).unwrap();
    std::os::unix::fs::symlink(&target, case.join("index.html")).unwrap();
    assert_eq!(got(&case, &house).await.code(), Code::Done);
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert!(
        fs::symlink_metadata(case.join("index.html"))
            .unwrap()
            .is_file()
    );
}
