//! The alarms that the database knows: one of a kind and subject is open at a time.
//!
//! Alarms that come with a record are raised and ended in its transaction, not here.

use async_trait::async_trait;

use crate::{
    domain::{
        alarm::{Alarm, Kind},
        loss::Outage,
        time::Time,
    },
    store::{
        Connection, Result,
        reports::{Acknowledgement, AlarmRow},
    },
};

/// Alarms, as rows.
#[async_trait]
pub trait AlarmStore: Connection {
    /// Raises an alarm; true when none of its kind and subject was open.
    async fn raise(&self, alarm: &Alarm, now: Time) -> Result<bool>;

    /// Ends an alarm; true when one was open.
    async fn clear(&self, kind: Kind, subject: &str, now: Time) -> Result<bool>;

    /// Notes of an open alarm that a person has seen it; false when none of that number is open.
    async fn acknowledge(&self, alarm_id: i64, seen: &Acknowledgement) -> Result<bool>;

    /// Ends alarms that are over without anybody having said so, each as its kind says
    /// ([`Ends`](crate::domain::alarm::Ends)); brings how many.
    async fn end_alarms(&self, now: Time) -> Result<i64>;

    /// The outages between two instants that touched an app: of its own, and of the service.
    async fn outages(&self, app: &str, from: Time, to: Time) -> Result<Vec<Outage>>;

    /// Open alarms, oldest first; what was lost and nobody has taken note of is one an app and
    /// cause.
    async fn alarms(&self) -> Result<Vec<AlarmRow>>;
}
