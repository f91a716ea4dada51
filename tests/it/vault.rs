//! What every kind of vault must do: plain functions over `&Vault`, run on a folder, in memory and on
//! the bucket of an S3 server.

use std::{
    convert::Infallible,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, future::join_all, stream};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;
use verikeep::{
    domain::{
        address::VaultUrl,
        digest::Sha256,
        random::fresh_id,
        time::{Clock as _, Span, Time},
    },
    vault::{
        CreateOnly, CreateOnlyFound, IngestError, Ingested, Lying, ObjectKey, Vault, VaultError,
    },
    worker::clock::SystemClock,
};

use crate::bucket::Bucket;

const NO_OPTIONS: [(&str, &str); 0] = [];
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

fn folder() -> (TempDir, Vault) {
    let temp = tempfile::tempdir().unwrap();
    let vault = Vault::open(
        &VaultUrl::of_folder(temp.path().join("objects")),
        NO_OPTIONS,
        CreateOnly::Probe,
    )
    .unwrap();
    (temp, vault)
}

fn bucket() -> Vault {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Bucket { url, options } = Bucket::part();
    Vault::open(&url.parse().unwrap(), options, CreateOnly::Probe).unwrap()
}

/// Makes a test of a function over `&Vault` on each kind.
macro_rules! on_every_kind {
    ($($name:ident),* $(,)?) => {
        mod on_a_folder { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { let (_temp, vault) = super::folder(); super::$name(&vault).await; })* }
        mod in_memory { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(&super::Vault::in_memory()).await; })* }
        mod on_a_bucket {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(&super::bucket()).await; })*
        }
    };
}

on_every_kind!(
    what_is_put_reads_back,
    what_lies_there_is_digested_without_being_held,
    the_same_bytes_again_are_fine_and_other_bytes_are_refused,
    what_is_not_there_is_missing,
    a_deleted_object_is_gone_and_may_be_deleted_again,
    streams_of_every_length_read_back,
    a_failed_stream_leaves_nothing,
    a_stream_over_its_limit_leaves_nothing,
    known_bytes_are_not_stored_again,
    a_large_stream_never_replaces_an_object,
    crowded_ingests_all_come_to_an_end,
    the_probe_says_what_the_store_can_do,
    a_vault_that_works_is_ready,
    what_lies_there_is_listed_with_whose_it_is_and_since_when,
);

/// Keys that differ within and between tests of one process.
fn fresh_key() -> ObjectKey {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = |tail: u64| format!("019ab2c4-7f00-7abc-8def-{tail:012x}");
    ObjectKey::media(id(n % 7).parse().unwrap(), id(n).parse().unwrap())
}

fn noise(bytes: usize) -> Bytes {
    let mut noise = vec![0; bytes];
    StdRng::seed_from_u64(bytes as u64).fill(&mut noise[..]);
    noise.into()
}

/// The bytes in chunks that fit into nothing evenly.
fn chunks(bytes: &Bytes) -> impl Stream<Item = Result<Bytes, &'static str>> + use<> {
    const CHUNK: usize = 61_441;
    let bytes = bytes.clone();
    stream::iter(
        (0..bytes.len().div_ceil(CHUNK))
            .map(move |n| Ok(bytes.slice(n * CHUNK..bytes.len().min((n + 1) * CHUNK)))),
    )
}

async fn read(vault: &Vault, key: &ObjectKey) -> Vec<u8> {
    let opened = vault.open_object(key).await.unwrap();
    let bytes: Vec<Bytes> = opened.stream.try_collect().await.unwrap();
    let bytes = bytes.concat();
    assert_eq!(opened.stored_bytes, bytes.len() as u64);
    bytes
}

async fn what_lies_there_is_digested_without_being_held(vault: &Vault) {
    for bytes in [0, 1, 256 * KIB, 256 * KIB + 1, 3 * MIB] {
        let (key, plain) = (fresh_key(), noise(bytes));
        let missing = vault.digest(&key).await;
        assert!(
            matches!(missing, Err(VaultError::Missing(_))),
            "{missing:?}"
        );
        vault.put(&key, plain.clone()).await.unwrap();
        let found = vault.digest(&key).await.unwrap();
        assert_eq!(
            (found.bytes, found.sha256),
            (bytes as u64, Sha256::of(&plain))
        );
    }
}

async fn what_is_put_reads_back(vault: &Vault) {
    for bytes in [0, 1, 3 * KIB, MIB] {
        let (key, plain) = (fresh_key(), noise(bytes));
        let facts = vault.put(&key, plain.clone()).await.unwrap();
        assert_eq!(facts.object_key, key.as_str());
        assert_eq!(
            (facts.bytes, facts.stored_bytes),
            (bytes as i64, bytes as i64)
        );
        assert_eq!(
            (&facts.sha256, &facts.stored_sha256),
            (&Sha256::of(&plain), &Sha256::of(&plain))
        );
        assert_eq!(
            vault
                .get(&ObjectKey::parse(&facts.object_key).unwrap())
                .await
                .unwrap(),
            plain,
            "{bytes}"
        );
        assert!(vault.exists(&key).await.unwrap());
    }
}

