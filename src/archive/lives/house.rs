//! The archive that the lives are led in, and what became of them.

use std::{collections::BTreeMap, io, sync::Arc};

use simulator::{AppCredential, Life, LifeSpec, Made, MediaBytes, Options, Truth, Video, World};

use super::{
    nobody::Nobody,
    way::{Way, WorldClock},
};
use crate::{
    archive::{App, Archive, ArchiveDeps, Headway, Onward, StepError, track::Tracked},
    domain::{
        address::BaseUrl,
        identity::{Columns, IndexKey},
        lease::{Lease, Stage},
        lessons::{Lessons, Origin},
        policy::Policy,
        progress::Refusal,
        random::{Entered, Random},
        secret::Secret,
        time::{Clock, HeldClock, Span, Time, TrustedClock},
        token::{TrackRequest, Verification},
    },
    store::{
        AlarmStore as _, Queue as _, Reports as _, memory::MemoryStore, records::Claim,
        reports::Whole,
    },
    vault::{Switch, Vault},
};

/// Some moment; every life begins at it.
pub(super) const BEGIN: Time = Time(1_790_000_000_000);
/// An app whose account records videos.
pub(super) const FILMED: &str = "filmed";
/// Another app of that account, without.
pub(super) const PLAIN: &str = "plain";
/// An app of another account.
pub(super) const STRANGER: &str = "stranger";
/// How long a step may take.
pub(super) const LEASE: Span = Span::minutes(2);
/// More than any life needs.
const ROUNDS_MAX: usize = 2_000;

const BASE_URL: &str = "http://provider.test";

/// An archive of two apps of one account and one of another, beside their world.
pub(super) struct House {
    pub(super) world: Arc<World>,
    /// The host's.
    pub(super) clock: Arc<HeldClock>,
    /// What the archive makes of it.
    pub(super) trusted: Arc<TrustedClock>,
    pub(super) world_clock: Arc<WorldClock>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) vault: Arc<Vault>,
    pub(super) objects: Arc<Switch>,
    pub(super) ways: BTreeMap<String, Arc<Way>>,
    pub(super) archive: Archive,
    /// What is small is fetched by the polls.
    onward: Onward,
    /// Whether tokens go to the app they belong to by themselves.
    reassign: bool,
    /// Identifiers and jitter are the same in every run.
    _entered: Entered,
}

/// One token filmed once.
pub(super) fn filmed(life: Life) -> LifeSpec {
    LifeSpec {
        video: Some(Video::One),
        ..LifeSpec::of(life, 1)
    }
}

/// The windows that the provider documents.
pub(super) fn documented() -> Policy {
    Policy {
        // What the world has for unused tokens where they have an answer of their own.
        unused_codes: vec!["283600".to_owned()],
        ..Policy::documented()
    }
}

impl House {
    pub(super) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(super) fn with(options: Options) -> Self {
        Self::beside(options, Span(0))
    }

    /// On a host whose clock is so much ahead of the world's.
    pub(super) fn beside(options: Options, ahead: Span) -> Self {
        let apps = vec![
            AppCredential::synthetic(FILMED, "default"),
            AppCredential {
                records_video: false,
                ..AppCredential::synthetic(PLAIN, "default")
            },
            AppCredential::synthetic(STRANGER, "another"),
        ];
        let media_bytes = MediaBytes {
            face: 700,
            id_card: 900,
            video: 1_500,
        };
        let options = Options {
            apps,
            media_bytes,
            ..options
        };
        let entered = Random::seeded(options.seed).enter();
        let world = Arc::new(World::new(options, BASE_URL.to_owned()));
        let clock = HeldClock::at(BEGIN.plus(ahead));
        let trusted = TrustedClock::over(clock.clone());
        let world_clock = WorldClock::beside(&clock);
        let store = Arc::new(MemoryStore::new(trusted.clone()));
        let (vault, objects) = Vault::switched();
        let vault = Arc::new(vault);
        let way_of = |app: &AppCredential| {
            let way = Way::into(&world, &world_clock, &trusted, app.clone());
            (app.name.clone(), Arc::new(way))
        };
        let ways: BTreeMap<String, Arc<Way>> = world.apps().iter().map(way_of).collect();
        let archive = archive(&world, &trusted, &store, &vault, &ways, true);
        Self {
            world,
            clock,
            trusted,
            world_clock,
            store,
            vault,
            objects,
            ways,
            archive,
            onward: Onward::new(LEASE, 1),
            reassign: true,
            _entered: entered,
        }
    }

