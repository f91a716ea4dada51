//! Has people told: what is wrong goes from the database into the outbox, and what is due there out
//! through the channels.
//!
//! [`Notifier::tell`] is for one process at a time, so that a message goes out once. Whoever dies
//! between sending a message and noting that leaves it to be sent once more. While the database is
//! away, nobody can know what another has sent: each process then tells of what it knows itself
//! ([`Notifier::tell_alone`]).

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use futures::future::{Either, select};

use super::Alarms;
use crate::{
    domain::{
        alarm::{Alarm, Kind, Severity},
        channel::Channel,
        message::{About, Daily, Message, NotSent},
        notice::{self, Standing},
        settled::DAY,
        time::{Clock, Span, Time},
    },
    store::{self, ANYBODY, Mailbox, Store, reports::AlarmRow},
};

/// What sends messages.
#[async_trait]
pub trait Sends: Send + Sync {
    /// Sends a message through a channel.
    async fn send(&self, channel: &Channel, message: &Message) -> Result<(), NotSent>;

    /// Tells whoever listens for it that all is well.
    async fn beat(&self) -> Result<(), NotSent>;
}

/// The first pause after a message that did not go out; it doubles each time.
const BACKOFF: Span = Span::seconds(10);
/// The longest of these pauses.
const BACKOFF_MAX: Span = Span::minutes(10);
/// How long sending a message may take.
const SEND_MAX: Span = Span::minutes(1);
/// The report of a day is sent so long after its end, at nine in Beijing.
const REPORT_AFTER: Span = Span::hours(9);
/// So many times in a row a message must fail until that is an alarm.
const FAILS: i64 = 3;

/// Tells people of alarms.
pub struct Notifier {
    store: Arc<dyn Store>,
    alarms: Arc<Alarms>,
    clock: Arc<dyn Clock>,
    channels: Vec<Channel>,
    sender: Arc<dyn Sends>,
    /// Calls that the quota allows in a day, by app.
    allowed: BTreeMap<String, i64>,
    /// What was told without the database, by channel.
    alone: Mutex<BTreeMap<String, Mailbox>>,
}

/// What became of a mailbox.
struct Sent {
    mailbox: Mailbox,
    error: Option<NotSent>,
}

impl Notifier {
    /// Tells through these channels; `allowed` are the calls that the quota of each app allows in a
    /// day.
    #[must_use]
    pub fn new(
        (store, alarms, clock): (Arc<dyn Store>, Arc<Alarms>, Arc<dyn Clock>),
        (channels, sender): (Vec<Channel>, Arc<dyn Sends>),
        allowed: BTreeMap<String, i64>,
    ) -> Self {
        Self {
            store,
            alarms,
            clock,
            channels,
            sender,
            allowed,
            alone: Mutex::default(),
        }
    }