async fn the_same_bytes_again_are_fine_and_other_bytes_are_refused(vault: &Vault) {
    let key = fresh_key();
    let first = vault.put(&key, Bytes::from_static(b"one")).await.unwrap();
    assert_eq!(
        vault.put(&key, Bytes::from_static(b"one")).await.unwrap(),
        first
    );
    assert_eq!(
        vault.put(&key, Bytes::from_static(b"two")).await,
        Err(VaultError::Different(key.to_string()))
    );
    assert_eq!(vault.get(&key).await.unwrap(), "one");
}

async fn what_is_not_there_is_missing(vault: &Vault) {
    let key = fresh_key();
    assert!(!vault.exists(&key).await.unwrap());
    assert_eq!(
        vault.get(&key).await,
        Err(VaultError::Missing(key.to_string()))
    );
    assert_eq!(
        vault.open_object(&key).await.err(),
        Some(VaultError::Missing(key.to_string()))
    );
}

async fn a_deleted_object_is_gone_and_may_be_deleted_again(vault: &Vault) {
    let key = fresh_key();
    vault.put(&key, Bytes::from_static(b"one")).await.unwrap();
    vault.delete(&key).await.unwrap();
    assert!(!vault.exists(&key).await.unwrap());
    vault.delete(&key).await.unwrap();
}

async fn streams_of_every_length_read_back(vault: &Vault) {
    for edge in [1, 256 * KIB, 512 * KIB, MIB, 2 * MIB, 8 * MIB, 16 * MIB] {
        for bytes in [edge - 1, edge, edge + 1] {
            let (key, plain) = (fresh_key(), noise(bytes));
            let taken = vault
                .ingest(&key, chunks(&plain), bytes as u64, &[])
                .await
                .unwrap();
            let Ingested::Stored(facts) = taken else {
                panic!("{taken:?}")
            };
            assert_eq!(
                (facts.bytes, facts.stored_bytes),
                (bytes as i64, bytes as i64)
            );
            assert_eq!(
                (&facts.sha256, &facts.stored_sha256),
                (&Sha256::of(&plain), &Sha256::of(&plain)),
                "{bytes}"
            );
            assert!(
                read(vault, &key).await == plain,
                "{bytes} bytes read back differently"
            );
        }
    }
}

async fn a_failed_stream_leaves_nothing(vault: &Vault) {
    for bytes in [0, 100, 9 * MIB, 30 * MIB] {
        let key = fresh_key();
        let torn = chunks(&noise(bytes)).chain(stream::iter([Err("torn")]));
        let error = vault.ingest(&key, torn, u64::MAX, &[]).await.unwrap_err();
        assert!(matches!(error, IngestError::Stream("torn")), "{error:?}");
        assert!(!vault.exists(&key).await.unwrap(), "{bytes}");
    }
}

async fn a_stream_over_its_limit_leaves_nothing(vault: &Vault) {
    for bytes in [1, 100, 9 * MIB] {
        let key = fresh_key();
        let error = vault
            .ingest(&key, chunks(&noise(bytes)), bytes as u64 - 1, &[])
            .await
            .unwrap_err();
        assert!(
            matches!(error, IngestError::TooLarge { bytes_max } if bytes_max == bytes as u64 - 1),
            "{error:?}"
        );
        assert!(!vault.exists(&key).await.unwrap(), "{bytes}");
    }
}

async fn known_bytes_are_not_stored_again(vault: &Vault) {
    for bytes in [100, 9 * MIB] {
        let (key, plain) = (fresh_key(), noise(bytes));
        let known = [Sha256::of(b"something else"), Sha256::of(&plain)];
        assert_eq!(
            vault
                .ingest(&key, chunks(&plain), u64::MAX, &known)
                .await
                .unwrap(),
            Ingested::Same {
                sha256: Sha256::of(&plain)
            }
        );
        assert!(!vault.exists(&key).await.unwrap(), "{bytes}");
    }
}

async fn a_large_stream_never_replaces_an_object(vault: &Vault) {
    let key = fresh_key();
    vault.put(&key, Bytes::from_static(b"one")).await.unwrap();
    let error = vault
        .ingest(&key, chunks(&noise(9 * MIB)), u64::MAX, &[])
        .await
        .unwrap_err();
    assert!(
        matches!(error, IngestError::Vault(VaultError::Different(_))),
        "{error:?}"
    );
    assert_eq!(vault.get(&key).await.unwrap(), "one");
}

async fn crowded_ingests_all_come_to_an_end(vault: &Vault) {
    let sizes = [10, 300 * KIB, 3 * MIB, 9 * MIB, 17 * MIB, 100];
    let ingests = (0..12).map(|n| {
        let plain = noise(sizes[n % sizes.len()]);
        async move {
            vault
                .ingest(&fresh_key(), chunks(&plain), u64::MAX, &[])
                .await
                .map(|_| ())
        }
    });
    let all = stream::iter(ingests)
        .buffer_unordered(12)
        .try_collect::<Vec<()>>();
    assert_eq!(
        tokio::time::timeout(Duration::from_secs(120), all)
            .await
            .expect("they block one another")
            .unwrap()
            .len(),
        12
    );
}

