//! Several processes on one store, on a clock that goes from one sleeper to the next.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use tokio::{sync::oneshot, task::JoinHandle};

use super::*;
use crate::{
    domain::{
        answer::{Endpoint, ErrorKind},
        time::{Clock, Span, Time},
    },
    provider::RateLimiters,
    store::memory::MemoryStore,
};

const NOON: i64 = 1_712_030_400_000;

/// Where all clocks stand, and who sleeps until when.
#[derive(Default)]
struct Turns {
    at: AtomicI64,
    sleeps: AtomicU64,
    /// Sleepers wake up to so late, milliseconds.
    late: AtomicI64,
    sleepers: Mutex<BTreeMap<(i64, u64), oneshot::Sender<()>>>,
}

impl Turns {
    fn at(&self) -> i64 {
        self.at.load(Ordering::SeqCst)
    }

    /// Lets everybody do what can be done without time, and then time pass to the first who sleeps.
    async fn until(&self, end: i64) {
        loop {
            for _ in 0..60 {
                tokio::task::yield_now().await;
            }
            let first = {
                let mut sleepers = self.sleepers.lock().unwrap();
                match sleepers.first_entry() {
                    Some(first) if first.key().0 <= end => Some(first.remove_entry()),
                    _ => None,
                }
            };
            let Some(((at, _), sleeper)) = first else {
                self.at.fetch_max(end, Ordering::SeqCst);
                return;
            };
            self.at.fetch_max(at, Ordering::SeqCst);
            // Who gave up sleeping does not hear it.
            let _ = sleeper.send(());
        }
    }
}

/// The clock of one process, which began counting at some time of its own.
struct OwnClock(Arc<Turns>, i64);

impl Clock for OwnClock {
    fn now(&self) -> Time {
        Time(NOON + self.0.at())
    }
    fn elapsed(&self) -> Span {
        Span(self.1 + self.0.at())
    }
    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let n = self.0.sleeps.fetch_add(1, Ordering::SeqCst);
        let late = self.0.late.load(Ordering::SeqCst);
        let late = i64::try_from(n * 7).unwrap() % (late + 1);
        let (wake, woken) = oneshot::channel();
        let until = self.0.at() + span.0 + late;
        self.0.sleepers.lock().unwrap().insert((until, n), wake);
        Box::pin(async move { woken.await.unwrap() })
    }
}

/// The way to the store takes so long.
struct Far {
    quota: StoredQuota,
    clock: OwnClock,
    way: i64,
}

#[async_trait]
impl Quota for Far {
    async fn reserve(&self, wish: &Wish) -> Result<Reserved, String> {
        if self.way > 0 {
            self.clock.sleep(Span(self.way / 2)).await;
        }
        let reserved = self.quota.reserve(wish).await;
        if self.way > 0 {
            self.clock.sleep(Span(self.way - self.way / 2)).await;
        }
        reserved
    }
}

/// One process: its store can be away, its workers always want a permit.
struct Process {
    limiters: RateLimiters,
    store: Arc<MemoryStore>,
    given: Arc<Mutex<Vec<i64>>>,
    workers: Vec<JoinHandle<()>>,
}

const ACCOUNT: &str = "default";

#[allow(clippy::disallowed_methods, reason = "a test of what runs at once")]
impl Process {
    fn learn(&self, qps: f64, kind: Option<ErrorKind>) {
        let limiter = self.limiters.limiter(ACCOUNT, Endpoint::Getall, qps);
        limiter.learn(kind, None);
    }

    fn rate(&self) -> f64 {
        self.limiters.figures()[0].rate
    }

    fn end(&mut self) {
        for worker in self.workers.drain(..) {
            worker.abort();
        }
    }
}

struct Lab {
    turns: Arc<Turns>,
    processes: Vec<Process>,
    qps: f64,
}

impl Lab {
    #[allow(clippy::disallowed_methods, reason = "a test of what runs at once")]
    fn of(processes: i64, qps: f64, way: i64, late: i64) -> Self {
        let turns = Arc::new(Turns::default());
        turns.late.store(late, Ordering::SeqCst);
        let store = MemoryStore::new(Arc::new(OwnClock(Arc::clone(&turns), 0)));
        let process = |n: i64| {
            let own = || OwnClock(Arc::clone(&turns), n * 100_007);
            let store = Arc::new(store.open_again(Arc::new(own())));
            let far = Far {
                quota: StoredQuota(Arc::clone(&store) as _),
                clock: own(),
                way,
            };
            let limiters = RateLimiters::shared(Arc::new(own()), Arc::new(far));
            let limiter = limiters.limiter(ACCOUNT, Endpoint::Getall, qps);
            let given = Arc::new(Mutex::new(Vec::new()));
            let worker = |_| {
                let (limiter, given, turns) =
                    (Arc::clone(&limiter), Arc::clone(&given), Arc::clone(&turns));
                tokio::spawn(async move {
                    while limiter.permit().await.is_ok() {
                        given.lock().unwrap().push(turns.at());
                    }
                })
            };
            let workers = (0..4).map(worker).collect();
            Process {
                limiters,
                store,
                given,
                workers,
            }
        };
        let processes = (1..=processes).map(process).collect();
        Self {
            turns,
            processes,
            qps,
        }
    }

