//! A vault in memory that fails when it is told to, for the tests of those who write into one.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};

use super::{CreateOnly, Vault};

/// What every write and every read fails of at present; none where they go well.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    writes: Mutex<Option<io::ErrorKind>>,
    /// How many writes still go well before they fail.
    spared: AtomicUsize,
    reads: Mutex<Option<io::ErrorKind>>,
    /// How many writes were begun that may have gone well.
    writes_begun: AtomicUsize,
}

impl Switch {
    /// From now on every write fails so, or none does.
    pub(crate) fn set(&self, failure: Option<io::ErrorKind>) {
        self.set_after(0, failure);
    }

    /// The same after so many writes that go well.
    pub(crate) fn set_after(&self, count: usize, failure: Option<io::ErrorKind>) {
        self.spared.store(count, Ordering::Relaxed);
        *self.writes.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// From now on every read fails so, or none does.
    pub(crate) fn set_reads(&self, failure: Option<io::ErrorKind>) {
        *self.reads.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// How many objects were written, or begun to be.
    pub(crate) fn written(&self) -> usize {
        self.writes_begun.load(Ordering::Relaxed)
    }

    fn pass(&self) -> Result<()> {
        let spared = &self.spared;
        let less = spared.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        if less.is_err() {
            Self::pass_by(&self.writes)?;
        }
        self.writes_begun.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn pass_by(switch: &Mutex<Option<io::ErrorKind>>) -> Result<()> {
        match *switch.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(kind) => Err(object_store::Error::Generic {
                store: "Switched",
                source: io::Error::from(kind).into(),
            }),
        }
    }
}

impl Vault {
    /// A vault in memory, and the switch of its writes and reads.
    pub(crate) fn switched() -> (Self, Arc<Switch>) {
        let switch = Arc::new(Switch::default());
        let store = Switched {
            inner: InMemory::new(),
            switch: Arc::clone(&switch),
        };
        let vault = Self::over(Arc::new(store), "memory".to_owned(), None, CreateOnly::On);
        (vault, switch)
    }
}

#[derive(Debug)]
struct Switched {
    inner: InMemory,
    switch: Arc<Switch>,
}

impl fmt::Display for Switched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Switched")
    }
}

#[async_trait]
impl ObjectStore for Switched {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.switch.pass()?;
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.switch.pass()?;
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        Switch::pass_by(&self.switch.reads)?;
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.switch.pass()?;
        self.inner.copy_opts(from, to, options).await
    }
}
