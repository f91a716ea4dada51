//! An archive on a temporary SQLite and a vault in memory, for commands to be run at its desk.

use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::{
    super::{
        Cli, Command, alarms, get, issue, key, list, losses,
        open::at_home,
        orphans, parse, reconcile,
        report::{self, Code, Failure},
        retry,
        screen::Screen,
        show, status, track, verify,
    },
    Ended,
};
use crate::{
    app::Services,
    config::{App, Auth, Config},
    desk::Local,
    domain::{
        address::BaseUrl,
        answer::{AnswerRow, Body, Endpoint},
        attempt::Attempt,
        id::{AnswerId, MediaId, ObjectId, VerificationId},
        identity::{IdentityRow, IndexKey},
        lease::{Lane, Lease},
        loss::{Cause, Reason},
        media::{Checked, Kind, ObjectFacts, Slot, Source, StoredMedia},
        plan::{Missing, Outcome},
        progress::Progress,
        secret::Secret,
        time::{Clock as _, HeldClock, Span, Time},
        token::{State, Verification},
    },
    store::{
        self, Store,
        records::{Claim, FilledSlot, NewVerification, Next, PollRecord, WantedMedia},
    },
    vault::{ObjectKey, Switch, Vault},
    worker::clock::SystemClock,
};

/// When everything begins: 2026-11-23T08:15:01Z.
pub(super) const NOW: Time = Time(1_795_421_701_000);

pub(super) struct House {
    _folder: TempDir,
    pub(super) config: Config,
    pub(super) clock: Arc<HeldClock>,
    services: Services,
    pub(super) vault: Vault,
    /// What reads and writes of the vault fail of.
    pub(super) objects: Arc<Switch>,
    /// What a person types when asked; none where nobody is there.
    pub(super) typed: Option<&'static str>,
}

impl House {
    pub(super) async fn new() -> Self {
        Self::with_key(None).await
    }

    /// Where ID numbers are indexed by this key.
    pub(super) async fn with_key(index_key: Option<IndexKey>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = |name: &str| {
            let api_key = "k".into();
            App::new(name, BaseUrl::default(), Auth::ApiKey { api_key })
        };
        let apps = vec![app("h5"), app("other")];
        let mut config = Config::embedded(folder.path().to_owned(), apps);
        config.http.listen = "127.0.0.1:0".parse().unwrap();
        config.limits.free_bytes_min = 0;
        config.identity.index_key = index_key;
        store::migrate(&config.database.url).await.unwrap();
        let clock = HeldClock::at(NOW);
        let services = crate::app::open(&config, clock.clone()).await.unwrap();
        let (vault, objects) = Vault::switched();
        Self {
            _folder: folder,
            config,
            clock,
            services,
            vault,
            objects,
            typed: None,
        }
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.services.archive.store
    }

    /// Takes rows as they are.
    pub(super) async fn put(&self, rows: Vec<NewVerification>) {
        self.store().track(rows).await.unwrap();
    }

    /// The right to record a poll of a token that is due.
    async fn lease(&self, token: &str) -> Lease {
        let claim = Claim {
            now: self.clock.now(),
            lease: Span::minutes(1),
            limit: 100,
            apps: Vec::new(),
            late: 0,
            patience: 5,
        };
        let works = self.store().claim_polls(&claim).await.unwrap();
        let its =
            |work: &&store::records::PollWork| work.verification.verify_token.reveal() == token;
        works.iter().find(its).unwrap().lease.clone()
    }

    /// Tracks the `number`th token, due, and records a poll of it.
    pub(super) async fn polled(&self, number: u32, record: impl FnOnce(PollRecord) -> PollRecord) {
        self.put(vec![due(number)]).await;
        let lease = self.lease(&format!("token-{number}")).await;
        let begun = PollRecord::begin(lease, Progress::default(), self.clock.now());
        self.store().record_poll(record(begun)).await.unwrap();
    }

