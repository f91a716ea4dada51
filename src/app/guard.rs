//! What keeps the daemon from beginning work that it could not finish: too little room, too few
//! descriptors, a database that cannot be written. It also looks at the host's clock.
//!
//! Promised: while room or descriptors are short nothing is claimed, what is under way is finished,
//! and claims begin again by themselves. Each is an alarm, told from memory
//! ([`crate::archive::alarms`]) as long as the database cannot be written. A file system that hangs
//! holds up nobody but the look at it.

mod broken;
mod descriptors;
mod free_space;
mod machine;
mod noted;
mod page;
mod rooms;
mod skew;

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

pub(crate) use free_space::{FreeSpace, Place, places};
use machine::{Descriptors, Machine, ThisMachine};
use rooms::Answer;

use super::turns::Turns;
use crate::{
    archive::Archive,
    config::Config,
    domain::{
        alarm::{Alarm, Kind},
        id::VerificationId,
        language::Language,
        time::{Span, Time},
    },
    store::{ANYBODY, StoreError},
    telemetry::{metrics::Metrics, recent::Dependency},
    web,
    worker::spawn,
};

/// How often it looks.
pub(super) const PERIOD: Span = Span::seconds(1);
/// A database that cannot be written for this long is an alarm; a restart of it takes less.
const PATIENCE: Span = Span::seconds(10);
/// What alarms about the database are about.
const DATABASE: &str = "database";
/// What alarms about descriptors are about.
const PROCESS: &str = "process";

/// The guard of one daemon.
pub(super) struct Guard {
    archive: Arc<Archive>,
    metrics: Arc<Metrics>,
    free_bytes_min: u64,
    patience: Span,
    /// Whether nothing new is begun.
    holds: AtomicBool,
    rooms: rooms::Rooms,
    failing: Mutex<Option<Failing>>,
    broken: broken::Broken,
    /// How many steps at once were wished for.
    steps_wished: usize,
    /// How many connections clients of the API may have at once.
    pub(super) clients: usize,
    /// The same with those of the pages, where they have a listener of their own.
    connections: usize,
    machine: Arc<dyn Machine>,
    panics: noted::Noted,
    limits: noted::Noted,
    skew: skew::Skew,
    /// Whether the drivers turn.
    pub(super) turns: Turns,
}

/// Since when, and with which words, the database cannot be written.
#[derive(Clone, Debug)]
struct Failing {
    since: Time,
    last: Time,
    /// Whether a record has failed, so that only a record can prove the contrary.
    by_record: bool,
    /// Since when writes go well again: once they have for as long as they had to fail, it is over.
    well_since: Option<Time>,
    text: String,
}

impl Guard {
    /// One for this configuration; `lease` is how long a lease runs, and `steps_wished` how many
    /// steps would run at once.
    pub(super) fn new(
        config: &Config,
        archive: &Arc<Archive>,
        metrics: &Arc<Metrics>,
        lease: Span,
        steps_wished: usize,
    ) -> Self {
        descriptors::raise();
        let clients = descriptors::clients(config.http.max_connections, descriptors::most());
        let pages = config.http.ops_listen.map_or(0, |_| web::CONNECTIONS_MAX);
        let patience = Span(lease.0.min(PATIENCE.0));
        Self {
            archive: Arc::clone(archive),
            metrics: Arc::clone(metrics),
            free_bytes_min: config.limits.free_bytes_min,
            patience,
            holds: AtomicBool::new(false),
            rooms: rooms::Rooms::of(places(config)),
            failing: Mutex::default(),
            broken: broken::Broken::new(patience, lease),
            steps_wished,
            clients,
            connections: clients + pages,
            machine: Arc::new(ThisMachine),
            panics: noted::Noted::panics(),
            limits: noted::Noted::limits(),
            skew: skew::Skew::default(),
            turns: Turns::default(),
        }
    }

    /// The same on another machine.
    #[cfg(test)]
    fn on(self, machine: Arc<dyn Machine>) -> Self {
        Self { machine, ..self }
    }

    /// Notes that a part of the program panicked: an alarm at the next look.
    pub(super) fn panicked(&self, part: &str) {
        self.panics.note(part, self.archive.now());
    }

