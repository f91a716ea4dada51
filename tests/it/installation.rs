//! Database, vault and index key know one another: plain functions over the two, each run on SQLite
//! with objects on disk and on PostgreSQL with objects in memory; and what the real binary says.

use std::{fs, path::Path, process::Command, sync::Arc};

use tempfile::TempDir;
use verikeep::{
    app::{AppError, installation::join, reindex::reindex},
    domain::{
        access::{Access, What, Who},
        address::VaultUrl,
        answer::{Body, Endpoint},
        digest::Sha256,
        id::{AccessId, VerificationId},
        identity::{Columns, IdentityRow, IndexKey},
        installation::{Foreign, look_up},
        packed::Packed,
        submission::Submission,
    },
    provider::parse,
    store::{Store, records::PollRecord, reports::Filter},
    vault::{CreateOnly, ObjectKey, Vault},
};

use crate::{
    databases::Database,
    store::make::{START, answer, claim_at, handle, id, one_poll, poll, store, submission, track},
};

const OBJECT: &str = "019ab2c4-7f01-7abc-8def-0123456789b0";

/// Empty vaults, as many as are asked for.
struct Vaults {
    folder: Option<TempDir>,
}

impl Vaults {
    fn named(&self, name: &str) -> Vault {
        match &self.folder {
            None => Vault::in_memory(),
            Some(folder) => Vault::open::<&str, String>(
                &VaultUrl::of_folder(folder.path().join(name)),
                [],
                CreateOnly::Probe,
            )
            .unwrap(),
        }
    }
}

macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite_and_disk {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let folder = Some(tempfile::tempdir().unwrap());
                super::$test(crate::databases::Database::sqlite(), super::Vaults { folder }).await;
            })+
        }

        mod postgres_and_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::databases::Database::postgres().await, super::Vaults { folder: None }).await;
            })+
        }
    };
}

on_both!(
    both_sides_are_told_once,
    many_that_open_at_once_agree,
    an_empty_database_beside_a_vault_in_use_is_refused,
    another_vault_or_an_empty_one_is_refused,
    objects_that_were_moved_without_the_sentinel_are_known,
    another_index_key_or_none_is_refused,
    an_exchanged_key_finds_everybody_and_tells_whom_it_misses_meanwhile
);

fn key(byte: u8) -> IndexKey {
    IndexKey::new(vec![byte; 32]).unwrap()
}

async fn joined(store: &dyn Store, vault: &Vault) {
    joined_with(store, vault, &key(7)).await;
}

async fn joined_with(store: &dyn Store, vault: &Vault, key: &IndexKey) {
    assert!(join(store, vault, Some(key), START).await.unwrap());
}

async fn refused(store: &dyn Store, vault: &Vault, key: Option<&IndexKey>) -> Foreign {
    match join(store, vault, key, START).await {
        Err(AppError::Foreign(foreign)) => foreign,
        other => panic!("{other:?}"),
    }
}

/// Captures an answer of token 1.
async fn capture(store: &dyn Store, vault: &Vault) -> ObjectKey {
    track(store, 1).await;
    let object_key = ObjectKey::answer(id(1), OBJECT.parse().unwrap());
    let mut kept = answer("a", Endpoint::Getall, START);
    kept.body = Body::Object(vault.put(&object_key, "{}".into()).await.unwrap());
    let work = one_poll(store, START).await;
    store
        .record_poll(PollRecord {
            answers: vec![kept],
            ..poll(&work.lease, START)
        })
        .await
        .unwrap();
    object_key
}

async fn both_sides_are_told_once(db: Database, vaults: Vaults) {
    let (store, vault) = (store(&db).await, vaults.named("a"));
    joined(&*store, &vault).await;
    let first = store.installation().await.unwrap().installation.unwrap();
    assert_eq!(
        (
            vault.installation().await.unwrap().as_ref(),
            first.index_key_id.as_ref()
        ),
        (Some(&first.installation_id), Some(&key(7).id()))
    );
    capture(&*store, &vault).await;
    joined(&*store, &vault).await;
    assert_eq!(
        store.installation().await.unwrap().installation,
        Some(first.clone())
    );
    assert_eq!(
        vault.installation().await.unwrap(),
        Some(first.installation_id)
    );
}

