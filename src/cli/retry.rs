//! `retry`: wakes what waits for a person.

use clap::Args;
use serde::Serialize;

use super::{
    actor::actor,
    place::Place,
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    desk::{Desk, Handle},
    domain::{id::VerificationId, secret::Secret},
    store::records::RetryVerdict,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep retry 8vTkUsEJ…
  verikeep retry 8vTkUsEJ… --app other              # it was told under the wrong app
  verikeep list --state rejected --json | jq -r .verification_id | xargs verikeep retry

Ends with 1 when one is not tracked, or when the provider has forgotten it: then nothing of it is changed.";

/// Try settled verifications again that are not whole, after what was wrong has been put right.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Retry {
    /// Their verify_tokens or verification_ids.
    #[arg(value_name = "TOKEN", value_parser = super::secret, required = true)]
    pub tokens: Vec<Secret>,
    /// Assign them to this app first.
    #[arg(long)]
    pub app: Option<String>,
    /// A line of NDJSON for each token.
    #[arg(long)]
    pub json: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
enum Line {
    Woken {
        token: usize,
        verification_id: VerificationId,
        was: &'static str,
    },
    Whole {
        token: usize,
        verification_id: VerificationId,
    },
    Forgotten {
        token: usize,
        verification_id: VerificationId,
        since: String,
    },
    Unknown {
        token: usize,
    },
}

/// Wakes them; what was done is recorded with who did it.
///
/// # Errors
/// When the app is unknown or the database cannot be reached.
pub(super) async fn run(
    args: &Retry,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    if let Some(app) = &args.app {
        let names = desk.apps().await?;
        if !names.contains(app) {
            return Err(Failure::usage(
                "--app",
                format!("`{app}` is not configured"),
                format!("there are: {}", names.join(", ")),
            ));
        }
    }
    let handles: Vec<Handle> = args.tokens.iter().map(Handle::read).collect();
    let verdicts = desk.retry(&handles, args.app.as_deref(), &actor()).await?;
    let mut code = Code::Done;
    for (token, verdict) in (1..).zip(&verdicts) {
        if matches!(
            verdict,
            RetryVerdict::Unknown | RetryVerdict::Forgotten { .. }
        ) {
            code = Code::Finding;
        }
        let (row, text) = told(token, verdict);
        if args.json {
            screen.ndjson(&row)?
        } else {
            screen.line(text)?
        }
    }
    Ok(code)
}

/// A verdict, for programs and for people.
fn told(token: usize, verdict: &RetryVerdict) -> (Line, String) {
    match *verdict {
        RetryVerdict::Woken {
            verification_id,
            was,
        } => (
            Line::Woken {
                token,
                verification_id,
                was: was.name(),
            },
            format!(
                "token {token}: woken, was {} ({verification_id})",
                was.name()
            ),
        ),
        RetryVerdict::Whole { verification_id } => (
            Line::Whole {
                token,
                verification_id,
            },
            format!("token {token}: is whole, there is nothing to try again ({verification_id})"),
        ),
        RetryVerdict::Forgotten {
            verification_id,
            since,
        } => (
            Line::Forgotten {
                token,
                verification_id,
                since: since.rfc3339(),
            },
            format!(
                "token {token}: cannot be tried again, the provider has forgotten it since {since}; nothing was changed ({verification_id})"
            ),
        ),
        RetryVerdict::Unknown => (
            Line::Unknown { token },
            format!("token {token}: is not tracked here; `verikeep track` tracks it"),
        ),
    }
}
