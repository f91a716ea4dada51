//! Does an answer bring data, and if not, which kind of error is it? Pure: looks at nothing but the
//! reply.
//!
//! Three envelopes (provider.md §3): the solution's (`success`, `code`, `message`), the gateway's
//! (`error_code`, `error_msg`) and OAuth's (`error`). Types vary, fields are missing, junk
//! surrounds them; HTTP status decides only where the body does not. The texts of a
//! [`ProviderError`] are ours: the provider's may name a person.

use crate::domain::answer::{Endpoint, ErrorKind, ProviderError};

use super::{
    codes,
    reply::Reply,
    tolerant::{Object, Raw, text_of},
};

/// An answer that brings data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `log_id`, its digits untouched.
    pub log_id: Option<String>,
}

/// What goes into the row of an answer: `success` of the envelope, its code, its `log_id`.
pub type Summary = (Option<bool>, Option<String>, Option<String>);

/// Reads the envelope of an answer.
///
/// # Errors
/// The error, when the answer brings no data. `Garbled` when it is no answer at all.
pub fn read(reply: &Reply) -> Result<Envelope, ProviderError> {
    let envelope = if reply.truncated {
        None
    } else {
        Fields::of(&reply.body)
    };
    verdict(reply, envelope).map_err(|problem| ProviderError {
        retry_after: reply.retry_after,
        ..problem
    })
}

/// The facts for the row of an answer; never fails, whatever the bytes.
#[must_use]
pub fn summary(reply: &Reply) -> Summary {
    Fields::of(&reply.body).map_or((None, None, None), |fields| {
        (fields.success, fields.code, fields.log_id)
    })
}

fn verdict(reply: &Reply, fields: Option<Fields>) -> Result<Envelope, ProviderError> {
    let Some(fields) = fields else {
        return Err(by_status(reply));
    };
    match fields.shape {
        // A failure that calls itself a success is repeated rather than believed.
        Shape::Data if reply.http_status < 300 => Ok(Envelope {
            log_id: fields.log_id,
        }),
        Shape::Data | Shape::Unknown => Err(by_status(reply)),
        Shape::Solution => Err(solution(reply, &fields)),
        Shape::Gateway => Err(gateway(reply, &fields)),
        Shape::OAuth => Err(oauth(reply, fields.code)),
    }
}

/// `success:false`: the call failed, or the person did, or nobody tried yet.
fn solution(reply: &Reply, fields: &Fields) -> ProviderError {
    let known = fields.number().and_then(codes::known);
    if fields.refused && !matches!(known, Some((ErrorKind::Unauthorised, _))) {
        return fields.problem(ErrorKind::Refused, REFUSED);
    }
    match known {
        Some((kind, advice)) => fields.problem(kind, advice),
        None if reply.http_status >= 400 => ProviderError {
            code: fields.code.clone(),
            ..by_status(reply)
        },
        None if !is_query(reply.endpoint) => before_verification(fields),
        None if fields.number().is_some_and(codes::is_about_the_person) => fields.problem(
            ErrorKind::NotYet,
            "the provider has no result of a passed verification for this token",
        ),
        None => fields.problem(ErrorKind::Transient, UNEXPLAINED),
    }
}

/// `error_code`: the call did not reach the solution.
fn gateway(reply: &Reply, fields: &Fields) -> ProviderError {
    match fields.number().and_then(codes::known) {
        Some((kind, advice)) => fields.problem(kind, advice),
        None if fields.refused => fields.problem(ErrorKind::Refused, REFUSED),
        None if fields.number().is_some_and(codes::is_about_the_person)
            && is_query(reply.endpoint) =>
        {
            fields.problem(
                ErrorKind::NotYet,
                "the provider has no result of a passed verification for this token",
            )
        }
        None if reply.http_status >= 400 => ProviderError {
            code: fields.code.clone(),
            ..by_status(reply)
        },
        None if !is_query(reply.endpoint) => before_verification(fields),
        None => fields.problem(ErrorKind::Transient, UNEXPLAINED),
    }
}

/// Generating, submitting, uploading: what would be about a person's attempt is about what was
/// handed in.
fn before_verification(fields: &Fields) -> ProviderError {
    if fields
        .number()
        .is_some_and(|code| codes::is_about_the_person(code) || (216_000..217_000).contains(&code))
    {
        return fields.problem(
            ErrorKind::Misconfigured,
            "the provider does not accept the image or the identity that was handed in; look its code up in the provider's list",
        );
    }
    fields.problem(
        ErrorKind::Transient,
        "the provider refused without a code that its documents explain; try again later",
    )
}