    async fn pass(&self, span: Span) {
        self.turns.until(self.turns.at() + span.0).await;
    }

    fn room(&self) -> usize {
        format!("{}", self.qps.floor().max(1.0)).parse().unwrap()
    }

    /// When permits were given, and that no second saw more than the rate.
    fn given(&self) -> Vec<i64> {
        let mut given: Vec<i64> = self
            .processes
            .iter()
            .flat_map(|process| process.given.lock().unwrap().clone())
            .collect();
        given.sort_unstable();
        let room = self.room();
        for window in given.windows(room + 1) {
            assert!(window[room] - window[0] >= 1000, "{window:?}");
        }
        given
    }

    /// How many were given since then.
    fn since(&self, from: i64) -> usize {
        self.given().iter().filter(|at| **at >= from).count()
    }
}

#[tokio::test]
async fn three_processes_use_one_quota_and_no_second_sees_more() {
    for (qps, way, late, least) in [
        (1.0, 0, 0, 97),
        (2.0, 2, 1, 97),
        (2.5, 2, 1, 97),
        (5.0, 2, 2, 97),
        (20.0, 2, 2, 97),
        (20.0, 6, 10, 85),
        (20.0, 60, 10, 60),
        (20.0, 2, 60, 40),
        (200.0, 2, 2, 97),
    ] {
        let lab = Lab::of(3, qps, way, late);
        lab.pass(Span::seconds(20)).await;
        let what = format!("{qps} a second, {way} ms to the store, {late} ms late");
        let (given, most) = (lab.given().len(), lab.room() * 20);
        assert!(given * 100 >= most * least, "{what}: {given} of {most}");
        for process in &lab.processes {
            let own = process.given.lock().unwrap().len();
            assert!(
                own * 5 >= given,
                "{what}: one of three got {own} of {given}"
            );
        }
    }
}

#[tokio::test]
async fn one_that_hears_too_fast_slows_all_and_good_answers_of_any_bring_it_back() {
    let lab = Lab::of(3, 20.0, 2, 0);
    let rates = || lab.processes.iter().map(Process::rate).collect::<Vec<_>>();
    lab.pass(Span::seconds(3)).await;
    lab.processes[0].learn(20.0, Some(ErrorKind::TooFast));
    lab.pass(Span::seconds(1)).await;
    let from = lab.turns.at();
    lab.pass(Span::seconds(4)).await;
    assert_eq!(rates(), [10.0; 3]);
    let given = lab.since(from);
    assert!((36..=41).contains(&given), "{given}");
    for _ in 0..16 {
        lab.processes[1].learn(20.0, None);
    }
    lab.pass(Span::seconds(2)).await;
    assert_eq!(rates(), [20.0; 3]);
}

#[tokio::test]
async fn without_the_store_each_goes_on_slowly_and_with_it_as_before() {
    for way in [0, 3] {
        let lab = Lab::of(3, 20.0, way, 0);
        lab.pass(Span::seconds(3)).await;
        for process in &lab.processes {
            process.store.set_away(true);
        }
        let from = lab.turns.at();
        lab.pass(Span::seconds(10)).await;
        let given = lab.since(from);
        assert!((110..=150).contains(&given), "{given}");
        assert_eq!(lab.processes[0].rate(), 5.0);
        for process in &lab.processes {
            process.store.set_away(false);
        }
        lab.pass(Span::seconds(4)).await;
        let from = lab.turns.at();
        lab.pass(Span::seconds(5)).await;
        let given = lab.since(from);
        assert!((97..=100).contains(&given), "{given}");
        assert_eq!(lab.processes[0].rate(), 20.0);
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_stops_nobody() {
    let lab = Lab::of(2, 4.0, 5000, 0);
    lab.pass(Span::seconds(20)).await;
    for process in &lab.processes {
        let given = process.given.lock().unwrap().len();
        assert!((5..=20).contains(&given), "{given}");
    }
}

#[tokio::test]
async fn one_that_ends_with_permits_in_hand_leaves_the_rest_to_the_others() {
    let mut lab = Lab::of(3, 20.0, 2, 0);
    lab.pass(Span::seconds(3)).await;
    lab.processes[0].end();
    lab.pass(Span::seconds(1)).await;
    let from = lab.turns.at();
    lab.pass(Span::seconds(5)).await;
    let given = lab.since(from);
    assert!((97..=101).contains(&given), "{given}");
}
