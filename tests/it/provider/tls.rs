//! A certificate that nobody vouches for is refused, and no setting changes that.

use std::io::Read as _;

use verikeep::{
    domain::{
        answer::{Endpoint, ErrorKind},
        time::Span,
    },
    provider::{Credentials, DownloadError, Downloader, MediaRules, http::Limits},
};

use super::api::bench_at;

/// Accepts one connection after another and greets with a self-signed certificate for this very
/// address; tells what came through.
pub fn impostor() -> (u16, std::sync::mpsc::Receiver<Vec<u8>>) {
    verikeep::provider::http::install_crypto();
    let certificate = rustls::pki_types::CertificateDer::from(
        include_bytes!("../../fixtures/tls/localhost-self-signed.der").to_vec(),
    );
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(
        include_bytes!("../../fixtures/tls/localhost-key.der").to_vec(),
    );
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
            let mut bytes = Vec::new();
            // An error is what is expected: the client hangs up on the certificate.
            let _ = rustls::StreamOwned::new(connection, stream.unwrap()).read_to_end(&mut bytes);
            if told.send(bytes).is_err() {
                return;
            }
        }
    });
    (port, heard)
}

#[tokio::test]
async fn a_self_signed_certificate_gets_no_request_at_all() {
    let (port, heard) = impostor();
    let limits = Limits {
        total: Span::seconds(5),
        ..Limits::default()
    };
    let bench = bench_at(
        &format!("https://127.0.0.1:{port}"),
        Credentials::ApiKey("canary".into()),
        limits.clone(),
        2.0,
    );
    let problem = bench
        .client
        .query(Endpoint::Getall, &"canary".into())
        .await
        .unwrap_err();
    assert_eq!(problem.kind, ErrorKind::Transient);
    assert!(problem.detail.contains("certificate"), "{problem}");
    assert!(heard.recv().unwrap().is_empty());
    let rules = MediaRules {
        allow_private: true,
        hosts: vec![format!("127.0.0.1:{port}")],
        ..MediaRules::default()
    };
    let outcome = Downloader::new(&limits)
        .unwrap()
        .open(&format!("https://127.0.0.1:{port}/canary").into(), &rules)
        .await;
    assert!(
        matches!(&outcome, Err(DownloadError::Transient(text)) if text.contains("certificate")),
        "{outcome:?}"
    );
    assert!(heard.recv().unwrap().is_empty());
}
