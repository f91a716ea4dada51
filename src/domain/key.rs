//! Keys of the HTTP API: what one may, and for how long.
//!
//! A key is the text `vk_<id>_<secret>`: the identifier of its row and 256 random bits in 64
//! lower-case hex digits. The text is shown once, to whoever has it made; what is kept is its
//! SHA-256.

use std::net::IpAddr;

use ipnet::IpNet;
use subtle::ConstantTimeEq as _;

pub use super::spent::{Spends, Spent, USUAL_ISSUES, USUAL_TOKENS};
use super::{
    digest::{Sha256, hex},
    id::KeyId,
    random,
    secret::Secret,
    time::{Span, Time},
};

/// How long a key is good when nothing is said.
pub const USUAL_LIFE: Span = Span::hours(90 * 24);

/// No key is good for longer: about five years.
pub const LONGEST_LIFE: Span = Span::hours(5 * 366 * 24);

/// How many calls a second a key may make when nothing is said.
pub const USUAL_RATE: u32 = 10_000;

/// No key may make more calls a second.
pub const RATE_MAX: u32 = 1_000_000;

/// How often it is noted at most that a key was used.
pub const USE_NOTED_EVERY: Span = Span::minutes(1);

/// What the secret of a key is made of: 256 bits.
const SECRET_BYTES: usize = 32;

/// How many characters a name has at most.
const NAME_MAX: usize = 64;

macro_rules! scopes {
    ($($(#[doc = $doc:literal])+ $scope:ident = $name:literal: $about:literal;)+) => {
        /// What a key is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $($(#[doc = $doc])+ $scope,)+
        }

        impl Scope {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$scope,)+];

            /// The name on the command line, in the table and in answers.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$scope => $name,)+ }
            }

            /// What it lets do, in a few words.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$scope => $about,)+ }
            }
        }
    };
}

scopes! {
    /// Tell tokens.
    Track = "track": "tell tokens";
    /// Have the provider generate tokens.
    Issue = "issue": "have the provider generate tokens";
    /// Read what is known of verifications, the persons masked.
    Read = "read": "read what is known, the persons masked";
    /// Look for persons by ID number, read them in plain, and images and videos.
    Reveal = "reveal": "look for persons by ID number, read them in plain, images and videos";
    /// Tend the service: tokens that wait for a person, alarms, losses.
    Operate = "operate": "have tokens asked again, tend alarms and losses";
}

impl Scope {
    /// The scope of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.name() == name)
    }
}

/// Whose verifications a key reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apps {
    /// Those of every app, also of one that is configured later.
    All,
    /// Those of these apps, and of none when it is empty.
    Only(Vec<String>),
}

impl Apps {
    /// Whether those of this app are among them.
    #[must_use]
    pub fn has(&self, app: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(apps) => apps.iter().any(|one| one == app),
        }
    }
}

/// A key, as everybody may see it: without its secret and the digest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The name of its row, part of its text.
    pub key_id: KeyId,
    /// What people call it: [`check_name`]. No two keys that are not revoked have the same.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// Whose verifications it reaches.
    pub apps: Apps,
    /// From where it may be used; from everywhere when it is empty.
    pub networks: Vec<IpNet>,
    /// How many calls a second it may make, and twice as many at once; [`RATE_MAX`] at most.
    pub rate: u32,
    /// How many new tokens it may tell from midnight to midnight (UTC).
    pub tokens_a_day: u32,
    /// How many tokens it may have generated from midnight to midnight (UTC).
    pub issues_a_day: u32,
    /// What it spent on the last day on which it spent anything.
    pub spent: Option<Spent>,
    /// When it was made.
    pub created_at: Time,
    /// Who had it made.
    pub created_by: String,
    /// From when on it is refused.
    pub expires_at: Time,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// When it was last used, to [`USE_NOTED_EVERY`].
    pub last_used_at: Option<Time>,
}

/// Why a key may not do a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No key that is kept: not of its form, of an unknown identifier, or of a wrong secret. Which
    /// of them is not told.
    #[error("the key is not known")]
    Unknown,
    /// It was revoked.
    #[error("the key was revoked")]
    Revoked,
    /// Its time is over.
    #[error("the key has expired")]
    Expired,
    /// It comes from outside of its networks.
    #[error("the key may not be used from this address")]
    Network,
    /// It is not for this.
    #[error("the key has not the scope {}", .0.name())]
    Scope(Scope),
    /// It is another app's. To be told as if there were nothing.
    #[error("the key does not reach this app")]
    App,
}

