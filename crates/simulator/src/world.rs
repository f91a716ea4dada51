//! The state of one simulated provider: its clock, tokens, access_tokens, faults and counts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    clock::{SimClock, beijing, utc_seconds},
    content::Contents,
    dice::{Dice, word},
    faults::FaultGate,
    life::LifeSpec,
    media::{Kind, Medium},
    options::{AppCredential, Options},
    quota::Quota,
    signature,
    tallies::Tallies,
    token::Token,
};

/// The bucket that all media lie in.
pub const BUCKET: &str = "brain-faceprint-sim";

#[derive(Debug, Default)]
struct Tokens {
    in_order: Vec<Arc<Token>>,
    by_name: HashMap<String, Arc<Token>>,
}

/// Everything a request may need.
#[derive(Debug)]
pub struct World {
    /// As started.
    pub options: Options,
    /// The provider's clock.
    pub clock: SimClock,
    /// The bytes of media.
    pub contents: Contents,
    /// What goes wrong.
    pub faults: FaultGate,
    /// Who asks too much.
    pub quota: Quota,
    /// What was asked.
    pub tallies: Tallies,
    /// `http://host:port`, without a slash at the end.
    pub base_url: String,
    tokens: RwLock<Tokens>,
    access_tokens: Mutex<HashMap<String, (usize, i64)>>,
    throws: AtomicU64,
    bos: AppCredential,
}

impl World {
    /// A provider that is reached at `base_url`.
    pub fn new(options: Options, base_url: String) -> Self {
        Self {
            clock: SimClock::ahead_by(options.clock_ahead_ms),
            contents: Contents::new(options.seed, options.media_bytes),
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

    /// Dice that fall differently at every call: for what changes with every request.
    pub fn fresh_dice(&self, matter: &str) -> Dice {
        let throw = self.throws.fetch_add(1, Ordering::Relaxed);
        Dice::of(self.options.seed, &[word("throw"), word(matter), throw])
    }

    /// Makes the tokens of one order, to be told under `app`.
    pub fn create(&self, app: &str, spec: &LifeSpec) -> Vec<Arc<Token>> {
        let now_ms = self.clock.now_ms();
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        (0..spec.count)
            .map(|_| {
                let index = tokens.in_order.len() as u64;
                let token = Arc::new(Token::born(&self.options, index, spec, app, now_ms));
                tokens.in_order.push(Arc::clone(&token));
                tokens.by_name.insert(token.verify_token.clone(), Arc::clone(&token));
                token
            })
            .collect()
    }

    /// The token of this name.
    pub fn token(&self, verify_token: &str) -> Option<Arc<Token>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).by_name.get(verify_token).cloned()
    }

    /// The token of this number.
    pub fn token_at(&self, index: u64) -> Option<Arc<Token>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).in_order.get(index as usize).cloned()
    }

    /// All tokens, oldest first.
    pub fn tokens(&self) -> Vec<Arc<Token>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).in_order.clone()
    }

    /// A new access_token for the app at `app`; older ones keep working.
    pub fn mint_access_token(&self, app: usize) -> String {
        let windows = &self.options.windows;
        let now_ms = self.clock.now_ms();
        let works_ms = windows.access_token_works_ms.unwrap_or(windows.access_token_ms);
        let seconds = windows.access_token_ms / 1_000;
        let hex = self.fresh_dice("access token").text(b"0123456789abcdef", 32);
        let minted = format!("24.{hex}.{seconds}.{}.282335-{}", now_ms / 1_000 + seconds, 10_000_000 + app);
        let mut known = self.access_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(minted.clone(), (app, now_ms + works_ms));
        minted
    }

    /// The app an access_token belongs to, and whether it still works; `None` for one never minted.
    pub fn access_token(&self, text: &str) -> Option<(usize, bool)> {
        let known = self.access_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(text).map(|(app, until_ms)| (*app, self.clock.now_ms() < *until_ms))
    }

    /// From now on every access_token minted so far is expired.
    pub fn expire_access_tokens(&self) {
        let mut known = self.access_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        known.values_mut().for_each(|(_, until_ms)| *until_ms = i64::MIN);
    }

    /// A URL of `medium`, signed from now on.
    pub fn media_url(&self, medium: &Medium) -> String {
        let path = format!("/v1/{BUCKET}/{}", medium.key(self.options.seed));
        let now_ms = self.clock.now_ms();
        // Signatures count in whole seconds; rounding must not make a URL live shorter than was set.
        let until_s = (now_ms + self.options.windows.url_ms + 999).div_euclid(1_000);
        let valid_s = until_s - now_ms.div_euclid(1_000);
        let signed_at = utc_seconds(now_ms);
        let prefix = format!("bce-auth-v1/{}/{signed_at}/{valid_s}", self.bos.access_key_id);
        let host = self.base_url.split_once("://").map_or("", |(_, host)| host);
        let signed = self.media_signature(&prefix, "GET", &path, "", host);
        let authorization = signature::encoded(format!("{prefix}//{signed}").as_bytes(), false);
        format!("{}{path}?authorization={authorization}", self.base_url)
    }

    /// The signature that a request for an object must carry.
    pub fn media_signature(&self, prefix: &str, method: &str, path: &str, query: &str, host: &str) -> String {
        let key = signature::signing_key(&self.bos.secret_access_key, prefix);
        signature::signature(&key, &signature::canonical(method, path, query, &[("host", host)]))
    }

    /// Whether `access_key_id` is the one that media URLs are signed with.
    pub fn signs_media(&self, access_key_id: &str) -> bool {
        self.bos.access_key_id == access_key_id
    }

    /// The URL that `simple` gives.
    pub fn final_face_url(&self, token: &Token) -> String {
        format!("{}/solution/faceprint/image/query?verify_token={}", self.base_url, token.verify_token)
    }

    /// The final face of `token`: that of the attempt that passed.
    pub fn final_face(&self, token: &Token) -> Option<Medium> {
        let passed = token.attempts.iter().find(|attempt| attempt.verdict.passed())?;
        Some(Medium { token: token.index, attempt: passed.order, kind: Kind::FinalFace, position: 0 })
    }

    /// `at_ms` as this provider writes it for `token`.
    pub fn wall_time(&self, token: &Token, at_ms: i64) -> String {
        beijing(at_ms, !(self.options.quirks && token.dice("unpadded", 0).happens(30)))
    }
}
