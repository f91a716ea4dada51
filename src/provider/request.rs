//! Bodies of requests (provider.md §2). They hold tokens, persons and images: nothing here shows
//! itself.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::domain::{
    answer::{ErrorKind, ProviderError},
    secret::Secret,
};

use super::image_size::image_size;

/// The largest match image, in bytes of base64 (original, 一.3: 10M).
const IMAGE_BASE64_BYTES_MAX: usize = 10 << 20;
/// The largest match image, in pixels of the longer and the shorter side (original, 一.3:
/// 1920*1080).
const IMAGE_PIXELS_MAX: (u32, u32) = (1920, 1080);

/// A body of JSON.
#[derive(Clone)]
pub struct RequestBody(Bytes);

impl RequestBody {
    /// The bytes to be sent; they hold tokens and persons.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }

    fn of(fields: Value) -> Self {
        Self(Bytes::from(fields.to_string()))
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBody({} bytes)", self.0.len())
    }
}

/// For `verifyToken/generate`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generate {
    /// `plan_id`.
    pub plan_id: String,
    /// `redirect_config.success_url`: where the person's browser goes afterwards.
    pub success_url: Option<String>,
    /// `redirect_config.failed_url`.
    pub failed_url: Option<String>,
    /// `match_source`: which image to compare with, for plans that leave it open.
    pub match_source: Option<i64>,
}

/// Which checks a match image has to pass (`quality_control`, `liveness_control`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Control {
    /// None; the provider's default.
    #[default]
    None,
    /// Low.
    Low,
    /// Normal.
    Normal,
    /// High.
    High,
}

impl Control {
    const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Low => "LOW",
            Self::Normal => "NORMAL",
            Self::High => "HIGH",
        }
    }
}

/// The body of every query.
#[must_use]
pub fn query(verify_token: &Secret) -> RequestBody {
    RequestBody::of(json!({ "verify_token": verify_token.reveal() }))
}

/// The body of `verifyToken/generate`. `plan_id` goes as text, as the table of the original has it.
#[must_use]
pub fn generate(wish: &Generate) -> RequestBody {
    let mut fields = Map::from_iter([("plan_id".to_owned(), json!(wish.plan_id))]);
    let urls = [
        ("success_url", &wish.success_url),
        ("failed_url", &wish.failed_url),
    ];
    let redirect: Map<String, Value> = urls
        .into_iter()
        .filter_map(|(name, url)| Some((name.to_owned(), json!(url.as_ref()?))))
        .collect();
    if !redirect.is_empty() {
        fields.insert("redirect_config".to_owned(), Value::Object(redirect));
    }
    if let Some(source) = wish.match_source {
        fields.insert("match_source".to_owned(), json!(source));
    }
    RequestBody::of(Value::Object(fields))
}

/// The body of `idcard/submit`. `certificate_type` is 0 to 5; 0, the mainland identity card, when
/// absent.
///
/// # Errors
/// `Misconfigured` when the certificate type is none the provider knows.
pub fn submit_identity(
    verify_token: &Secret,
    name: &Secret,
    number: &Secret,
    certificate_type: Option<u8>,
) -> Result<RequestBody, ProviderError> {
    if certificate_type.is_some_and(|kind| kind > 5) {
        return Err(ProviderError::new(
            ErrorKind::Misconfigured,
            "certificate_type is 0 to 5",
        ));
    }
    let mut fields = json!({ "verify_token": verify_token.reveal(), "id_name": name.reveal(), "id_no": number.reveal() });
    if let (Some(kind), Some(fields)) = (certificate_type, fields.as_object_mut()) {
        fields.insert("certificate_type".to_owned(), json!(kind));
    }
    Ok(RequestBody::of(fields))
}

/// Checks a match image before anything is asked of the provider.
///
/// # Errors
/// When it is no image, or larger than the provider takes as far as its first bytes tell.
pub fn check_match_image(image: &[u8]) -> Result<(), String> {
    if image.is_empty() {
        return Err("the match image is empty".to_owned());
    }
    let is_image = matches!(
        image,
        [0xff, 0xd8, 0xff, ..]
            | [0x89, b'P', b'N', b'G', ..]
            | [b'G', b'I', b'F', b'8', ..]
            | [b'B', b'M', ..]
            | [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..
            ]
            | [_, _, _, _, b'f', b't', b'y', b'p', ..]
    );
    if !is_image || std::str::from_utf8(image).is_ok() {
        return Err("the match image is no JPEG, PNG or other image".to_owned());
    }
    if image.len().div_ceil(3) * 4 > IMAGE_BASE64_BYTES_MAX {
        return Err(format!(
            "the match image has {} bytes; the provider takes 10 MB of base64, which is {} bytes of image",
            image.len(),
            IMAGE_BASE64_BYTES_MAX / 4 * 3
        ));
    }
    match image_size(image) {
        Some((width, height))
            if width.max(height) > IMAGE_PIXELS_MAX.0 || width.min(height) > IMAGE_PIXELS_MAX.1 =>
        {
            Err(format!(
                "the match image is {width}x{height}; the provider takes less than 1920x1080: scale it down"
            ))
        }
        _ => Ok(()),
    }
}