async fn many_that_open_at_once_agree(db: Database, vaults: Vaults) {
    let (store, vault) = (store(&db).await, Arc::new(vaults.named("a")));
    let openings = (0..8).map(|_| {
        let (store, vault) = (store.clone(), Arc::clone(&vault));
        tokio::spawn(async move { joined(&*store, &vault).await })
    });
    for opening in openings.collect::<Vec<_>>() {
        opening.await.unwrap();
    }
    assert_eq!(db.number("select count(*) from installation").await, 1);
}

async fn an_empty_database_beside_a_vault_in_use_is_refused(db: Database, vaults: Vaults) {
    let (store, vault) = (store(&db).await, vaults.named("a"));
    let object_key = ObjectKey::answer(id(1), OBJECT.parse().unwrap());
    vault.put(&object_key, "{}".into()).await.unwrap();
    let without = refused(&*store, &vault, Some(&key(7))).await;
    assert!(
        without.what == "database.url" && without.why.contains("holds objects"),
        "{without}"
    );
    vault.mark(&handle(9)).await.unwrap();
    let others = refused(&*store, &vault, Some(&key(7))).await;
    assert!(
        others.what == "database.url"
            && others.why.contains(&handle(9))
            && others.todo.contains("restore the backup of the database"),
        "{others}"
    );
    assert_eq!(db.number("select count(*) from installation").await, 0);
    assert_eq!(vault.installation().await.unwrap(), Some(handle(9)));
}

async fn another_vault_or_an_empty_one_is_refused(db: Database, vaults: Vaults) {
    let (store, vault) = (store(&db).await, vaults.named("a"));
    joined(&*store, &vault).await;
    // Nothing was captured yet, so that an empty vault is as good as the first.
    joined(&*store, &vaults.named("b")).await;
    capture(&*store, &vault).await;
    let empty = vaults.named("c");
    let lost = refused(&*store, &empty, Some(&key(7))).await;
    let ours = store
        .installation()
        .await
        .unwrap()
        .installation
        .unwrap()
        .installation_id;
    assert!(
        lost.what == "vault.url" && lost.todo.contains(&ours),
        "{lost}"
    );
    assert_eq!(
        empty.installation().await.unwrap(),
        None,
        "nothing is written"
    );
    // The way out that was told.
    empty.mark(&ours).await.unwrap();
    joined(&*store, &empty).await;
    let others = vaults.named("d");
    others.mark(&handle(9)).await.unwrap();
    assert!(
        refused(&*store, &others, Some(&key(7)))
            .await
            .why
            .contains(&handle(9))
    );
}

async fn objects_that_were_moved_without_the_sentinel_are_known(db: Database, vaults: Vaults) {
    let (store, vault) = (store(&db).await, vaults.named("a"));
    joined(&*store, &vault).await;
    let object_key = capture(&*store, &vault).await;
    let moved = vaults.named("b");
    moved.put(&object_key, "{}".into()).await.unwrap();
    joined(&*store, &moved).await;
    assert_eq!(
        moved.installation().await.unwrap(),
        vault.installation().await.unwrap()
    );
    // A database that was captured into before either side had a mark.
    db.run("delete from installation").await;
    let unmarked = vaults.named("c");
    unmarked.put(&object_key, "{}".into()).await.unwrap();
    joined(&*store, &unmarked).await;
    assert!(unmarked.installation().await.unwrap().is_some());
}

async fn another_index_key_or_none_is_refused(db: Database, vaults: Vaults) {
    let (store, vault) = (store(&db).await, vaults.named("a"));
    assert!(
        join(&*store, &vault, None, START).await.unwrap(),
        "a database may do without"
    );
    joined(&*store, &vault).await;
    for given in [Some(key(8)), None] {
        let foreign = refused(&*store, &vault, given.as_ref()).await;
        assert_eq!(foreign.what, "identity.index_key_file");
    }
    // The way out that is told.
    reindex(&*store, &vault, &key(8), &mut |_| ())
        .await
        .unwrap();
    assert!(join(&*store, &vault, Some(&key(8)), START).await.unwrap());
    refused(&*store, &vault, Some(&key(7))).await;
}

/// The numbers of five verifications: the third has no answer, the fourth no attempt, and the
/// number of the fifth is in no answer at all.
const NUMBERS: [&str; 5] = [
    "370123199602165826",
    "110101199003070003",
    "370123199602165826",
    "110101199003070003",
    "36213219923232007X",
];

