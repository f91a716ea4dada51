//! `check --token`: what the provider answers for one token, as a text that can be sent to others.
//! Pure but for the printing.

use super::{
    super::{
        report::{Code, Failure},
        screen::Screen,
        words::Said,
    },
    words,
};
use crate::{
    config::{App, Auth, Config},
    domain::{
        answer::{Endpoint, ProviderError},
        language::{Language, Words},
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
            Said::filled(words::NAME_ONE_OF, [names.join(", ")]),
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
    let language = screen.language;
    let auth = match app.auth {
        Auth::AccessToken { .. } => "access_token",
        Auth::BceAuthV1 { .. } => "bce-auth-v1",
        Auth::ApiKey { .. } => "api-key",
    };
    let way = if app.proxy.is_some() {
        words::BY_PROXY
    } else {
        words::DIRECTLY
    };
    let values = [env!("CARGO_PKG_VERSION"), auth, way.in_(language)];
    screen.line(words::SHAPES.filled(language, &values))?;
    let mut code = Code::Done;
    for (endpoint, look) in looks {
        screen.line(format!("\n== {}", endpoint.name()))?;
        match look {
            Ok((reply, headers)) => {
                let shape = shape::of(*endpoint, &reply.body, token);
                for line in lines(reply, headers, &shape, language) {
                    screen.line(line)?;
                }
            }
            Err(problem) => {
                code = Code::Unreachable;
                // Without its code, which may be a word of the answer.
                let values = [problem.kind.name(), &problem.detail];
                screen.line(words::NO_ANSWER.filled(language, &values))?;
            }
        }
    }
    Ok(code)
}

fn lines(reply: &Reply, headers: &[String], shape: &Shape, language: Language) -> Vec<String> {
    let told = |words: Words, value: &str| words.filled(language, &[value]);
    let listed = |words, items: &[String]| {
        if items.is_empty() {
            told(words, words::NONE.in_(language))
        } else {
            told(words, &items.join(", "))
        }
    };
    let counted = match envelope::read(reply) {
        Ok(_) => "data".to_owned(),
        Err(problem) => problem.kind.name().replace('_', " "),
    };
    let cut = if reply.truncated {
        words::CUT.in_(language)
    } else {
        ""
    };
    let (status, bytes) = (reply.http_status.to_string(), reply.body.len().to_string());
    let values = [&status, &bytes, cut, shape.envelope, &counted];
    let headers: Vec<String> = headers.iter().map(|name| header(name)).collect();
    let mut lines = vec![
        words::HTTP.filled(language, &values),
        listed(words::CODES, &shape.codes),
        listed(words::HEADERS, &headers),
        match reply.date {
            // `Date` is cut to the second: up to a second behind is agreement.
            Some(date) => {
                let apart = (date.since(reply.fetched_at).0 + 999).div_euclid(1000);
                told(words::CLOCK, &format!("{apart:+}"))
            }
            None => words::NO_DATE.in_(language).to_owned(),
        },
        words::FIELDS.in_(language).to_owned(),
    ];
    lines.extend(
        shape
            .paths
            .iter()
            .map(|(path, classes)| format!("  {path}: {}", classes.join(" | "))),
    );
    if shape.left_out > 0 {
        lines.push(told(words::MORE, &shape.left_out.to_string()));
    }
    lines.push(listed(words::UNKNOWN_FIELDS, &shape.unknown));
    lines.push(listed(words::MISSING_FIELDS, &shape.missing));
    lines.push(listed(words::ABSENT_FIELDS, &shape.absent));
    lines
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
