use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::{
    domain::{
        alarm::Severity,
        channel::{Post, Way},
        language::Language,
        message::Event,
        time::HeldClock,
    },
    store::{AlarmStore as _, Notices as _, memory::MemoryStore, reports::Acknowledgement},
};

const START: Time = Time(1_712_030_400_000);

pub(crate) fn channel(name: &str, severity: Severity) -> Channel {
    Channel {
        name: name.to_owned(),
        way: Way::Webhook(Post {
            url: "https://example.com".into(),
            secret: None,
            allow_private: false,
            proxy: None,
        }),
        severity,
        apps: Vec::new(),
        language: Language::En,
        daily: false,
    }
}

/// What goes out: (channel, kind, event), in order; it can be made to fail.
#[derive(Default)]
pub(crate) struct Outgoing {
    sent: Mutex<Vec<(String, Kind, Event)>>,
    fails: AtomicBool,
    hangs: AtomicBool,
    beats: AtomicUsize,
    days: Mutex<Vec<(String, Daily)>>,
    /// Takes the database away as soon as something went out, as a process that dies does.
    dies: Mutex<Option<Arc<MemoryStore>>>,
}

impl Outgoing {
    /// What has gone out since this was asked last.
    pub(crate) fn sent(&self) -> Vec<(String, Kind, Event)> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    /// The reports since this was asked last, with their channels.
    pub(crate) fn days(&self) -> Vec<(String, Daily)> {
        std::mem::take(&mut *self.days.lock().unwrap())
    }
}

#[async_trait]
impl Sends for Outgoing {
    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), NotSent> {
        if self.fails.load(Ordering::SeqCst) && channel.name == "duty" {
            return Err(NotSent::for_now("the robot answered 300001"));
        }
        if self.hangs.load(Ordering::SeqCst) && channel.name == "duty" {
            std::future::pending::<()>().await;
        }
        if let Some(store) = &*self.dies.lock().unwrap() {
            store.set_away(true);
        }
        let told = match &message.about {
            About::Alarms(told) => told,
            About::Daily(daily) => {
                let mut days = self.days.lock().unwrap();
                days.push((channel.name.clone(), daily.clone()));
                return Ok(());
            }
            About::Test => panic!("nobody asked for it"),
        };
        let mut sent = self.sent.lock().unwrap();
        sent.extend(
            told.iter()
                .map(|one| (channel.name.clone(), one.kind, one.event)),
        );
        Ok(())
    }

    async fn beat(&self) -> Result<(), NotSent> {
        self.beats.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

struct Bench {
    store: Arc<MemoryStore>,
    alarms: Arc<Alarms>,
    clock: Arc<HeldClock>,
    post: Arc<Outgoing>,
    notifier: Notifier,
}

impl Bench {
    fn new() -> Self {
        Self::with(|channel| channel)
    }

    fn with(change: fn(Channel) -> Channel) -> Self {
        let clock = HeldClock::at(START);
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as _));
        let alarms = Arc::new(Alarms::new(Arc::clone(&store) as _, "a"));
        let post = Arc::new(Outgoing::default());
        let channels = vec![
            channel("duty", Severity::Warning),
            channel("boss", Severity::Critical),
        ];
        let channels = channels.into_iter().map(change).collect();
        let allowed = BTreeMap::from([("h5".to_owned(), 1000)]);
        let shared = (
            Arc::clone(&store) as Arc<dyn Store>,
            Arc::clone(&alarms),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        let notifier = Notifier::new(shared, (channels, Arc::clone(&post) as _), allowed);
        Self {
            store,
            alarms,
            clock,
            post,
            notifier,
        }
    }

    async fn raise(&self, kind: Kind, subject: &str) {
        let alarm = Alarm {
            kind,
            subject: subject.to_owned(),
            text: "it is so".to_owned(),
        };
        self.alarms.raise(&alarm, self.clock.now()).await;
    }

    /// Looks every five seconds for so long.
    async fn pass(&self, span: Span) {
        for _ in 0..span.0 / 5000 {
            self.clock.pass(Span::seconds(5));
            self.notifier.tell(self.clock.now()).await.unwrap();
        }
    }
}

fn told(channel: &str, kind: Kind, event: Event) -> (String, Kind, Event) {
    (channel.to_owned(), kind, event)
}

