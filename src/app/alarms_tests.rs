//! Every kind of alarm, once: raised and ended by the stage that does so, on a held clock.

use simulator::FaultKind;

use super::{guard::tests as guard, housekeeping::tests as housekeeping, verify::tests as verify};
use crate::{
    archive::{
        lives::{
            alarms::{self, Course},
            traffic,
        },
        notifier::tests as notifier,
    },
    domain::alarm::Kind,
};

async fn course(kind: Kind) -> Course {
    let answers = |body| alarms::of_answers(Some((200, body)));
    match kind {
        Kind::Loss => alarms::of_a_loss().await,
        Kind::TooFast => answers(r#"{"error_code":18,"error_msg":"qps"}"#).await,
        Kind::Quota => answers(r#"{"error_code":17,"error_msg":"daily"}"#).await,
        Kind::Credentials => answers(r#"{"error_code":110,"error_msg":"invalid"}"#).await,
        Kind::Forbidden => answers(r#"{"error_code":6,"error_msg":"No permission"}"#).await,
        Kind::Misconfigured => answers(r#"{"error_code":3,"error_msg":"Unsupported"}"#).await,
        Kind::ProviderDown => alarms::of_answers(None).await,
        Kind::WrongApp => alarms::of_a_wrong_app().await,
        Kind::UnknownTokens => alarms::of_unknown_tokens().await,
        Kind::FailureRate => traffic::of_failures().await,
        Kind::Risk => traffic::of_a_risk().await,
        Kind::Volume => traffic::of_an_hour_without_tokens().await,
        Kind::NoTokens => traffic::of_a_morning_without_tokens().await,
        Kind::ForbiddenHost => alarms::of_media(FaultKind::MediaRedirect).await,
        Kind::CorruptDownloads => alarms::of_media(FaultKind::MediaPage).await,
        Kind::VaultDown => alarms::of_objects().await,
        Kind::Poison => alarms::of_a_step_that_dies().await,
        Kind::DatabaseDown => guard::of_a_database_that_is_away().await,
        Kind::DatabaseBroken => guard::of_a_database_without_a_table().await,
        Kind::DiskFull => guard::of_a_full_disk().await,
        Kind::FewDescriptors => guard::of_few_descriptors().await,
        Kind::ClockSkew => guard::of_a_clock_apart().await,
        Kind::Panic => guard::of_a_panic().await,
        Kind::KeyLimit => guard::of_a_key_at_its_limit().await,
        Kind::Damaged => verify::of_damage().await,
        Kind::Delivery => notifier::of_a_channel_that_fails().await,
        Kind::DaemonDown => housekeeping::of_a_time_without_a_daemon().await,
    }
}

#[tokio::test]
async fn every_kind_begins_and_ends_by_its_own_stage_and_no_other_with_it() {
    for kind in Kind::ALL {
        let [raised, ended] = course(*kind).await;
        assert_eq!(raised, [kind.name()], "{kind:?}");
        assert_eq!(ended, [""; 0], "{kind:?}");
    }
}