impl ApiKey {
    /// A new one, for nothing and no app yet, with what is usual where nothing is said.
    #[must_use]
    pub fn usual(key_id: KeyId, name: &str, created_by: &str, now: Time) -> Self {
        Self {
            key_id,
            name: name.to_owned(),
            scopes: Vec::new(),
            apps: Apps::Only(Vec::new()),
            networks: Vec::new(),
            rate: USUAL_RATE,
            tokens_a_day: USUAL_TOKENS,
            issues_a_day: USUAL_ISSUES,
            spent: None,
            created_at: now,
            created_by: created_by.to_owned(),
            expires_at: now.plus(USUAL_LIFE),
            revoked_at: None,
            revoked_by: None,
            last_used_at: None,
        }
    }

    /// Whether it is good at `now` for whoever asks from `address`.
    ///
    /// # Errors
    /// [`Denied::Revoked`], [`Denied::Expired`] or [`Denied::Network`].
    pub fn is_good(&self, address: IpAddr, now: Time) -> Result<(), Denied> {
        // An IPv4 address may come as one of IPv6 (`::ffff:10.0.0.1`).
        let address = address.to_canonical();
        if self.revoked_at.is_some() {
            return Err(Denied::Revoked);
        }
        if now >= self.expires_at {
            return Err(Denied::Expired);
        }
        if self.networks.is_empty() || self.networks.iter().any(|net| net.contains(&address)) {
            Ok(())
        } else {
            Err(Denied::Network)
        }
    }

    /// Whether it is for what `scope` is for.
    ///
    /// # Errors
    /// [`Denied::Scope`].
    pub fn may(&self, scope: Scope) -> Result<(), Denied> {
        if self.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(Denied::Scope(scope))
        }
    }

    /// Whether it may do what `scope` is for, with what is `app`'s; without an app, with what is
    /// no app's.
    ///
    /// # Errors
    /// As [`ApiKey::is_good`], then [`Denied::Scope`] or [`Denied::App`].
    pub fn permits(
        &self,
        scope: Scope,
        app: Option<&str>,
        address: IpAddr,
        now: Time,
    ) -> Result<(), Denied> {
        self.is_good(address, now)?;
        self.may(scope)?;
        match app {
            Some(app) if !self.apps.has(app) => Err(Denied::App),
            _ => Ok(()),
        }
    }

    /// How much of this it may spend a day.
    #[must_use]
    pub const fn a_day(&self, what: Spends) -> u32 {
        match what {
            Spends::Tokens => self.tokens_a_day,
            Spends::Issues => self.issues_a_day,
        }
    }

    /// Whether a use at `now` is to be noted.
    #[must_use]
    pub fn is_use_noted(&self, now: Time) -> bool {
        self.last_used_at
            .is_none_or(|last| now.since(last) >= USE_NOTED_EVERY)
    }
}

/// What is kept of the text of a key: its SHA-256. Shows nothing of itself.
#[derive(Clone)]
pub struct KeyDigest(Sha256);

impl KeyDigest {
    /// As it was kept.
    #[must_use]
    pub const fn kept(digest: Sha256) -> Self {
        Self(digest)
    }

    /// To be kept, and for nothing else.
    #[must_use]
    pub(crate) const fn to_keep(&self) -> Sha256 {
        self.0
    }

    /// Whether it is that of this key, in the same time whatever differs.
    #[must_use]
    pub fn is_of(&self, presented: &Presented) -> bool {
        bool::from(presented.digest.bytes().ct_eq(self.0.bytes()))
    }
}

impl std::fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A key and the digest of its text, as they are kept.
#[derive(Clone, Debug)]
pub struct KeptKey {
    /// The key.
    pub key: ApiKey,
    /// Of its text.
    pub digest: KeyDigest,
}

/// What a caller presents as a key: of its form, and not yet known to be one.
#[derive(Clone)]
pub struct Presented {
    /// The row it names.
    pub key_id: KeyId,
    digest: Sha256,
}

