//! What really is: every token with its attempts and media, and what an archiver that makes no
//! mistake ends with.

use serde::Serialize;

use super::{
    content::Contents,
    facts::{self, Facts},
    life::Life,
    media::{self, Kind, MediumLife},
    options::Windows,
    signature::hex,
    tallies::Counts,
    token::{Attempt, Token},
    world::World,
};

/// Everything about one simulated provider.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// What everything follows from.
    pub seed: u64,
    /// The provider's clock when this was told, unix milliseconds.
    pub now_ms: i64,
    /// How long things live.
    pub windows: Windows,
    /// Every token, oldest first.
    pub tokens: Vec<TokenTruth>,
    /// What was asked and answered.
    pub counts: Counts,
}

/// One token.
#[derive(Clone, Debug, Serialize)]
pub struct TokenTruth {
    /// The token.
    pub verify_token: String,
    /// The app it is told under.
    pub app: String,
    /// The app that generated it.
    pub owner: String,
    /// The name of its life.
    pub life: &'static str,
    /// Whether ID card images and OCR fields exist.
    pub ocr: bool,
    /// When it was generated, unix milliseconds.
    pub issued_at_ms: i64,
    /// When nobody can use it any more, unix milliseconds.
    pub window_closes_ms: i64,
    /// When results, faces and ID card images vanish, unix milliseconds.
    pub record_until_ms: i64,
    /// `archived`, `abandoned`, `incomplete`, `missed` or `rejected`: what it ends as when nothing
    /// is done wrong.
    pub outcome: &'static str,
    /// Every attempt, also those still to come: compare `at_ms` with `now_ms`.
    pub attempts: Vec<AttemptTruth>,
    /// Every medium, also those still to come or gone.
    pub media: Vec<MediumTruth>,
}

/// One attempt.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptTruth {
    /// Counts from 1.
    pub order: u32,
    /// When it ended, unix milliseconds.
    pub at_ms: i64,
    /// The same as the provider writes it: to the second.
    pub verified_at_ms: i64,
    /// Whether the person passed.
    pub passed: bool,
    /// `"0"` when passed.
    pub code: &'static str,
    /// As told by `getall`.
    pub message: &'static str,
    /// Scores, charges and identity.
    #[serde(flatten)]
    pub facts: Facts,
}

/// One image or video.
#[derive(Clone, Debug, Serialize)]
pub struct MediumTruth {
    /// What it is.
    pub kind: Kind,
    /// `order` of its attempt.
    pub attempt: u32,
    /// Counts from 0 within attempt and kind.
    pub position: u32,
    /// Its content type, as an honest answer has it.
    pub content_type: &'static str,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Through which endpoints it can be had: `getall`, `detail`, `media`, `simple`.
    pub served_by: &'static [&'static str],
    /// When it appears, unix milliseconds.
    pub from_ms: i64,
    /// When it vanishes, unix milliseconds.
    pub until_ms: i64,
    /// Whether it vanishes because the next attempt's takes its place: only an archiver that asked
    /// in between has it.
    pub replaced: bool,
}

impl Truth {
    /// The truth about `world` at `now_ms`. Reads every medium through that was not yet, to know
    /// its digest.
    pub fn of(world: &World, now_ms: i64) -> Self {
        let options = &world.options;
        let tokens = world.tokens();
        Self {
            seed: options.seed,
            now_ms,
            windows: options.windows,
            tokens: tokens
                .iter()
                .map(|token| TokenTruth::of(token, world))
                .collect(),
            counts: world.tallies.counts(),
        }
    }

    /// What is true of one token.
    pub fn token(&self, verify_token: &str) -> Option<&TokenTruth> {
        self.tokens
            .iter()
            .find(|token| token.verify_token == verify_token)
    }
}

impl TokenTruth {
    fn of(token: &Token, world: &World) -> Self {
        let windows = &world.options.windows;
        let attempt = |attempt: &Attempt| AttemptTruth {
            order: attempt.order,
            at_ms: attempt.at_ms,
            verified_at_ms: attempt.at_ms.div_euclid(1_000) * 1_000,
            passed: attempt.verdict.passed(),
            code: attempt.verdict.code,
            message: facts::message(token, attempt, world.options.quirks),
            facts: facts::of(token, attempt),
        };
        Self {
            verify_token: token.verify_token.clone(),
            app: token.app.clone(),
            owner: token.owner.clone(),
            life: token.life.name(),
            ocr: token.ocr,
            issued_at_ms: token.issued_at_ms,
            window_closes_ms: token.window_closes_ms(windows),
            record_until_ms: token.record_until_ms(windows),
            outcome: outcome(token, world),
            attempts: token.attempts.iter().map(attempt).collect(),
            media: media::of_token(token, windows)
                .iter()
                .map(|life| MediumTruth::of(life, &world.contents))
                .collect(),
        }
    }
}

fn outcome(token: &Token, world: &World) -> &'static str {
    let windows = &world.options.windows;
    let told_at_ms = token.told_at_ms;
    let gone = |life: &MediumLife| !life.replaced && life.until_ms <= told_at_ms;
    match token.life {
        // Nobody may show it to the app that generated it.
        Life::WrongApp if !are_of_one_account(&token.app, &token.owner, world) => "rejected",
        _ if told_at_ms >= token.record_until_ms(windows) => "missed",
        Life::Unused => "abandoned",
        // A face that lies where nobody may follow, or a video that went before its token was told.
        _ if token.face_url.is_some() || media::of_token(token, windows).iter().any(gone) => {
            "incomplete"
        }
        _ => "archived",
    }
}

/// Whether both are configured, under one account.
fn are_of_one_account(app: &str, owner: &str, world: &World) -> bool {
    let account = |name: &str| {
        let mut apps = world.options.apps.iter();
        apps.find(|known| known.name == name)
            .map(|known| known.account.as_str())
    };
    account(app).is_some() && account(app) == account(owner)
}

impl MediumTruth {
    fn of(life: &MediumLife, contents: &Contents) -> Self {
        let medium = life.medium;
        Self {
            kind: medium.kind,
            attempt: medium.attempt,
            position: medium.position,
            content_type: medium.kind.content_type(),
            bytes: contents.of(&medium).len(),
            sha256: hex(&contents.sha256(&medium)),
            served_by: life.served_by,
            from_ms: life.from_ms,
            until_ms: life.until_ms,
            replaced: life.replaced,
        }
    }
}
