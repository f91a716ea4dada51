//! Downloads from servers that lie, stall and lead elsewhere.

use std::time::Duration;

use futures::StreamExt as _;
use verikeep::{
    domain::{secret::Secret, time::Span},
    provider::{DownloadError, Downloader, MediaRules, http::Limits},
};

use super::server::{Server, Step, answer, drip};

const BODY: &[u8] = b"123456789";

fn limits() -> Limits {
    Limits {
        connect: Span::seconds(1),
        idle: Span::millis(300),
        total: Span::millis(1500),
        ..Downloader::limits()
    }
}

fn near() -> MediaRules {
    MediaRules {
        allow_private: true,
        media_bytes_max: 1000,
        ..MediaRules::default()
    }
}

/// The rules, with the server named where private hosts may be.
fn naming(server: &Server, rules: &MediaRules) -> MediaRules {
    let mut rules = rules.clone();
    if rules.allow_private {
        rules.hosts.push(format!("127.0.0.1:{}", server.port));
    }
    rules
}

async fn fetch(server: &Server, tail: &str, rules: &MediaRules) -> Result<Vec<u8>, DownloadError> {
    let downloader = Downloader::new(&limits()).unwrap();
    let mut download = downloader
        .open(&Secret::new(server.url(tail)), &naming(server, rules))
        .await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    assert!(download.next().await.is_none(), "an end is an end");
    Ok(bytes)
}

#[tokio::test]
async fn a_whole_medium_is_streamed_with_what_the_far_end_says_of_it() {
    let headers = "content-type: image/jpeg\r\netag: \"25f9e794323b453885f5181f1b624d0b\"\r\ncontent-md5: JfnnlDI7RTiF9RgfG2JNCw==\r\nx-bce-content-crc32c: 3808858755\r\n";
    let server = Server::saying(answer(200, headers, BODY)).await;
    let downloader = Downloader::new(&limits()).unwrap();
    let mut download = downloader
        .open(&Secret::new(server.url("/k")), &naming(&server, &near()))
        .await
        .unwrap();
    assert_eq!(
        (
            download.content_type.as_deref(),
            download.expected_bytes,
            download.etag.as_deref()
        ),
        (
            Some("image/jpeg"),
            Some(9),
            Some("\"25f9e794323b453885f5181f1b624d0b\"")
        )
    );
    assert_eq!(download.chunk().await.unwrap().unwrap(), BODY);
    assert!(download.chunk().await.is_none());
}

#[tokio::test]
async fn the_signed_query_travels_byte_for_byte_in_a_plain_get() {
    let server = Server::saying(answer(200, "", BODY)).await;
    let tail = "/v1/b/k%2Fx/face-00.jpg?authorization=bce-auth-v1%2Faa%2F2024-04-02T08%3A19%3A23Z%2F86400%2F%2F00ff&x=a+b%20c&y=%7e~!*()&empty=&flag";
    fetch(&server, tail, &near()).await.unwrap();
    let received = server.received();
    assert_eq!(received[0].request_line(), format!("GET {tail} HTTP/1.1"));
    for name in [
        "accept-encoding",
        "authorization",
        "cookie",
        "referer",
        "range",
    ] {
        assert_eq!(received[0].header(name), None, "{name}");
    }
}

#[tokio::test]
async fn media_is_never_decoded() {
    let server = Server::saying(answer(200, "content-encoding: gzip\r\n", BODY)).await;
    assert_eq!(fetch(&server, "/k", &near()).await.as_deref(), Ok(BODY));
}