    /// An answer to the `number`th token, its bytes in the vault.
    pub(super) async fn answer(&self, number: u32, nth: u128, body: &'static [u8]) -> AnswerRow {
        let answer_id: AnswerId = uuid::Uuid::from_u128(nth).into();
        let key = ObjectKey::answer(id(number), answer_id);
        AnswerRow {
            answer_id,
            endpoint: Endpoint::Getall,
            fetched_at: at("2026-11-23T08:04:00Z").plus(Span(i64::try_from(nth).unwrap())),
            http_status: 200,
            success: Some(true),
            code: None,
            log_id: None,
            body: Body::Object(self.object(&key, body).await),
        }
    }

    /// A medium of the `number`th token, its bytes in the vault.
    pub(super) async fn medium(
        &self,
        number: u32,
        kind: Kind,
        position: i64,
        body: &'static [u8],
    ) -> FilledSlot {
        let media_id = MediaId::fresh(NOW);
        let key = ObjectKey::media(id(number), ObjectId::fresh(NOW));
        FilledSlot {
            slot: slot(kind, position),
            stored: StoredMedia {
                media_id,
                object: self.object(&key, body).await,
                content_type: None,
                checked: Checked::Full,
                captured_at: NOW,
            },
        }
    }

    async fn object(&self, key: &ObjectKey, body: &'static [u8]) -> ObjectFacts {
        self.vault.put(key, Bytes::from_static(body)).await.unwrap()
    }

    /// Runs a command.
    pub(super) async fn ran(&self, line: &[&str]) -> Ended {
        printed(async |screen| self.run(line, screen).await).await
    }

    /// Lists as from the configuration alone: the stages know nothing of it.
    pub(super) async fn over_rows(&self, line: &[&str]) -> Ended {
        let Command::List(args) = command(line) else {
            panic!("{line:?}")
        };
        printed(async |screen| {
            let listed =
                async |desk: &Local| list::run(&args, args.id_number.clone(), desk, screen).await;
            at_home(&self.config, args.access(), listed).await
        })
        .await
    }

    /// Now, as objects are dated: by the machine's clock.
    fn at_the_store(&self) -> Time {
        SystemClock.now().plus(self.clock.elapsed())
    }

    /// Runs a command on a screen.
    pub(super) async fn run(
        &self,
        line: &[&str],
        screen: &mut Screen<'_>,
    ) -> Result<Code, Failure> {
        let desk = &Local::new(&self.services.archive);
        let Cli { command, lang, .. } = parsed(line);
        screen.language = lang.unwrap_or_default();
        match command {
            Command::Issue(args) => issue::run(&args, desk, screen).await,
            Command::Track(args) => track::run(&args, desk, screen).await,
            Command::Reconcile(args) => match &args.bill {
                Some(bill) => reconcile::bill::run(&args, bill, desk, screen).await,
                None => reconcile::run(&args, desk, screen).await,
            },
            Command::Status(args) => status::run(&args, Some(&self.config), desk, screen).await,
            Command::List(args) => list::run(&args, args.id_number.clone(), desk, screen).await,
            Command::Show(args) => show::run(&args, desk, screen).await,
            Command::Get(args) => {
                get::run(&args, args.id_number.clone(), desk, &self.vault, screen).await
            }
            Command::Retry(args) => retry::run(&args, desk, screen).await,
            Command::Alarms(args) => alarms::run(&args, desk, screen).await,
            Command::Losses(args) => losses::run(&args, desk, screen).await,
            Command::Verify(args) => {
                verify::at(
                    &args,
                    self.store(),
                    &self.vault,
                    self.at_the_store(),
                    screen,
                )
                .await
            }
            Command::Orphans(args) => {
                let place = orphans::Place {
                    store: self.store(),
                    vault: &self.vault,
                    now: self.at_the_store(),
                    answer: &|| self.typed.map(str::to_owned),
                };
                orphans::at(&args, &place, screen).await
            }
            Command::Key(args) => key::at(&args, &self.config, self.store(), screen).await,
            other => panic!("{other:?} is not for a desk"),
        }
    }
}