    /// The same where polls leave all media to downloads.
    pub(super) fn handing_over(self) -> Self {
        let onward = Onward::new(LEASE, 0);
        Self { onward, ..self }
    }

    /// The same after a restart with these apps alone in the config.
    pub(super) fn restarted(self, apps: &[&str]) -> Self {
        let ways = self.ways.iter();
        let ways = ways.filter(|(name, _)| apps.contains(&name.as_str()));
        let ways = ways.map(|(name, way)| (name.clone(), Arc::clone(way)));
        let (world, clock, store) = (&self.world, &self.trusted, &self.store);
        let ways = ways.collect();
        let archive = archive(world, clock, store, &self.vault, &ways, self.reassign);
        Self { archive, ..self }
    }

    /// The same after a restart, with other credentials of an app.
    pub(super) fn rekeyed(mut self, app: AppCredential) -> Self {
        let name = app.name.clone();
        let way = Way::into(&self.world, &self.world_clock, &self.trusted, app);
        self.ways.insert(name, Arc::new(way));
        self.restarted_whole()
    }

    /// The same after a restart, where tokens go to the app they belong to by themselves, or a
    /// person decides.
    pub(super) fn reassigning(mut self, reassign: bool) -> Self {
        self.reassign = reassign;
        self.restarted_whole()
    }

    fn restarted_whole(self) -> Self {
        let names: Vec<String> = self.ways.keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.restarted(&names)
    }

    /// As in an archive that is some days old: unused tokens of the apps are known to answer so.
    pub(super) fn taught(self, signature: &str) -> Self {
        for app in self.archive.apps.iter() {
            for (number, day) in [(1, 1), (2, 2), (3, 2)] {
                let at = BEGIN.minus(documented().day().times(10 - day));
                let earlier = Verification {
                    verification_id: uuid::Uuid::from_u128(number).into(),
                    verify_token: Secret::new("earlier"),
                    app: app.name.clone(),
                    issued_at: at,
                    tracked_at: at,
                    plan_id: None,
                    issued_here: false,
                };
                let refusal = Refusal {
                    signature: signature.to_owned(),
                    at,
                    ..Refusal::default()
                };
                let (origin, lessons) = (Origin::VerifiedLater, &mut Lessons::default());
                self.archive
                    .lessons
                    .unused(app, &earlier, &refusal, origin, lessons);
            }
        }
        self
    }

    /// The present instant as the archive has it.
    pub(super) fn now(&self) -> Time {
        self.trusted.now()
    }

    /// Lets time pass until it is `at` for the archive.
    fn pass_until(&self, at: Time) {
        while self.now() < at {
            self.clock.pass(at.since(self.now()));
        }
    }

    /// The world makes a token that is not told yet.
    pub(super) fn made(&self, app: &str, life: LifeSpec) -> Made {
        let mut made = self.world.make(self.world_clock.now().0, app, &[life]);
        made.pop().unwrap()
    }

    /// Tells of a token, with whatever facts.
    pub(super) async fn track(&self, told: TrackRequest) -> Tracked {
        let mut tracked = self.archive.tracker.track(vec![told]).await.unwrap();
        tracked.pop().unwrap()
    }

    /// Tells of a new token of that life, and gives its name.
    pub(super) async fn tell(&self, app: &str, life: LifeSpec) -> String {
        let made = self.made(app, life);
        self.track(told(&made)).await;
        made.verify_token
    }

    /// Writes of objects fail so, or no longer.
    pub(super) fn fail_objects(&self, failure: Option<io::ErrorKind>) {
        self.objects.set(failure);
    }

    /// Sets the clock to what is due next and does it, until nothing is. What is left is settled.
    pub(super) async fn live(&self) {
        self.live_on(Time(i64::MAX)).await;
    }

    /// The same, until that instant.
    pub(super) async fn live_until(&self, end: Time) {
        self.live_on(end).await;
        self.pass_until(end);
    }