#[tokio::test]
async fn an_altered_short_long_or_endless_body_never_ends_well() {
    use DownloadError::{Corrupt, TooLarge, Transient};
    let stall = Step::Stall(Duration::from_secs(60));
    let head = |headers: &str| format!("HTTP/1.1 200 X\r\n{headers}\r\n").into_bytes();
    let chunk = |bytes: usize| {
        [
            format!("{bytes:x}\r\n").into_bytes(),
            vec![b'x'; bytes],
            b"\r\n".to_vec(),
        ]
        .concat()
    };
    for (label, steps, expected) in [
        (
            "flipped bit, MD5",
            vec![Step::Send(answer(
                200,
                "content-md5: JfnnlDI7RTiF9RgfG2JNCw==\r\n",
                b"123456788",
            ))],
            Corrupt(""),
        ),
        (
            "flipped bit, CRC32C",
            vec![Step::Send(answer(
                200,
                "x-bce-content-crc32c: 3808858755\r\n",
                b"123456788",
            ))],
            Corrupt(""),
        ),
        (
            "closed early under a digest",
            vec![Step::Send(
                [
                    head("connection: close\r\ncontent-md5: JfnnlDI7RTiF9RgfG2JNCw==\r\n"),
                    b"1234".to_vec(),
                ]
                .concat(),
            )],
            Corrupt(""),
        ),
        (
            "short",
            vec![Step::Send(
                [head("content-length: 9\r\n"), b"1234".to_vec()].concat(),
            )],
            Transient(String::new()),
        ),
        (
            "short chunks",
            vec![Step::Send(
                [head("transfer-encoding: chunked\r\n"), chunk(4)].concat(),
            )],
            Transient(String::new()),
        ),
        (
            "stall in the body",
            vec![
                Step::Send([head("content-length: 9\r\n"), b"1234".to_vec()].concat()),
                stall.clone(),
            ],
            Transient(String::new()),
        ),
        (
            "stall before the head",
            vec![stall.clone()],
            Transient(String::new()),
        ),
        (
            "drip",
            drip(head("content-length: 999\r\n")),
            Transient(String::new()),
        ),
        (
            "too large by its own word",
            vec![Step::Send(head("content-length: 1001\r\n"))],
            TooLarge,
        ),
        (
            "endless",
            vec![Step::Send(
                [
                    head("transfer-encoding: chunked\r\n"),
                    chunk(500).repeat(20),
                ]
                .concat(),
            )],
            TooLarge,
        ),
        (
            "partial",
            vec![Step::Send(answer(206, "", BODY))],
            Transient(String::new()),
        ),
        (
            "busy",
            vec![Step::Send(answer(503, "", ""))],
            Transient(String::new()),
        ),
    ] {
        let server = Server::start(move |_, _| steps.clone()).await;
        let error = fetch(&server, "/canary", &near()).await.unwrap_err();
        assert_eq!(
            std::mem::discriminant(&error),
            std::mem::discriminant(&expected),
            "{label}: {error}"
        );
        assert!(!format!("{error} {error:?}").contains("canary"), "{label}");
    }
    let server = Server::saying(answer(200, "", vec![0; 1000])).await;
    assert_eq!(
        fetch(&server, "/k", &near()).await.map(|bytes| bytes.len()),
        Ok(1000),
        "exactly as large as allowed"
    );
}

#[tokio::test]
async fn what_can_be_done_is_told_by_the_status() {
    for (status, expected) in [
        (403, DownloadError::Expired(403)),
        (400, DownloadError::Expired(400)),
        (404, DownloadError::Gone),
        (410, DownloadError::Gone),
    ] {
        let server = Server::saying(answer(status, "", "<Error/>")).await;
        assert_eq!(fetch(&server, "/k", &near()).await, Err(expected));
    }
}

#[tokio::test]
async fn redirects_are_followed_within_bounds_and_checked_each_time() {
    let server = Server::start(|request, _| {
        let location = match request.request_line().split(' ').nth(1) {
            Some("/once") => "/k?a=%2F",
            Some("/k?a=%2F") => return vec![Step::Send(answer(200, "", BODY))],
            Some("/metadata") => "http://169.254.169.254/latest/meta-data/",
            Some("/elsewhere") => "http://evil.example/x",
            Some("/nowhere") => "",
            _ => "/round",
        };
        vec![Step::Send(answer(
            302,
            &format!("location: {location}\r\n"),
            "",
        ))]
    })
    .await;
    assert_eq!(fetch(&server, "/once", &near()).await.as_deref(), Ok(BODY));
    assert_eq!(server.received()[1].request_line(), "GET /k?a=%2F HTTP/1.1");
    let before = server.received().len();
    for tail in ["/metadata", "/elsewhere"] {
        assert!(
            matches!(
                fetch(&server, tail, &near()).await,
                Err(DownloadError::ForbiddenUrl(_))
            ),
            "{tail}"
        );
    }
    assert_eq!(
        server.received().len(),
        before + 2,
        "refused before any connection"
    );
    assert_eq!(
        fetch(&server, "/round", &near()).await,
        Err(DownloadError::ForbiddenUrl("too many redirects"))
    );
    assert_eq!(
        server.received().len(),
        before + 6,
        "the first and three redirects"
    );
}

#[tokio::test]
async fn private_addresses_are_never_connected_to_unless_allowed() {
    let server = Server::saying(answer(200, "", BODY)).await;
    let downloader = Downloader::new(&limits()).unwrap();
    // `localhost` on the list of hosts is a name that leads inside; the others are caught before
    // any name is looked up.
    let rules = MediaRules {
        hosts: vec![
            "*".to_owned(),
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "*.bcebos.com".to_owned(),
        ],
        ..MediaRules::default()
    };
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        for scheme in ["http", "https"] {
            let url = Secret::new(format!("{scheme}://{host}:{}/x", server.port));
            assert!(
                matches!(
                    downloader.open(&url, &rules).await,
                    Err(DownloadError::ForbiddenUrl(_))
                ),
                "{host}"
            );
        }
    }
    assert!(server.received().is_empty());
    // Allowed is what is named, not every private address and port.
    assert!(matches!(
        downloader
            .open(&Secret::new(server.url("/x")), &near())
            .await,
        Err(DownloadError::ForbiddenUrl(_))
    ));
    assert!(server.received().is_empty());
    assert_eq!(fetch(&server, "/x", &near()).await.as_deref(), Ok(BODY));
}
