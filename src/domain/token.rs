//! A tracked verification: its handle, its facts and its state.

use serde::{Deserialize, Serialize};

use super::{
    id::VerificationId,
    secret::Secret,
    time::{Span, Time},
};

/// Where a tracked verification stands (contract.md, "States of a tracked verification").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No attempt seen.
    Waiting,
    /// An attempt seen, not final or not all captured.
    Collecting,
    /// Everything the provider holds was captured after it became final.
    Archived,
    /// Proof that nobody verified.
    Abandoned,
    /// Something captured, something known to exist not.
    Incomplete,
    /// Expired before anything could be captured.
    Missed,
    /// The provider refused it all its life.
    Rejected,
}

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Collecting,
        Self::Archived,
        Self::Abandoned,
        Self::Incomplete,
        Self::Missed,
        Self::Rejected,
    ];

    /// The name in `report_verifications.state`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Collecting => "collecting",
            Self::Archived => "archived",
            Self::Abandoned => "abandoned",
            Self::Incomplete => "incomplete",
            Self::Missed => "missed",
            Self::Rejected => "rejected",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it never changes again except by `retry`.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Waiting | Self::Collecting)
    }

    /// Whether something was lost, which raises an alarm (provider.md §4).
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Incomplete | Self::Missed)
    }
}

/// What is told of a token when it is to be tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackRequest {
    /// The provider's handle.
    pub verify_token: Secret,
    /// The configured app that generated it.
    pub app: String,
    /// When it was generated; the moment of tracking when nobody says.
    pub issued_at: Option<Time>,
    /// The plan it was generated for.
    pub plan_id: Option<String>,
    /// The business's own name for it.
    pub reference: Option<String>,
    /// Who told: a command's user, `issue`, later the gateway.
    pub tracked_by: String,
    /// Whether Verikeep itself had the provider generate it, so that its origin is beyond doubt.
    pub issued_here: bool,
}

/// What the provider may have forgotten of a token, by the earliest reading, when it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// Videos and liveness images.
    Media,
    /// Everything: it is asked for once all the same.
    Everything,
}

impl Late {
    /// How late `now` is; none while nothing can be forgotten.
    #[must_use]
    pub fn at(now: Time, media_deadline: Time, record_deadline: Time) -> Option<Self> {
        if now >= record_deadline {
            return Some(Self::Everything);
        }
        (now >= media_deadline).then_some(Self::Media)
    }

    /// What a person is told of it.
    #[must_use]
    pub const fn tell(self) -> &'static str {
        match self {
            Self::Media => "its videos may be forgotten already",
            Self::Everything => {
                "told too late: the provider has forgotten it by now; it is asked for once all the same"
            }
        }
    }
}

/// The facts of a tracked verification that never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Our identifier (UUID version 7).
    pub verification_id: VerificationId,
    /// The provider's handle.
    pub verify_token: Secret,
    /// The configured app that generated it.
    pub app: String,
    /// When it was generated, as told or assumed.
    pub issued_at: Time,
    /// When it was told.
    pub tracked_at: Time,
    /// The plan it was generated for, as told.
    pub plan_id: Option<String>,
    /// Whether Verikeep itself had the provider generate it.
    pub issued_here: bool,
}

impl TrackRequest {
    /// Checks everything that is told, whoever tells it.
    ///
    /// # Errors
    /// What is wrong and what to do, without repeating token, plan or reference.
    pub fn check(&self, now: Time) -> Result<(), String> {
        check_token(self.verify_token.reveal())?;
        self.plan_id
            .as_deref()
            .map_or(Ok(()), |plan_id| check_name("plan_id", plan_id))?;
        self.reference
            .as_deref()
            .map_or(Ok(()), |reference| check_name("reference", reference))?;
        self.issued_at
            .map_or(Ok(()), |issued_at| check_issued_at(issued_at, now))
    }
}

/// The longest verify_token accepted, in bytes; the provider's have 24.
pub const TOKEN_BYTES_MAX: usize = 256;

/// The longest plan_id or reference accepted, in characters.
pub const NAME_CHARS_MAX: usize = 255;

/// How far after `now` a told time of issue may lie. Tighter than what is believable at all: nobody
/// tells of a token before there is one, so only two clocks can differ, and a time of issue that is
/// too late puts every deadline after the moment the provider forgets.
const AHEAD_MAX: Span = Span::minutes(10);

