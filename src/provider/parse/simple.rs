//! `result/simple`: the final face.

use crate::domain::{
    answer::{Endpoint, ProviderError},
    media::{Kind, Listed},
};

use super::{super::tolerant::text_of, answer, fields, garbled, listed};

/// Reads the URL of the final face; `None` when there is none.
///
/// # Errors
/// `Garbled` when the answer or its `result` is of no known shape.
pub fn simple(body: &[u8]) -> Result<Option<Listed>, ProviderError> {
    let text = text_of(body);
    let (_, result) = answer(Endpoint::Simple, &text)?;
    let Some(result) = fields(Endpoint::Simple, result)? else {
        return Ok(None);
    };
    Ok(listed(Kind::FinalFace, result.get("image"))
        .ok_or_else(|| garbled(Endpoint::Simple))?
        .into_iter()
        .next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example_is_read() {
        let face = simple(include_bytes!(
            "../../../tests/fixtures/answers/simple-documented.json"
        ))
        .unwrap()
        .unwrap();
        assert_eq!((face.kind, face.position), (Kind::FinalFace, 0));
        assert!(
            face.url.reveal().starts_with(
                "https://brain.baidu.com/solution/faceprint/image/query?verify_token="
            )
        );
    }

    #[test]
    fn no_face_is_none_and_no_answer_is_an_error() {
        for body in [
            r#"{"success":true,"result":null}"#,
            r#"{"success":true,"result":{"image":null}}"#,
            r#"{"success":true,"result":{"image":""}}"#,
        ] {
            assert_eq!(simple(body.as_bytes()), Ok(None), "{body}");
        }
        assert!(simple(b"{}").is_err());
    }
}
