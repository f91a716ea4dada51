//! What a list says of tokens.

use super::named::{Named, Numbers};
use crate::domain::token::check_token;

/// The shortest first line that is taken for a token and not for the name of a column.
const BARE_CHARS_MIN: usize = 16;

/// What a line can say of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `verify_token`
    VerifyToken,
    /// `app`
    App,
    /// `issued_at`
    IssuedAt,
    /// `plan_id`
    PlanId,
    /// `reference`
    Reference,
}

/// What a line says of a token, before it is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// `verify_token`
    pub verify_token: Option<String>,
    /// `app`
    pub app: Option<String>,
    /// `issued_at`, as [`super::instant`] reads it.
    pub issued_at: Option<String>,
    /// `plan_id`
    pub plan_id: Option<String>,
    /// `reference`
    pub reference: Option<String>,
}

impl Named for Field {
    type Line = Fields;

    const ALL: &'static [Self] = &[
        Self::VerifyToken,
        Self::App,
        Self::IssuedAt,
        Self::PlanId,
        Self::Reference,
    ];

    const KEY: Self = Self::VerifyToken;

    const EXAMPLE: &'static str = "order_no=reference";

    const WITHOUT_NAMES: &'static str = "; without such a line only tokens are read, one a line";

    const NOR: &'static str = ", and is no token";

    fn name(self) -> &'static str {
        match self {
            Self::VerifyToken => "verify_token",
            Self::App => "app",
            Self::IssuedAt => "issued_at",
            Self::PlanId => "plan_id",
            Self::Reference => "reference",
        }
    }

    fn of(self, line: &mut Fields) -> &mut Option<String> {
        match self {
            Self::VerifyToken => &mut line.verify_token,
            Self::App => &mut line.app,
            Self::IssuedAt => &mut line.issued_at,
            Self::PlanId => &mut line.plan_id,
            Self::Reference => &mut line.reference,
        }
    }

    fn numbers(self) -> Numbers {
        match self {
            Self::VerifyToken | Self::App => Numbers::None,
            Self::PlanId | Self::Reference => Numbers::Whole,
            Self::IssuedAt => Numbers::Any,
        }
    }

    fn is_bare(line: &str) -> bool {
        check_token(line).is_ok()
            && line.len() >= BARE_CHARS_MIN
            && line
                .bytes()
                .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    }
}