/// The body of `uploadMatchImage`.
///
/// # Errors
/// `Misconfigured` when the image is none that [`check_match_image`] lets pass.
pub fn upload_match_image(
    verify_token: &Secret,
    image: &[u8],
    quality: Control,
    liveness: Control,
) -> Result<RequestBody, ProviderError> {
    check_match_image(image).map_err(|why| ProviderError::new(ErrorKind::Misconfigured, why))?;
    Ok(RequestBody::of(json!({
        "verify_token": verify_token.reveal(),
        "image": STANDARD.encode(image),
        "quality_control": quality.name(),
        "liveness_control": liveness.name(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(body: &RequestBody) -> Value {
        serde_json::from_slice(&body.0).unwrap()
    }

    #[test]
    fn bodies_are_what_the_documents_show() {
        let token = Secret::new("2sF3nE5mXOHkx2aQwWG4n5WI");
        assert_eq!(
            json_of(&query(&token)),
            json!({ "verify_token": "2sF3nE5mXOHkx2aQwWG4n5WI" })
        );
        assert_eq!(
            json_of(&generate(&Generate {
                plan_id: "1".to_owned(),
                ..Generate::default()
            })),
            json!({ "plan_id": "1" })
        );
        let wish = Generate {
            plan_id: "1".to_owned(),
            success_url: Some("https://a/?b".to_owned()),
            failed_url: Some("https://c".to_owned()),
            match_source: Some(2),
        };
        assert_eq!(
            json_of(&generate(&wish)),
            json!({ "plan_id": "1", "redirect_config": { "success_url": "https://a/?b", "failed_url": "https://c" }, "match_source": 2 })
        );
        let identity = submit_identity(
            &token,
            &"张三".into(),
            &"50012319900101339X".into(),
            Some(4),
        )
        .unwrap();
        assert_eq!(
            json_of(&identity),
            json!({ "verify_token": token.reveal(), "id_name": "张三", "id_no": "50012319900101339X", "certificate_type": 4 })
        );
        assert!(submit_identity(&token, &"x".into(), &"y".into(), Some(6)).is_err());
        let image =
            upload_match_image(&token, &[0xff, 0xd8, 0xff], Control::Low, Control::None).unwrap();
        assert_eq!(
            json_of(&image),
            json!({ "verify_token": token.reveal(), "image": "/9j/", "quality_control": "LOW", "liveness_control": "NONE" })
        );
    }

    #[test]
    fn images_the_provider_would_refuse_are_refused_here() {
        let png = |width: u32, height: u32| {
            [
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(),
                &width.to_be_bytes(),
                &height.to_be_bytes(),
            ]
            .concat()
        };
        let jpeg = |bytes| {
            let mut image = vec![0; bytes];
            image[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
            image
        };
        for (label, image, is_fine) in [
            ("empty", Vec::new(), false),
            ("landscape", png(1919, 1079), true),
            ("portrait", png(1079, 1919), true),
            ("too wide", png(1921, 100), false),
            ("too large a square", png(1500, 1500), false),
            ("bytes of no image", vec![1, 2, 3, 0xff], false),
            ("text", b"a photograph".to_vec(), false),
            (
                "text that begins like a bitmap",
                b"BMW and others".to_vec(),
                false,
            ),
            (
                "just small enough",
                jpeg(IMAGE_BASE64_BYTES_MAX / 4 * 3),
                true,
            ),
            (
                "too many bytes",
                jpeg(IMAGE_BASE64_BYTES_MAX / 4 * 3 + 1),
                false,
            ),
        ] {
            let body = upload_match_image(&"t".into(), &image, Control::None, Control::None);
            assert_eq!(
                body.as_ref().map_err(|problem| problem.kind).map(|_| ()),
                if is_fine {
                    Ok(())
                } else {
                    Err(ErrorKind::Misconfigured)
                },
                "{label}"
            );
        }
    }

    #[test]
    fn bodies_show_nothing_of_themselves() {
        let body =
            submit_identity(&"canary".into(), &"canary".into(), &"canary".into(), None).unwrap();
        assert!(!format!("{body:?}").contains("canary"));
    }
}
