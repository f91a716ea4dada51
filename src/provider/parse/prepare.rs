//! The calls before a verification: `verifyToken/generate`, `idcard/submit`, `uploadMatchImage`.

use crate::domain::{
    answer::{Endpoint, ProviderError},
    secret::Secret,
    token::check_token,
};

use super::{super::tolerant::text_of, answer, fields, garbled};

/// Reads the verify_token out of the answer of `generate`.
///
/// # Errors
/// `Garbled` when there is none, or it is not of a token's shape.
pub fn verify_token(body: &[u8]) -> Result<Secret, ProviderError> {
    let text = text_of(body);
    let (_, result) = answer(Endpoint::Generate, &text)?;
    let token = fields(Endpoint::Generate, result)?
        .and_then(|result| result.text("verify_token"))
        .map(Secret::new);
    token
        .filter(|token| check_token(token.reveal()).is_ok())
        .ok_or_else(|| garbled(Endpoint::Generate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example_gives_its_token() {
        let token = verify_token(include_bytes!(
            "../../../tests/fixtures/answers/generate-documented.json"
        ))
        .unwrap();
        assert_eq!(token.reveal(), "Yz9rWITm4vak16PBAh5x8oG7");
    }

    #[test]
    fn without_a_token_there_is_no_answer() {
        for body in [
            r#"{"success":true,"result":null}"#,
            r#"{"success":true,"result":{"verify_token":""}}"#,
            r#"{"success":true,"result":{"verify_token":"a b"}}"#,
            "[]",
        ] {
            assert!(verify_token(body.as_bytes()).is_err(), "{body}");
        }
    }
}
