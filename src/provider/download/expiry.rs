//! When a signed URL ends, read off the URL itself.

use percent_encoding::percent_decode_str;

use crate::domain::{
    secret::Secret,
    time::{Span, Time},
};

/// The end of a URL signed with `authorization=bce-auth-v1/{ak}/{signed at}/{seconds}/…`; `None`
/// for any other.
#[must_use]
pub fn expires_at(url: &Secret) -> Option<Time> {
    let (_, query) = url.reveal().split_once('?')?;
    let query = query.split('#').next()?;
    let value = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?
        .1;
    let value = percent_decode_str(value).decode_utf8().ok()?;
    let mut parts = value.split('/');
    if parts.next()? != "bce-auth-v1" {
        return None;
    }
    let (_ak, signed_at, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let seconds = seconds.parse().ok().filter(|seconds| *seconds >= 0)?;
    Some(Time::parse(signed_at).ok()?.plus(Span::seconds(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_read_off_the_signature() {
        for (url, end) in [
            (
                "https://bj.bcebos.com/v1/b/k?authorization=bce-auth-v1%2Faa%2F2024-04-02T08%3A19%3A23Z%2F86400%2F%2Fff",
                Some("2024-04-03T08:19:23Z"),
            ),
            (
                "https://bj.bcebos.com/v1/b/k?x=1&Authorization=bce-auth-v1/aa/2024-04-02T08:19:23Z/60/host/ff#f",
                Some("2024-04-02T08:20:23Z"),
            ),
            (
                "https://bj.bcebos.com/v1/b/k?authorization=bce-auth-v1%2Faa%2F2024-04-02T08%3A19%3A23Z%2F-1%2F%2Fff",
                None,
            ),
            (
                "https://bj.bcebos.com/v1/b/k?authorization=bce-auth-v2%2Faa%2F2024-04-02T08%3A19%3A23Z%2F60%2F%2Fff",
                None,
            ),
            (
                "https://bj.bcebos.com/v1/b/k?authorization=bce-auth-v1%2Faa",
                None,
            ),
            ("https://bj.bcebos.com/v1/b/k", None),
            ("", None),
        ] {
            assert_eq!(
                expires_at(&url.into()),
                end.map(|end| Time::parse(end).unwrap()),
                "{url}"
            );
        }
    }
}