#[tokio::test]
async fn each_channel_is_told_what_it_wants_once_and_when_it_is_over() {
    let bench = Bench::new();
    bench.raise(Kind::Quota, "h5").await;
    bench.raise(Kind::TooFast, "h5").await;
    bench.pass(Span::minutes(5)).await;
    let begun = [
        told("duty", Kind::Quota, Event::Begun),
        told("duty", Kind::TooFast, Event::Begun),
        told("boss", Kind::Quota, Event::Begun),
    ];
    assert_eq!(bench.post.sent(), begun);
    let now = bench.clock.now();
    bench.alarms.clear(Kind::Quota, "h5", now).await;
    bench.pass(Span::minutes(5)).await;
    let ended = [
        told("duty", Kind::Quota, Event::Ended),
        told("boss", Kind::Quota, Event::Ended),
    ];
    assert_eq!(bench.post.sent(), ended);
}

#[tokio::test]
async fn what_begins_and_ends_between_two_looks_is_told_of() {
    let bench = Bench::new();
    bench.pass(Span::minutes(1)).await;
    let now = bench.clock.now();
    bench.raise(Kind::DaemonDown, "daemon").await;
    bench.alarms.clear(Kind::DaemonDown, "daemon", now).await;
    bench.pass(Span::minutes(10)).await;
    let expected = ["duty", "boss"].map(|name| told(name, Kind::DaemonDown, Event::Begun));
    assert_eq!(bench.post.sent(), expected);
}

#[tokio::test]
async fn a_channel_that_fails_is_an_alarm_of_the_others_and_is_told_all_once_it_works() {
    let bench = Bench::new();
    bench.post.fails.store(true, Ordering::SeqCst);
    bench.raise(Kind::Quota, "h5").await;
    bench.pass(Span::hours(1)).await;
    assert_eq!(
        bench.post.sent(),
        [
            told("boss", Kind::Quota, Event::Begun),
            told("boss", Kind::Quota, Event::Lasts(1))
        ]
    );
    let open = bench.store.alarms().await.unwrap();
    let failing: Vec<_> = open.iter().filter(|row| row.kind == "delivery").collect();
    assert!(
        matches!(&failing[..], [one] if one.subject == "duty" && one.text.contains("300001")),
        "{open:?}"
    );
    let mailbox = &bench.store.mailboxes(&["duty".to_owned()]).await.unwrap()[0];
    assert!((8..15).contains(&mailbox.fails), "{}", mailbox.fails);
    bench.post.fails.store(false, Ordering::SeqCst);
    bench.pass(Span::minutes(11)).await;
    let sent = bench.post.sent();
    assert!(
        sent.contains(&told("duty", Kind::Quota, Event::Begun)),
        "{sent:?}"
    );
    let open = bench.store.alarms().await.unwrap();
    assert!(open.iter().all(|row| row.kind != "delivery"), "{open:?}");
}

#[tokio::test]
async fn who_dies_between_sending_and_noting_it_leaves_one_message_to_be_repeated() {
    let bench = Bench::new();
    bench.raise(Kind::TooFast, "h5").await;
    *bench.post.dies.lock().unwrap() = Some(Arc::clone(&bench.store));
    bench.clock.pass(Span::seconds(5));
    assert!(bench.notifier.tell(bench.clock.now()).await.is_err());
    *bench.post.dies.lock().unwrap() = None;
    bench.store.set_away(false);
    bench.pass(Span::minutes(10)).await;
    let twice = [(); 2].map(|()| told("duty", Kind::TooFast, Event::Begun));
    assert_eq!(bench.post.sent(), twice);
}

#[tokio::test]
async fn while_the_database_is_away_a_process_tells_of_what_it_knows() {
    let bench = Bench::new();
    bench.store.set_away(true);
    bench.raise(Kind::DatabaseDown, "database").await;
    for _ in 0..24 {
        bench.clock.pass(Span::seconds(5));
        assert!(bench.notifier.tell(bench.clock.now()).await.is_err());
        bench.notifier.tell_alone(bench.clock.now()).await;
    }
    let begun = ["duty", "boss"].map(|name| told(name, Kind::DatabaseDown, Event::Begun));
    assert_eq!(bench.post.sent(), begun);
    bench.store.set_away(false);
    let now = bench.clock.now();
    bench
        .alarms
        .clear(Kind::DatabaseDown, "database", now)
        .await;
    bench.alarms.sync().await;
    bench.notifier.tell_alone(now).await;
    bench.pass(Span::minutes(5)).await;
    // That it was, and is over: the database has not heard of it before.
    assert_eq!(bench.post.sent(), begun);
}

