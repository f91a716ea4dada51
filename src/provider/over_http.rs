//! The provider as it is: calls and media over HTTP.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Client, Download, DownloadError, Downloader, MediaRules, Probe, Provider, Reply,
    request::RequestBody,
};
use crate::domain::{
    answer::{Endpoint, ErrorKind, ProviderError},
    secret::Secret,
};

/// One app's way to the provider.
pub(crate) struct OverHttp {
    client: Client,
    downloader: Arc<Downloader>,
    media: MediaRules,
}

impl OverHttp {
    /// Calls by `client`, media by `downloader` under these rules. Apps share the downloader.
    #[must_use]
    pub(crate) const fn new(
        client: Client,
        downloader: Arc<Downloader>,
        media: MediaRules,
    ) -> Self {
        Self {
            client,
            downloader,
            media,
        }
    }
}

#[async_trait]
impl Provider for OverHttp {
    async fn call(&self, endpoint: Endpoint, body: &RequestBody) -> Result<Reply, ProviderError> {
        self.client.call(endpoint, body).await
    }

    fn heard(&self, reply: &Reply, error: Option<ErrorKind>) -> bool {
        self.client.heard(reply, error)
    }

    async fn open(&self, url: &Secret) -> Result<Download, DownloadError> {
        self.downloader.open(url, &self.media).await
    }

    async fn probe(&self) -> Result<Probe, ProviderError> {
        self.client.probe().await
    }
}
