//! What channels were told of alarms.

use std::sync::Arc;

use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        notice::{Notice, Standing},
        time::Span,
    },
    store::{ANYBODY, Mailbox, Store},
};

use super::make::{START, later, store};
use crate::databases::Database;

fn notice(kind: Kind, subject: &str) -> Notice {
    Notice {
        alarm: Standing {
            kind,
            subject: subject.to_owned(),
            text: "配额 is spent".to_owned(),
            since: START,
            times: 3,
            acknowledged: true,
            ended_at: Some(later(Span(5))),
        },
        told: 2,
        told_at: Some(later(Span(3))),
        due_at: Some(later(Span(7))),
    }
}

fn mailbox(channel: &str, notices: Vec<Notice>) -> Mailbox {
    Mailbox {
        channel: channel.to_owned(),
        fails: 4,
        retry_at: Some(later(Span(9))),
        sent_at: Some(START),
        report: Some(later(Span(2))),
        notices,
    }
}

pub async fn a_mailbox_is_read_back_as_it_was_kept(db: Database) {
    let store: Arc<dyn Store> = store(&db).await;
    let names = ["duty", "mail", "new"].map(str::to_owned);
    let of = async || store.mailboxes(&names).await.unwrap();
    let empty = |channel: &str| Mailbox {
        channel: channel.to_owned(),
        ..Mailbox::default()
    };
    assert_eq!(of().await, ["duty", "mail", "new"].map(empty));

    let untold = Notice {
        told: 0,
        told_at: None,
        due_at: None,
        ..notice(Kind::VaultDown, "vault")
    };
    let duty = mailbox("duty", vec![notice(Kind::Quota, "h5"), untold]);
    let mail = mailbox("mail", vec![notice(Kind::Quota, "h5")]);
    store
        .keep_mailboxes(&[duty.clone(), mail.clone()], &[])
        .await
        .unwrap();
    assert_eq!(of().await, [duty, mail.clone(), empty("new")]);

    let calm = Mailbox {
        sent_at: Some(later(Span(8))),
        ..empty("duty")
    };
    store
        .keep_mailboxes(std::slice::from_ref(&calm), &[])
        .await
        .unwrap();
    assert_eq!(of().await, [calm, mail, empty("new")]);
    store.keep_mailboxes(&[], &[]).await.unwrap();
    assert_eq!(db.rows("notices").await, 1);
}

pub async fn an_alarm_is_unheard_until_it_is_heard_of_be_it_over_or_not(db: Database) {
    let store: Arc<dyn Store> = store(&db).await;
    let raise = async |kind, subject: &str| {
        let alarm = Alarm {
            kind,
            subject: subject.to_owned(),
            text: "it is so".to_owned(),
        };
        store.raise(&alarm, ANYBODY, START).await.unwrap();
    };
    assert!(store.unheard().await.unwrap().is_empty());
    raise(Kind::Quota, "h5").await;
    raise(Kind::Quota, "h5").await;
    raise(Kind::DaemonDown, "daemon").await;
    let over = later(Span::minutes(1));
    store
        .clear(Kind::DaemonDown, "daemon", ANYBODY, over)
        .await
        .unwrap();
    let standing = |kind, subject: &str, times, ended_at| Standing {
        kind,
        subject: subject.to_owned(),
        text: "it is so".to_owned(),
        since: START,
        times,
        acknowledged: false,
        ended_at,
    };
    let (ids, alarms): (Vec<i64>, Vec<Standing>) =
        store.unheard().await.unwrap().into_iter().unzip();
    let expected = [
        standing(Kind::Quota, "h5", 2, None),
        standing(Kind::DaemonDown, "daemon", 1, Some(over)),
    ];
    assert_eq!(alarms, expected);
    store.keep_mailboxes(&[], &ids).await.unwrap();
    assert!(store.unheard().await.unwrap().is_empty());
    raise(Kind::Quota, "h5").await;
    assert!(
        store.unheard().await.unwrap().is_empty(),
        "it was open already"
    );
    store.clear(Kind::Quota, "h5", ANYBODY, over).await.unwrap();
    raise(Kind::Quota, "h5").await;
    let (again, _): (Vec<i64>, Vec<Standing>) = store.unheard().await.unwrap().into_iter().unzip();
    assert_eq!(again.len(), 1);
    assert!(!ids.contains(&again[0]));
}
