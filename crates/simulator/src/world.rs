//! One simulated provider: its tokens, access_tokens, faults and counts, without any input or
//! output of its own.
//!
//! Whoever drives it says what time it is, hands it requests, and does what the replies say: the
//! server over HTTP, a simulation in a time of its own.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::Request;

use super::{
    content::Contents,
    control::{self, Made},
    dates::{beijing, utc_seconds},
    dice::{Dice, word},
    faults::{FaultGate, Faults},
    gateway,
    life::LifeSpec,
    media::{self, Kind, Medium},
    objects,
    options::{AppCredential, Options},
    quota::Quota,
    reply::Reply,
    signature,
    tallies::{Counts, Tallies},
    token::Token,
    truth::Truth,
};

/// The bucket that all media lie in.
pub(crate) const BUCKET: &str = "brain-faceprint-sim";

#[derive(Debug, Default)]
struct Tokens {
    in_order: Vec<Arc<Token>>,
    by_name: HashMap<String, Arc<Token>>,
}

/// One simulated provider. Times are its own, unix milliseconds; they may stand still or jump, and
/// never matter but where they are given.
#[derive(Debug)]
pub struct World {
    /// As started.
    pub(crate) options: Options,
    /// The bytes of media.
    pub(crate) contents: Contents,
    /// What goes wrong.
    pub(crate) faults: FaultGate,
    /// Who asks too much.
    pub(crate) quota: Quota,
    /// What was asked.
    pub(crate) tallies: Tallies,
    /// `http://host:port`, without a slash at the end.
    pub(crate) base_url: String,
    tokens: RwLock<Tokens>,
    access_tokens: Mutex<HashMap<String, (usize, i64)>>,
    throws: AtomicU64,
    bos: AppCredential,
}

impl World {
    /// A provider that is reached at `base_url`.
    pub fn new(options: Options, base_url: String) -> Self {
        Self {
            contents: Contents::new(options.seed, options.media_bytes, options.media_style),
            faults: FaultGate::new(options.seed, options.faults.clone()),
            quota: Quota::default(),
            tallies: Tallies::default(),
            base_url,
            tokens: RwLock::default(),
            access_tokens: Mutex::default(),
            throws: AtomicU64::new(0),
            bos: AppCredential::synthetic("bos", "bos"),
            options,
        }
    }

    /// What happens to a request that arrives at `now_ms`.
    pub fn answer(&self, now_ms: i64, request: &Request<Bytes>) -> Reply {
        gateway::answer(self, now_ms, request)
    }

    /// Whether an answer has to read large media through first: whoever serves others beside it
    /// gives it a thread.
    pub fn takes_long(&self, request: &Request<Bytes>) -> bool {
        request.uri().path() == "/sim/truth" || objects::takes_long(self, request)
    }

    /// Makes tokens at `now_ms`, to be told under `app`, in the order of `lives`.
    pub fn make(&self, now_ms: i64, app: &str, lives: &[LifeSpec]) -> Vec<Made> {
        control::make(self, now_ms, app, lives)
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.faults.set(faults);
    }

    /// From now on every access_token minted so far is expired.
    pub fn expire_access_tokens(&self) {
        let mut known = self
            .access_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known
            .values_mut()
            .for_each(|(_, until_ms)| *until_ms = i64::MIN);
    }

    /// Everything as it really is at `now_ms`. Reads media through that nobody asked for yet, to
    /// know their digests.
    pub fn truth(&self, now_ms: i64) -> Truth {
        Truth::of(self, now_ms)
    }

    /// What was asked, answered and broken so far; cheap.
    pub fn counts(&self) -> Counts {
        self.tallies.counts()
    }

    /// Makes the digests that media are sent with, for every token so far. They are made when first
    /// needed anyway.
    pub fn warm_up(&self) {
        for life in self
            .tokens()
            .iter()
            .flat_map(|token| media::of_token(token, &self.options.windows))
        {
            self.contents.digests(&life.medium);
        }
    }

    /// `http://host:port`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The apps and their credentials.
    pub fn apps(&self) -> &[AppCredential] {
        &self.options.apps
    }
}

impl World {
    /// Dice that fall differently at every call: for what changes with every request.
    pub(crate) fn fresh_dice(&self, matter: &str) -> Dice {
        let throw = self.throws.fetch_add(1, Ordering::Relaxed);
        Dice::of(self.options.seed, &[word("throw"), word(matter), throw])
    }

