//! Whole lives of tokens, each in milliseconds: the real stages over the store and the vault in
//! memory, the simulated world behind the provider's seam, and a clock that is set to whatever is
//! due next. The windows are those of the provider's document.

mod ahead;
pub(crate) mod alarms;
mod beside;
mod clocks;
mod disturbed;
mod house;
mod issued;
mod kinds;
mod learned;
mod match_image;
mod media;
mod moved;
mod nobody;
mod ours;
mod proof;
mod told;
pub(crate) mod traffic;
mod truth;
mod way;

use house::{BEGIN, FILMED, House, LEASE, PLAIN, STRANGER, filmed};

/// One test function a line, so that the one that fails is named.
macro_rules! each {
    ($run:ident: $($name:ident($($argument:expr),*);)+) => {
        $(#[tokio::test]
        async fn $name() {
            $run($($argument),*).await;
        })+
    };
}
use each;
