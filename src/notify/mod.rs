//! Telling people: from facts ([`Message`]) to words, and through a channel to where they look.
//!
//! Promised: one try, and the truth of how it ended; every wait has a limit; no person, token,
//! secret or URL in a message or an error; what comes from outside is one line of bounded length,
//! in which no channel finds a link, an image, a mention, a tag or a header. Not promised: that a
//! message arrives once, or at all; who calls keeps what is owed and tries again.
//!
//! The walk: `render` makes a page of plain texts out of a message, in the words of `words`;
//! `markdown` gives it the looks that a robot understands, `html` those of mail; `robots`, `webhook`
//! and `mail` make bodies of it and judge the answers.

mod heartbeat;
mod html;
mod mail;
mod markdown;
mod not_sent;
mod render;
mod robots;
#[cfg(test)]
mod tests;
mod webhook;
mod words;

use std::{fmt, sync::Arc};

pub use heartbeat::Heartbeat;
use mail::Mailer;
use robots::Robot;

pub use crate::domain::message::NotSent;
use crate::{
    domain::{
        channel::{Channel, Post, Way},
        message::Message,
        time::Clock,
    },
    provider::post::{PostError, Poster},
};

/// The channels, ready to send.
pub struct Channels {
    open: Vec<(Channel, Line)>,
    clock: Arc<dyn Clock>,
}

/// How a channel is reached.
enum Line {
    Robot(Robot, Poster, Post),
    Webhook(Poster, Post),
    Mail(Box<Mailer>),
}

impl Channels {
    /// Makes them ready; nothing is connected to yet. Signatures are dated by the clock.
    ///
    /// # Errors
    /// The first that cannot be made ready, by its name, and why.
    pub fn open(channels: &[Channel], clock: Arc<dyn Clock>) -> Result<Self, NotSent> {
        let open: Result<_, NotSent> = channels
            .iter()
            .map(|channel| {
                let line = Line::open(&channel.way)
                    .map_err(|why| NotSent::lasting(format!("{}: {why}", channel.name)))?;
                Ok((channel.clone(), line))
            })
            .collect();
        Ok(Self { open: open?, clock })
    }

    /// The channels.
    pub fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.open.iter().map(|(channel, _)| channel)
    }

    /// Sends a message through the channel of that name, once.
    ///
    /// # Errors
    /// Why it was not delivered, or not to everybody.
    pub async fn send(&self, name: &str, message: &Message) -> Result<(), NotSent> {
        let found = self.open.iter().find(|(channel, _)| channel.name == name);
        let Some((channel, line)) = found else {
            return Err(NotSent::lasting(
                "no such channel; see [[notify]] in the configuration",
            ));
        };
        match line {
            Line::Robot(robot, poster, post) => {
                let body = robot.body(message, channel.language);
                let secret = post.secret.as_ref();
                robot.send(poster, secret, body, self.clock.now()).await
            }
            Line::Webhook(poster, post) => {
                let body = webhook::body(message, name, channel.language);
                webhook::send(poster, post.secret.as_ref(), &body).await
            }
            Line::Mail(mailer) => mailer.send(message, channel.language).await,
        }
    }
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Their addresses are persons'.
        let names = self.iter().map(|channel| &channel.name);
        f.debug_list().entries(names).finish()
    }
}

impl Line {
    fn open(way: &Way) -> Result<Self, NotSent> {
        let robot = |robot, post: &Post| Ok(Self::Robot(robot, poster(post)?, post.clone()));
        match way {
            Way::Dingtalk(post) => robot(Robot::Dingtalk, post),
            Way::Wecom(post) => robot(Robot::Wecom, post),
            Way::Feishu(post) => robot(Robot::Feishu, post),
            Way::Webhook(post) => Ok(Self::Webhook(poster(post)?, post.clone())),
            Way::Email(mail) => Ok(Self::Mail(Box::new(Mailer::open(mail)?))),
        }
    }
}

fn poster(post: &Post) -> Result<Poster, PostError> {
    Poster::new(post, &Poster::limits())
}
