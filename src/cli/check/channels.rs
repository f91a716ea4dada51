//! Whether people could be told: the channels of `[[notify]]`, and `heartbeat_url`. Nothing is sent.

use std::sync::Arc;

use super::{Row, words};
use crate::{
    app::notices,
    cli::{report::Code, words::Said},
    config::Config,
    domain::time::Clock,
};

/// What stands in the way of each.
pub(super) fn rows(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Row> {
    (notices::look(config, clock).into_iter())
        .map(|(what, ready)| match ready {
            Ok(()) => Row::ok(what, words::CHANNEL_READY),
            Err(why) => Row::fail(
                Code::Configuration,
                what,
                Said::filled(words::CHANNEL_UNREADY, [why.to_string()]),
                words::CORRECT_CHANNEL,
            ),
        })
        .collect()
}