/// What a command prints; what it returns is printed as the program would.
pub(super) async fn printed(
    run: impl AsyncFnOnce(&mut Screen<'_>) -> Result<Code, Failure>,
) -> Ended {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut screen = Screen::new(&mut out, &mut err);
    let outcome = run(&mut screen).await;
    if let Err(failure) = &outcome {
        report::print(failure, &mut screen);
    }
    Ended {
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
        outcome,
    }
}

pub(super) fn command(line: &[&str]) -> Command {
    parsed(line).command
}

fn parsed(line: &[&str]) -> Cli {
    let line = std::iter::once("verikeep")
        .chain(line.iter().copied())
        .map(Into::into);
    parse(line).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// The identifier of the `number`th token; they sort like their numbers.
pub(super) fn id(number: u32) -> VerificationId {
    let text = format!("019ab000-0000-7000-8000-{number:012}");
    text.parse().unwrap()
}

pub(super) fn slot(kind: Kind, position: i64) -> Slot {
    Slot {
        attempt_no: 1,
        kind,
        position,
        source: Source::Getall,
    }
}

/// One that is still to be fetched.
pub(super) fn wanted(kind: Kind, position: i64) -> WantedMedia {
    WantedMedia {
        media_id: MediaId::fresh(NOW),
        slot: slot(kind, position),
    }
}

pub(super) fn missing(what: &str, cause: Cause, why: &str) -> Missing {
    Missing {
        what: what.to_owned(),
        attempt_no: Some(1),
        reason: Reason::plain(cause),
        why: why.to_owned(),
    }
}

/// An attempt that passed, its person masked.
pub(super) fn attempt() -> (Attempt, IdentityRow) {
    let attempt = Attempt {
        attempt_no: 1,
        passed: Some(true),
        code: Some("0".to_owned()),
        verified_at: Some(at("2026-11-23T08:03:00Z")),
        charged: Some(true),
        charge_type: Some("verify".to_owned()),
        score: Some(97.5),
        threshold: Some(80.0),
        ..Attempt::default()
    };
    let identity = IdentityRow {
        name_masked: Some("张*".to_owned()),
        id_number_masked: Some("3*************5826".to_owned()),
        ..IdentityRow::default()
    };
    (attempt, identity)
}

/// The `number`th token as it was told, and how it goes on.
pub(super) fn told(number: u32, next: Next) -> NewVerification {
    NewVerification {
        verification: Verification {
            verification_id: id(number),
            verify_token: Secret::new(format!("token-{number}")),
            app: "h5".to_owned(),
            issued_at: at("2026-11-23T08:00:00Z"),
            tracked_at: at("2026-11-23T08:00:01Z"),
            plan_id: Some("17".to_owned()),
            issued_here: false,
        },
        reference: Some(format!("order-{number}")),
        tracked_by: "cli".to_owned(),
        media_deadline: at("2026-11-24T08:00:00Z"),
        record_deadline: at("2026-11-26T08:00:00Z"),
        next,
        issued_at_told: true,
    }
}

/// One that is asked about now.
pub(super) fn due(number: u32) -> NewVerification {
    let next = Next::Due {
        due_at: NOW,
        deadline: at("2026-11-24T08:00:00Z"),
        state: State::Waiting,
        lane: Lane::Living,
    };
    told(number, next)
}

/// One that has ended so.
pub(super) fn ended(number: u32, outcome: Outcome) -> NewVerification {
    let missing = if outcome.state().is_loss() {
        vec![missing(
            "process_video",
            Cause::GoneAtProvider,
            "gone at the provider",
        )]
    } else {
        Vec::new()
    };
    told(number, Next::Settled { outcome, missing })
}
