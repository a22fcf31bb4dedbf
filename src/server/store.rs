//! The repositories: a name, and behind it a target.
//!
//! In memory they are gone at the end and bounded together. In a folder each is an OCI layout of its own, so that
//! whatever reads layouts sees the same content: the repository `a/b` is the layout `<folder>/a/b`. A layout has
//! entries of its own, `blobs`, `index.json` and `oci-layout`; a name with such a part could lie in the middle of
//! another repository's content, so no repository can have it. Folders are looked up again for each listing: what
//! another program puts there is seen without a restart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::content::{Memory, Target};
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::layout::{Directory, Reach};
use crate::oci;

/// Where the repositories are kept.
#[derive(Debug, Clone)]
pub enum Storage {
    /// In memory, at most this many bytes of content.
    Memory {
        /// The limit of all repositories and all unfinished uploads together.
        limit: u64,
    },
    /// In OCI layouts below this folder, which is made when it is missing.
    Folder(PathBuf),
}

/// All repositories of a registry.
#[derive(Debug)]
pub struct Repositories {
    place: Place,
    open: RwLock<BTreeMap<String, Repository>>,
}

#[derive(Debug)]
enum Place {
    Memory(Arc<Budget>),
    Folder(PathBuf),
}

#[derive(Debug, Clone)]
enum Repository {
    Memory(Arc<Memory>),
    Folder(Arc<Directory>),
}

impl Repository {
    /// A registry deletes what it is told to and nothing that hangs on it: somebody may be about to refer to that.
    fn folder(directory: Directory) -> Self {
        Self::Folder(Arc::new(directory.deleting(Reach::Manifest)))
    }

    fn target(&self) -> Arc<dyn Target> {
        match self {
            Self::Memory(memory) => Arc::clone(memory) as Arc<dyn Target>,
            Self::Folder(directory) => Arc::clone(directory) as Arc<dyn Target>,
        }
    }
}

/// Whether a repository can have this name: that of the specification, and no part of it an entry of a layout.
pub fn is_name(text: &str) -> bool {
    let reserved = |part: &str| matches!(part, "blobs" | "index.json" | "oci-layout");
    oci::is_repository(text) && !text.split('/').any(reserved)
}

impl Repositories {
    /// Those of a place. A folder is made ready, and what was not finished when the last registry over it was cut off
    /// is removed.
    ///
    /// # Errors
    /// A folder that cannot be made or written.
    pub fn new(storage: Storage) -> Result<Self> {
        let place = match storage {
            Storage::Memory { limit } => Place::Memory(Arc::new(Budget { limit, used: AtomicU64::new(0) })),
            Storage::Folder(folder) => {
                let uploads = uploads_within(&folder);
                disk::remove_folder(&uploads)?;
                disk::make_folder(&uploads)?;
                for name in layouts_below(&folder)? {
                    disk::remove_drafts(&folder.join(name))?;
                }
                Place::Folder(folder)
            }
        };
        Ok(Self { place, open: RwLock::default() })
    }

    /// The repository of that name, if there is one.
    ///
    /// # Errors
    /// A layout that cannot be read.
    pub async fn find(&self, name: &str) -> Result<Option<Arc<dyn Target>>> {
        if let Some(known) = self.known(name) {
            return Ok(Some(known.target()));
        }
        match &self.place {
            Place::Memory(_) => Ok(None),
            // It may come from a query that nobody has looked at, and could be a path to anywhere.
            Place::Folder(_) if !is_name(name) => Ok(None),
            Place::Folder(folder) => {
                let path = folder.join(name);
                let found = blocking(move || {
                    path.join("oci-layout").is_file().then(|| Directory::open(&path)).transpose()
                });
                let found = found.await?.map(Repository::folder);
                Ok(found.map(|found| self.remember(name, found).target()))
            }
        }
    }

