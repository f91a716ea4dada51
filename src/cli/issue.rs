//! `issue`: has the provider generate a verify_token, submits what is known of the person, tracks it, prints it.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use clap::Args;
use serde::Serialize;

use super::{
    people::actor,
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    config::{App, Config},
    domain::{secret::Secret, time::Time},
};

/// The largest match image the provider takes: 10 MB of base64 (provider.md §2).
const IMAGE_BYTES_MAX: u64 = 10_000_000 / 4 * 3;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep issue --app h5 --plan 17
  verikeep issue --app h5 --plan 17 --identity-name 张三 --identity-number 11010119900307… --reference order-4711
  verikeep issue --app h5 --plan 17 --match-image face.jpg --json";

/// Generate a verify_token at the provider, submit identity or a match image, track it, print it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Issue {
    /// The configured app.
    #[arg(long)]
    pub app: String,
    /// The plan (plan_id) from the provider's console.
    #[arg(long, value_name = "PLAN")]
    pub plan: String,
    /// The name to verify against.
    #[arg(long, value_name = "NAME", value_parser = super::secret, requires = "identity_number")]
    pub identity_name: Option<Secret>,
    /// The number of the certificate to verify against.
    #[arg(long, value_name = "NUMBER", value_parser = super::secret, requires = "identity_name")]
    pub identity_number: Option<Secret>,
    /// The kind of certificate: 0 mainland identity card, 1 to 5 the provider's others.
    #[arg(long, value_name = "0..5", value_parser = clap::value_parser!(u8).range(0..=5), requires = "identity_number")]
    pub certificate_type: Option<u8>,
    /// The image of a face to match against.
    #[arg(long, value_name = "FILE")]
    pub match_image: Option<PathBuf>,
    /// Your own name for it.
    #[arg(long)]
    pub reference: Option<String>,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// What is asked of the provider and then tracked.
pub struct Request {
    /// The app.
    pub app: App,
    /// `plan_id`.
    pub plan_id: String,
    /// Name, number and kind of certificate.
    pub identity: Option<(Secret, Secret, u8)>,
    /// The bytes of the match image.
    pub match_image: Option<Bytes>,
    /// The business's own name for it.
    pub reference: Option<String>,
    /// Who asks.
    pub tracked_by: String,
}

/// What came of it.
pub struct Issued {
    /// The provider's handle.
    pub verify_token: Secret,
    /// Ours.
    pub verification_id: String,
    /// When it was generated.
    pub issued_at: Time,
}

/// Checks the arguments and reads the image, before anything is asked of the provider.
///
/// # Errors
/// When the app is unknown or the image cannot be used.
pub fn request(args: &Issue, config: &Config) -> Result<Request, Failure> {
    let app = config.app(&args.app).cloned().ok_or_else(|| {
        let names: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
        Failure::usage("--app", "no app of that name is configured", format!("there are: {}", names.join(", ")))
    })?;
    let identity = args.identity_name.clone().zip(args.identity_number.clone()).map(|(name, number)| (name, number, args.certificate_type.unwrap_or(0)));
    let match_image = args.match_image.as_ref().map(image).transpose()?;
    Ok(Request { app, plan_id: args.plan.clone(), identity, match_image, reference: args.reference.clone(), tracked_by: actor() })
}

fn image(file: &PathBuf) -> Result<Bytes, Failure> {
    let wrong = |why: String| Failure::usage("--match-image", why, "name an image of at most 7.5 MB");
    let length = fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
    if length == 0 || length > IMAGE_BYTES_MAX {
        return Err(wrong(format!("the file has {length} bytes")));
    }
    fs::read(file).map(Bytes::from).map_err(|error| wrong(error.to_string()))
}

/// Prints the token.
///
/// # Errors
/// When the stream fails.
pub fn tell(args: &Issue, issued: &Issued, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        verify_token: &'a str,
        verification_id: &'a str,
        app: &'a str,
        issued_at: String,
    }
    if args.json {
        let issued_at = issued.issued_at.rfc3339();
        screen.document(&Document { verify_token: issued.verify_token.reveal(), verification_id: &issued.verification_id, app: &args.app, issued_at })?;
    } else {
        // The token alone, so that it can be used as it stands: token=$(verikeep issue …)
        screen.line(issued.verify_token.reveal())?;
    }
    Ok(Code::Done)
}