/// Checks the shape of a verify_token: 1 to [`TOKEN_BYTES_MAX`] of the characters a URL's query
/// carries as they are, and not what people and their tools make of a token on its way here.
///
/// # Errors
/// What is wrong and what to do, without repeating the token.
pub fn check_token(token: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("verify_token {why}"));
    if token.is_empty() {
        return wrong("is empty");
    }
    if token.contains("://") || token.contains("token=") || token.contains(['?', '&']) {
        return wrong(
            "is a URL or a part of one: the token is what stands between `token=` and the next `&`",
        );
    }
    if token == "-" {
        return wrong("is -, which stands for standard input where it is the only argument");
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err(format!(
            "verify_token has {} bytes, at most {TOKEN_BYTES_MAX} are possible",
            token.len()
        ));
    }
    if is_scientific(token) {
        return wrong(DESTROYED);
    }
    if token.starts_with('=') || token.contains(['"', '\'', '`']) {
        return wrong(
            "has a quote or an = around it, as spreadsheets and shells write them: leave only the token",
        );
    }
    if token.contains([',', ';']) {
        return wrong(
            "has a comma or a semicolon: tell several tokens each by itself, and begin a CSV with the names of its columns",
        );
    }
    if ["null", "nil", "none", "nan", "undefined", "verify_token"]
        .iter()
        .any(|word| token.eq_ignore_ascii_case(word))
    {
        return wrong("is a word that programs write where there is none: leave the line out");
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return wrong("has a character that is not visible ASCII");
    }
    let possible = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte);
    if !token.bytes().all(possible) || !token.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return wrong("is none: letters and digits are possible, and between them - _ . ~ + / =");
    }
    Ok(())
}

/// Checks a plan_id or a reference: at most [`NAME_CHARS_MAX`] characters, none of which moves a
/// cursor or turns the direction of writing.
///
/// # Errors
/// What is wrong and what to do, by the name of the field and without its value.
pub fn check_name(field: &str, text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length > NAME_CHARS_MAX {
        return Err(format!(
            "{field} has {length} characters, at most {NAME_CHARS_MAX} are possible: tell a shorter one"
        ));
    }
    if text
        .chars()
        .any(|char| char.is_control() || is_directing(char))
    {
        return Err(format!(
            "{field} has a control character (a line break, a tab, a change of the direction of writing): leave it out"
        ));
    }
    if is_scientific(text) {
        Err(format!("{field} {DESTROYED}"))
    } else {
        Ok(())
    }
}

/// By which a person tells a token from others where it must not be shown: its last four
/// characters, and nothing of a short one.
#[must_use]
pub fn token_end(token: &str) -> Option<&str> {
    let (_, end) = token.split_at_checked(token.len().checked_sub(4)?)?;
    (token.len() >= 16).then_some(end)
}

/// Checks a told time of issue.
///
/// # Errors
/// What is wrong and what to do.
pub fn check_issued_at(issued_at: Time, now: Time) -> Result<(), String> {
    if issued_at.since(now) > AHEAD_MAX {
        return Err(format!(
            "issued_at {issued_at} lies in the future: check the clock, and that it is written with its offset"
        ));
    }
    if !issued_at.is_believable(now) {
        return Err(format!(
            "issued_at {issued_at} is before there was such a service (2015); year 1 and 1970 are what programs write that know no time: leave the field out"
        ));
    }
    Ok(())
}

const DESTROYED: &str = "is a number in scientific notation: a spreadsheet has destroyed it; format the column as text there and export it again";

/// Whether this is a number as spreadsheets shorten it: `1.23457E+23`. Letters and digits alone,
/// such as `12E34`, can be a name.
fn is_scientific(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = number
        .split_once(['.', ','])
        .map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
    let signed = exponent.strip_prefix(['+', '-']);
    let marked = fraction.is_some() || signed.is_some();
    marked
        && digits(whole.strip_prefix('-').unwrap_or(whole))
        && fraction.is_none_or(digits)
        && digits(signed.unwrap_or(exponent))
}