/// Error of OAuth, also as an answer to a call.
fn oauth(reply: &Reply, code: Option<String>) -> ProviderError {
    let (kind, detail) = match code.as_deref() {
        _ if reply.http_status == 429 || reply.http_status >= 500 => return by_status(reply),
        Some("invalid_token" | "expired_token") => (
            ErrorKind::Unauthorised,
            "the access_token is not accepted; a new one is fetched",
        ),
        Some("invalid_client" | "unauthorized_client" | "access_denied" | "invalid_grant") => (
            ErrorKind::Forbidden,
            "the provider refuses the credentials; check api_key and secret_key of the app",
        ),
        _ => (
            ErrorKind::Misconfigured,
            "the provider does not accept the request for access; check base_url and auth of the app",
        ),
    };
    ProviderError {
        code,
        ..ProviderError::new(kind, detail)
    }
}

/// An answer that says nothing by itself: the HTTP status has to do.
pub(super) fn by_status(reply: &Reply) -> ProviderError {
    let status = reply.http_status;
    let (kind, detail) = match status {
        _ if reply.truncated && status < 300 => (
            ErrorKind::Garbled,
            "the answer is longer than body_bytes_max or its compression is broken; what came of it is kept, and it is asked for again".to_owned(),
        ),
        200..=299 => (
            ErrorKind::Garbled,
            "the answer is not the JSON the documents describe; it is kept and asked for again. If it persists, check base_url and whatever lies between"
                .to_owned(),
        ),
        300..=399 => (ErrorKind::Misconfigured, format!("HTTP {status}: the provider's address leads elsewhere; check base_url of the app")),
        401 | 403 => (
            ErrorKind::Forbidden,
            format!("HTTP {status}: refused before the request reached the interface; check the app's credentials, IP allow-list and whatever lies between"),
        ),
        404 | 405 | 410 => (ErrorKind::Misconfigured, format!("HTTP {status}: no such interface there; check base_url of the app")),
        413 | 414 | 431 => (ErrorKind::Misconfigured, format!("HTTP {status}: the request is too large for the provider")),
        429 => (ErrorKind::TooFast, "HTTP 429: too many requests; slowing down".to_owned()),
        _ => (ErrorKind::Transient, format!("HTTP {status}; asked again later")),
    };
    ProviderError::new(kind, detail)
}

fn is_query(endpoint: Endpoint) -> bool {
    Endpoint::QUERIES.contains(&endpoint)
}

/// No proof of anything: `系统繁忙` of a disturbance looks the same as a code of tokens that nobody
/// used.
const UNEXPLAINED: &str = "the provider answered a code that its documents do not explain; asked again later. If tokens that nobody used answer so, say it in apps.unused_codes";

const REFUSED: &str = "the provider says the token is invalid or expired: told under the wrong app, not yet used, or past the retention";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Data,
    Solution,
    Gateway,
    OAuth,
    Unknown,
}

/// The fields of an envelope, whichever it is.
struct Fields {
    shape: Shape,
    success: Option<bool>,
    code: Option<String>,
    log_id: Option<String>,
    refused: bool,
}

impl Fields {
    /// `None` when the body is no JSON object.
    fn of(body: &[u8]) -> Option<Self> {
        let text = text_of(body);
        let object = Raw::new(&text).object()?;
        let success = object.boolean("success");
        let error_code = code_of(&object, "error_code");
        let error = object
            .text("error")
            .filter(|_| success.is_none() && error_code.is_none());
        let has_result = object.get("result").is_some_and(Raw::is_something);
        let shape = match success {
            Some(true) => Shape::Data,
            Some(false) => Shape::Solution,
            None if error_code.is_some() => Shape::Gateway,
            None if error.is_some() => Shape::OAuth,
            None if has_result => Shape::Data,
            None => Shape::Unknown,
        };
        let code = code_of(&object, "code")
            .or(error_code)
            .or_else(|| error.and_then(|error| plain(&error, 40)));
        let message = object.first(&["message", "error_msg"]).and_then(Raw::text);
        let refused = message.is_some_and(|message| is_refusal(&message));
        let log_id = object.text("log_id").and_then(|text| plain(&text, 64));
        Some(Self {
            shape,
            success,
            code,
            log_id,
            refused,
        })
    }

    fn number(&self) -> Option<u32> {
        self.code.as_deref()?.parse().ok()
    }

    fn problem(&self, kind: ErrorKind, detail: &str) -> ProviderError {
        ProviderError {
            code: self.code.clone(),
            ..ProviderError::new(kind, detail)
        }
    }
}

/// A code as text; 0 means none. Anything but a short word is no code and might say something of a
/// person.
fn code_of(object: &Object<'_>, name: &str) -> Option<String> {
    let is_short = |code: &String| code.bytes().filter(u8::is_ascii_digit).count() < 8;
    object
        .text(name)
        .filter(|code| code != "0" && is_short(code))
        .and_then(|code| plain(&code, 40))
}