/// Captures them with key 7, and a search for the first; the second's answer is an object.
async fn keep_people(store: &dyn Store, vault: &Vault) {
    track(store, 5).await;
    for work in store.claim_polls(&claim_at(START)).await.unwrap() {
        let n = (1..=5).find(|n| id(*n) == work.verification.verification_id);
        let n = n.unwrap();
        let number = NUMBERS[n as usize - 1];
        let body = format!(
            r#"{{"success":true,"result":{{"verify_result":[{{"order":1,"is_verify_passed":true,"idcard_confirm":{{"name":"张三","idcard_number":"{number}"}}}}]}}}}"#
        );
        let found = parse::getall(body.as_bytes()).unwrap().attempts;
        let attempts = found.into_iter().map(|attempt| {
            let row = IdentityRow::of(&attempt, Columns::Masked, Some(&key(7)));
            (attempt, row)
        });
        let mut kept = answer(&n.to_string(), Endpoint::Getall, START);
        if n == 2 {
            let object_key = ObjectKey::answer(id(n), OBJECT.parse().unwrap());
            kept.body = Body::Object(vault.put(&object_key, body.into()).await.unwrap());
        } else {
            let sha256 = Sha256::of(body.as_bytes());
            kept.body = Body::Row(Packed::of(body.as_bytes(), sha256).unwrap());
        }
        let record = PollRecord {
            attempts: attempts.filter(|_| n != 4).collect(),
            answers: if n <= 2 { vec![kept] } else { Vec::new() },
            ..poll(&work.lease, START)
        };
        store.record_poll(record).await.unwrap();
    }
    let handed_in = Submission {
        index_key_id: Some(key(7).id()),
        ..submission(&key(7).id_number(NUMBERS[3]))
    };
    store.submit(id(4), &handed_in).await.unwrap();
    let access = Access {
        access_id: AccessId::fresh(START),
        at: START,
        who: Who::User("audit".to_owned()),
        what: What::Search {
            id_number_index: key(7).id_number(NUMBERS[0]),
            app: None,
        },
        purpose: None,
    };
    assert!(store.begin_access(&access).await.unwrap());
}

/// Who has a number, and how many were not looked at; the key has to be the one the database knows.
async fn people(store: &dyn Store, by: &IndexKey, number: &str) -> (Vec<VerificationId>, i64) {
    let known = store.installation().await.unwrap().installation.unwrap();
    look_up(known.index_key_id.as_deref(), Some(by)).unwrap();
    let filter = Filter {
        id_number_index: Some(by.id_number(number)),
        limit: 10,
        ..Filter::default()
    };
    let found = store.list(&filter).await.unwrap().into_iter();
    let mut found: Vec<_> = found.map(|one| one.verification_id).collect();
    found.sort_unstable();
    (found, store.indexed_otherwise(&by.id()).await.unwrap())
}

async fn an_exchanged_key_finds_everybody_and_tells_whom_it_misses_meanwhile(
    db: Database,
    vaults: Vaults,
) {
    let (store, vault) = (store(&db).await, vaults.named("a"));
    let (old, new) = (key(7), key(8));
    joined(&*store, &vault).await;
    keep_people(&*store, &vault).await;
    let first = (vec![id(1), id(3)], 0);
    assert_eq!(people(&*store, &old, NUMBERS[0]).await, first);

    // Cut off behind the first of them.
    let cut = tokio::sync::Notify::new();
    let mut progress = |_| cut.notify_one();
    tokio::select! {
        biased;
        () = cut.notified() => {}
        done = reindex(&*store, &vault, &new, &mut progress) => panic!("{done:?}"),
    }
    let known = store.installation().await.unwrap().installation.unwrap();
    assert!(
        look_up(known.index_key_id.as_deref(), Some(&old)).is_err(),
        "the key of before finds nobody and is refused"
    );
    let (_, missed) = people(&*store, &new, NUMBERS[1]).await;
    assert!(missed > 0, "it says that it did not look everywhere");

    // The answers' objects are away, then back.
    let gone = reindex(&*store, &vaults.named("b"), &new, &mut |_| ()).await;
    assert_eq!(gone.unwrap().left, 3);
    assert_eq!(
        people(&*store, &new, NUMBERS[0]).await,
        (vec![id(1), id(3)], 3)
    );
    let done = reindex(&*store, &vault, &new, &mut |_| ()).await.unwrap();
    assert_eq!(done.left, 1, "one number is in no answer");
    for (number, found) in [
        (NUMBERS[0], vec![id(1), id(3)]),
        (NUMBERS[1], vec![id(2), id(4)]),
        (NUMBERS[4], vec![]),
    ] {
        assert_eq!(people(&*store, &new, number).await, (found, 1), "{number}");
    }
    assert_eq!(
        db.texts("select id_number_index from accesses").await,
        [[new.id_number(NUMBERS[0])]]
    );
    joined_with(&*store, &vault, &new).await;
    // A further time, with the key of before lost.
    let done = reindex(&*store, &vault, &key(9), &mut |_| ()).await;
    assert_eq!(done.unwrap().left, 1);
    assert_eq!(
        people(&*store, &key(9), NUMBERS[1]).await,
        (vec![id(2), id(4)], 1)
    );
}

