//! `check --token`: what the provider answers for one token, as a text that can be sent to others.
//! Pure but for the printing.

use super::super::{
    report::{Code, Failure},
    screen::Screen,
};
use crate::{
    config::{App, Auth, Config},
    domain::{
        answer::{Endpoint, ProviderError},
        secret::Secret,
        token::check_token,
    },
    provider::{
        Reply, envelope,
        shape::{self, Shape},
    },
};

/// An answer with the names of its headers, or why there is none.
pub(crate) type Look = Result<(Reply, Vec<String>), ProviderError>;

/// Which app to ask.
///
/// # Errors
/// When none or several could be meant, or the token cannot be one.
pub(crate) fn app<'c>(
    config: &'c Config,
    named: Option<&str>,
    token: &Secret,
) -> Result<&'c App, Failure> {
    check_token(token.reveal()).map_err(|why| {
        Failure::usage("--token", why, "`verikeep check --token TOKEN --app APP`")
    })?;
    let names: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
    let found = match (named, config.apps.as_slice()) {
        (Some(name), _) => config.app(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        Failure::usage(
            "--app",
            "names none of the apps, or which of them is not said",
            format!("name one of: {}", names.join(", ")),
        )
    })
}

/// Prints the shape of every answer; 4 when one of them did not arrive.
///
/// # Errors
/// When the stream fails.
pub(crate) fn tell(
    app: &App,
    looks: &[(Endpoint, Look)],
    token: &Secret,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let auth = match app.auth {
        Auth::AccessToken { .. } => "access_token",
        Auth::BceAuthV1 { .. } => "bce-auth-v1",
        Auth::ApiKey { .. } => "api-key",
    };
    let way = if app.proxy.is_some() {
        "through a proxy"
    } else {
        "directly"
    };
    screen.line(format!(
        "verikeep {}, auth {auth}, {way}; names, types and lengths only, no value of any answer",
        env!("CARGO_PKG_VERSION")
    ))?;
    let mut code = Code::Done;
    for (endpoint, look) in looks {
        screen.line(format!("\n== {}", endpoint.name()))?;
        match look {
            Ok((reply, headers)) => {
                for line in lines(reply, headers, &shape::of(*endpoint, &reply.body, token)) {
                    screen.line(line)?;
                }
            }
            Err(problem) => {
                code = Code::Unreachable;
                // Without its code, which may be a word of the answer.
                screen.line(format!(
                    "no answer: {}: {}",
                    problem.kind.name(),
                    problem.detail
                ))?;
            }
        }
    }
    Ok(code)
}

fn lines(reply: &Reply, headers: &[String], shape: &Shape) -> Vec<String> {
    let counted = match envelope::read(reply) {
        Ok(_) => "data".to_owned(),
        Err(problem) => problem.kind.name().replace('_', " "),
    };
    let cut = if reply.truncated { ", cut off" } else { "" };
    let headers: Vec<String> = headers.iter().map(|name| header(name)).collect();
    let mut lines = vec![
        format!(
            "HTTP {}, {} bytes{cut}, envelope {}, counted as {counted}",
            reply.http_status,
            reply.body.len(),
            shape.envelope
        ),
        format!("codes: {}", listed(&shape.codes)),
        format!("headers: {}", listed(&headers)),
        match reply.date {
            // `Date` is cut to the second: up to a second behind is agreement.
            Some(date) => format!(
                "clock: the provider's less ours is {:+} s",
                (date.since(reply.fetched_at).0 + 999).div_euclid(1000)
            ),
            None => "clock: it sent no Date".to_owned(),
        },
        "fields:".to_owned(),
    ];
    lines.extend(
        shape
            .paths
            .iter()
            .map(|(path, classes)| format!("  {path}: {}", classes.join(" | "))),
    );
    if shape.left_out > 0 {
        lines.push(format!("  and {} more", shape.left_out));
    }
    for (what, paths) in [
        ("unknown fields", &shape.unknown),
        ("documented, and missing", &shape.missing),
        ("documented as optional, and missing", &shape.absent),
    ] {
        lines.push(format!("{what}: {}", listed(paths)));
    }
    lines
}

fn listed(items: &[String]) -> String {
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}

/// A header's name, where it looks like one.
fn header(name: &str) -> String {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_plain =
        name.len() <= 40 && is_word && name.bytes().filter(u8::is_ascii_digit).count() <= 3;
    if is_plain {
        name.to_owned()
    } else {
        format!("header({} chars)", name.len())
    }
}
