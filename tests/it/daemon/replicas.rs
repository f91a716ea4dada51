//! Three replicas on one database and one store of objects, while the provider fails now and then:
//! one of them is killed and started again, over and over, and one stands still for longer than its
//! leases. What comes of it is the truth of the provider, as if nothing had been.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use simulator::{FaultKind, Faults, Made, Options, Windows};

use super::{
    degrade::configure,
    lives,
    process::{Daemon, Place, code, err, out},
};
use crate::{
    databases::Database,
    lab::{Db, compare, options, short_windows},
};

/// How large it is, and how long everything takes.
struct Size {
    /// Tokens come in batches of nine times so many.
    each: u32,
    batches: usize,
    /// From batch to batch.
    apart: Duration,
    windows: Windows,
    /// What the account may call in a second, on each endpoint.
    qps: u32,
    kills: usize,
    /// From kill to kill.
    kill_apart: Duration,
    pauses: usize,
    /// From the end of a pause to the next.
    pause_apart: Duration,
    within: Duration,
}

/// What was done to the replicas.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    kills: usize,
    pauses: usize,
}

/// An eighth of the time that media are kept for.
fn lease(size: &Size) -> Duration {
    Duration::from_millis(u64::try_from(size.windows.media_ms).unwrap() / 8)
}

/// A job of the service that is due every two seconds, and a note of each turn that is taken.
const NOTED: &str = "create table turns (job text, scheduled_at bigint, token text);
create function note_turn() returns trigger language plpgsql as $$
begin
    insert into turns values (new.job, new.scheduled_at, new.lease_token);
    return null;
end $$;
create trigger turns_noted after insert or update on jobs for each row
    when (new.lease_token is not null) execute function note_turn();";

async fn place(size: &Size, seed: u64) -> Place {
    let simulator = simulator::start(Options {
        windows: size.windows,
        latency_ms: (5, 40),
        ..options(seed)
    })
    .await
    .unwrap();
    let (base_url, apps) = (simulator.base_url().to_owned(), simulator.apps().to_vec());
    let place = Place::beside(Arc::new(simulator), Db::Postgres, &base_url, &apps).await;
    configure(&place, |text| {
        let (short, own) = (short_windows(), size.windows);
        let mut text = text
            .replace("qps = 2000", &format!("qps = {}", size.qps))
            .replace("[schedule]", "[schedule]\ntidy = \"*/2 * * * * *\"");
        for (key, from, to) in [
            ("verify_window", short.verify_ms, own.verify_ms),
            ("record_retention", short.record_ms, own.record_ms),
            ("media_retention", short.media_ms, own.media_ms),
        ] {
            let line = |ms: i64| format!("{key} = \"{ms}ms\"");
            text = text.replace(&line(from), &line(to));
        }
        text
    });
    database(&place).run(NOTED).await;
    // A spent quota is left alone until midnight, and is told of elsewhere.
    let mut faults = Faults {
        stall_ms: 300,
        ..Faults::at_rate(0.1)
    };
    faults.kinds.retain(|kind| *kind != FaultKind::Code17);
    place.set_faults(faults);
    place
}

fn database(place: &Place) -> Database {
    Database {
        url: place.database(),
        folder: None,
        model: None,
    }
}

async fn start(place: &Place) -> Daemon {
    place.start_under(&["env", "VERIKEEP_LOG=info"]).await
}