async fn the_probe_says_what_the_store_can_do(vault: &Vault) {
    let report = vault.probe().await.unwrap();
    assert_eq!(report.create_only, CreateOnlyFound::Works);
    assert!(
        report.puts_create_only && report.deletes && !report.open_to_others,
        "{report:?}"
    );
}

async fn a_vault_that_works_is_ready(vault: &Vault) {
    vault.ready().await.unwrap();
    vault.ready().await.unwrap();
}

async fn what_lies_there_is_listed_with_whose_it_is_and_since_when(vault: &Vault) {
    let before = SystemClock.now().minus(Span::minutes(1));
    let none = vault.written_before(Time(i64::MAX));
    assert_eq!(none.try_collect::<Vec<_>>().await.unwrap(), []);
    let keys = [fresh_key(), fresh_key()];
    for key in &keys {
        vault
            .put(key, Bytes::from_static(b"12345678"))
            .await
            .unwrap();
    }
    // Neither a trial nor the mark of whose it is.
    vault.probe().await.unwrap();
    vault.mark(&fresh_id(before).to_string()).await.unwrap();
    let lying = vault.written_before(Time(i64::MAX));
    let mut lying: Vec<Lying> = lying.try_collect().await.unwrap();
    lying.sort_by_key(|lying| lying.key.as_str().to_owned());
    let mut listed = keys.clone();
    listed.sort_by_key(|key| key.as_str().to_owned());
    let after = SystemClock.now().plus(Span::minutes(1));
    for (lying, key) in lying.iter().zip(&listed) {
        assert_eq!((&lying.key, lying.stored_bytes), (key, 8));
        assert!(key.as_str().contains(&lying.of.to_string()));
        assert!(before < lying.written_at && lying.written_at < after);
    }
    assert_eq!(lying.len(), 2);
    let young = vault.written_before(before);
    assert_eq!(young.try_collect::<Vec<_>>().await.unwrap(), []);

    let [first, second] = lying.try_into().unwrap();
    assert!(vault.delete_listed(&first).await.unwrap());
    assert!(!vault.delete_listed(&first).await.unwrap(), "it is gone");
    let other = Lying {
        written_at: second.written_at.minus(Span::seconds(5)),
        ..second.clone()
    };
    assert!(!vault.delete_listed(&other).await.unwrap(), "it is another");
    assert!(vault.exists(&second.key).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn crowded_ingests_come_to_an_end_with_no_more_memory_than_one_needs() {
    crowded_ingests_all_come_to_an_end(&Vault::in_memory().with_ingest_bytes_in_flight_max(1))
        .await;
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()))
        } else {
            found.push(entry.path().display().to_string())
        }
    }
    found
}

#[tokio::test]
async fn no_half_file_stays_behind() {
    let (temp, vault) = folder();
    a_failed_stream_leaves_nothing(&vault).await;
    a_stream_over_its_limit_leaves_nothing(&vault).await;
    known_bytes_are_not_stored_again(&vault).await;
    assert_eq!(files(temp.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_that_is_dropped_half_way_leaves_nothing() {
    let (temp, vault) = folder();
    let key = fresh_key();
    let endless = chunks(&noise(20 * MIB)).chain(stream::pending());
    let dropped = tokio::time::timeout(
        Duration::from_millis(500),
        vault.ingest(&key, endless, u64::MAX, &[]),
    )
    .await;
    assert!(dropped.is_err());
    let gone = async {
        while !files(temp.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .expect("the half file stays");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_an_error_without_its_path() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("canary"), b"a file").unwrap();
    let error = Vault::open(
        &VaultUrl::of_folder(temp.path().join("canary/objects")),
        NO_OPTIONS,
        CreateOnly::Probe,
    )
    .unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
}

/// Runs in a process of its own, so that nothing else counts into the peak.
#[test]
fn a_gigabyte_of_videos_that_come_at_once_does_not_raise_the_peak_by_24_mib() {
    let run = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "vault::take_in_a_gigabyte",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let raised: u64 = said
        .lines()
        .find_map(|line| line.split_once("peak raised by ")?.1.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    assert!(raised < 24 << 10, "{raised} KiB");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above"]
async fn take_in_a_gigabyte() {
    let (_temp, vault) = folder();
    vault.put(&fresh_key(), noise(KIB)).await.unwrap();
    let before = peak_kib();
    let chunk = noise(64 * KIB);
    let videos = (0..16).map(|_| async {
        let stream =
            stream::iter((0..KIB).map(|_| Ok::<_, Infallible>(Bytes::copy_from_slice(&chunk))));
        let key = fresh_key();
        vault.ingest(&key, stream, u64::MAX, &[]).await.unwrap()
    });
    for taken in join_all(videos).await {
        assert!(matches!(taken, Ingested::Stored(facts) if facts.bytes == 64 << 20));
    }
    println!("peak raised by {}", peak_kib() - before);
}

/// The largest resident size so far.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
