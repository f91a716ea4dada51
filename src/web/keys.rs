//! Who presents a key: the keys of the database, a few seconds old at most.
//!
//! All keys are read at once, so that callers ask the database once in [`FRESH_FOR`], however many
//! there are. A key that is not among them may have been made since and is looked for by itself;
//! whoever presents keys that nobody has is refused before that ([`FAILURES_MAX`]). A key that is
//! known is heard all the same: behind one address there may be many callers, and one of them that
//! is set up wrongly must not silence the others.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex as Lock, PoisonError},
};

use tokio::sync::Mutex;

use super::{
    rates::Rates,
    spent::{Pending, Reserved},
};
use crate::{
    domain::{
        id::KeyId,
        key::{ApiKey, Denied, KeptKey, Presented, Spends},
        time::{Clock, Span},
    },
    store::{Keys, StoreError},
};

/// How old what is known of the keys is at most: so long after it was revoked, a key is refused by
/// every process.
pub const FRESH_FOR: Span = Span::seconds(5);

/// So many failures of an address in [`FAILURES_WITHIN`], and what it presents is not looked for.
pub const FAILURES_MAX: u32 = 20;

/// The time in which they are counted.
pub const FAILURES_WITHIN: Span = Span::minutes(1);

/// Of so many addresses failures are counted one by one; all others share one count.
const ADDRESSES_MAX: usize = 4096;

/// So long after the database failed it is not asked again, or those who wait would ask one after
/// the other.
const AWAY_FOR: Span = Span::seconds(1);

/// Why nobody is identified.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The key is not good.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Too many keys that nobody has came from this address: try again after so long.
    #[error("too many unknown keys came from this address; try again in {0}")]
    TooMany(Span),
    /// The key asks more often than it may: try again after so long.
    #[error("the key makes more than {1} calls a second; try again in {0}")]
    TooFast(Span, u32),
    /// Nothing is known of the keys, or too long ago: try again.
    #[error(transparent)]
    Away(#[from] StoreError),
}

/// The keys, for whoever must know who asks.
pub struct KeyRing {
    store: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
    ring: Mutex<Ring>,
    failures: Lock<Failures>,
    rates: Rates,
    pending: Pending,
    limited: Arc<Limited>,
}

/// Who is told the name of a key that was refused at a limit of its own.
pub type Limited = dyn Fn(&str) + Send + Sync;

/// What was read of the keys, and when.
#[derive(Default)]
struct Ring {
    keys: BTreeMap<KeyId, KeptKey>,
    read_at: Option<Span>,
    failed: Option<(Span, StoreError)>,
}

