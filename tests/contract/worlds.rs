//! The targets, each with what must live as long as it.

use oras::content::Memory;
use oras::layout::Directory;
use oras::registry::{Access, ReferrersMode, Repository};
use oras::server::{Config, Storage, bind};
use oras::transport::{Client, Settings};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub struct World<T, Keep = ()> {
    pub target: T,
    _keep: Keep,
}

/// A registry that ends with its test.
pub struct Running {
    server: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[expect(clippy::unused_async, reason = "making other targets takes waiting")]
pub async fn memory() -> World<Memory> {
    World { target: Memory::new(), _keep: () }
}

#[expect(clippy::unused_async, reason = "making other targets takes waiting")]
pub async fn directory() -> World<Directory, TempDir> {
    let folder = tempfile::tempdir().unwrap();
    World { target: Directory::create(folder.path().join("layout")).unwrap(), _keep: folder }
}

pub async fn repository_in_memory() -> World<Repository, Running> {
    let folder = tempfile::tempdir().unwrap();
    repository(Storage::Memory { limit: 1 << 26 }, folder).await
}

pub async fn repository_in_a_folder() -> World<Repository, Running> {
    let folder = tempfile::tempdir().unwrap();
    repository(Storage::Folder(folder.path().to_owned()), folder).await
}

pub async fn repository_in_chunks() -> World<Repository, Running> {
    let World { target, _keep: keep } = repository_in_memory().await;
    World { target: target.in_chunks(1000), _keep: keep }
}

/// A repository of the embedded registry, over a real connection.
async fn repository(storage: Storage, folder: TempDir) -> World<Repository, Running> {
    let mut config = Config::new(([127, 0, 0, 1], 0).into());
    config.storage = storage;
    let bound = bind(config).await.unwrap();
    let registry = bound.address().to_string();
    let running = tokio::spawn(async move { bound.run(std::future::pending()).await.unwrap() });
    let settings = Settings { plain_http: true, ..Settings::default() };
    let client = Client::new(&registry, settings).unwrap();
    let reference = format!("{registry}/a/b").parse().unwrap();
    let access = Access { actions: Vec::new() };
    let target = Repository::new(client, &reference, access, ReferrersMode::Probe);
    World { target, _keep: Running { server: running, _folder: folder } }
}
