//! `result/media/query`: videos and the faces of the liveness check.

use crate::domain::{
    answer::{Endpoint, MediaList, ProviderError},
    media::Kind,
};

use super::{super::tolerant::text_of, answer, fields, garbled, listed};

/// Reads the URLs and `extInfo`. Empty lists are an answer: recording is off, or the video is still
/// being made.
///
/// # Errors
/// `Garbled` when the answer, its `result` or one of its lists is of no known shape.
pub fn media(body: &[u8]) -> Result<MediaList, ProviderError> {
    let text = text_of(body);
    let (_, result) = answer(Endpoint::Media, &text)?;
    let Some(result) = fields(Endpoint::Media, result)? else {
        return Ok(MediaList::default());
    };
    let mut list = MediaList::default();
    for (kind, name) in [
        (Kind::ProcessVideo, "processVideo"),
        (Kind::Video, "video"),
        (Kind::LivenessImage, "images"),
    ] {
        let field = result.get(name);
        if field.is_some_and(|field| field.elements().is_none()) {
            return Err(garbled(Endpoint::Media));
        }
        list.listed
            .extend(listed(kind, field).ok_or_else(|| garbled(Endpoint::Media))?);
    }
    list.ext_info = result
        .get("extInfo")
        .filter(|info| info.is_something())
        .and_then(|info| {
            info.text()
                .map(std::borrow::Cow::into_owned)
                .or_else(|| Some(info.json().to_owned()))
        });
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(result: &str) -> Vec<(Kind, i64, String)> {
        let list = media(format!(r#"{{"success":true,"result":{result}}}"#).as_bytes()).unwrap();
        list.listed
            .into_iter()
            .map(|listed| (listed.kind, listed.position, listed.url.reveal().to_owned()))
            .collect()
    }

    #[test]
    fn the_documented_example_is_read() {
        let list = media(include_bytes!(
            "../../../tests/fixtures/answers/media-documented.json"
        ))
        .unwrap();
        assert_eq!(
            list.listed
                .iter()
                .map(|listed| listed.kind)
                .collect::<Vec<_>>(),
            [Kind::ProcessVideo, Kind::Video, Kind::LivenessImage]
        );
        assert_eq!(list.ext_info, None);
        assert!(list.has_video());
    }

    #[test]
    fn lists_may_be_empty_null_single_or_double() {
        for result in [
            "null",
            "{}",
            "[]",
            r#"{"processVideo":null,"video":[],"images":""}"#,
            r#"{"video":[null,""]}"#,
        ] {
            assert_eq!(found(result), [], "{result}");
        }
        assert_eq!(
            found(r#"{"processVideo":["a","b"]}"#),
            [
                (Kind::ProcessVideo, 0, "a".to_owned()),
                (Kind::ProcessVideo, 1, "b".to_owned())
            ]
        );
        assert_eq!(
            found(r#"{"video":"a","images":[null,"b"]}"#),
            [
                (Kind::Video, 0, "a".to_owned()),
                (Kind::LivenessImage, 0, "b".to_owned())
            ]
        );
    }

    #[test]
    fn more_than_any_person_has_is_garbled() {
        for name in ["processVideo", "video", "images"] {
            let urls = |count| {
                serde_json::json!({"success": true, "result": {name: vec!["https://h/k"; count]}})
                    .to_string()
            };
            assert_eq!(
                media(urls(64).as_bytes()).unwrap().listed.len(),
                64,
                "{name}"
            );
            assert!(media(urls(122_880).as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn trouble_with_the_video_is_handed_on() {
        for (info, expected) in [
            ("\"merge failed\"", Some("merge failed")),
            (r#"{"code":1}"#, Some(r#"{"code":1}"#)),
            ("null", None),
            ("\"\"", None),
            ("{}", None),
        ] {
            let list =
                media(format!(r#"{{"success":true,"result":{{"extInfo":{info}}}}}"#).as_bytes())
                    .unwrap();
            assert_eq!(list.ext_info.as_deref(), expected, "{info}");
        }
    }
}
