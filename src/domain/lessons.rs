//! What the answers about an app's tokens teach about the app: what its unused tokens answer, which
//! of its plans are filmed, and when it was last given data. Each lesson says from which token and
//! when, so that a person can look into it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    id::VerificationId,
    time::{Span, Time},
};

/// How it is known that nobody had used the token when it answered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Verikeep had it generated, and its window was still open.
    IssuedHere,
    /// Its first attempt is later than the answer.
    VerifiedLater,
}

impl Origin {
    /// The name in `unused_signatures.origin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IssuedHere => "issued_here",
            Self::VerifiedLater => "verified_later",
        }
    }

    /// The origin of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::IssuedHere, Self::VerifiedLater]
            .into_iter()
            .find(|origin| origin.name() == name)
    }
}

/// A token that nobody had used was seen to answer so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnusedSignature {
    /// The configured app.
    pub app: String,
    /// [`super::answer::ProviderError::signature`] of the answer.
    pub signature: String,
    /// Whose answer.
    pub verification_id: VerificationId,
    /// When it was given.
    pub seen_at: Time,
    /// How it is known that the token was unused.
    pub origin: Origin,
}

/// What media/query can list of a filmed plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Film {
    /// Faces taken during the liveness check.
    Images,
    /// A video of either kind.
    Video,
}

impl Film {
    /// The name in `filmed_plans.kind`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Video => "video",
        }
    }

    /// The film of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Images, Self::Video]
            .into_iter()
            .find(|film| film.name() == name)
    }
}

/// A plan whose tokens are filmed: media/query listed such media of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilmedPlan {
    /// The configured app.
    pub app: String,
    /// The plan; empty for tokens that were told without one.
    pub plan_id: String,
    /// What was listed.
    pub film: Film,
    /// When it was first seen.
    pub seen_at: Time,
}

/// An app's token was answered with data by getall.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataSeen {
    /// The configured app.
    pub app: String,
    /// When that last happened.
    pub at: Time,
}

/// Lessons of any number of apps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lessons {
    /// What unused tokens answered.
    pub unused: Vec<UnusedSignature>,
    /// Which plans are filmed.
    pub filmed: Vec<FilmedPlan>,
    /// When each app last got data.
    pub data_seen: Vec<DataSeen>,
}

impl Lessons {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unused.is_empty() && self.filmed.is_empty() && self.data_seen.is_empty()
    }
}

/// What was learned of an app and one of its plans, as far as a decision turns on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Signatures that unused tokens are known to answer.
    pub unused: Vec<String>,
    /// When a token of the app last got data.
    pub data_at: Option<Time>,
    /// Whether images are listed for tokens of the plan.
    pub images: bool,
    /// Whether videos are.
    pub video: bool,
}

/// A signature is known once this many tokens answered so …
const TOKENS_MIN: usize = 3;
/// … on this many days, so that no disturbance of an hour is taken for what unused tokens answer.
const DAYS_MIN: usize = 2;

/// The lessons of one app, kept in memory beside those in the store.
#[derive(Clone, Debug, Default)]
pub struct AppLessons {
    unused: BTreeMap<String, BTreeMap<VerificationId, Time>>,
    filmed: BTreeSet<(String, Film)>,
    /// Whose data came last, where that is known, and when.
    data: Option<(Option<VerificationId>, Time)>,
    /// When data of any other token last came.
    other_data: Option<Time>,
    /// The latest of it that was handed to the store.
    handed: Option<Time>,
}

impl AppLessons {
    /// Takes in what the store knows, from this process and others.
    pub fn merge(&mut self, unused: UnusedSignature) {
        self.unused
            .entry(unused.signature)
            .or_default()
            .insert(unused.verification_id, unused.seen_at);
    }

    /// Takes in a filmed plan; true when it was not known.
    pub fn film(&mut self, plan_id: &str, film: Film) -> bool {
        self.filmed.insert((plan_id.to_owned(), film))
    }

    /// Takes in when a token got data; none is some token's.
    pub fn data(&mut self, of: Option<VerificationId>, at: Time) {
        match &mut self.data {
            Some((known, last)) if *known == of => *last = at.max(*last),
            Some((known, last)) if *last <= at => {
                self.other_data = self.other_data.max(Some(*last));
                (*known, *last) = (of, at);
            }
            Some(_) => self.other_data = self.other_data.max(Some(at)),
            None => self.data = Some((of, at)),
        }
    }

    /// The time of the latest data, when the store should hear of it: not more often than `every`.
    pub fn data_to_hand_on(&mut self, every: Span) -> Option<Time> {
        let at = self.data.as_ref().map(|(_, at)| *at)?;
        if self
            .handed
            .is_some_and(|handed| at.since(handed).0 < every.0)
        {
            return None;
        }
        self.handed = Some(at);
        Some(at)
    }

