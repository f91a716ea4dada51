//! Who is told of what is wrong, and by what.

use std::sync::Arc;

use async_trait::async_trait;

use super::AppError;
use crate::{
    archive::{self, Archive, Notifier, Sends},
    config::Config,
    domain::{
        channel::Channel,
        message::{About, Message},
        time::Clock,
    },
    notify::{Channels, Heartbeat, NotSent},
};

/// The channels of the configuration, and its heartbeat.
struct Told {
    channels: Channels,
    heartbeat: Option<Heartbeat>,
}

#[async_trait]
impl Sends for Told {
    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), archive::NotSent> {
        let sent = self.channels.send(&channel.name, message).await;
        sent.map_err(not_sent)
    }

    async fn beat(&self) -> Result<(), archive::NotSent> {
        match &self.heartbeat {
            Some(heartbeat) => heartbeat.beat().await.map_err(not_sent),
            None => Ok(()),
        }
    }
}

fn not_sent(error: NotSent) -> archive::NotSent {
    archive::NotSent(error.to_string())
}

/// Tells through the channels of the configuration.
///
/// # Errors
/// When one of them cannot be made ready.
pub(super) fn notifier(config: &Config, archive: &Archive) -> Result<Notifier, AppError> {
    let told = Told {
        channels: Channels::open(&config.notify, Arc::clone(&archive.clock))?,
        heartbeat: config.heartbeat.as_ref().map(Heartbeat::open).transpose()?,
    };
    let shared = (
        Arc::clone(&archive.store),
        Arc::clone(&archive.alarms),
        Arc::clone(&archive.clock),
    );
    Ok(Notifier::new(shared, config.notify.clone(), Arc::new(told)))
}

/// Sends a message through a channel that says that messages arrive.
///
/// # Errors
/// Why it did not go out, or not to everybody.
pub(crate) async fn test(channel: &Channel, clock: &Arc<dyn Clock>) -> Result<(), NotSent> {
    let message = Message {
        at: clock.now(),
        about: About::Test,
    };
    Channels::open(std::slice::from_ref(channel), Arc::clone(clock))?
        .send(&channel.name, &message)
        .await
}