/// Whether this character changes the direction of writing or breaks lines (Unicode's
/// `Bidi_Control`, and its line and paragraph separators).
const fn is_directing(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A verify_token as it is shown: whole once the provider has forgotten it and it opens nothing any
/// more, its last four characters until then.
#[must_use]
pub fn shown(verify_token: &str, record_deadline: Time, now: Time) -> String {
    // Over the network there is none.
    if now > record_deadline || verify_token.is_empty() {
        return verify_token.to_owned();
    }
    let letters = verify_token.chars().count();
    // Of a short one that would be too much of it.
    let last = if letters < 8 { 0 } else { 4 };
    let last: String = verify_token.chars().skip(letters - last).collect();
    format!("…{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_whole_once_it_opens_nothing_any_more() {
        let until = Time(1_795_421_701_000);
        let before = Time(until.0 - 1);
        for (token, now, text) in [
            ("8vTkUsEJ4711", before, "…4711"),
            ("8vTkUsEJ4711", until, "…4711"),
            ("8vTkUsEJ4711", Time(until.0 + 1), "8vTkUsEJ4711"),
            ("abc", before, "…"),
            ("令牌令牌令牌令牌", before, "…令牌令牌"),
            ("", before, ""),
        ] {
            assert_eq!(shown(token, until, now), text, "{token}");
        }
    }

    #[test]
    fn what_cannot_be_a_token_says_why_and_what_to_do() {
        for (token, part) in [
            ("", "is empty"),
            ("-", "standard input"),
            ("--", "letters and digits"),
            (
                "https://brain.baidu.com/face/print/?token=Canary&successUrl=https%3A%2F%2Fx.example",
                "between `token=` and the next `&`",
            ),
            (
                &format!(
                    "https://brain.baidu.com/face/print/?token=Canary&x={}",
                    "x".repeat(300)
                ),
                "between `token=`",
            ),
            ("face/print/?token=Canary", "between `token=`"),
            ("token=Canary", "between `token=`"),
            ("Canary&successUrl=x", "between `token=`"),
            ("CanaryA,CanaryB", "comma"),
            ("CanaryA;CanaryB", "comma"),
            ("\"Canary\"", "quote"),
            ("=\"Canary00000000000000000\"", "quote"),
            ("=Canary", "an ="),
            ("'Canary", "quote"),
            ("`Canary`", "quote"),
            ("1.23457E+23", "export it again"),
            ("1,23457E+23", "export it again"),
            ("1.23457e23", "export it again"),
            ("1E+23", "export it again"),
            ("NULL", "there is none"),
            ("undefined", "there is none"),
            ("Canary 1", "not visible ASCII"),
            ("Canary\u{200b}", "not visible ASCII"),
            ("<Canary>", "letters and digits"),
            ("{Canary}", "letters and digits"),
            (&"Canary".repeat(50), "300 bytes"),
        ] {
            let why = check_token(token).unwrap_err();
            assert!(
                why.starts_with("verify_token ") && why.contains(part) && !why.contains("anary"),
                "{token}: {why}"
            );
        }
        for token in [
            "2sF3nE5mXOHkx2aQwWG4n5WI",
            "123456789012345678901234",
            "12E3456789012345678901",
            "a-b_c.d~e+f/g==",
            "1",
        ] {
            assert_eq!(check_token(token), Ok(()), "{token}");
        }
    }

    #[test]
    fn plans_and_references_are_short_plain_and_whole() {
        for (text, part) in [
            ("a\nb", "control"),
            ("a\u{1b}[2J", "control"),
            ("a\u{202e}b", "control"),
            ("a\u{2066}b", "control"),
            ("1.23457E+11", "export it again"),
            (&"长".repeat(256), "256 characters, at most 255"),
        ] {
            let why = check_name("reference", text).unwrap_err();
            assert!(
                why.starts_with("reference ") && why.contains(part),
                "{text}: {why}"
            );
        }
        for text in [
            "",
            "order-4711",
            "订单 堃 👩‍⚕️",
            "12E34",
            "2E",
            "1.5",
            &"长".repeat(255),
        ] {
            assert_eq!(check_name("reference", text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_time_of_issue_that_cannot_be_is_refused() {
        let now = Time::parse("2026-11-23T08:15:01Z").unwrap();
        for (text, part) in [
            ("0001-01-01T00:00:00Z", "leave the field out"),
            ("1970-01-01T00:00:00Z", "leave the field out"),
            ("-005000-01-01T00:00:00Z", "leave the field out"),
            ("2026-11-23T08:25:02Z", "in the future"),
            ("9999-12-30T00:00:00Z", "in the future"),
        ] {
            let why = check_issued_at(Time::parse(text).unwrap(), now).unwrap_err();
            assert!(
                why.starts_with("issued_at ") && why.contains(part),
                "{text}: {why}"
            );
        }
        for text in ["2015-01-01T00:00:00Z", "2026-11-23T08:25:01Z"] {
            assert_eq!(
                check_issued_at(Time::parse(text).unwrap(), now),
                Ok(()),
                "{text}"
            );
        }
    }
}
