//! Who is told of what is wrong, and by what.

use std::sync::Arc;

use async_trait::async_trait;

use super::AppError;
use crate::{
    archive::{Archive, Notifier, Sends},
    config::{App, Config},
    domain::{
        channel::Channel,
        message::{About, Message, NotSent},
        time::Clock,
    },
    notify::{Channels, Heartbeat},
};

/// The channels of the configuration, and its heartbeat.
struct Told {
    channels: Channels,
    heartbeat: Option<Heartbeat>,
}

#[async_trait]
impl Sends for Told {
    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), NotSent> {
        self.channels.send(&channel.name, message).await
    }

    async fn beat(&self) -> Result<(), NotSent> {
        match &self.heartbeat {
            Some(heartbeat) => heartbeat.beat().await,
            None => Ok(()),
        }
    }
}

/// Tells through the channels of the configuration.
///
/// # Errors
/// When one of them cannot be made ready.
pub(super) fn notifier(config: &Config, archive: &Archive) -> Result<Notifier, AppError> {
    let channels: Vec<Channel> = config.notify.iter().flat_map(Channel::apart).collect();
    let told = Told {
        channels: Channels::open(&channels, Arc::clone(&archive.clock))?,
        heartbeat: config.heartbeat.as_ref().map(Heartbeat::open).transpose()?,
    };
    let shared = (
        Arc::clone(&archive.store),
        Arc::clone(&archive.alarms),
        Arc::clone(&archive.clock),
    );
    let allowed = config.apps.iter().map(allowed).collect();
    Ok(Notifier::new(shared, (channels, Arc::new(told)), allowed))
}

/// The calls that the quota of an app allows in a day, of all endpoints that it is asked by.
fn allowed(app: &App) -> (String, i64) {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a figure for people"
    )]
    let calls = (app.pace() * 86_400.0 * app.policy.fetch.len() as f64) as i64;
    (app.name.clone(), calls)
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

/// Whether each channel of the configuration, and its heartbeat, could be used: what it is called,
/// and why not. Nothing is connected to.
pub(crate) fn look(config: &Config, clock: &Arc<dyn Clock>) -> Vec<(String, Result<(), NotSent>)> {
    let channels = config.notify.iter().map(|channel| {
        let opened = Channels::open(std::slice::from_ref(channel), Arc::clone(clock));
        (format!("channel {}", channel.name), opened.map(drop))
    });
    let heartbeat = config.heartbeat.iter();
    channels
        .chain(heartbeat.map(|post| ("heartbeat_url".to_owned(), Heartbeat::open(post).map(drop))))
        .collect()
}
