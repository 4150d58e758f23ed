//! A lake in an object store: S3, or what speaks its protocol.
//!
//! Promises that an object is the whole old version or the whole new one, and that nobody's version is overwritten
//! unseen: a new object is put on the condition that there is none, a newer one on the condition that the ETag is still
//! that of the version that was merged. There is no lock: who loses the race merges again. What is put is finished in a
//! temporary file first, and read back there. A store that ignores the conditions is found out before anything is put.
//!
//! Callers block; requests run on threads of this module's own, so that it makes no difference where they come from.

use std::future::Future;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::SpawnedReqwestConnector;
use object_store::path::{Path as Key, PathPart};
use object_store::{
    ClientConfigKey, Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, PutMode, PutOptions, PutPayload,
    RetryConfig, UpdateVersion,
};
use tokio::runtime::{Builder, Handle, Runtime};
use url::Url;

use super::backend::{Backend, Fill, Listed, Opened, Publication, Version};
use super::layout::is_parquet;
use super::place::PlaceError;
use super::{LAKE_FILE, LakeError};
use crate::lock::{LakeLock, LockError};

/// How long one request may take, unless `AWS_TIMEOUT` says otherwise; a partition is one request.
const TIMEOUT: &str = "300 s";
/// How often a request is tried again, and for how long.
const RETRIES_MAX: usize = 6;
const RETRYING_MAX: Duration = Duration::from_secs(60);
/// What S3 takes in one request.
const OBJECT_BYTES_MAX: u64 = 5 << 30;
/// From this size on objects are put one after another: a request holds its bytes in memory.
const LARGE_OBJECT_BYTES: u64 = 16 << 20;

/// A prefix in an object store.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    name: String,
    threads: Threads,
    putting_large: Mutex<()>,
}

impl Bucket {
    /// Connects to S3 as the environment says. Sends nothing yet.
    pub(super) fn connect(bucket: &str, prefix: Key, name: String) -> Result<Bucket, LakeError> {
        let failed = |source: io::Error| LakeError::Io { action: "reach", path: PathBuf::from(&name), source };
        let threads = Threads::start().map_err(failed)?;
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_retry(RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRYING_MAX, ..RetryConfig::default() })
            .with_http_connector(SpawnedReqwestConnector::new(threads.handle.clone()));
        if std::env::var_os("AWS_TIMEOUT").is_none() {
            builder = builder.with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT);
        }
        // Errors name the endpoint.
        for key in [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint] {
            let endpoint = builder.get_config_value(&key).and_then(|endpoint| Url::parse(&endpoint).ok());
            if endpoint.is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
                return Err(PlaceError::EndpointCredentials.into());
            }
        }
        let store = builder.build().map_err(|error| failed(io_error(&error)))?;
        Ok(Bucket::new(Arc::new(store), prefix, name, threads))
    }

    /// A lake in a store that is at hand, from its root on.
    pub(super) fn of_store(store: Arc<dyn ObjectStore>, name: String) -> Result<Bucket, LakeError> {
        let threads = Threads::start().map_err(LakeError::io("reach", &name))?;
        Ok(Bucket::new(store, Key::default(), name, threads))
    }

    fn new(store: Arc<dyn ObjectStore>, prefix: Key, name: String, threads: Threads) -> Bucket {
        Bucket { store, prefix, name, threads, putting_large: Mutex::default() }
    }

    fn key_of(&self, location: &str) -> Key {
        let below = location.split('/').filter(|part| !part.is_empty()).map(PathPart::from);
        Key::from_iter(self.prefix.parts().chain(below))
    }

    /// Runs a request and waits for it, wherever this is called from: a runtime's own `block_on` panics in another's.
    fn wait<T: Send + 'static>(&self, request: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.threads.handle.spawn(async move {
            // Nobody waits for it any more: nothing to do.
            let _ = sender.send(request.await);
        });
        receiver.recv().map_err(io::Error::other)
    }

    fn get(&self, location: &str, options: GetOptions) -> io::Result<Option<GetResult>> {
        let (store, key) = (Arc::clone(&self.store), self.key_of(location));
        match self.wait(async move { store.get_opts(&key, options).await })? {
            Ok(result) => Ok(Some(result)),
            Err(error @ Error::NotFound { .. }) if is_bucket_missing(&error) => {
                Err(io::Error::new(ErrorKind::NotFound, "there is no such bucket"))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(io_error(&error)),
        }
    }

    fn put(&self, location: &str, mode: PutMode, bytes: Vec<u8>) -> io::Result<Publication> {
        let (store, key) = (Arc::clone(&self.store), self.key_of(location));
        let options = PutOptions::from(mode);
        match self.wait(async move { store.put_opts(&key, PutPayload::from(bytes), options).await })? {
            Ok(_) => Ok(Publication::Published),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Publication::Conflict),
            Err(error) => Err(io_error(&error)),
        }
    }

    fn metas(&self, folder: &Key, most: usize) -> io::Result<Vec<ObjectMeta>> {
        let (store, folder) = (Arc::clone(&self.store), folder.clone());
        self.wait(async move { store.list(Some(&folder)).take(most).try_collect().await })?
            .map_err(|error: Error| io_error(&error))
    }

    fn relative(&self, key: &Key) -> Option<String> {
        let parts = key.prefix_match(&self.prefix)?;
        Some(parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"))
    }
}

