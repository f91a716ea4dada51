//! The simulated provider as a server.

use simulator::{
    AppCredential, Faults, MediaBytes, MediaStyle, Options, Pace, UnusedAnswer, Windows,
};

use super::{
    super::{
        open::stop_on_signals,
        report::{Code, Failure},
        screen::Screen,
    },
    Credential, Media, Simulate, Unused, tell,
};
use crate::domain::time::Span;

/// The simulated provider, until a signal.
pub(in crate::cli) async fn run(args: &Simulate, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let stop = stop_on_signals()?;
    let started = simulator::start(options(args)).await;
    let simulator = started.map_err(|error| {
        Failure::told(
            Code::Finding,
            args.listen.to_string(),
            error.to_string(),
            "name another address by --listen; port 0 takes a free one",
        )
    })?;
    let credentials: Vec<Credential> = simulator
        .apps()
        .iter()
        .map(|app| Credential {
            app: app.name.clone(),
            account: app.account.clone(),
            api_key: app.api_key.clone(),
            secret_key: app.secret_key.clone(),
        })
        .collect();
    tell(args, simulator.base_url(), &credentials, screen)?;
    stop.cancelled().await;
    simulator.shutdown().await;
    Ok(Code::Done)
}

fn options(args: &Simulate) -> Options {
    let plain = MediaBytes::default();
    let ms = |span: Span| u64::try_from(span.0).unwrap_or(0);
    Options {
        listen: args.listen,
        seed: args.seed,
        windows: Windows {
            verify_ms: args.verify_window.0,
            record_ms: args.record_retention.0,
            media_ms: args.media_retention.0,
            url_ms: args.url_lifetime.0,
            ..Windows::default()
        },
        pace: if args.at_once {
            Pace::AtOnce
        } else {
            Pace::Seeded
        },
        faults: Faults::at_rate(args.faults),
        latency_ms: (ms(args.latency.0), ms(args.latency.1)),
        qps: args.qps,
        media_bytes: MediaBytes {
            video: args.video_bytes.unwrap_or(plain.video),
            ..plain
        },
        media_style: match args.media {
            Media::Drawn => MediaStyle::Drawn,
            Media::Blocks => MediaStyle::Blocks,
        },
        apps: args
            .apps
            .iter()
            .map(|name| AppCredential::synthetic(name, "default"))
            .collect(),
        unused_answer: match args.unused {
            Unused::Refused => UnusedAnswer::Refused,
            Unused::NotYet => UnusedAnswer::NotYet,
            Unused::NotYetThenRefused => UnusedAnswer::NotYetThenRefused,
            Unused::EmptySuccess => UnusedAnswer::EmptySuccess,
        },
        ..Options::default()
    }
}
