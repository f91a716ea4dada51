//! `issue`: has the provider generate a verify_token, submits what is known of the person, tracks
//! it, prints it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use super::{
    people::actor,
    place::Place,
    report::{Code, Failure},
    screen::Screen,
    track::names_told,
};
use crate::{
    desk::{Desk, Given, Wish},
    domain::{id::VerificationId, secret::Secret},
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
    /// The number of the certificate to verify against; that of a mainland identity card is checked.
    #[arg(long, value_name = "NUMBER", value_parser = super::secret, requires = "identity_name")]
    pub identity_number: Option<Secret>,
    /// The kind of certificate: 0 mainland identity card, 1 to 5 the provider's others.
    #[arg(long, value_name = "0..5", value_parser = clap::value_parser!(u8).range(0..=5), requires = "identity_number")]
    pub certificate_type: Option<u8>,
    /// The image of a face to match against: at most 7.5 MB and 1920x1080.
    #[arg(long, value_name = "FILE")]
    pub match_image: Option<PathBuf>,
    /// Your own name for it.
    #[arg(long)]
    pub reference: Option<String>,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
    /// Where it asks.
    #[command(flatten)]
    pub place: Place,
}

/// Issues it: what is wrong is told before anything is asked of the provider.
///
/// # Errors
/// When the app is unknown, the image cannot be used, or no token was given out.
pub(super) async fn run(
    args: &Issue,
    desk: &dyn Desk,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let given = desk.issue(wish(args, desk).await?, None).await?;
    tell(args, &given, screen)
}

async fn wish(args: &Issue, desk: &dyn Desk) -> Result<Wish, Failure> {
    let apps = desk.apps().await?;
    if !apps.contains(&args.app) {
        return Err(Failure::usage(
            "--app",
            "no app of that name is configured",
            format!("there are: {}", apps.join(", ")),
        ));
    }
    names_told(Some(&args.plan), args.reference.as_deref())?;
    let identity = args
        .identity_name
        .clone()
        .zip(args.identity_number.clone())
        .map(|(name, number)| (name, number, args.certificate_type));
    Ok(Wish {
        app: args.app.clone(),
        plan_id: args.plan.clone(),
        reference: args.reference.clone(),
        identity,
        match_image: args.match_image.as_deref().map(image).transpose()?,
        actor: actor(),
    })
}

fn image(file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong =
        |why: String| Failure::usage("--match-image", why, "name an image of at most 7.5 MB");
    let length = fs::metadata(file)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if length == 0 || length > IMAGE_BYTES_MAX {
        return Err(wrong(format!("the file has {length} bytes")));
    }
    fs::read(file).map_err(|error| wrong(error.to_string()))
}

/// Prints the token. One that exists and could not be prepared is printed all the same, with what
/// is wrong.
///
/// # Errors
/// When the stream fails.
fn tell(args: &Issue, issued: &Given, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        verify_token: &'a str,
        verification_id: VerificationId,
        app: &'a str,
        prepared: bool,
    }
    let prepared = issued.unprepared.is_none();
    if args.json {
        screen.document(&Document {
            verify_token: issued.verify_token.reveal(),
            verification_id: issued.verification_id,
            app: &args.app,
            prepared,
        })?;
    } else {
        // The token alone, so that it can be used as it stands: token=$(verikeep issue …)
        screen.line(issued.verify_token.reveal())?;
    }
    let Some(problem) = &issued.unprepared else {
        return Ok(Code::Done);
    };
    screen.note(format!(
        "error: identity or match image: {problem}\n  the token exists and is tracked, but cannot verify this person: issue another one once that is mended"
    ))?;
    Ok(Code::Finding)
}
