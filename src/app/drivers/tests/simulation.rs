//! The drivers over a world, a store and a vault in memory, on one thread and a held clock.

use super::*;

/// A provider that takes its time, and notes when it is asked about which token.
pub(super) struct Slow {
    pub(super) world: OverWorld,
    pub(super) clock: Arc<dyn Clock>,
    /// How long a call takes, at least and at most.
    pub(super) takes: (Span, Span),
    /// How long it takes until a medium begins to come.
    pub(super) opens: Span,
    /// Whose permits calls need, and how many a second there are.
    pub(super) quota: Option<(Arc<RateLimiters>, f64)>,
    pub(super) asked: Arc<Mutex<Vec<(Time, String)>>>,
    pub(super) called: Arc<Mutex<Vec<(Endpoint, Span)>>>,
    pub(super) trouble: Arc<Mutex<Option<Trouble>>>,
}

/// What the next call comes to.
#[derive(Clone, Copy)]
pub(super) enum Trouble {
    Panic,
    Hang,
}

#[async_trait]
impl Provider for Slow {
    async fn call(&self, endpoint: Endpoint, body: &RequestBody) -> Result<Reply, ProviderError> {
        if let Some((quotas, qps)) = &self.quota {
            quotas.limiter(ACCOUNT, endpoint, *qps).permit().await?;
        }
        let text = String::from_utf8_lossy(&body.bytes()).into_owned();
        self.asked.lock().unwrap().push((self.clock.now(), text));
        let called = (endpoint, self.clock.elapsed());
        self.called.lock().unwrap().push(called);
        self.clock.sleep(between(self.takes)).await;
        let trouble = self.trouble.lock().unwrap().take();
        match trouble {
            Some(Trouble::Panic) => panic!("poison"),
            Some(Trouble::Hang) => std::future::pending().await,
            None => {}
        }
        self.world.call(endpoint, body).await
    }

    fn heard(&self, reply: &Reply, error: Option<ErrorKind>) -> bool {
        self.world.heard(reply, error)
    }

    async fn open(&self, url: &Secret) -> Result<Download, DownloadError> {
        self.clock.sleep(self.opens).await;
        self.world.open(url).await
    }

    async fn probe(&self) -> Result<Probe, ProviderError> {
        self.world.probe().await
    }
}

fn between((least, most): (Span, Span)) -> Span {
    let mut drawn = [0; 2];
    random::fill(&mut drawn);
    let part = i64::from(u16::from_le_bytes(drawn));
    Span(least.0 + (most.0 - least.0) * part / i64::from(u16::MAX))
}

/// What a simulation differs in from others.
pub(super) struct Setup {
    pub(super) seed: u64,
    /// How long a call takes, at least and at most.
    pub(super) takes: (Span, Span),
    /// How long it takes until a medium begins to come.
    pub(super) opens: Span,
    /// How often drivers look for what they were not told of.
    pub(super) idle: Span,
    /// Calls a second, and the capacity for them; else no limit and eight slots.
    pub(super) qps: Option<f64>,
    /// What is asked.
    pub(super) fetch: Vec<Endpoint>,
}

/// A daemon's drivers beside their world.
pub(super) struct Simulation {
    pub(super) executor: Executor,
    pub(super) world: Arc<simulator::World>,
    pub(super) archive: Arc<Archive>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) guard: Arc<Guard>,
    pub(super) metrics: Arc<Metrics>,
    /// When the provider was asked, and with which words.
    pub(super) asked: Arc<Mutex<Vec<(Time, String)>>>,
    /// Which interface was called when, by what had elapsed.
    pub(super) called: Arc<Mutex<Vec<(Endpoint, Span)>>>,
    pub(super) trouble: Arc<Mutex<Option<Trouble>>>,
    pub(super) quotas: Arc<RateLimiters>,
    pub(super) _folder: tempfile::TempDir,
}

impl Simulation {
    /// Starts drivers over a provider that takes so long a call; they look so often for what they
    /// were not told of.
    pub(super) fn start(seed: u64, takes: Span, idle: Span) -> Self {
        Self::with(Setup {
            seed,
            takes: (takes, takes),
            opens: Span(0),
            idle,
            qps: None,
            fetch: Policy::documented().fetch,
        })
    }

