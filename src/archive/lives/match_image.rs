//! Images that are handed in to compare with: kept, and no sign of anything.

use std::io;

use serde_json::{Value, json};
use simulator::Life;

use super::{FILMED, House, filmed, issued::prepared};
use crate::{
    domain::{answer::Endpoint, digest::Sha256},
    store::{Retries as _, reports::MediaReport},
};

#[tokio::test]
async fn the_match_image_is_kept_beside_what_the_provider_tells() {
    let house = House::new();
    let issued = house.issue(prepared("passed,video=one")).await.unwrap();
    let whole = house.whole(issued.verify_token.reveal()).await;
    let image = &whole.media[..];
    assert_eq!(image.len(), 1);
    let (image, bytes) = (&image[0], [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    assert_eq!(
        (image.kind.as_str(), image.attempt_no, image.position),
        ("match_image", 0, 0)
    );
    assert_eq!(
        (image.state.as_str(), image.content_type.as_deref()),
        ("stored", Some("image/jpeg"))
    );
    assert_eq!(image.sha256, Some(Sha256::of(&bytes)));
    assert_eq!(image.captured_at, Some(whole.summary.tracked_at));
    house.live().await;
    house.is_archived(issued.verify_token.reveal()).await;
    let whole = house.whole(issued.verify_token.reveal()).await;
    let still = |row: &&MediaReport| row.object_key == image.object_key;
    assert_eq!(whole.media.iter().filter(still).count(), 1);
}

#[tokio::test]
async fn a_match_image_is_no_sign_that_anybody_verified() {
    // What unused tokens answer is known or not: with the image it ends as without.
    for (signature, end) in [("refused", "abandoned"), ("not_yet:999", "rejected")] {
        let house = House::new().taught(signature);
        for with_image in [true, false] {
            let mut wish = prepared("unused");
            wish.match_image = wish.match_image.filter(|_| with_image);
            let issued = house.issue(wish).await.unwrap();
            house.tell(FILMED, filmed(Life::Passed)).await;
            house.live().await;
            let label = format!("{signature}, {with_image}");
            let whole = house.whole(issued.verify_token.reveal()).await;
            assert_eq!(
                (whole.summary.state.as_str(), whole.summary.attempts),
                (end, 0),
                "{label}"
            );
            let media: Vec<&str> = whole.media.iter().map(|row| row.state.as_str()).collect();
            assert_eq!(media, vec!["stored"; usize::from(with_image)], "{label}");
        }
    }
}

#[tokio::test]
async fn a_match_image_that_cannot_be_stored_is_a_loss_and_hinders_no_token() {
    let house = House::new().taught("refused");
    house.fail_objects(Some(io::ErrorKind::StorageFull));
    let issued = house.issue(prepared("passed,video=one")).await.unwrap();
    let unused = house.issue(prepared("unused")).await.unwrap();
    assert!(issued.unprepared.is_none(), "{:?}", issued.unprepared);
    assert_eq!(house.asked(Endpoint::UploadMatchImage), 2);
    house.fail_objects(None);
    house.live().await;
    let token = issued.verify_token.reveal();
    for retried in [false, true] {
        if retried {
            let handle = [whole_id(&house, token).await];
            let now = house.now();
            house.store.retry(&handle, None, "ops", now).await.unwrap();
            house.live().await;
        }
        let whole = house.whole(token).await;
        assert_eq!(whole.summary.state, "incomplete", "{retried}");
        let missing = whole.summary.missing.as_array().unwrap();
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert_eq!(
            ["what", "attempt_no", "cause"].map(|key| &missing[0][key]),
            [&json!("match_image"), &Value::Null, &json!("vault_down")]
        );
    }
    assert_eq!(house.state(unused.verify_token.reveal()).await, "abandoned");
}

async fn whole_id(house: &House, token: &str) -> String {
    let whole = house.whole(token).await;
    whole.summary.verification_id.to_string()
}
