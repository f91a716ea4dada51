use std::sync::{Condvar, atomic::AtomicUsize};

use super::*;
use crate::{
    app::watch::Meter,
    archive::{Archive, ArchiveDeps},
    config,
    domain::{
        identity::Columns,
        time::{Clock as _, Dated, HeldClock, TrustedClock},
    },
    store::{AlarmStore as _, memory::MemoryStore},
    telemetry::Format,
    vault::Vault,
};

const MIB: u64 = 1 << 20;

/// A machine that has left what it is told; its file systems hang for as long as they are told to.
struct Told {
    has: Mutex<(FreeSpace, Descriptors)>,
    hangs: Mutex<bool>,
    answers: Condvar,
    /// How many looks at a file system began.
    looks: AtomicUsize,
}

impl Machine for Told {
    fn free_space(&self, _place: &Place) -> io::Result<FreeSpace> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let hangs = self.answers.wait_while(lock(&self.hangs), |hangs| *hangs);
        drop(hangs.unwrap());
        Ok(lock(&self.has).0)
    }

    fn descriptors(&self) -> Descriptors {
        lock(&self.has).1
    }
}

impl Told {
    fn free(&self, mib: u64) {
        lock(&self.has).0.free_bytes = mib * MIB;
    }

    fn hang(&self, hangs: bool) {
        *lock(&self.hangs) = hangs;
        self.answers.notify_all();
    }

    fn descriptors(&self, most: u64, free: u64) {
        lock(&self.has).1 = Descriptors {
            most: Some(most),
            free: Some(free),
        };
    }
}

/// A guard of 22 steps on a machine with plenty of everything.
pub(super) struct Post {
    pub(super) guard: Guard,
    machine: Arc<Told>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) clock: Arc<HeldClock>,
}

impl Post {
    pub(super) fn new() -> Self {
        let clock = HeldClock::at(Time(1_790_000_000_000));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let metrics = Arc::new(Metrics::new());
        let archive = Arc::new(Archive::new(ArchiveDeps {
            instance: "here".to_owned(),
            store: store.clone(),
            vault: Arc::new(Vault::in_memory()),
            clock: TrustedClock::over(clock.clone()),
            apps: Vec::new(),
            columns: Columns::default(),
            index_key: None,
            watcher: Meter::new(&metrics, &(clock.clone() as _)),
        }));
        let folder = tempfile::tempdir().unwrap();
        let config = config::Config::embedded(folder.path().to_owned(), Vec::new());
        let plenty = FreeSpace {
            free_bytes: 1 << 40,
            free_inodes: Some(1 << 20),
        };
        let machine = Arc::new(Told {
            has: Mutex::new((plenty, Descriptors::default())),
            hangs: Mutex::default(),
            answers: Condvar::default(),
            looks: AtomicUsize::default(),
        });
        let guard = Guard::new(&config, &archive, &metrics, Span::minutes(5), 22);
        Self {
            guard: guard.on(machine.clone()),
            machine,
            store,
            clock,
        }
    }

    /// Looks once; the alarms that are open then.
    pub(super) async fn look(&self) -> Vec<String> {
        self.guard.look().await;
        let open = self.guard.archive.alarms.open();
        open.into_iter().map(|alarm| alarm.kind).collect()
    }
}

#[tokio::test]
async fn nothing_is_begun_while_there_is_little_room_and_work_goes_on_by_itself() {
    let post = Post::new();
    assert_eq!(post.look().await, [""; 0]);
    assert!(!post.guard.holds());
    // At least 512 MiB, and then an eighth more.
    for (mib, holds) in [
        (512, false),
        (511, true),
        (575, true),
        (576, false),
        (0, true),
    ] {
        post.machine.free(mib);
        let open = post.look().await;
        assert_eq!(post.guard.holds(), holds, "{mib} MiB");
        assert_eq!(open == ["disk_full"], holds, "{mib} MiB: {open:?}");
        assert_eq!(post.guard.checks().is_empty(), !holds, "{mib} MiB");
    }
}