    pub(super) fn with(setup: Setup) -> Self {
        let Setup {
            seed,
            takes,
            opens,
            idle,
            qps,
            fetch,
        } = setup;
        let held = HeldClock::at(BEGIN);
        let executor = Executor::new(held, seed);
        let clock: Arc<dyn Clock> = Arc::new(executor.clone());
        let plain = AppCredential {
            records_video: false,
            ..AppCredential::synthetic(SIBLING, ACCOUNT)
        };
        let options = Options {
            seed,
            apps: vec![AppCredential::synthetic(APP, ACCOUNT), plain],
            media_bytes: MediaBytes {
                face: 700,
                id_card: 900,
                video: 1_500,
            },
            unused_answer: UnusedAnswer::Refused,
            pace: if qps.is_some() {
                Pace::AtOnce
            } else {
                Pace::Seeded
            },
            quirks: qps.is_none(),
            ..Options::default()
        };
        let base_url = "http://provider.test";
        let world = Arc::new(simulator::World::new(options, base_url.to_owned()));
        let asked: Arc<Mutex<Vec<(Time, String)>>> = Arc::default();
        let called: Arc<Mutex<Vec<(Endpoint, Span)>>> = Arc::default();
        let trouble: Arc<Mutex<Option<Trouble>>> = Arc::default();
        let quotas = Arc::new(RateLimiters::new(Arc::clone(&clock)));
        let app = |app: &AppCredential| App {
            name: app.name.clone(),
            account: app.account.clone(),
            origin: BaseUrl::default().origin(),
            policy: Policy {
                video_expected: app.records_video,
                fetch: fetch.clone(),
                ..Policy::documented()
            },
            provider: Arc::new(Slow {
                world: OverWorld::new(Arc::clone(&world), Arc::clone(&clock), app.clone()),
                clock: Arc::clone(&clock),
                takes,
                opens,
                quota: qps.map(|qps| (Arc::clone(&quotas), qps)),
                asked: Arc::clone(&asked),
                called: Arc::clone(&called),
                trouble: Arc::clone(&trouble),
            }),
            media_bytes_max: 1 << 30,
            rules: crate::domain::traffic::Rules::default(),
        };
        let metrics = Arc::new(Metrics::new());
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let archive = Arc::new(Archive::new(ArchiveDeps {
            instance: "here".to_owned(),
            store: store.clone(),
            vault: Arc::new(Vault::in_memory()),
            clock: Arc::clone(&clock),
            apps: world.apps().iter().map(app).collect(),
            columns: Columns::default(),
            index_key: None,
            watcher: Meter::new(&metrics, &clock),
        }));
        let folder = tempfile::tempdir().unwrap();
        let api_key = "k".into();
        let configured = config::App::new(APP, BaseUrl::default(), Auth::ApiKey { api_key });
        let config = Config::embedded(folder.path().to_owned(), vec![configured]);
        let lease = Span::minutes(5);
        let apps = [APP, SIBLING].map(|app| Slots {
            app: app.to_owned(),
            account: ACCOUNT.to_owned(),
            polls: 8,
        });
        let eight = || Capacity {
            apps: Vec::from(apps),
            more: 0,
            downloads: 8,
            handovers: 64,
            idle,
        };
        let capacity = qps.map_or_else(eight, |qps| {
            let mut config = config.clone();
            config.apps.iter_mut().for_each(|app| app.qps = qps);
            Capacity::of(&config)
        });
        let guard = Arc::new(Guard::new(
            &config,
            &archive,
            &metrics,
            lease,
            capacity.steps(),
        ));
        let shared = Shared::new(&archive, &metrics, &guard, (lease, Arc::clone(&quotas)));
        let around = driver::World {
            clock,
            spawn: Arc::new(executor.clone()),
            stop: CancellationToken::new(),
        };
        let mut drivers = start(&shared, &capacity, &around);
        let watched = async move {
            let gone = drivers.next().await;
            unreachable!("a driver ended: {:?}", gone.map(|(name, _)| name));
        };
        executor.spawn("drivers", watched.boxed());
        Self {
            executor,
            world,
            archive,
            store,
            guard,
            metrics,
            asked,
            called,
            trouble,
            quotas,
            _folder: folder,
        }
    }

    /// Has the provider make tokens of such lives, and tells of them at once.
    pub(super) fn tell(&self, app: &str, lives: &[LifeSpec]) -> Vec<Made> {
        let made = self.world.make(self.executor.now().0, app, lives);
        let told = made.iter().map(|one| TrackRequest {
            verify_token: Secret::new(one.verify_token.clone()),
            app: app.to_owned(),
            issued_at: Some(Time(one.issued_at_ms)),
            plan_id: None,
            reference: None,
            tracked_by: "test".to_owned(),
            issued_here: false,
        });
        self.track(told.collect());
        made
    }

    pub(super) fn track(&self, told: Vec<TrackRequest>) {
        let tracked = self.archive.tracker.track(told).now_or_never();
        tracked
            .expect("nothing waits for a store in memory")
            .unwrap();
    }

    /// What of the truth is not in the archive.
    pub(super) fn wrong(&self) -> Vec<String> {
        let truth = self.world.truth(self.executor.now().0);
        let store: &Arc<dyn Store> = &self.archive.store;
        let mut wrong = Vec::new();
        for token in &truth.tokens {
            let shown = store.show(&token.verify_token).now_or_never();
            let shown = shown.expect("a store in memory").unwrap().unwrap();
            if shown.summary.state != token.outcome {
                wrong.push(format!(
                    "{} is {}, not {}: {}",
                    token.life, shown.summary.state, token.outcome, shown.summary.missing
                ));
            }
            if matches!(token.outcome, "missed" | "rejected" | "abandoned") {
                continue;
            }
            let kept: Vec<String> = shown
                .media
                .iter()
                .filter_map(|row| row.sha256.map(|sha256| sha256.to_string()))
                .collect();
            let owed = token
                .media
                .iter()
                .filter(|medium| !medium.replaced && medium.served_by != ["simple"]);
            for medium in owed.filter(|medium| !kept.contains(&medium.sha256)) {
                wrong.push(format!("{}: {:?} is missing", token.life, medium.kind));
            }
        }
        wrong
    }
}