    /// Notes that a key of the API was refused at a limit of its own: an alarm at the next look.
    pub(super) fn limited(&self, key: &str) {
        self.limits.note(key, self.archive.now());
    }

    /// Whether nothing new is to be begun.
    pub(super) fn holds(&self) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    /// How many of `wished` steps of one driver may run at once with the descriptors there are.
    pub(super) fn steps(&self, wished: usize) -> usize {
        let all = descriptors::steps_at_once(
            self.steps_wished,
            self.machine.descriptors().free,
            self.connections,
        );
        (wished * all / self.steps_wished.max(1)).clamp(1, wished.max(1))
    }

    /// How many of `wished` steps may run beyond those, with the descriptors there are.
    pub(super) fn more_steps(&self, wished: usize) -> usize {
        let all = descriptors::steps_at_once(
            self.steps_wished.saturating_add(wished),
            self.machine.descriptors().free,
            self.connections,
        );
        all.saturating_sub(self.steps_wished)
    }

    /// A step's record was written into the database.
    pub(super) fn recorded(&self) {
        self.broken.note(broken::RECORD, Ok(()), self.archive.now());
        self.wrote(true, Ok(()));
    }

    /// The record of a step of this verification could not be written.
    pub(super) fn not_recorded(&self, of: VerificationId, error: &StoreError) {
        self.broken.refused(of, error, self.archive.now());
        self.wrote(true, Err(error));
    }

    /// A claim was written, or could not be. A claim changes rows where they lie: with a full disk
    /// it may succeed where no record does, and so proves less.
    pub(super) fn claimed(&self, result: Result<(), &StoreError>) {
        self.broken.note(broken::CLAIM, result, self.archive.now());
        self.wrote(false, result);
    }

    /// A claim found nothing, and wrote nothing.
    pub(super) fn found_nothing(&self) {
        self.broken.note(broken::CLAIM, Ok(()), self.archive.now());
        self.met(Ok(()));
    }

    /// A job of the house was done, or could not be.
    pub(super) fn did(&self, job: &'static str, result: Result<(), &StoreError>) {
        self.broken.note(job, result, self.archive.now());
    }

    /// A call met the database, or did not.
    pub(super) fn met(&self, result: Result<(), &StoreError>) {
        let clock = &self.archive.clock;
        self.metrics.recent.note(
            Dependency::Database,
            result.map_err(page::name),
            (clock.elapsed(), clock.now()),
        );
    }

    fn wrote(&self, by_record: bool, result: Result<(), &StoreError>) {
        self.met(result);
        let now = self.archive.now();
        let mut failing = lock(&self.failing);
        match result {
            Ok(()) => {
                let proved = failing
                    .as_mut()
                    .filter(|failing| by_record || !failing.by_record);
                if let Some(failed) = proved {
                    let well_since = *failed.well_since.get_or_insert(now);
                    failed.last = now;
                    if now.since(well_since) >= self.patience
                        || now.since(failed.since) < self.patience
                    {
                        *failing = None;
                    }
                }
            }
            Err(StoreError::Unavailable(text)) => {
                let (since, before) = failing
                    .as_ref()
                    .map_or((now, false), |failing| (failing.since, failing.by_record));
                *failing = Some(Failing {
                    since,
                    last: now,
                    by_record: by_record || before,
                    well_since: None,
                    text: text.clone(),
                });
            }
            _ => {}
        }
    }

