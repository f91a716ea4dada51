//! `issue`: has the provider generate a verify_token, submits what is known of the person, tracks
//! it, prints it.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    actor::actor,
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
  verikeep issue --app h5 --plan 17 --identity-file person.json --reference order-4711
  jq -n '{name: \"张三\", number: env.NUMBER}' | verikeep issue --app h5 --plan 17 --identity-file -
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
    /// The person to verify against, as JSON: {"name": …, "number": …, "certificate_type": 0}; `-`
    /// reads standard input. The number of a mainland identity card (0, also where none is told) is
    /// checked; 1 to 5 are the provider's other certificates.
    #[arg(long, value_name = "FILE")]
    pub identity_file: Option<PathBuf>,
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
    let identity = args.identity_file.as_deref().map(identity).transpose()?;
    Ok(Wish {
        app: args.app.clone(),
        plan_id: args.plan.clone(),
        reference: args.reference.clone(),
        identity,
        match_image: args.match_image.as_deref().map(image).transpose()?,
        actor: actor(),
    })
}

/// The person that a file tells of; what is wrong with it is told without a word of it.
fn identity(file: &Path) -> Result<(Secret, Secret, Option<u8>), Failure> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Person {
        name: String,
        number: String,
        certificate_type: Option<u8>,
    }
    let wrong = |why: String| {
        let todo = "write one JSON object: {\"name\": …, \"number\": …, \"certificate_type\": 0}";
        Failure::usage("--identity-file", why, todo)
    };
    let mut text = Zeroizing::new(Vec::new());
    let read = if file == Path::new("-") {
        io::stdin()
            .lock()
            .take(IDENTITY_BYTES_MAX)
            .read_to_end(&mut text)
    } else {
        fs::File::open(file).and_then(|file| file.take(IDENTITY_BYTES_MAX).read_to_end(&mut text))
    };
    read.map_err(|error| wrong(error.to_string()))?;
    let person: Person = serde_json::from_slice(&text)
        .map_err(|_| wrong("is no JSON object of name, number and certificate_type".to_owned()))?;
    Ok((
        Secret::new(person.name),
        Secret::new(person.number),
        person.certificate_type,
    ))
}

/// More than any name and number take.
const IDENTITY_BYTES_MAX: u64 = 64 << 10;

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