impl Presented {
    /// Reads `vk_<id>_<secret>`; none where the text has not exactly that form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("vk_")?.split_once('_')?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if secret.len() != 2 * SECRET_BYTES || !secret.bytes().all(is_digit) {
            return None;
        }
        Some(Self {
            key_id: id.parse().ok()?,
            digest: Sha256::of(text.as_bytes()),
        })
    }

    /// What is kept of it when it is a new key.
    #[must_use]
    pub const fn digest(&self) -> KeyDigest {
        KeyDigest(self.digest)
    }
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presented({}, [redacted])", self.key_id)
    }
}

/// The text of a fresh key of that identifier, and what is kept of it.
#[must_use]
pub fn fresh(key_id: KeyId) -> (Secret, KeyDigest) {
    let mut bytes = zeroize::Zeroizing::new([0; SECRET_BYTES]);
    random::fill(bytes.as_mut_slice());
    let secret = zeroize::Zeroizing::new(hex(bytes.as_slice()));
    let text = Secret::new(format!("vk_{key_id}_{}", secret.as_str()));
    let digest = KeyDigest(Sha256::of(text.reveal().as_bytes()));
    (text, digest)
}

/// Whether a key can be called so.
///
/// # Errors
/// What is wrong with the name.
pub fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX {
        return Err(format!(
            "it has {length} characters; write 1 to {NAME_MAX} of them"
        ));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err("it begins or ends with a space, or holds a control character".to_owned());
    }
    if name.parse::<KeyId>().is_ok() {
        return Err("it looks like the identifier of a key".to_owned());
    }
    Ok(())
}