#[tokio::test]
async fn a_file_system_that_hangs_holds_up_nothing_else_and_is_told_of() {
    let post = Post::new();
    post.look().await;
    let looks = || post.machine.looks.load(Ordering::SeqCst);
    let (places, before) = (post.guard.rooms.wrong(Span(0)).len(), looks());
    assert_eq!(places, 0);
    post.machine.hang(true);
    post.guard.panicked("poll");
    assert_eq!(post.look().await, ["panic"], "all else is looked at");
    assert_eq!(post.guard.checks().len(), 0, "for a moment it may");
    assert_eq!(looks(), 2 * before, "one look at each");
    post.clock.pass(Span::seconds(10));
    post.machine.descriptors(40, 30);
    assert_eq!(post.look().await.len(), 2, "and goes on to be");
    assert_eq!(looks(), 2 * before, "no look beside one that hangs");
    let said = post.guard.checks().remove(0);
    assert!(said.name.starts_with("room/") && said.ok == Some(false));
    assert!(said.text.contains("does not answer"), "{}", said.text);
    assert!(!post.guard.holds(), "what was known stays");
    post.machine.free(0);
    post.machine.hang(false);
    while !post.guard.holds() {
        post.look().await;
    }
    assert!(post.guard.checks()[0].text.contains("free"), "as it is now");
}