fn plain(text: &str, bytes_max: usize) -> Option<String> {
    let is_plain = text.len() <= bytes_max
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_plain.then(|| text.to_owned())
}

/// `Token无效或者已过期` in any spacing and width, and its likely English. Its numeric code is not
/// published, so the text decides.
fn is_refusal(message: &str) -> bool {
    let folded: String = message
        .chars()
        .filter_map(|letter| match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
            other => Some(other),
        })
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    // An access_token that is no longer valid is another matter altogether.
    if folded.contains("access") || !folded.contains("token") {
        return false;
    }
    ["无效", "过期", "失效", "invalid", "expired", "無效", "過期"]
        .iter()
        .any(|word| folded.contains(word))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::domain::time::{Span, Time};

    fn reply(endpoint: Endpoint, http_status: u16, body: &str) -> Reply {
        Reply::kept(
            endpoint,
            http_status,
            Bytes::copy_from_slice(body.as_bytes()),
            Time(0),
        )
    }

    fn kind(endpoint: Endpoint, http_status: u16, body: &str) -> Option<ErrorKind> {
        read(&reply(endpoint, http_status, body))
            .err()
            .map(|problem| problem.kind)
    }

    #[test]
    fn data_is_recognised_in_every_dress() {
        for body in [
            r#"{"success":true,"result":{"a":1},"log_id":"1"}"#,
            r#"{"success":"true","result":null,"log_id":1}"#,
            r#"{"success":1,"result":1}"#,
            r#"{"result":{"verify_result":[]},"log_id":1}"#,
            r#"{"success":false,"success":true,"result":{}}"#,
            "\u{feff}\r\n {\"success\":true,\"result\":{}}\n<!-- served by gw -->",
            r#"{"error_code":0,"error_msg":"SUCCESS","result":{"a":1}}"#,
        ] {
            assert_eq!(kind(Endpoint::Getall, 200, body), None, "{body}");
        }
    }

    #[test]
    fn every_trouble_is_told_from_the_others() {
        use ErrorKind::{
            DailyQuota, Forbidden, Garbled, Misconfigured, NotYet, Refused, TooFast, TotalQuota,
            Transient, Unauthorised,
        };
        for (status, body, expected) in [
            (
                200,
                r#"{"error_code":18,"error_msg":"Open api qps request limit reached"}"#,
                TooFast,
            ),
            (200, r#"{"error_code":"18","log_id":1}"#, TooFast),
            (
                200,
                r#"{"success":false,"code":18,"message":"openapi限制","log_id":"7"}"#,
                TooFast,
            ),
            (
                200,
                r#"{"error_code":17,"error_msg":"Open api daily request limit reached"}"#,
                DailyQuota,
            ),
            (
                200,
                r#"{"error_code":19,"error_msg":"Open api total request limit reached"}"#,
                TotalQuota,
            ),
            (
                200,
                r#"{"error_code":110,"error_msg":"Access token invalid or no longer valid"}"#,
                Unauthorised,
            ),
            (
                200,
                r#"{"error_code":111,"error_msg":"Access token expired"}"#,
                Unauthorised,
            ),
            (
                401,
                r#"{"error_code":110,"error_msg":"Access token invalid or no longer valid"}"#,
                Unauthorised,
            ),
            (
                200,
                r#"{"success":false,"code":110,"message":"Access token invalid or no longer valid"}"#,
                Unauthorised,
            ),
            (
                200,
                r#"{"error_code":6,"error_msg":"No permission to access data"}"#,
                Forbidden,
            ),
            (
                200,
                r#"{"success":false,"code":216110,"message":"appid not exist"}"#,
                Misconfigured,
            ),
            (
                200,
                r#"{"success":false,"code":283435,"message":"方案不存在"}"#,
                Misconfigured,
            ),
            (
                200,
                r#"{"success":false,"code":222206,"message":"rtse service return fail"}"#,
                Transient,
            ),
            (
                200,
                r#"{"success":false,"code":222350,"message":"公安网图片不存在或质量过低"}"#,
                NotYet,
            ),
            (
                200,
                r#"{"success":"false","code":"223120","message":"活体检测未通过"}"#,
                NotYet,
            ),
            (200, r#"{"success":0,"code":216500}"#, NotYet),
            (
                200,
                r#"{"success":false,"code":777777,"message":"?"}"#,
                Transient,
            ),
            (
                200,
                r#"{"success":false,"code":283999,"message":"系统繁忙"}"#,
                Transient,
            ),
            (200, r#"{"success":false}"#, Transient),
            (200, r#"{"error_code":777777,"error_msg":"?"}"#, Transient),
            (
                200,
                r#"{"error_code":336000,"error_msg":"Internal error"}"#,
                Transient,
            ),
            (
                200,
                r#"{"success":false,"code":283421,"message":"Token无效或者已过期"}"#,
                Refused,
            ),
            (
                200,
                r#"{"success":false,"message":"Token 无效 或者 已过期。"}"#,
                Refused,
            ),
            (
                200,
                r#"{"success":false,"code":216101,"message":"ｔｏｋｅｎ无效或者已过期"}"#,
                Refused,
            ),
            (
                200,
                r#"{"success":false,"code":1,"message":"token invalid or expired"}"#,
                Refused,
            ),
            (
                200,
                r#"{"error_code":283421,"error_msg":"Token无效或者已过期"}"#,
                Refused,
            ),
            (
                200,
                r#"{"error":"invalid_client","error_description":"unknown client id"}"#,
                Forbidden,
            ),
            (200, r#"{"error":"invalid_token"}"#, Unauthorised),
            (200, "<html>login</html>", Garbled),
            (200, "", Garbled),
            (200, "{}", Garbled),
            (200, "[]", Garbled),
            (200, r#"{"success":true,"result":{"#, Garbled),
            (500, "oops", Transient),
            (502, r#"{"success":true,"result":{}}"#, Transient),
            (503, r#"{"error_code":18}"#, TooFast),
            (429, "", TooFast),
            (429, r#"{"error":"slow_down"}"#, TooFast),
            (302, "", Misconfigured),
            (403, "<html>", Forbidden),
            (404, "", Misconfigured),
            (400, "", Transient),
        ] {
            assert_eq!(
                kind(Endpoint::Getall, status, body),
                Some(expected),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn before_a_verification_codes_are_about_what_was_handed_in() {
        for (body, expected) in [
            (
                r#"{"success":false,"code":222202,"message":"pic not has face"}"#,
                ErrorKind::Misconfigured,
            ),
            (
                r#"{"success":false,"code":216201}"#,
                ErrorKind::Misconfigured,
            ),
            (r#"{"success":false,"code":4711}"#, ErrorKind::Transient),
            (r#"{"error_code":222202}"#, ErrorKind::Misconfigured),
        ] {
            assert_eq!(
                kind(Endpoint::UploadMatchImage, 200, body),
                Some(expected),
                "{body}"
            );
        }
    }

    #[test]
    fn the_summary_keeps_nineteen_digits_and_never_fails() {
        for (body, expected) in [
            (
                r#"{"success":true,"result":{},"log_id":1775075543214005842}"#,
                (Some(true), None, Some("1775075543214005842")),
            ),
            (
                r#"{"success":true,"log_id":"1775075543214005842"}"#,
                (Some(true), None, Some("1775075543214005842")),
            ),
            (
                r#"{"success":false,"code":222350,"log_id":99999999999999999999}"#,
                (Some(false), Some("222350"), Some("99999999999999999999")),
            ),
            (
                r#"{"error_code":"18","error_msg":"x"}"#,
                (None, Some("18"), None),
            ),
            (
                r#"{"error":"invalid_client"}"#,
                (None, Some("invalid_client"), None),
            ),
            (r#"{"success":true,"code":0}"#, (Some(true), None, None)),
            (
                r#"{"success":false,"code":"张三 370123"}"#,
                (Some(false), None, None),
            ),
            (
                r#"{"success":false,"code":"36213219923232007X"}"#,
                (Some(false), None, None),
            ),
            ("<html>", (None, None, None)),
        ] {
            let (success, code, log_id) = summary(&reply(Endpoint::Getall, 200, body));
            assert_eq!(
                (success, code.as_deref(), log_id.as_deref()),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn the_providers_words_about_a_person_are_not_repeated() {
        for body in [
            r#"{"success":false,"code":222351,"message":"canary-张三 身份证不匹配"}"#,
            r#"{"error_code":5,"error_msg":"canary-张三"}"#,
            r#"{"error":"canary-张三","error_description":"canary-张三"}"#,
        ] {
            let problem = read(&reply(Endpoint::Detail, 200, body)).unwrap_err();
            assert!(
                !format!("{problem} {problem:?}").contains("canary"),
                "{body}"
            );
        }
    }

    #[test]
    fn the_wish_to_wait_is_handed_on_and_a_cut_answer_is_no_answer() {
        let late = Reply {
            retry_after: Some(Span::seconds(7)),
            ..reply(Endpoint::Getall, 503, "")
        };
        assert_eq!(read(&late).unwrap_err().retry_after, Some(Span::seconds(7)));
        let cut = Reply {
            truncated: true,
            ..reply(Endpoint::Detail, 200, r#"{"success":true,"result":{}} "#)
        };
        assert_eq!(read(&cut).unwrap_err().kind, ErrorKind::Garbled);
    }
}