    /// Makes the tokens of one order, to be told under `app`.
    pub(crate) fn create(&self, now_ms: i64, app: &str, spec: &LifeSpec) -> Vec<Arc<Token>> {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        (0..spec.count)
            .map(|_| {
                let index = tokens.in_order.len() as u64;
                let token = Arc::new(Token::born(&self.options, index, spec, app, now_ms));
                tokens.in_order.push(Arc::clone(&token));
                tokens
                    .by_name
                    .insert(token.verify_token.clone(), Arc::clone(&token));
                token
            })
            .collect()
    }

    /// The token of this name.
    pub(crate) fn token(&self, verify_token: &str) -> Option<Arc<Token>> {
        self.tokens
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_name
            .get(verify_token)
            .cloned()
    }

    /// The token of this number.
    pub(crate) fn token_at(&self, index: u64) -> Option<Arc<Token>> {
        self.tokens
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .in_order
            .get(index as usize)
            .cloned()
    }

    /// All tokens, oldest first.
    pub(crate) fn tokens(&self) -> Vec<Arc<Token>> {
        self.tokens
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .in_order
            .clone()
    }

    /// A new access_token for the app at `app`; older ones keep working.
    pub(crate) fn mint_access_token(&self, app: usize, now_ms: i64) -> String {
        let windows = &self.options.windows;
        let works_ms = windows
            .access_token_works_ms
            .unwrap_or(windows.access_token_ms);
        let seconds = windows.access_token_ms / 1_000;
        let hex = self
            .fresh_dice("access token")
            .text(b"0123456789abcdef", 32);
        let minted = format!(
            "24.{hex}.{seconds}.{}.282335-{}",
            now_ms / 1_000 + seconds,
            10_000_000 + app
        );
        let mut known = self
            .access_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(minted.clone(), (app, now_ms + works_ms));
        minted
    }

    /// The app an access_token belongs to, and whether it still works; `None` for one never minted.
    pub(crate) fn access_token(&self, text: &str, now_ms: i64) -> Option<(usize, bool)> {
        let known = self
            .access_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known
            .get(text)
            .map(|(app, until_ms)| (*app, now_ms < *until_ms))
    }

    /// A URL of `medium`, signed from `now_ms` on.
    pub(crate) fn media_url(&self, medium: &Medium, now_ms: i64) -> String {
        let path = format!("/v1/{BUCKET}/{}", medium.key(self.options.seed));
        // Signatures count in whole seconds; rounding must not make a URL live shorter than was
        // set.
        let until_s = (now_ms + self.options.windows.url_ms + 999).div_euclid(1_000);
        let valid_s = until_s - now_ms.div_euclid(1_000);
        let signed_at = utc_seconds(now_ms);
        let prefix = format!(
            "bce-auth-v1/{}/{signed_at}/{valid_s}",
            self.bos.access_key_id
        );
        let host = self.base_url.split_once("://").map_or("", |(_, host)| host);
        let signed = self.media_signature(&prefix, "GET", &path, "", host);
        let authorization = signature::encoded(format!("{prefix}//{signed}").as_bytes(), false);
        format!("{}{path}?authorization={authorization}", self.base_url)
    }

    /// The signature that a request for an object must carry.
    pub(crate) fn media_signature(
        &self,
        prefix: &str,
        method: &str,
        path: &str,
        query: &str,
        host: &str,
    ) -> String {
        let key = signature::signing_key(&self.bos.secret_access_key, prefix);
        signature::signature(
            &key,
            &signature::canonical(method, path, query, &[("host", host)]),
        )
    }

    /// Whether `access_key_id` is the one that media URLs are signed with.
    pub(crate) fn signs_media(&self, access_key_id: &str) -> bool {
        self.bos.access_key_id == access_key_id
    }

    /// The URL that `simple` gives.
    pub(crate) fn final_face_url(&self, token: &Token) -> String {
        format!(
            "{}{}?verify_token={}",
            self.base_url,
            objects::FINAL_FACE,
            token.verify_token
        )
    }

    /// The final face of `token`: that of the attempt that passed.
    pub(crate) fn final_face(&self, token: &Token) -> Option<Medium> {
        let passed = token
            .attempts
            .iter()
            .find(|attempt| attempt.verdict.passed())?;
        Some(Medium {
            token: token.index,
            attempt: passed.order,
            kind: Kind::FinalFace,
            position: 0,
        })
    }

    /// `at_ms` as this provider writes it for `token`.
    pub(crate) fn wall_time(&self, token: &Token, at_ms: i64) -> String {
        beijing(
            at_ms,
            !(self.options.quirks && token.dice("unpadded", 0).happens(30)),
        )
    }
}