#[tokio::test]
async fn few_descriptors_hold_and_too_few_for_all_steps_are_told() {
    let post = Post::new();
    for (most, free, holds, is_told) in [
        (100_000, 90_000, false, false),
        (100_000, 7, true, true),
        (100_000, 8, false, false),
        (40, 30, false, true),
        (100_000, 90_000, false, false),
    ] {
        post.machine.descriptors(most, free);
        let open = post.look().await;
        let label = format!("{free} of {most}");
        assert_eq!(post.guard.holds(), holds, "{label}");
        assert_eq!(open == ["few_descriptors"], is_told, "{label}: {open:?}");
    }
    post.machine.descriptors(40, 30);
    assert!(post.guard.steps(22) < 22, "fewer steps at once");
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_an_alarm_after_a_while_and_until_it_can() {
    let post = Post::new();
    post.look().await;
    post.store.set_away(true);
    let away = StoreError::Unavailable("away".to_owned());
    let mut told = Vec::new();
    for _ in 0..3 {
        post.guard.claimed(Err(&away));
        told.push(!post.look().await.is_empty());
        post.clock.pass(Span::seconds(6));
    }
    assert_eq!(told, [false, false, true], "after ten seconds");
    assert!(post.guard.checks()[0].text.contains("since 2026-09-21"));
    // Nobody tries for a while: it tries by itself, and it is still away.
    post.clock.pass(Span::minutes(1));
    assert_eq!(post.look().await, ["database_down"]);
    post.store.set_away(false);
    post.clock.pass(Span::minutes(1));
    post.look().await;
    let down = ["database_down"];
    assert_eq!(post.look().await, down, "one write that goes well is none");
    post.guard.claimed(Err(&away));
    for (seconds, open) in [(6, &down[..]), (6, &down), (6, &[])] {
        post.guard.recorded();
        assert_eq!(post.look().await, open, "well for as long as it failed");
        post.clock.pass(Span::seconds(seconds));
    }
}

#[tokio::test]
async fn a_hosts_clock_apart_from_the_providers_is_an_alarm_until_it_is_set_right() {
    let post = Post::new();
    let begin = Time(1_790_000_000_000);
    assert_eq!(post.look().await, [""; 0], "nothing is known");
    post.guard.archive.clock.heard(Dated {
        date: begin,
        took: Span(0),
    });
    let mut set = Span(0);
    for (seconds, text) in [
        (0, None),
        (30, None),
        (31, Some("31s ahead of")),
        (86_400, Some("31s ahead of")),
        (-30, None),
        (-600, Some("10m behind")),
        (0, None),
    ] {
        post.clock.jump(Span(Span::seconds(seconds).0 - set.0));
        set = Span::seconds(seconds);
        let open = post.look().await;
        assert_eq!(
            open == ["clock_skew"],
            text.is_some(),
            "{seconds}: {open:?}"
        );
        assert!(!post.guard.holds(), "work goes on");
        if let Some(text) = text {
            let said = &post.guard.archive.alarms.open()[0].text;
            assert!(said.contains(text), "{seconds}: {said}");
        }
        let page = post.guard.metrics.page(None, begin, Format::Classic);
        let line = format!("verikeep_clock_skew_seconds {seconds}.0");
        assert!(page.lines().any(|found| found == line), "{line}: {page}");
    }
}

/// The alarms that are open after what is done, second by second, and after it is undone.
async fn course(
    post: &Post,
    seconds: i64,
    done: impl Fn(&Post),
    undone: impl Fn(&Post),
) -> [Vec<String>; 2] {
    post.look().await;
    let mut open = [Vec::new(), Vec::new()];
    let steps: [&dyn Fn(&Post); 2] = [&done, &undone];
    for (step, open) in steps.iter().zip(&mut open) {
        for _ in 0..seconds {
            step(post);
            post.clock.pass(Span::seconds(1));
            post.look().await;
        }
        let rows = post.store.alarms().await.unwrap_or_default();
        let known = post.guard.archive.alarms.open();
        assert!(known.len() >= rows.len(), "this process knows its own");
        *open = known.into_iter().map(|alarm| alarm.kind).collect();
    }
    assert_eq!(post.store.alarms().await.unwrap().len(), open[1].len());
    open
}

pub(crate) async fn of_a_full_disk() -> [Vec<String>; 2] {
    let post = Post::new();
    course(
        &post,
        1,
        |post| post.machine.free(100),
        |post| post.machine.free(4096),
    )
    .await
}

pub(crate) async fn of_few_descriptors() -> [Vec<String>; 2] {
    let post = Post::new();
    let left = |free| move |post: &Post| post.machine.descriptors(100_000, free);
    course(&post, 1, left(3), left(90_000)).await
}

pub(crate) async fn of_a_clock_apart() -> [Vec<String>; 2] {
    let post = Post::new();
    post.guard.archive.clock.heard(Dated {
        date: post.clock.now(),
        took: Span(0),
    });
    let jump = |minutes| move |post: &Post| post.clock.jump(Span::minutes(minutes));
    course(&post, 1, jump(10), jump(-10)).await
}

pub(crate) async fn of_a_panic() -> [Vec<String>; 2] {
    let post = Post::new();
    let end = |post: &Post| post.clock.pass(Span::minutes(15));
    course(&post, 1, |post| post.guard.panicked("poll"), end).await
}

pub(crate) async fn of_a_key_at_its_limit() -> [Vec<String>; 2] {
    let post = Post::new();
    let end = |post: &Post| post.clock.pass(Span::minutes(15));
    course(&post, 1, |post| post.guard.limited("shop"), end).await
}

pub(crate) async fn of_a_database_that_is_away() -> [Vec<String>; 2] {
    let post = Post::new();
    let away = |post: &Post| {
        post.store.set_away(true);
        let error = StoreError::Unavailable("away".to_owned());
        post.guard.claimed(Err(&error));
    };
    let back = |post: &Post| {
        post.store.set_away(false);
        post.guard.claimed(Ok(()));
    };
    course(&post, 12, away, back).await
}

pub(crate) async fn of_a_database_without_a_table() -> [Vec<String>; 2] {
    let post = Post::new();
    let lacks = |post: &Post| {
        post.store.set_lacking(Some("the database lacks media"));
        let error = StoreError::Schema("no such table: media".to_owned());
        post.guard.claimed(Err(&error));
    };
    let has = |post: &Post| {
        post.store.set_lacking(None);
        post.guard.claimed(Ok(()));
    };
    course(&post, 12, lacks, has).await
}