/// Tells of batch after batch, and disturbs the replicas until all is settled. One is paused at most,
/// and it is another one that is killed meanwhile: two always work, or begin to.
async fn disturbed(place: &Place, size: &Size) -> (Vec<Made>, Done) {
    let archive = place.archive().await;
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(start(place).await);
    }
    let (mut made, mut told, mut done) = (Vec::new(), 0, Done::default());
    let began = Instant::now();
    let (mut batch_at, mut kill_at, mut pause_at) = (began, began + size.kill_apart, began);
    let mut paused: Option<usize> = None;
    loop {
        let now = Instant::now();
        assert!(
            now - began < size.within,
            "not within {:?}: {:?} of {} after {done:?}; {}",
            size.within,
            place.progress(&archive).await,
            made.len(),
            out(&place.verikeep(&["status"]))
        );
        if told < size.batches && now >= batch_at {
            let batch = lives(place.simulator(), size.each);
            place.track(&batch);
            made.extend(batch);
            (told, batch_at) = (told + 1, now + size.apart);
        }
        let is_under_way = place.progress(&archive).await.media > 0;
        if is_under_way && done.kills < size.kills && now >= kill_at {
            let one = (0..3).cycle().skip(done.kills).find(|n| Some(*n) != paused);
            let one = one.unwrap();
            replicas[one].kill();
            replicas[one] = start(place).await;
            (done.kills, kill_at) = (done.kills + 1, now + size.kill_apart);
        }
        match paused {
            // It is the time itself that is tried.
            Some(one) if now >= pause_at => {
                replicas[one].go_on();
                (paused, pause_at) = (None, now + size.pause_apart);
            }
            None if is_under_way && done.pauses < size.pauses && now >= pause_at => {
                let one = (done.pauses + 1) % 3;
                replicas[one].stand_still();
                (paused, pause_at) = (Some(one), now + lease(size) + Duration::from_secs(1));
                done.pauses += 1;
            }
            _ => {}
        }
        let is_settled = place.progress(&archive).await.settled == made.len();
        if told == size.batches && paused.is_none() && is_settled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for replica in replicas {
        let said = replica.stop();
        assert!(!said.contains("a sum of `status` was wrong"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    archive.store.close().await;
    (made, done)
}

/// Objects that no row names, as if two days had passed.
fn orphans(place: &Place) -> usize {
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 86_400);
    crate::lab::age(&place.path().join("data/objects"), long_ago);
    let listed = place.verikeep(&["orphans", "list", "--json", "--older-than", "1d"]);
    assert!(code(&listed) <= 1, "{}", err(&listed));
    out(&listed).lines().count()
}

/// Every row agrees with its bytes and with the answers, whoever was killed while it was written.
fn is_whole(place: &Place) {
    let compared = place.verikeep(&["verify", "--sample", "1/1"]);
    let said = format!("{}{}", out(&compared), err(&compared));
    assert_eq!(code(&compared), 0, "{said}");
    assert!(said.contains("everything is as it was captured"), "{said}");
}

async fn three_replicas(size: &Size, seed: u64) {
    let place = place(size, seed).await;
    let began = Instant::now();
    let (made, done) = disturbed(&place, size).await;
    let took = began.elapsed();
    let archive = place.archive().await;
    let truth = place.simulator().truth();
    let found = compare(&archive, &truth).await;
    let alarms = archive.store.alarms().await.unwrap();
    let sums = archive.store.recount().await.unwrap();
    archive.store.close().await;
    let database = database(&place);
    let instants = "select count(distinct (job, scheduled_at)) from turns";
    let instants = database.number(instants).await;
    let turns = "select count(distinct token) from turns";
    let turns = database.number(turns).await;
    let orphans = orphans(&place);
    is_whole(&place);
    println!(
        "{} tokens in {took:?}, {done:?}: {} attempts, {} media with {} bytes, {} answers, {orphans} orphans; \
        {turns} turns of {instants} instants; in any second of {} calls: {:?}; {:?}; alarms {:?}",
        made.len(),
        found.attempts,
        found.media,
        found.media_bytes,
        found.answers,
        size.qps,
        truth.counts.busiest_second,
        truth.counts.requests,
        alarms.iter().map(|alarm| &alarm.kind).collect::<Vec<_>>(),
    );
    assert_eq!((done.kills, done.pauses), (size.kills, size.pauses));
    assert_eq!(found.tokens, made.len());
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(sums.is_empty(), "{sums:?}");
    assert!(instants > 3, "a job is due every two seconds");
    assert_eq!(turns, instants, "each instant is one turn's");
    // Sent in time, a call comes later where the provider itself waits for the machine. Permits that
    // are too old, or are used twice, come by the quarter of a second.
    let most = usize::try_from(size.qps + size.qps / 20).unwrap();
    let over = |(_, calls): &(&&str, &usize)| **calls > most;
    let over: Vec<_> = (truth.counts.busiest_second.values().flatten())
        .filter(over)
        .collect();
    assert!(over.is_empty(), "above {} a second: {over:?}", size.qps);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_killed_and_paused_keep_what_one_would() {
    // Its calls take a third of the quota of the time that the provider keeps what it is asked for.
    let size = Size {
        each: 20,
        batches: 1,
        apart: Duration::ZERO,
        windows: Windows {
            verify_ms: 5_000,
            media_ms: 24_000,
            record_ms: 32_000,
            ..short_windows()
        },
        qps: 100,
        kills: 2,
        kill_apart: Duration::from_secs(3),
        pauses: 1,
        pause_apart: Duration::ZERO,
        within: Duration::from_secs(60),
    };
    three_replicas(&size, 71).await;
}

/// So many tokens as `VERIKEEP_TEST_TOKENS` says.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: scripts/replicas runs it"]
async fn campaign_three_replicas_keep_five_thousand_tokens() {
    let tokens = std::env::var("VERIKEEP_TEST_TOKENS");
    let tokens: u32 = tokens.map_or(5_000, |text| text.parse().unwrap());
    let size = Size {
        each: tokens.div_ceil(9 * 20),
        batches: 20,
        apart: Duration::from_secs(5),
        windows: Windows {
            verify_ms: 40_000,
            media_ms: 160_000,
            record_ms: 200_000,
            ..short_windows()
        },
        qps: 150,
        kills: 40,
        kill_apart: Duration::from_secs(4),
        pauses: 4,
        pause_apart: Duration::from_secs(15),
        within: Duration::from_secs(540),
    };
    three_replicas(&size, 72).await;
}