#[tokio::test]
async fn a_channel_that_is_no_longer_configured_is_no_alarm() {
    let bench = Bench::new();
    let alarm = Alarm {
        kind: Kind::Delivery,
        subject: "gone".to_owned(),
        text: "it failed".to_owned(),
    };
    bench.store.raise(&alarm, ANYBODY, START).await.unwrap();
    bench.pass(Span::seconds(10)).await;
    assert!(bench.store.alarms().await.unwrap().is_empty());
}

#[tokio::test]
async fn all_is_well_while_nothing_critical_is_open_that_nobody_knows_of() {
    let bench = Bench::new();
    let beats = async || {
        let told = bench.notifier.tell_well().await.is_ok();
        (told, bench.post.beats.swap(0, Ordering::SeqCst))
    };
    assert_eq!(beats().await, (true, 1));
    bench.raise(Kind::TooFast, "h5").await;
    assert_eq!(beats().await, (true, 1), "a warning can wait");
    bench.raise(Kind::Quota, "h5").await;
    assert_eq!(beats().await, (true, 0));
    let open = bench.store.alarms().await.unwrap();
    let quota = open.iter().find(|row| row.kind == "quota").unwrap();
    let seen = Acknowledgement {
        at: bench.clock.now(),
        by: "ops".to_owned(),
        note: "raised on Monday".to_owned(),
    };
    let id = quota.alarm_id.unwrap();
    assert!(bench.store.acknowledge(id, &seen).await.unwrap());
    assert_eq!(beats().await, (true, 1), "somebody sees to it");
    bench.store.set_away(true);
    assert_eq!(beats().await, (false, 0));
}

#[tokio::test]
async fn the_report_of_a_day_is_sent_at_nine_in_beijing_once_to_those_who_want_it() {
    let bench = Bench::with(|channel| Channel {
        daily: channel.name == "duty",
        ..channel
    });
    // It is noon in Beijing on the second of April.
    bench.pass(Span::minutes(1)).await;
    bench.raise(Kind::Quota, "h5").await;
    let days = || bench.post.days();
    bench.clock.pass(Span::minutes(20 * 60 + 58));
    bench.pass(Span::seconds(55)).await;
    assert!(days().is_empty(), "one minute to nine");
    bench.post.fails.store(true, Ordering::SeqCst);
    bench.pass(Span::minutes(5)).await;
    bench.post.fails.store(false, Ordering::SeqCst);
    bench.pass(Span::hours(1)).await;
    let told = days();
    assert!(
        matches!(&told[..], [(name, daily)] if name == "duty" && daily.day == "2024-04-02" && daily.open[0].kind == Kind::Quota),
        "{told:?}"
    );
    // A process that was away in the morning reports when it is back, the last day alone.
    bench.clock.pass(Span::hours(60));
    bench.pass(Span::minutes(1)).await;
    let told: Vec<String> = days().into_iter().map(|(_, daily)| daily.day).collect();
    assert_eq!(told, ["2024-04-04"]);
}

#[tokio::test]
async fn one_that_never_ends_to_send_holds_up_nobody() {
    let bench = Bench::new();
    bench.post.hangs.store(true, Ordering::SeqCst);
    bench.raise(Kind::Quota, "h5").await;
    bench.clock.pass(Span::seconds(5));
    bench.notifier.tell(bench.clock.now()).await.unwrap();
    assert_eq!(bench.post.sent(), [told("boss", Kind::Quota, Event::Begun)]);
}

/// The course of the alarm that messages do not go out: the kinds open meanwhile, and after.
pub(crate) async fn of_a_channel_that_fails() -> [Vec<String>; 2] {
    let bench = Bench::new();
    let open = async || {
        let open = bench.store.alarms().await.unwrap().into_iter();
        open.map(|row| row.kind).collect()
    };
    bench.post.fails.store(true, Ordering::SeqCst);
    bench.raise(Kind::Quota, "h5").await;
    bench.pass(Span::minutes(1)).await;
    let now = bench.clock.now();
    bench.alarms.clear(Kind::Quota, "h5", now).await;
    bench.pass(Span::minutes(10)).await;
    let raised = open().await;
    bench.post.fails.store(false, Ordering::SeqCst);
    bench.pass(Span::minutes(20)).await;
    [raised, open().await]
}