fn verikeep(folder: &Path, line: &[&str]) -> (i32, String) {
    // For the command that looks for a person.
    let number = folder.join("number");
    fs::write(&number, "370123199602165826\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_verikeep"))
        .args(line)
        .current_dir(folder)
        .env_clear()
        .stdin(fs::File::open(number).unwrap())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

#[test]
fn the_program_refuses_with_three_and_looking_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    verikeep(here, &["init"]);
    let text = fs::read_to_string(here.join("verikeep.toml")).unwrap();
    let text = text
        .replace("api_key = \"\"", "api_key = \"a\"")
        .replace("secret_key = \"\"", "secret_key = \"s\"");
    fs::write(here.join("verikeep.toml"), text).unwrap();
    let (check, track) = (["check", "--offline"], ["track", "24.0d5b2c7a9f"]);
    let (code, told) = verikeep(here, &check);
    assert!(
        code == 0 && told.contains("will be joined at the first start"),
        "{told}"
    );
    assert_eq!(verikeep(here, &["migrate"]).0, 0);
    let (code, told) = verikeep(here, &track);
    assert_eq!(code, 0, "{told}");
    let (code, told) = verikeep(here, &check);
    assert!(code == 0 && told.contains("belong together"), "{told}");

    let (key_file, database) = (
        here.join("identity-index.key"),
        here.join("verikeep-data/verikeep.db"),
    );
    let key = fs::read_to_string(&key_file).unwrap();
    fs::write(&key_file, "5ca1ab1e".repeat(8)).unwrap();
    let refusals = |lines: &[&[&str]], part: &str| {
        for line in lines {
            let (code, told) = verikeep(here, line);
            assert!(
                code == 3 && told.contains(part),
                "{line:?} ends with {code}: {told}"
            );
        }
    };
    let look_up = ["list", "--id-number", "-"];
    refusals(
        &[&check, &track, &["run"], &look_up],
        "identity.index_key_file",
    );
    fs::write(&key_file, key).unwrap();
    let (code, told) = verikeep(here, &look_up);
    assert_eq!(code, 0, "{told}");

    let new_file = here.join("new.key");
    let rotate = ["index-key", "rotate", "--new-key-file", "new.key"];
    fs::write(&new_file, "no-key").unwrap();
    refusals(&[&rotate], "64 hex digits");
    fs::write(&new_file, "5ca1ab1e".repeat(8)).unwrap();
    let (code, told) = verikeep(here, &rotate);
    assert!(code == 0 && told.contains("indexed with the key"), "{told}");
    refusals(&[&check, &look_up], "index-key rotate");
    fs::rename(&new_file, &key_file).unwrap();
    let (code, told) = verikeep(here, &look_up);
    assert_eq!(code, 0, "{told}");

    for file in fs::read_dir(here.join("verikeep-data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if file
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("verikeep.db")
        {
            fs::remove_file(file).unwrap();
        }
    }
    refusals(
        &[&check, &["run"], &["migrate"]],
        "restore the backup of the database",
    );
    assert!(!database.exists(), "no file is made");
    // A file that is there, and empty.
    fs::write(&database, "").unwrap();
    refusals(
        &[&check, &["run"], &["migrate"]],
        "restore the backup of the database",
    );
}