    /// Whether a token other than this one got data since `since`: the provider was answering the
    /// app then.
    #[must_use]
    pub fn got_data_of_another(&self, verification_id: VerificationId, since: Time) -> bool {
        let last = self
            .data
            .as_ref()
            .filter(|(known, _)| *known != Some(verification_id))
            .map(|(_, at)| *at);
        last.max(self.other_data).is_some_and(|at| at >= since)
    }

    /// Takes in that a token nobody had used answered so; true when that is worth remembering: of a
    /// signature that is not known yet, no more a day than make it known.
    pub fn observe(
        &mut self,
        signature: &str,
        verification_id: VerificationId,
        at: Time,
        day: Span,
    ) -> bool {
        if self.is_known(signature, day) {
            return false;
        }
        let seen = self.unused.entry(signature.to_owned()).or_default();
        let of_day = seen
            .values()
            .filter(|known| day_of(**known, day) == day_of(at, day))
            .count();
        if of_day >= TOKENS_MIN || seen.contains_key(&verification_id) {
            return false;
        }
        seen.insert(verification_id, at);
        true
    }

    fn is_known(&self, signature: &str, day: Span) -> bool {
        self.unused.get(signature).is_some_and(|seen| {
            let days: BTreeSet<i64> = seen.values().map(|at| day_of(*at, day)).collect();
            seen.len() >= TOKENS_MIN && days.len() >= DAYS_MIN
        })
    }

    /// What is known of a plan; `vouched` are signatures that a person vouches for in the
    /// configuration.
    #[must_use]
    pub fn learned(
        &self,
        plan_id: &str,
        day: Span,
        vouched: impl IntoIterator<Item = String>,
    ) -> Learned {
        let known = self
            .unused
            .keys()
            .filter(|signature| self.is_known(signature, day))
            .cloned();
        let films = |film| self.filmed.contains(&(plan_id.to_owned(), film));
        Learned {
            unused: known.chain(vouched).collect(),
            data_at: self.data.as_ref().map(|(_, at)| *at),
            images: films(Film::Images),
            video: films(Film::Video),
        }
    }
}

fn day_of(at: Time, day: Span) -> i64 {
    at.0.div_euclid(day.0.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Span = Span(100);

    fn id(name: char) -> VerificationId {
        uuid::Uuid::from_u128(name.into()).into()
    }

    fn known(lessons: &AppLessons) -> Vec<String> {
        lessons.learned("", DAY, []).unused
    }

    #[test]
    fn a_signature_is_known_from_several_tokens_on_several_days() {
        let mut lessons = AppLessons::default();
        for (token, at, worth) in [
            ('a', 1, true),
            ('b', 2, true),
            ('a', 3, false),
            ('c', 4, true),
            ('d', 5, false),
        ] {
            assert_eq!(
                lessons.observe("refused", id(token), Time(at), DAY),
                worth,
                "{token} {at}"
            );
            assert!(known(&lessons).is_empty(), "an hour of it proves nothing");
        }
        assert!(lessons.observe("refused", id('e'), Time(101), DAY));
        assert_eq!(known(&lessons), ["refused"]);
        assert!(
            !lessons.observe("refused", id('f'), Time(201), DAY),
            "known is known"
        );
        let mut few = AppLessons::default();
        assert!(
            few.observe("refused", id('a'), Time(1), DAY)
                && few.observe("refused", id('b'), Time(101), DAY)
        );
        assert!(known(&few).is_empty(), "two tokens may be a chance");
        assert_eq!(
            few.learned("", DAY, ["not_yet:7".to_owned()]).unused,
            ["not_yet:7"]
        );
    }

    #[test]
    fn data_of_the_token_itself_is_no_witness() {
        let mut lessons = AppLessons::default();
        assert!(!lessons.got_data_of_another(id('a'), Time(0)));
        lessons.data(Some(id('a')), Time(10));
        assert!(
            !lessons.got_data_of_another(id('a'), Time(0))
                && lessons.got_data_of_another(id('b'), Time(10))
        );
        lessons.data(Some(id('b')), Time(20));
        lessons.data(Some(id('b')), Time(30));
        assert!(
            lessons.got_data_of_another(id('b'), Time(10))
                && !lessons.got_data_of_another(id('b'), Time(11))
        );
        assert_eq!(lessons.learned("", DAY, []).data_at, Some(Time(30)));
        assert_eq!(
            (
                lessons.data_to_hand_on(Span(5)),
                lessons.data_to_hand_on(Span(5))
            ),
            (Some(Time(30)), None)
        );
        lessons.data(Some(id('a')), Time(35));
        assert_eq!(lessons.data_to_hand_on(Span(5)), Some(Time(35)));
    }
}
