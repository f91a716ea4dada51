//! What was kept, beside what really was.

use futures::TryStreamExt as _;

use super::House;
use crate::{
    domain::{digest::Sha256, id::VerificationId, time::Time},
    store::{Objects as _, reports::MediaReport},
    vault::{Lying, ObjectKey},
};

impl House {
    /// Everything of the token is as it really was, and nothing lies in the vault that nobody knows of.
    pub(super) async fn is_true(&self, token: &str) {
        self.has_all(token).await;
        assert_eq!(left_over(self).await, [""; 0]);
    }

    /// Everything of the token is as it really was. What a step had put whose record was not written
    /// may lie beside it: nobody but `verikeep orphans` knows of it.
    pub(super) async fn has_all(&self, token: &str) {
        let wrong = found(self, token).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// It is settled as a whole archive, all of it as it really was.
    pub(super) async fn is_archived(&self, token: &str) {
        assert_eq!(
            self.state(token).await,
            "archived",
            "{}",
            self.missing(token).await
        );
        self.is_true(token).await;
    }
}

/// What of a token is not as it really was: its end, its attempts, the bytes of its media.
pub(super) async fn found(house: &House, token: &str) -> Vec<String> {
    let (whole, truth) = (house.whole(token).await, house.truth());
    let truth = truth.token(token).expect("made");
    let mut wrong = Vec::new();
    let (state, missing) = (&whole.summary.state, &whole.summary.missing);
    if state != truth.outcome {
        wrong.push(format!("is {state}, not {}: {missing}", truth.outcome));
    }
    let is_seen = !matches!(truth.outcome, "missed" | "rejected" | "abandoned");
    let attempts: Vec<_> = whole.attempt_rows.iter().map(|row| row.passed).collect();
    let really = truth.attempts.iter().filter(|_| is_seen);
    let really: Vec<_> = really.map(|attempt| Some(attempt.passed)).collect();
    if attempts != really {
        wrong.push(format!("attempts {attempts:?}, not {really:?}"));
    }
    let really = truth.media.iter().filter(|_| is_seen);
    let mut really: Vec<_> = really
        .filter(|medium| medium.served_by != ["simple"])
        .collect();
    // The provider has what was handed in and gives it to nobody.
    let told = |row: &&MediaReport| row.kind != "match_image";
    for row in whole.media.iter().filter(told) {
        let (kind, sha256) = (
            &row.kind,
            row.sha256
                .map(|sha256| sha256.to_string())
                .unwrap_or_default(),
        );
        let Some(at) = really.iter().position(|medium| medium.sha256 == sha256) else {
            wrong.push(format!("{kind} is {}: {:?}", row.state, row.lost_reason));
            continue;
        };
        really.swap_remove(at);
        if kept(house, row.object_key.as_deref()).await != sha256 {
            wrong.push(format!("{kind} has other bytes in the vault"));
        }
    }
    // Of an attempt that was replaced only luck has any.
    let lost = really.into_iter().filter(|medium| !medium.replaced);
    wrong.extend(lost.map(|medium| format!("{:?} is not there", medium.kind)));
    for answer in &whole.answers {
        let really = match &answer.packed {
            Some(packed) => Sha256::of(&packed.open().unwrap()).to_string(),
            None => kept(house, answer.object_key.as_deref()).await,
        };
        if really != answer.sha256.to_string() {
            wrong.push(format!("answer of {} differs", answer.endpoint));
        }
    }
    wrong
}

/// Objects that no row names.
pub(super) async fn left_over(house: &House) -> Vec<String> {
    let lying = house.vault.written_before(Time(i64::MAX));
    let lying: Vec<Lying> = lying.try_collect().await.unwrap();
    let keys = lying.iter().map(|lying| (lying.of, lying.key.to_string()));
    let keys: Vec<(VerificationId, String)> = keys.collect();
    let named = house.store.named(&keys).await.unwrap();
    let keys = keys.into_iter().map(|(_, key)| key);
    keys.filter(|key| !named.contains(key)).collect()
}

/// The digest of what lies in the vault.
async fn kept(house: &House, object_key: Option<&str>) -> String {
    let Some(key) = object_key.and_then(|key| ObjectKey::parse(key).ok()) else {
        return String::new();
    };
    Sha256::of(&house.vault.get(&key).await.unwrap()).to_string()
}
