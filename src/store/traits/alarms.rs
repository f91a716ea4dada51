//! The alarms that the database knows: one of a kind, subject and instance is open at a time.
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

/// The instance of alarms whose end anybody sees.
pub const ANYBODY: &str = "";

/// Alarms, as rows.
#[async_trait]
pub trait AlarmStore: Connection {
    /// Raises an alarm, whose end only `instance` sees ([`ANYBODY`]: anybody does); true when none of
    /// its kind, subject and instance was open.
    async fn raise(&self, alarm: &Alarm, instance: &str, now: Time) -> Result<bool>;

    /// Ends an alarm of that instance; true when one was open.
    async fn clear(&self, kind: Kind, subject: &str, instance: &str, now: Time) -> Result<bool>;

    /// Notes of an open alarm that a person has seen it; false when none of that number is open.
    async fn acknowledge(&self, alarm_id: i64, seen: &Acknowledgement) -> Result<bool>;

    /// Ends alarms that are over without anybody having said so, each as its kind says
    /// ([`Ends`](crate::domain::alarm::Ends)), those of a process when it has not been seen for
    /// [`LAPSED`](crate::domain::lease::LAPSED); brings how many.
    async fn end_alarms(&self, now: Time) -> Result<i64>;

    /// The outages between two instants that touched an app: of its own, and of the service.
    async fn outages(&self, app: &str, from: Time, to: Time) -> Result<Vec<Outage>>;

    /// Open alarms, oldest first; what was lost and nobody has taken note of is one an app and
    /// cause.
    async fn alarms(&self) -> Result<Vec<AlarmRow>>;
}