impl KeyRing {
    /// One that knows nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Keys>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            ring: Mutex::default(),
            failures: Lock::default(),
            rates: Rates::default(),
            pending: Pending::default(),
            limited: Arc::new(|_| {}),
        }
    }

    /// The same, that tells of keys that were refused at their limits.
    #[must_use]
    pub fn telling(self, limited: Arc<Limited>) -> Self {
        Self { limited, ..self }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await.map(drop)
    }

    /// The key that is presented (`vk_…`, what stands behind `Bearer `) from this address, and that
    /// it was used. What it may do is asked of it: [`ApiKey::may`].
    ///
    /// # Errors
    /// [`Refusal`]; nothing of what was presented is in it.
    pub async fn identify(&self, presented: &str, address: IpAddr) -> Result<ApiKey, Refusal> {
        let known = match Presented::read(presented) {
            Some(presented) => self.known(&presented, address).await?,
            None => None,
        };
        let Some(key) = known else {
            return Err(self.failed(address));
        };
        key.is_good(address, self.clock.now())?;
        let taken = self.rates.take(&key, &*self.clock);
        taken.map_err(|left| {
            (self.limited)(&key.name);
            Refusal::TooFast(left, key.rate)
        })?;
        self.note_use(&key).await;
        Ok(key)
    }

    /// Takes so much of the key's day, to be kept or given back.
    ///
    /// # Errors
    /// How long until the day is over, when there is less left.
    pub fn spend(&self, key: &ApiKey, what: Spends, count: usize) -> Result<Reserved<'_>, Span> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.pending.reserve(key, what, count, self.clock.now())
    }

    /// Tells whoever watches that the key was refused for want of more of its day.
    pub fn tell_refused(&self, key: &ApiKey) {
        (self.limited)(&key.name);
    }

    /// The key, good or not; none where there is none or the secret is another.
    async fn known(
        &self,
        presented: &Presented,
        address: IpAddr,
    ) -> Result<Option<ApiKey>, Refusal> {
        let (kept, read_at) = {
            let mut ring = self.ring.lock().await;
            self.refresh(&mut ring).await?;
            (ring.keys.get(&presented.key_id).cloned(), ring.read_at)
        };
        let kept = match kept {
            Some(kept) => Some(kept),
            None => self.look(presented.key_id, address, read_at).await?,
        };
        let its_own = kept.filter(|kept| kept.digest.is_of(presented));
        Ok(its_own.map(|kept| kept.key))
    }

    /// Reads all keys, where what is known of them is too old.
    async fn refresh(&self, ring: &mut Ring) -> Result<(), StoreError> {
        let now = self.clock.elapsed();
        let within = |at: Span, span: Span| now.0 - at.0 < span.0;
        if ring.read_at.is_some_and(|at| within(at, FRESH_FOR)) {
            return Ok(());
        }
        if let Some((at, error)) = &ring.failed
            && within(*at, AWAY_FOR)
        {
            return Err(error.clone());
        }
        self.pending.write(&*self.store).await;
        match self.store.keys(false).await {
            Ok(keys) => {
                let by_id = keys.into_iter().map(|kept| (kept.key.key_id, kept));
                *ring = Ring {
                    keys: by_id.collect(),
                    read_at: Some(now),
                    failed: None,
                };
                Ok(())
            }
            Err(error) => {
                ring.failed = Some((self.clock.elapsed(), error.clone()));
                Err(error)
            }
        }
    }

    /// A key that is not in the ring as it was read at `read_at`: made since, revoked, or nobody's.
    async fn look(
        &self,
        key_id: KeyId,
        address: IpAddr,
        read_at: Option<Span>,
    ) -> Result<Option<KeptKey>, Refusal> {
        let now = self.clock.elapsed();
        if let Some(left) = self.failures(|failures| failures.left(address, now)) {
            return Err(Refusal::TooMany(left));
        }
        let found = self.store.find_key(key_id).await?;
        if let Some(kept) = &found {
            let mut ring = self.ring.lock().await;
            // A ring that was read meanwhile knows better.
            if ring.read_at == read_at {
                ring.keys.insert(key_id, kept.clone());
            }
        }
        Ok(found)
    }

    /// Counts a failure.
    fn failed(&self, address: IpAddr) -> Refusal {
        let now = self.clock.elapsed();
        self.failures(|failures| {
            let left = failures.left(address, now);
            failures.count(address, now);
            left.map_or(Refusal::Denied(Denied::Unknown), Refusal::TooMany)
        })
    }

    fn failures<T>(&self, work: impl FnOnce(&mut Failures) -> T) -> T {
        work(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes the use, where it is time to. That it cannot be written hinders nobody: it is tried
    /// again once the keys were read anew.
    async fn note_use(&self, key: &ApiKey) {
        let now = self.clock.now();
        if !key.is_use_noted(now) {
            return;
        }
        if let Some(kept) = self.ring.lock().await.keys.get_mut(&key.key_id) {
            kept.key.last_used_at = Some(now);
        }
        let _ = self.store.note_key_used(key.key_id, now).await;
    }
}

/// Failures by whom they come from; nobody by himself is all that are not counted one by one.
#[derive(Default)]
struct Failures(BTreeMap<Option<IpAddr>, (Span, u32)>);

impl Failures {
    /// For how long what comes from there is not looked for; none when it is.
    fn left(&mut self, address: IpAddr, now: Span) -> Option<Span> {
        let whose = self.whose(address, now);
        let (since, failures) = *self.0.get(&whose)?;
        let left = Span(since.0 + FAILURES_WITHIN.0 - now.0);
        (failures >= FAILURES_MAX && left.0 > 0).then_some(left)
    }

    fn count(&mut self, address: IpAddr, now: Span) {
        let whose = self.whose(address, now);
        let (since, failures) = self.0.entry(whose).or_insert((now, 0));
        if now.0 - since.0 >= FAILURES_WITHIN.0 {
            (*since, *failures) = (now, 0);
        }
        *failures = failures.saturating_add(1);
    }

    /// Under what an address is counted. A host of IPv6 has a whole /64 to choose from.
    fn whose(&mut self, address: IpAddr, now: Span) -> Option<IpAddr> {
        let one = match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from(network))
            }
            address @ IpAddr::V4(_) => address,
        };
        if self.0.len() >= ADDRESSES_MAX && !self.0.contains_key(&Some(one)) {
            self.0
                .retain(|_, (since, _)| now.0 - since.0 < FAILURES_WITHIN.0);
        }
        let is_counted = self.0.len() < ADDRESSES_MAX || self.0.contains_key(&Some(one));
        is_counted.then_some(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            key::{Apps, Scope, USUAL_LIFE, fresh},
            secret::Secret,
            time::{HeldClock, Time},
        },
        store::memory::MemoryStore,
    };

    const NOW: Time = Time(1_795_421_701_000);
    const HERE: &str = "10.1.2.3";

    struct Held {
        clock: Arc<HeldClock>,
        store: Arc<MemoryStore>,
        ring: KeyRing,
    }

    impl Held {
        fn new() -> Self {
            let clock = HeldClock::at(NOW);
            let store = Arc::new(MemoryStore::new(clock.clone()));
            let ring = KeyRing::new(store.clone(), clock.clone());
            Self { clock, store, ring }
        }

        async fn make(&self, name: &str) -> (ApiKey, Secret) {
            let key_id = KeyId::fresh(NOW);
            let (text, digest) = fresh(key_id);
            let key = ApiKey {
                scopes: vec![Scope::Track],
                apps: Apps::All,
                networks: vec!["10.0.0.0/8".parse().unwrap()],
                rate: 10,
                tokens_a_day: 5,
                issues_a_day: 1,
                ..ApiKey::usual(key_id, name, "cli", NOW)
            };
            let kept = KeptKey { key, digest };
            assert!(self.store.create_key(&kept).await.unwrap());
            (kept.key, text)
        }

        async fn ask(&self, text: &str, from: &str) -> Result<String, String> {
            let found = self.ring.identify(text, from.parse().unwrap()).await;
            found.map(|key| key.name).map_err(|refusal| match refusal {
                Refusal::Denied(denied) => format!("{denied:?}"),
                Refusal::TooMany(left) => format!("TooMany {left}"),
                Refusal::TooFast(left, _) => format!("TooFast {left}"),
                Refusal::Away(_) => "Away".to_owned(),
            })
        }

        async fn last_used(&self, key: &ApiKey) -> Option<Time> {
            let kept = self.store.find_key(key.key_id).await.unwrap().unwrap();
            kept.key.last_used_at
        }
    }

    fn is(what: &str) -> Result<String, String> {
        Err(what.to_owned())
    }

    fn nobodys() -> String {
        fresh(KeyId::fresh(NOW)).0.reveal().to_owned()
    }

    #[tokio::test]
    async fn a_key_that_is_known_is_who_it_is_and_no_other_is() {
        let held = Held::new();
        let (key, text) = held.make("shop").await;
        let (_, other) = held.make("other").await;
        let (text, other) = (text.reveal(), other.reveal());
        let mixed = format!("vk_{}_{}", key.key_id, other.rsplit('_').next().unwrap());
        for (label, presented, from, found) in [
            ("its own", text, HERE, Ok("shop".to_owned())),
            (
                "an address of IPv4 in IPv6",
                text,
                "::ffff:10.1.2.3",
                Ok("shop".to_owned()),
            ),
            ("another", other, HERE, Ok("other".to_owned())),
            ("from elsewhere", text, "192.0.2.1", is("Network")),
            ("the secret of another", &mixed, HERE, is("Unknown")),
            ("nobody's", &nobodys(), HERE, is("Unknown")),
            ("no key", "vk_", HERE, is("Unknown")),
            ("nothing", "", HERE, is("Unknown")),
        ] {
            assert_eq!(held.ask(presented, from).await, found, "{label}");
        }
        held.clock.pass(USUAL_LIFE);
        assert_eq!(held.ask(text, HERE).await, is("Expired"));
    }

    #[tokio::test]
    async fn a_new_key_is_known_at_once_and_a_revoked_one_is_refused_by_all_within_five_seconds() {
        let held = Held::new();
        assert_eq!(held.ask(&nobodys(), HERE).await, is("Unknown"));
        let (_, text) = held.make("shop").await;
        let text = text.reveal();
        assert_eq!(held.ask(text, HERE).await.unwrap(), "shop");
        let again = Arc::new(held.store.open_again(held.clock.clone()));
        let replica = KeyRing::new(again, held.clock.clone());
        replica.identify(text, HERE.parse().unwrap()).await.unwrap();
        held.store.revoke_key("shop", "cli", NOW).await.unwrap();
        held.clock.pass(FRESH_FOR);
        assert_eq!(held.ask(text, HERE).await, is("Revoked"));
        let refused = replica.identify(text, HERE.parse().unwrap()).await;
        assert!(matches!(refused, Err(Refusal::Denied(Denied::Revoked))));
    }

    #[tokio::test]
    async fn while_the_database_is_away_what_was_read_lately_is_good() {
        let held = Held::new();
        let (_, text) = held.make("shop").await;
        let text = text.reveal();
        held.store.set_away(true);
        assert_eq!(held.ask(text, HERE).await, is("Away"));
        held.store.set_away(false);
        assert_eq!(held.ask(text, HERE).await, is("Away"), "not asked at once");
        held.clock.pass(AWAY_FOR);
        assert_eq!(held.ask(text, HERE).await.unwrap(), "shop");
        held.store.set_away(true);
        held.clock.pass(Span(FRESH_FOR.0 - 1));
        assert_eq!(held.ask(text, HERE).await.unwrap(), "shop");
        assert_eq!(held.ask(&nobodys(), HERE).await, is("Away"));
        held.clock.pass(Span(1));
        assert_eq!(held.ask(text, HERE).await, is("Away"));
    }

    #[tokio::test]
    async fn who_fails_too_often_is_not_looked_for_and_silences_nobody() {
        let held = Held::new();
        let (_, text) = held.make("shop").await;
        let text = text.reveal();
        for failure in 0..FAILURES_MAX {
            let unknown = if failure % 2 == 0 {
                nobodys()
            } else {
                "vk_".to_owned()
            };
            assert_eq!(held.ask(&unknown, HERE).await, is("Unknown"), "{failure}");
        }
        held.store.set_away(true);
        assert_eq!(
            held.ask(&nobodys(), HERE).await,
            is("TooMany 1m"),
            "not asked"
        );
        assert_eq!(held.ask("vk_", HERE).await, is("TooMany 1m"));
        assert_eq!(
            held.ask(&nobodys(), "10.1.2.4").await,
            is("Away"),
            "another"
        );
        held.store.set_away(false);
        assert_eq!(held.ask(text, HERE).await.unwrap(), "shop", "a known key");
        held.clock.pass(FAILURES_WITHIN);
        assert_eq!(
            held.ask(&nobodys(), HERE).await,
            is("Unknown"),
            "a minute later"
        );
    }

    #[tokio::test]
    async fn what_a_key_may_spend_a_day_is_shared_by_all_processes_and_outlives_them() {
        let held = Held::new();
        let (_, text) = held.make("shop").await;
        let replica = || {
            let store = Arc::new(held.store.open_again(held.clock.clone()));
            KeyRing::new(store, held.clock.clone())
        };
        let (one, other) = (replica(), replica());
        let spend = async |ring: &KeyRing, what, count: usize, kept: usize| {
            let key = ring
                .identify(text.reveal(), HERE.parse().unwrap())
                .await
                .unwrap();
            ring.spend(&key, what, count)
                .map(|reserved| reserved.keep(kept))
        };
        assert!(
            spend(&one, Spends::Tokens, 5, 2).await.is_ok(),
            "three come back"
        );
        assert!(spend(&one, Spends::Tokens, 4, 0).await.is_err(), "of five");
        assert!(spend(&one, Spends::Tokens, 3, 1).await.is_ok());
        assert!(spend(&one, Spends::Issues, 1, 1).await.is_ok());
        held.clock.pass(FRESH_FOR);
        // Whoever asks writes it down, and the others read it.
        assert!(spend(&one, Spends::Issues, 1, 1).await.is_err());
        assert!(spend(&other, Spends::Issues, 1, 1).await.is_err());
        assert!(spend(&other, Spends::Tokens, 3, 0).await.is_err());
        assert!(spend(&other, Spends::Tokens, 2, 2).await.is_ok());
        held.clock.pass(FRESH_FOR);
        assert!(spend(&other, Spends::Tokens, 1, 1).await.is_err());
        let fresh = replica();
        let left = spend(&fresh, Spends::Tokens, 1, 1).await.unwrap_err();
        assert_eq!(left, crate::domain::access::day_left(held.clock.now()));
        held.clock.pass(left);
        for (what, count) in [(Spends::Tokens, 5), (Spends::Issues, 1)] {
            assert!(
                spend(&fresh, what, count, count).await.is_ok(),
                "the next day"
            );
        }
    }

    #[tokio::test]
    async fn a_key_asks_as_often_as_it_may_and_another_is_not_hindered() {
        let held = Held::new();
        let (_, text) = held.make("shop").await;
        let (_, other) = held.make("other").await;
        let (text, other) = (text.reveal(), other.reveal());
        // Of ten a second, two seconds' worth at once.
        for (label, passes, good) in [
            ("the burst", 0, 20),
            ("nothing more", 0, 0),
            ("not yet", 99, 0),
            ("then one", 1, 1),
            ("half a second's", 500, 5),
            ("no more than the burst", 60_000, 20),
        ] {
            held.clock.pass(Span(passes));
            for n in 0..good {
                assert_eq!(held.ask(text, HERE).await.unwrap(), "shop", "{label} {n}");
            }
            let refused = held.ask(text, HERE).await.unwrap_err();
            assert!(refused.starts_with("TooFast "), "{label}: {refused}");
            assert_eq!(held.ask(other, HERE).await.unwrap(), "other", "{label}");
        }
        assert_eq!(held.ask(text, HERE).await, is("TooFast 100ms"));
    }

    #[test]
    fn failures_are_counted_in_bounds() {
        let mut failures = Failures::default();
        let host = |n: u128| IpAddr::V6(Ipv6Addr::from(n << 64 | n));
        let many = u128::try_from(ADDRESSES_MAX).unwrap();
        for n in 0..2 * many {
            failures.count(host((0xfd << 56) + n), Span(0));
        }
        assert_eq!(failures.0.len(), ADDRESSES_MAX + 1);
        let last = host((0xfd << 56) + 2 * many);
        assert!(failures.left(last, Span(0)).is_some(), "they share a count");
        assert!(failures.left(host(0xfd << 56), Span(0)).is_none());
        let beside: IpAddr = "2001:db8::1:2:3:4".parse().unwrap();
        for _ in 0..FAILURES_MAX {
            failures.count(beside, FAILURES_WITHIN);
        }
        assert!(failures.0.len() <= 2, "what is over is let go");
        let neighbour: IpAddr = "2001:db8::ffff".parse().unwrap();
        assert_eq!(
            failures.left(neighbour, FAILURES_WITHIN),
            Some(FAILURES_WITHIN)
        );
    }

    #[tokio::test]
    async fn a_use_is_noted_once_a_minute_and_hinders_nobody() {
        let held = Held::new();
        let (key, text) = held.make("shop").await;
        let text = text.reveal();
        for (after, noted) in [(0, 0), (30, 0), (60, 60), (119, 60), (120, 120)] {
            let last = NOW.plus(Span::seconds(after));
            held.clock.set(last);
            held.ask(text, HERE).await.unwrap();
            let noted = Some(NOW.plus(Span::seconds(noted)));
            assert_eq!(held.last_used(&key).await, noted, "{after}");
        }
        let refused = held.ask(text, "192.0.2.1").await;
        assert_eq!(refused, is("Network"));
    }

    #[tokio::test]
    async fn who_watches_is_told_which_key_was_refused_at_its_limits_and_no_other() {
        let held = Held::new();
        let (key, text) = held.make("shop").await;
        held.make("other").await;
        let told = Arc::new(Lock::new(Vec::new()));
        let names = Arc::clone(&told);
        let ring = KeyRing::new(held.store.clone(), held.clock.clone()).telling(Arc::new(
            move |name: &str| names.lock().unwrap().push(name.to_owned()),
        ));
        let ask = || ring.identify(text.reveal(), HERE.parse().unwrap());
        assert!(ask().await.is_ok() && ring.spend(&key, Spends::Tokens, 5).is_ok());
        assert!(told.lock().unwrap().is_empty());
        ring.tell_refused(&key);
        while ask().await.is_ok() {}
        assert_eq!(*told.lock().unwrap(), ["shop", "shop"]);
    }
}