    /// Looks at everything once: holds or lets go, raises and ends alarms, refreshes the figures.
    pub(super) async fn look(&self) {
        let machine = Arc::clone(&self.machine);
        // None when the runtime is ending.
        let Some(descriptors) = spawn::blocking(move || machine.descriptors()).await else {
            return;
        };
        let answers = self.rooms.look(&self.machine, &*self.archive.clock).await;
        let (mut begun, mut over) = (Vec::new(), Vec::new());
        for Answer { place, room, was } in answers {
            let is = self.shortage(room, &place, was.as_ref());
            match (&was, &is) {
                (None, Some(text)) => begun.push(Alarm {
                    kind: Kind::DiskFull,
                    subject: place.what.clone(),
                    text: text.clone(),
                }),
                (Some(_), None) => over.push((Kind::DiskFull, place.what.clone())),
                _ => {}
            }
            self.rooms.note(&place, is);
        }
        let short = self.rooms.are_short();
        let free = descriptors.free;
        let few = free.is_some_and(|free| free < descriptors::FREE_MIN);
        if self.holds.swap(short || few, Ordering::Relaxed) && !short && !few {
            tracing::info!("there is room again: work goes on");
        }
        self.descriptors(descriptors, few, &mut begun, &mut over);
        self.metrics.held(short || few, free);

        let (archive, now) = (&self.archive, self.archive.now());
        self.panics.look(now, &mut begun, &mut over);
        self.limits.look(now, &mut begun, &mut over);
        if let Some(skew) = archive.clock.skew() {
            self.metrics.clock_skew(skew);
            self.skew.look(skew, &mut begun, &mut over);
        }
        for alarm in begun {
            archive.alarms.raise(&alarm, now).await;
        }
        for (kind, subject) in over {
            archive.alarms.clear(kind, &subject, now).await;
        }
        self.database().await;
        self.broken.look(archive).await;
        archive.alarms.sync().await;
        self.metrics.alarms(
            archive
                .alarms
                .open()
                .iter()
                .map(|alarm| alarm.kind.as_str()),
        );
    }

    /// What is wrong with a place where this was found, and `was` was wrong before.
    fn shortage(
        &self,
        room: io::Result<FreeSpace>,
        place: &Place,
        was: Option<&String>,
    ) -> Option<String> {
        let Ok(room) = room else {
            // A folder that has gone is found by whoever writes to it.
            return was.cloned();
        };
        self.metrics.room(&place.what, room.free_bytes);
        room.is_short(self.free_bytes_min, was.is_some())
            .then(|| room.tell(&place.what, self.free_bytes_min, Language::En))
    }

    /// Too few for what is wished for is an alarm as well: it costs time, and somebody can mend it.
    fn descriptors(
        &self,
        Descriptors { most, free }: Descriptors,
        few: bool,
        begun: &mut Vec<Alarm>,
        over: &mut Vec<(Kind, String)>,
    ) {
        let stands = self.archive.alarms.stands(Kind::FewDescriptors, PROCESS);
        let steps = descriptors::steps_at_once(self.steps_wished, most, self.connections);
        let cramped = steps < self.steps_wished;
        if (few || cramped) && !stands {
            let most = most.unwrap_or_default();
            let left = free.map_or_else(String::new, |free| format!(", {free} of them are left"));
            let text = format!(
                "the process may open {most} files and connections{left}: {steps} steps at once instead of {}",
                self.steps_wished
            );
            begun.push(Alarm {
                kind: Kind::FewDescriptors,
                subject: PROCESS.to_owned(),
                text,
            });
        } else if !few && !cramped && stands {
            over.push((Kind::FewDescriptors, PROCESS.to_owned()));
        }
    }

    /// An alarm once the database could not be written for long; over with the first write that
    /// succeeds.
    async fn database(&self) {
        let (archive, now) = (&self.archive, self.archive.now());
        let stands = archive.alarms.stands(Kind::DatabaseDown, DATABASE);
        let failing = lock(&self.failing).clone();
        let Some(failing) = failing else {
            if stands {
                archive
                    .alarms
                    .clear(Kind::DatabaseDown, DATABASE, now)
                    .await;
            }
            return;
        };
        if now.since(failing.since) < self.patience {
            return;
        }
        if now.since(failing.last) >= self.patience {
            // Nobody has tried for a while: a write that changes nothing tells.
            let tried = archive
                .store
                .clear(Kind::DatabaseDown, "trial", ANYBODY, now)
                .await;
            self.wrote(true, tried.as_ref().map(|_| ()));
        } else if !stands && failing.well_since.is_none() {
            let text = format!("nothing can be written to the database: {}", failing.text);
            archive
                .alarms
                .raise(
                    &Alarm {
                        kind: Kind::DatabaseDown,
                        subject: DATABASE.to_owned(),
                        text,
                    },
                    failing.since,
                )
                .await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "guard/tests.rs"]
pub(super) mod tests;