/// When a key that is made at `now` expires.
///
/// # Errors
/// When it would have expired already, or be good for longer than [`LONGEST_LIFE`].
pub fn check_expiry(expires_at: Time, now: Time) -> Result<Time, String> {
    if expires_at <= now {
        return Err(format!("{expires_at} is over; name a time to come"));
    }
    if expires_at > now.plus(LONGEST_LIFE) {
        return Err(format!(
            "{expires_at} is too far away; a key is good for {LONGEST_LIFE} at most, make a new one in time"
        ));
    }
    Ok(expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_795_421_701_000);

    fn key() -> ApiKey {
        ApiKey {
            scopes: vec![Scope::Track],
            apps: Apps::Only(vec!["h5".to_owned()]),
            ..ApiKey::usual(KeyId::fresh(NOW), "shop", "cli:ops", NOW)
        }
    }

    #[test]
    fn every_scope_has_a_name_of_its_own() {
        for scope in Scope::ALL {
            assert_eq!(Scope::named(scope.name()), Some(*scope));
        }
        let names: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        assert_eq!(names, ["track", "issue", "read", "reveal", "operate"]);
    }

    #[test]
    fn a_fresh_key_is_known_again_and_no_other_is() {
        let id = KeyId::fresh(NOW);
        let (text, digest) = fresh(id);
        let (other, _) = fresh(id);
        assert_ne!(text, other, "the secrets differ");
        let text = text.reveal();
        assert_eq!(text.len(), "vk_".len() + 36 + 1 + 64);
        let presented = Presented::read(text).unwrap();
        assert_eq!(presented.key_id, id);
        assert!(digest.is_of(&presented));
        assert!(!digest.is_of(&Presented::read(other.reveal()).unwrap()));
        let elsewhere = text.replace(&id.to_string(), &KeyId::fresh(NOW).to_string());
        assert!(!digest.is_of(&Presented::read(&elsewhere).unwrap()));
        let shown = format!("{presented:?} {digest:?} {:?}", digest.clone());
        let secret = text.rsplit('_').next().unwrap();
        let kept = digest.to_keep().to_string();
        assert!(!shown.contains(secret) && !shown.contains(&kept), "{shown}");
    }

    #[test]
    fn what_has_not_the_form_of_a_key_is_none() {
        let id = KeyId::fresh(NOW);
        let (text, _) = fresh(id);
        let text = text.reveal();
        let secret = text.rsplit('_').next().unwrap();
        for (label, wrong) in [
            ("nothing", String::new()),
            ("the prefix", "vk_".to_owned()),
            ("no secret", format!("vk_{id}")),
            ("an empty secret", format!("vk_{id}_")),
            ("a short one", text[..text.len() - 1].to_owned()),
            ("a long one", format!("{text}0")),
            (
                "capitals",
                format!("vk_{id}_{}", secret.to_uppercase().replace('0', "A")),
            ),
            ("no digits", format!("vk_{id}_{}", "g".repeat(64))),
            ("wide digits", format!("vk_{id}_{}", "１".repeat(64))),
            ("another prefix", text.replacen("vk_", "VK_", 1)),
            ("a space before", format!(" {text}")),
            ("a line", format!("{text}\n")),
            ("no identifier", format!("vk_h5_{secret}")),
        ] {
            assert!(Presented::read(&wrong).is_none(), "{label}");
        }
    }

    #[test]
    fn a_key_does_what_it_is_for_while_it_is_good() {
        let here: IpAddr = "10.1.2.3".parse().unwrap();
        let mapped: IpAddr = "::ffff:10.1.2.3".parse().unwrap();
        let away: IpAddr = "192.0.2.1".parse().unwrap();
        let all = ApiKey {
            apps: Apps::All,
            ..key()
        };
        let none = ApiKey {
            apps: Apps::Only(Vec::new()),
            ..key()
        };
        let bound = ApiKey {
            networks: vec![
                "10.1.0.0/16".parse().unwrap(),
                "2001:db8::/32".parse().unwrap(),
            ],
            ..key()
        };
        let revoked = ApiKey {
            revoked_at: Some(NOW),
            ..key()
        };
        let (h5, other) = (Some("h5"), Some("h5-2"));
        let last = Time(key().expires_at.0 - 1);
        for (label, key, scope, app, address, now, is) in [
            ("its app", &key(), Scope::Track, h5, here, NOW, Ok(())),
            ("no app", &key(), Scope::Track, None, here, NOW, Ok(())),
            (
                "another",
                &key(),
                Scope::Track,
                other,
                here,
                NOW,
                Err(Denied::App),
            ),
            ("of all", &all, Scope::Track, other, here, NOW, Ok(())),
            (
                "of none",
                &none,
                Scope::Track,
                h5,
                here,
                NOW,
                Err(Denied::App),
            ),
            (
                "a scope",
                &key(),
                Scope::Read,
                h5,
                here,
                NOW,
                Err(Denied::Scope(Scope::Read)),
            ),
            ("in time", &key(), Scope::Track, h5, here, last, Ok(())),
            (
                "over",
                &key(),
                Scope::Track,
                h5,
                here,
                Time(last.0 + 1),
                Err(Denied::Expired),
            ),
            (
                "revoked",
                &revoked,
                Scope::Track,
                h5,
                here,
                NOW,
                Err(Denied::Revoked),
            ),
            ("inside", &bound, Scope::Track, h5, here, NOW, Ok(())),
            ("mapped", &bound, Scope::Track, h5, mapped, NOW, Ok(())),
            (
                "outside",
                &bound,
                Scope::Track,
                h5,
                away,
                NOW,
                Err(Denied::Network),
            ),
            (
                "outside first",
                &bound,
                Scope::Read,
                other,
                away,
                NOW,
                Err(Denied::Network),
            ),
        ] {
            assert_eq!(key.permits(scope, app, address, now), is, "{label}");
        }
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let used = |last: Option<i64>, now: i64| {
            let last_used_at = last.map(|ms| NOW.plus(Span(ms)));
            ApiKey {
                last_used_at,
                ..key()
            }
            .is_use_noted(NOW.plus(Span(now)))
        };
        assert!(used(None, 0) && used(Some(0), 60_000));
        assert!(!used(Some(0), 59_999) && !used(Some(1), 0));
    }

    #[test]
    fn names_and_expiries_have_bounds() {
        for (name, is) in [
            ("shop", true),
            ("商店 2", true),
            (&"x".repeat(64), true),
            (&"商".repeat(65), false),
            ("", false),
            (" shop", false),
            ("a\nb", false),
            ("019ab2c4-7f00-7abc-8def-0123456789af", false),
        ] {
            assert_eq!(check_name(name).is_ok(), is, "{name:?}");
        }
        for (span, is) in [
            (Span(0), false),
            (Span(-1), false),
            (Span(1), true),
            (USUAL_LIFE, true),
            (LONGEST_LIFE, true),
            (Span(LONGEST_LIFE.0 + 1), false),
        ] {
            assert_eq!(check_expiry(NOW.plus(span), NOW).is_ok(), is, "{span}");
        }
    }
}