/// Threads that run requests. They may be dropped anywhere: a runtime by itself may not in another.
#[derive(Debug)]
struct Threads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Threads {
    fn start() -> io::Result<Threads> {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("lake").enable_all().build()?;
        Ok(Threads { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Backend for Bucket {
    fn list(&self, folder: &str) -> Result<Vec<Listed>, LakeError> {
        let metas = self.metas(&self.key_of(folder), usize::MAX).map_err(|source| LakeError::Io {
            action: "list",
            path: self.name_of(folder),
            source,
        })?;
        let listed = |meta: ObjectMeta| {
            let location = self.relative(&meta.location).filter(|location| is_parquet(location))?;
            Some(Listed { location, object: Some(meta) })
        };
        Ok(metas.into_iter().filter_map(listed).collect())
    }

    fn open(&self, location: &str) -> io::Result<Option<Opened>> {
        let Some(result) = self.get(location, GetOptions::default())? else { return Ok(None) };
        let version = UpdateVersion { e_tag: result.meta.e_tag.clone(), version: result.meta.version.clone() };
        if version.e_tag.is_none() {
            return Err(io::Error::other("the object store gives no ETag, which a lake needs"));
        }
        let mut file = tempfile::tempfile()?;
        let mut stream = result.into_stream();
        loop {
            let (next, rest) = self.wait(async move { (stream.next().await, stream) })?;
            let Some(bytes) = next.transpose().map_err(|error| io_error(&error))? else { break };
            file.write_all(&bytes)?;
            stream = rest;
        }
        file.rewind()?;
        Ok(Some(Opened { file, version: Version(Some(version)) }))
    }

    fn tail(&self, location: &str, bytes_max: u64) -> io::Result<Option<(Bytes, u64)>> {
        let options = GetOptions { range: Some(GetRange::Suffix(bytes_max)), ..GetOptions::default() };
        let Some(result) = self.get(location, options)? else { return Ok(None) };
        let size = result.meta.size;
        let bytes = self.wait(result.bytes())?.map_err(|error| io_error(&error))?;
        Ok(Some((bytes, size)))
    }

    fn replace(&self, location: &str, expected: &Version, fill: Fill<'_>) -> io::Result<Publication> {
        let mut file = tempfile::tempfile()?;
        fill(&mut file)?;
        let size = file.seek(SeekFrom::End(0))?;
        if size > OBJECT_BYTES_MAX {
            let message =
                "it is larger than the 5 GiB that S3 takes at once: land in a lake made with --partition hour";
            return Err(io::Error::new(ErrorKind::FileTooLarge, message));
        }
        let _alone =
            (size >= LARGE_OBJECT_BYTES).then(|| self.putting_large.lock().unwrap_or_else(PoisonError::into_inner));
        file.rewind()?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        self.put(location, expected.0.clone().map_or(PutMode::Create, PutMode::Update), bytes)
    }

    fn prepare(&self) -> Result<bool, LakeError> {
        // More than one, since one may be the description that somebody has made just now.
        let metas = self.metas(&self.prefix, 2).map_err(LakeError::io("list", &self.name))?;
        let is_description = |meta: &ObjectMeta| self.relative(&meta.location).as_deref() == Some(LAKE_FILE);
        Ok(metas.is_empty() || metas.iter().any(is_description))
    }

    fn prove_conditions(&self, description: &[u8]) -> Result<(), LakeError> {
        let nobodys = UpdateVersion { e_tag: Some("\"0\"".to_owned()), version: None };
        for mode in [PutMode::Create, PutMode::Update(nobodys)] {
            let publication = self
                .put(LAKE_FILE, mode, description.to_vec())
                .map_err(LakeError::io("write", self.name_of(LAKE_FILE)))?;
            if publication == Publication::Published {
                return Err(LakeError::NoConditions(self.name()));
            }
        }
        Ok(())
    }

    fn lock(&self, _: Duration) -> Result<Option<LakeLock>, LockError> {
        Ok(None)
    }

    fn sweep(&self) -> Result<(), LakeError> {
        Ok(())
    }

    fn name_of(&self, location: &str) -> PathBuf {
        PathBuf::from(format!("{}/{location}", self.name))
    }

    fn name(&self) -> PathBuf {
        PathBuf::from(&self.name)
    }

    fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        Some(Arc::clone(&self.store))
    }
}

fn is_bucket_missing(error: &Error) -> bool {
    error.to_string().contains("NoSuchBucket")
}

/// In a sentence, with a hint where one helps. Stores answer with pages of XML.
fn io_error(error: &Error) -> io::Error {
    const LENGTH_MAX: usize = 400;
    let words: Vec<String> = error.to_string().split_whitespace().map(str::to_owned).collect();
    let mut text: String = words.join(" ").chars().take(LENGTH_MAX).collect();
    let (kind, hint) = match error {
        Error::NotFound { .. } if is_bucket_missing(error) => (ErrorKind::NotFound, "; there is no such bucket"),
        Error::NotFound { .. } => (ErrorKind::NotFound, ""),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            (ErrorKind::PermissionDenied, "; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION")
        }
        Error::NotImplemented { .. } => (
            ErrorKind::Unsupported,
            "; a lake needs conditional puts: leave AWS_CONDITIONAL_PUT out, or set it to etag",
        ),
        // The address that virtual machines of AWS are given credentials by, which is asked where there are no others.
        _ if text.contains("169.254.169.254") => {
            (ErrorKind::PermissionDenied, "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        _ if text.contains("http://") && text.contains("builder error") => {
            (ErrorKind::Other, "; for a server without TLS set AWS_ALLOW_HTTP=true")
        }
        _ => (ErrorKind::Other, ""),
    };
    text.push_str(hint);
    io::Error::new(kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lakes_open_read_and_close_within_a_runtime() {
        let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        let bucket = Bucket::of_store(store, "memory://lake".to_owned()).unwrap();
        assert!(bucket.open(LAKE_FILE).unwrap().is_none());
        drop(bucket);
    }
}