    async fn live_on(&self, end: Time) {
        for _ in 0..ROUNDS_MAX {
            let polls = self.store.next_due(Stage::Poll, &[]).await.unwrap();
            let downloads = self.store.next_due(Stage::Download, &[]).await.unwrap();
            let next = polls.into_iter().chain(downloads).min();
            let Some(next) = next.filter(|next| *next < end) else {
                return;
            };
            self.pass_until(next);
            // What fails is done again, as the driver does it, a little later.
            if self.step().await.is_err() {
                self.clock.pass(LEASE);
            }
        }
        panic!("not over after {ROUNDS_MAX} rounds, at {}", self.now());
    }

    pub(super) fn claim(&self) -> Claim {
        Claim {
            now: self.now(),
            lease: LEASE,
            limit: 64,
            apps: Vec::new(),
            late: 0,
            patience: 3,
        }
    }

    /// Does what is due now.
    pub(super) async fn step(&self) -> Result<(), StepError> {
        let mut done = Ok(());
        let (fetcher, alone) = (&self.archive.media_fetcher, Headway::default());
        for work in self.store.claim_downloads(&self.claim()).await? {
            let lease = work.lease.clone();
            let fetched = fetcher.download(work, Vec::new(), alone.clone()).await;
            done = done.and(self.given_back(lease, fetched).await);
        }
        for work in self.store.claim_polls(&self.claim()).await? {
            let lease = work.lease.clone();
            let onward = Some(&self.onward);
            let polled = self.archive.poller.poll(work, onward, &alone).await;
            match self.given_back(lease, polled).await {
                Ok(Some(handover)) => {
                    let (work, lease) = (handover.work.clone(), handover.work.lease);
                    let fetched = fetcher.download(work, handover.urls, alone.clone()).await;
                    done = done.and(self.given_back(lease, fetched).await);
                }
                Ok(None) => {}
                Err(error) => done = done.and(Err(error)),
            }
        }
        done
    }

    /// That objects cannot be written is not the item's fault.
    async fn given_back<T>(
        &self,
        lease: Lease,
        done: Result<T, StepError>,
    ) -> Result<T, StepError> {
        if matches!(done, Err(StepError::Vault(_))) {
            self.store.release(vec![lease], self.now()).await?;
        }
        done
    }

    pub(super) async fn whole(&self, token: &str) -> Whole {
        self.store.show(token).await.unwrap().expect("tracked")
    }

    pub(super) async fn state(&self, token: &str) -> String {
        self.whole(token).await.summary.state
    }

    /// What is missing of it, and why.
    pub(super) async fn missing(&self, token: &str) -> String {
        self.whole(token).await.summary.missing.to_string()
    }

    /// The open alarms, `kind subject`.
    pub(super) async fn alarms(&self) -> Vec<String> {
        let open = self.store.alarms().await.unwrap().into_iter();
        open.map(|alarm| format!("{} {}", alarm.kind, alarm.subject))
            .collect()
    }

    pub(super) fn truth(&self) -> Truth {
        self.world.truth(self.world_clock.now().0)
    }
}

fn archive(
    world: &World,
    clock: &Arc<TrustedClock>,
    store: &Arc<MemoryStore>,
    vault: &Arc<Vault>,
    ways: &BTreeMap<String, Arc<Way>>,
    reassign: bool,
) -> Archive {
    let configured = |app: &AppCredential| {
        let way = ways.get(&app.name)?;
        let policy = Policy {
            video_expected: app.records_video,
            reassign,
            ..documented()
        };
        Some(App {
            name: app.name.clone(),
            account: app.account.clone(),
            origin: BaseUrl::default().origin(),
            policy,
            rules: super::traffic::rules(&app.name),
            provider: Arc::clone(way) as _,
            media_bytes_max: 1 << 20,
        })
    };
    Archive::new(ArchiveDeps {
        instance: "here".to_owned(),
        store: Arc::clone(store) as _,
        vault: Arc::clone(vault),
        clock: Arc::clone(clock) as _,
        apps: world.apps().iter().filter_map(configured).collect(),
        columns: Columns::default(),
        index_key: IndexKey::new(vec![7; IndexKey::BYTES]).ok(),
        watcher: Arc::new(Nobody),
    })
}

/// A token as it is told of.
pub(super) fn told(made: &Made) -> TrackRequest {
    TrackRequest {
        verify_token: Secret::new(made.verify_token.clone()),
        app: made.app.clone(),
        issued_at: Some(Time(made.issued_at_ms)),
        plan_id: None,
        reference: None,
        tracked_by: "test".to_owned(),
        issued_here: false,
    }
}