    /// The repository of that name, made if there is none.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub async fn make(&self, name: &str) -> Result<Arc<dyn Target>> {
        if let Some(found) = self.find(name).await? {
            return Ok(found);
        }
        let made = match &self.place {
            Place::Memory(_) => Repository::Memory(Arc::default()),
            Place::Folder(folder) => {
                let path = folder.join(name);
                Repository::folder(blocking(move || Directory::create(&path)).await?)
            }
        };
        Ok(self.remember(name, made).target())
    }

    /// The names of all repositories that hold a manifest, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub async fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for name in self.all_names().await? {
            if self.has_manifests(&name).await? {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The names of all repositories, sorted, also of those that hold only blobs.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(super) async fn all_names(&self) -> Result<Vec<String>> {
        match &self.place {
            Place::Memory(_) => {
                Ok(self.open.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect())
            }
            Place::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || layouts_below(&folder)).await
            }
        }
    }

    /// Whether there is a repository of that name that holds a manifest. One of which everything was deleted is as
    /// good as gone, whatever is left of its blobs.
    ///
    /// # Errors
    /// A layout that cannot be read.
    pub async fn has_manifests(&self, name: &str) -> Result<bool> {
        self.find(name).await?;
        match self.known(name) {
            None => Ok(false),
            Some(Repository::Memory(memory)) => Ok(memory.has_manifests()),
            Some(Repository::Folder(directory)) => directory.has_manifests().await,
        }
    }

    /// Room for nothing yet; it can grow. It is given back when it is dropped, unless it was kept.
    pub(super) fn no_room(&self) -> Room {
        let budget = match &self.place {
            Place::Memory(budget) => Some(Arc::clone(budget)),
            Place::Folder(_) => None,
        };
        Room { budget, bytes: 0 }
    }

    /// Room for that many bytes.
    ///
    /// # Errors
    /// The memory is full.
    pub(super) fn room(&self, bytes: u64) -> Result<Room> {
        let mut room = self.no_room();
        room.grow(bytes)?;
        Ok(room)
    }

    /// Gives back the room of content that was deleted.
    pub(super) fn give_back(&self, bytes: u64) {
        if let Place::Memory(budget) = &self.place {
            budget.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// The folder for uploads that are not finished, if they go to the disk.
    pub(super) fn uploads(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Memory(_) => None,
            Place::Folder(folder) => Some(uploads_within(folder)),
        }
    }

    fn known(&self, name: &str) -> Option<Repository> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The first one that was opened under a name stays: two targets over one folder would not know of each other.
    fn remember(&self, name: &str, found: Repository) -> Repository {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.entry(name.to_owned()).or_insert(found).clone()
    }
}

/// Beside the repositories, under a name that none can have.
fn uploads_within(folder: &Path) -> PathBuf {
    folder.join(".uploads")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    disk::joined(tokio::task::spawn_blocking(work).await)
}

/// The names of all layouts below a folder, sorted.
fn layouts_below(folder: &Path) -> Result<Vec<String>> {
    let visited = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || (entry.file_type().is_dir() && entry.file_name() != "blobs")
    };
    let mut names = Vec::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().filter_entry(visited) {
        let entry = entry.map_err(|error| Error::io("read", folder, error.into()))?;
        let name = entry.path().strip_prefix(folder).ok().and_then(Path::to_str);
        let name = name.map(|name| name.replace('\\', "/")).filter(|name| is_name(name));
        if let Some(name) = name
            && entry.path().join("oci-layout").is_file()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// How many bytes the memory takes, and has.
#[derive(Debug)]
struct Budget {
    limit: u64,
    used: AtomicU64,
}

/// Bytes that are spoken for.
#[derive(Debug)]
pub(super) struct Room {
    budget: Option<Arc<Budget>>,
    bytes: u64,
}

impl Room {
    /// Speaks for more.
    ///
    /// # Errors
    /// The memory is full.
    pub(super) fn grow(&mut self, more: u64) -> Result<()> {
        if let Some(budget) = &self.budget {
            let fits = |used: u64| used.checked_add(more).filter(|used| *used <= budget.limit);
            if budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
                let text = format!("the registry in memory takes no more than {} bytes", budget.limit);
                return Err(Error::new(Kind::TooLarge(text)));
            }
            self.bytes += more;
        }
        Ok(())
    }

    /// Speaks for so many bytes in all, if it does not yet.
    ///
    /// # Errors
    /// The memory is full.
    pub(super) fn grow_to(&mut self, bytes: u64) -> Result<()> {
        self.grow(bytes.saturating_sub(self.bytes))
    }

    /// All of it, and none stays here.
    pub(super) fn split(&mut self) -> Self {
        Self { budget: self.budget.clone(), bytes: std::mem::take(&mut self.bytes) }
    }

    /// The content is stored: its room stays taken until it is deleted.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_repository_lies_in_the_content_of_another() {
        for good in ["a", "a/b", "blobs2", "a/index.html"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["a/blobs", "blobs/a", "a/index.json", "oci-layout", "A", ".uploads", ""] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let store = Repositories::new(Storage::Memory { limit: 10 }).unwrap();
        store.room(6).unwrap().keep();
        assert!(matches!(store.room(5).unwrap_err().kind(), Kind::TooLarge(_)));
        drop(store.room(4).unwrap());
        store.give_back(6);
        store.room(10).unwrap();
    }
}