    /// Brings the outbox up to what is known, and sends what is due there.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn tell(&self, now: Time) -> store::Result<()> {
        let unheard = self.store.unheard().await?;
        let heard: Vec<i64> = unheard.iter().map(|(id, _)| *id).collect();
        let over: Vec<Standing> = unheard
            .into_iter()
            .map(|(_, alarm)| alarm)
            .filter(|alarm| alarm.ended_at.is_some())
            .collect();
        let names: Vec<String> = self.channels.iter().map(|one| one.name.clone()).collect();
        let mut open = standing(self.store.alarms().await?);
        for removed in open.extract_if(.., |alarm| {
            alarm.kind == Kind::Delivery && !names.contains(&alarm.subject)
        }) {
            let (kind, subject) = (removed.kind, &removed.subject);
            self.store.clear(kind, subject, ANYBODY, now).await?;
        }
        let before = self.store.mailboxes(&names).await?;
        let learned: Vec<Mailbox> = self
            .channels
            .iter()
            .zip(&before)
            .map(|(channel, mailbox)| learned(channel, mailbox.clone(), (&open, &over), now))
            .collect();
        // What is to be told is known before it is told: it outlives this process.
        if !heard.is_empty() || learned != before {
            self.store.keep_mailboxes(&learned, &heard).await?;
        }
        let daily = self.daily(&learned, &open, now).await?;
        let sent = self.send(learned, daily.as_ref(), now).await;
        if sent.is_empty() {
            return Ok(());
        }
        let mailboxes: Vec<Mailbox> = sent.iter().map(|one| one.mailbox.clone()).collect();
        self.store.keep_mailboxes(&mailboxes, &[]).await?;
        for one in &sent {
            self.note(one, now).await?;
        }
        Ok(())
    }

    /// Tells of what this process knows while the database is away, and forgets that it did once
    /// the database is back: its beginning and its end are then told by [`Notifier::tell`].
    pub async fn tell_alone(&self, now: Time) {
        let is_away = [Kind::DatabaseDown, Kind::DatabaseBroken]
            .iter()
            .any(|kind| self.alarms.open().iter().any(|row| row.kind == kind.name()));
        let known = std::mem::take(&mut *self.alone());
        if !is_away {
            return;
        }
        let open = standing(self.alarms.open());
        let mailboxes: Vec<Mailbox> = self
            .channels
            .iter()
            .map(|channel| {
                let known = known.get(&channel.name).cloned();
                let mailbox = known.unwrap_or_else(|| Mailbox::of(&channel.name));
                learned(channel, mailbox, (&open, &[]), now)
            })
            .collect();
        let sent = self.send(mailboxes.clone(), None, now).await;
        let mut alone: BTreeMap<String, Mailbox> = mailboxes
            .into_iter()
            .map(|mailbox| (mailbox.channel.clone(), mailbox))
            .collect();
        for Sent { mailbox, error } in sent {
            if let Some(error) = error {
                tracing::warn!(channel = mailbox.channel, %error, "a message did not go out; it is tried again");
            }
            alone.insert(mailbox.channel.clone(), mailbox);
        }
        *self.alone() = alone;
    }

    /// Says that all is well, as long as the database is there and no critical alarm is open that
    /// nobody has acknowledged. Whoever does not hear it knows that something is wrong, also when
    /// nothing here can tell.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn tell_well(&self) -> store::Result<()> {
        let is_bad =
            |alarm: &Standing| alarm.kind.severity() == Severity::Critical && !alarm.acknowledged;
        if standing(self.store.alarms().await?).iter().any(is_bad) {
            return Ok(());
        }
        if let Err(error) = self.sender.beat().await {
            tracing::warn!(%error, "the heartbeat was not heard; it is tried again in a minute");
        }
        Ok(())
    }

    /// The report of the last day that is over for long enough, where a channel lacks it.
    async fn daily(
        &self,
        mailboxes: &[Mailbox],
        open: &[Standing],
        now: Time,
    ) -> store::Result<Option<Daily>> {
        let day = reportable(now);
        let lacks = |(channel, mailbox): (&Channel, &Mailbox)| lacks(channel, mailbox, day);
        if !self.channels.iter().zip(mailboxes).any(lacks) {
            return Ok(None);
        }
        let mut apps = self.store.day(day, day.plus(DAY)).await?;
        for app in &mut apps {
            app.calls.1 = self.allowed.get(&app.app).copied().unwrap_or_default();
        }
        // The wall clock of Beijing reads as an instant of UTC eight hours later.
        let text = day.plus(Span::hours(8)).rfc3339();
        Ok(Some(Daily {
            day: text.chars().take("2026-01-31".len()).collect(),
            apps,
            open: notice::as_told(open),
        }))
    }

    /// Sends what is due through all channels at once; brings the mailboxes of those that were to
    /// send something.
    async fn send(&self, mailboxes: Vec<Mailbox>, daily: Option<&Daily>, now: Time) -> Vec<Sent> {
        let sends = self.channels.iter().zip(mailboxes);
        let sends = sends.map(|(channel, mailbox)| self.send_one(channel, mailbox, daily, now));
        let sent = futures::future::join_all(sends).await;
        sent.into_iter().flatten().collect()
    }

    /// Sends one message of all alarms that are due, and the report.
    async fn send_one(
        &self,
        channel: &Channel,
        mut mailbox: Mailbox,
        daily: Option<&Daily>,
        now: Time,
    ) -> Option<Sent> {
        if mailbox.retry_at.is_some_and(|retry_at| retry_at > now) {
            return None;
        }
        let due = notice::due(&mailbox.notices, now);
        let alarms = (!due.is_empty()).then_some(About::Alarms(due));
        let daily = daily.filter(|_| lacks(channel, &mailbox, reportable(now)));
        let daily = daily.map(|daily| About::Daily(daily.clone()));
        let mut is_sent = false;
        for about in alarms.into_iter().chain(daily) {
            let is_report = matches!(about, About::Daily(_));
            if let Err(error) = self.deliver(channel, Message { at: now, about }).await {
                mailbox.retry_at = Some(self.clock.now().plus(backoff(mailbox.fails)));
                mailbox.fails += 1;
                let error = Some(error);
                return Some(Sent { mailbox, error });
            }
            is_sent = true;
            (mailbox.fails, mailbox.retry_at) = (0, None);
            mailbox.sent_at = Some(now);
            if is_report {
                mailbox.report = Some(reportable(now));
            } else {
                mailbox.notices = notice::told(mailbox.notices, now);
            }
        }
        let error = None;
        is_sent.then_some(Sent { mailbox, error })
    }

    async fn deliver(&self, channel: &Channel, message: Message) -> Result<(), NotSent> {
        let sent = pin!(self.sender.send(channel, &message));
        let over = pin!(async { self.clock.sleep(SEND_MAX).await });
        match select(sent, over).await {
            Either::Left((sent, _)) => sent,
            Either::Right(_) => Err(NotSent::for_now(format!(
                "it was not sent within {SEND_MAX}"
            ))),
        }
    }

    /// That a channel fails is an alarm, which the others tell of, until it does not.
    async fn note(&self, sent: &Sent, now: Time) -> store::Result<()> {
        let Mailbox { channel, fails, .. } = &sent.mailbox;
        let Some(error) = &sent.error else {
            let kind = Kind::Delivery;
            if self.store.clear(kind, channel, ANYBODY, now).await? {
                tracing::info!(channel, "messages go out again");
            }
            return Ok(());
        };
        tracing::warn!(channel, fails, %error, "a message did not go out; it is tried again");
        if *fails < FAILS && !error.is_lasting() {
            return Ok(());
        }
        let alarm = Alarm {
            kind: Kind::Delivery,
            subject: channel.clone(),
            text: format!("{fails} messages in a row did not go out: {error}"),
        };
        self.store.raise(&alarm, ANYBODY, now).await.map(|_| ())
    }

    fn alone(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Mailbox>> {
        self.alone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn learned(
    channel: &Channel,
    mailbox: Mailbox,
    known: (&[Standing], &[Standing]),
    now: Time,
) -> Mailbox {
    Mailbox {
        notices: notice::learn(mailbox.notices, channel, known, now),
        // There is nothing to report of the days before somebody wanted to hear of them.
        report: mailbox.report.or_else(|| Some(reportable(now))),
        ..mailbox
    }
}

/// When the last day began, in Beijing, that is to be reported.
fn reportable(now: Time) -> Time {
    let today = now
        .minus(REPORT_AFTER)
        .next_midnight_in_beijing()
        .minus(DAY);
    today.minus(DAY)
}

/// Whether the report of that day is still to be sent through a channel.
fn lacks(channel: &Channel, mailbox: &Mailbox, day: Time) -> bool {
    channel.daily && mailbox.report.is_some_and(|reported| reported < day)
}

/// Open alarms, as the rules of the outbox take them. One of a kind that this program does not know
/// was raised by a newer one, which tells of it.
fn standing(rows: Vec<AlarmRow>) -> Vec<Standing> {
    let standing = |row: AlarmRow| {
        Some(Standing {
            kind: Kind::named(&row.kind)?,
            subject: row.subject,
            text: row.text,
            since: row.since,
            times: row.times,
            acknowledged: row.acknowledged_at.is_some(),
            ended_at: None,
        })
    };
    rows.into_iter().filter_map(standing).collect()
}

fn backoff(fails: i64) -> Span {
    let doubled = BACKOFF.times(1 << fails.clamp(0, 10));
    Span(doubled.0.min(BACKOFF_MAX.0))
}

#[cfg(test)]
#[path = "notifier_tests.rs"]
pub(crate) mod tests;
