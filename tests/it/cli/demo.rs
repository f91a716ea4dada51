//! The demonstration, and the commands it ends with.

use super::*;

/// Runs a line of shell in `folder`.
fn pasted(folder: &Path, line: &str) -> Output {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).current_dir(folder).env_clear();
    shell.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn what_the_demonstration_says_at_the_end_can_be_pasted_and_shows_a_case() {
    let folder = TempDir::new().unwrap();
    let shown = verikeep(folder.path(), &["demo", "--dir", "to look at"]);
    assert_eq!(shown.status.code(), Some(0), "{}", err(&shown));
    let said = out(&shown);
    let last: Vec<&str> = said.trim_end().lines().rev().take(2).collect();
    assert!(last[1].contains("failed, then passed"), "{said}");
    let got = pasted(folder.path(), last[0]);
    assert_eq!(got.status.code(), Some(0), "{}\n{}", last[0], err(&got));
    let names: Vec<String> = fs::read_dir(folder.path().join("to look at/case"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for (begin, end, starts) in [
        ("face-", ".jpg", b"\xff\xd8\xff\xe0".as_slice()),
        ("id_front", ".jpg", b"\xff\xd8\xff\xe0"),
        ("id_back", ".jpg", b"\xff\xd8\xff\xe0"),
        ("liveness", ".jpg", b"\xff\xd8\xff\xe0"),
        ("process_video-", ".mp4", b"\0\0\0 ftyp"),
        ("getall", ".json", b"{"),
        ("record", ".json", b"{"),
    ] {
        let named = |name: &&String| name.starts_with(begin) && name.ends_with(end);
        let name = names.iter().find(named);
        let name = name.unwrap_or_else(|| panic!("{begin}…{end} in {names:?}"));
        let bytes = fs::read(folder.path().join("to look at/case").join(name)).unwrap();
        assert!(bytes.starts_with(starts), "{name}");
    }
    let finds = said.lines().find(|line| line.contains("--id-number"));
    let found = pasted(folder.path(), finds.unwrap());
    assert_eq!(found.status.code(), Some(0), "{}", err(&found));
    assert!(
        out(&found).contains("failed, then passed"),
        "{}",
        out(&found)
    );
    let compares = said.lines().find(|line| line.contains(" verify "));
    let compared = pasted(folder.path(), compares.unwrap());
    let told = out(&compared);
    assert_eq!(compared.status.code(), Some(0), "{told}{}", err(&compared));
    assert!(told.contains("everything is as it was captured"), "{told}");
    every_object_has_a_row(&folder.path().join("to look at"));
}

/// It ran undisturbed; what a crash would have left is found.
fn every_object_has_a_row(folder: &Path) {
    let objects = folder.join("data/objects");
    let orphans = || {
        let yesterday = SystemTime::now() - Duration::from_secs(25 * 3600);
        crate::lab::age(&objects, yesterday);
        let config = ["--config", "verikeep.toml"];
        verikeep(folder, &[&["orphans"], &config[..]].concat())
    };
    let none = orphans();
    assert_eq!(none.status.code(), Some(0), "{}", out(&none));

    let of = "v/00/0199f1a0-0000-7000-8000-000000000000";
    let name = "0199f1a0-0000-7000-8000-000000000001.bin";
    fs::create_dir_all(objects.join(of)).unwrap();
    fs::write(objects.join(of).join(name), "put before a crash").unwrap();
    let one = orphans();
    assert_eq!(one.status.code(), Some(1), "{}", err(&one));
    assert!(out(&one).contains(name), "{}", out(&one));
}
