//! Files and folders as nodes that can be read.
//!
//! Adding a file reads it once for its digest; its bytes are read again when they are sent, so nothing is copied and
//! nothing is held in memory but the bytes of small files, up to a bound: with them, opening and reading is most of the work.
//! A target on this machine may copy a file at once instead, and tell its digest. A file that changed before it was read
//! again is an error. A folder is packed into a temporary archive that is gone when the last clone of its [`Staging`] is.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tempfile::TempPath;

use super::names::System;
use super::pack::{Packed, Packer, changed, pack};
use super::path;
use crate::content::{Body, ByteStream, ContentFile, Owner, Source, Target, Watch, checked};
use crate::disk::{self, Wanted};
use crate::error::{Error, IoContext, Kind, Result};
use crate::oci::{Algorithm, Annotations, Descriptor, Digest, Hasher, Locator, Tag, annotations, media_type};

/// The name under which the files of a packed folder lie when it is a config, which has no title.
const CONFIG_NAME: &str = "$config";
/// Bytes hashed at once.
const PIECE: usize = 256 * 1024;
/// The most bytes of a file that are held in memory.
const SMALL: u64 = 16 * 1024;
/// The most bytes of all such files.
const ROOM: u64 = 2 * 1024 * 1024;

/// Files and folders that are about to be sent. A clone is the same collection.
#[derive(Debug, Clone)]
pub struct Staging(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    packer: Packer,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    titles: HashSet<String>,
    blobs: HashMap<Digest, Kept>,
    /// How much is held in memory.
    bytes: u64,
}

impl Held {
    /// Whether there is room in memory for a file of that size, which is then taken.
    fn has_room(&mut self, size: u64) -> bool {
        let fits = size <= SMALL && self.bytes + size <= ROOM;
        self.bytes += if fits { size } else { 0 };
        fits
    }
}

/// The bytes of a node, or where they are.
#[derive(Debug, Clone)]
enum Kept {
    /// Those of a small file, as it was when it was hashed.
    Bytes(Bytes),
    /// What is read when it is sent.
    Blob(Arc<Blob>),
}

/// Where the bytes of a node are.
#[derive(Debug)]
struct Blob {
    size: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A file of the user's, and its time when it was hashed.
    File(PathBuf, Option<SystemTime>),
    /// An archive of our own.
    Archive(TempPath),
}

impl Staging {
    /// Nothing yet. Paths start at `root`, which is absolute; archives of folders lie in `temporary`, and say of
    /// nothing that it was modified after `latest`, in seconds since 1970, where there is such a limit.
    pub fn new(root: PathBuf, temporary: PathBuf, latest: Option<i64>) -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let packer = Packer { temporary, threads, latest };
        Self(Arc::new(Inner { root, packer, held: Mutex::default() }))
    }

    /// Adds a file or a folder that will be sent to that target, and says what it became. Its title is the one among the annotations, else the cleaned
    /// path. Links are followed; a folder becomes an archive that is unpacked by whoever pulls it.
    ///
    /// # Errors
    /// There is no such file or it cannot be read; the title is empty or another file has it.
    pub async fn add(
        &self,
        path: &str,
        media_type: Option<&str>,
        annotations: Annotations,
        target: &dyn Target,
    ) -> Result<Descriptor> {
        let title = title(path, &annotations);
        if title.is_empty() {
            return Err(Error::invalid("missing name"));
        }
        if !self.held().titles.insert(title.clone()) {
            return Err(Error::invalid(format!("{title}: duplicate name")));
        }
        let mut node = self.stage(path, title.clone(), target).await?;
        node.annotations.insert(annotations::TITLE.to_owned(), title);
        node.annotations.extend(annotations);
        node.media_type = match media_type {
            Some(media_type) => media_type.to_owned(),
            None => node.media_type,
        };
        Ok(node)
    }

    /// Adds a file as a config, which has no title. Without a type it is a config that nobody knows; an empty type stands
    /// for that of any file or folder.
    ///
    /// # Errors
    /// There is no such file or it cannot be read.
    pub async fn add_config(
        &self,
        path: &str,
        media_type: Option<&str>,
        target: &dyn Target,
    ) -> Result<Descriptor> {
        let node = self.stage(path, CONFIG_NAME.to_owned(), target).await?;
        let kind = match media_type {
            None => media_type::UNKNOWN_CONFIG,
            Some("") => &node.media_type,
            Some(kind) => kind,
        };
        Ok(Descriptor::new(kind, node.digest, node.size))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stage(&self, path: &str, name: String, target: &dyn Target) -> Result<Descriptor> {
        let inner = Arc::clone(&self.0);
        let path = path::join(&self.0.root, Path::new(path));
        let before = fs::metadata(&path).at("stat", &path)?;
        let held = if before.is_file() { target.hold(&path).await } else { None };
        let in_memory = held.is_none() && before.is_file() && self.held().has_room(before.len());
        let (node, kept) = disk::work(move |wanted| {
            if in_memory {
                let bytes = read_whole(&path, before.len())?;
                return Ok((Descriptor::of(media_type::LAYER, &bytes), Kept::Bytes(bytes)));
            }
            let (node, blob) = if before.is_dir() {
                archived(pack(&path, &name, &inner.packer, wanted)?)
            } else {
                read(&path, &before, held, wanted)?
            };
            Ok((node, Kept::Blob(Arc::new(blob))))
        })
        .await?;
        self.held().blobs.entry(node.digest.clone()).or_insert(kept);
        Ok(node)
    }

    fn kept(&self, digest: &Digest) -> Option<Kept> {
        self.held().blobs.get(digest).cloned()
    }
}

/// What a file is called in the artifact: its title among the annotations, else its path, cleaned and with `/` between
/// its parts.
pub fn title(path: &str, annotations: &Annotations) -> String {
    annotations.get(annotations::TITLE).cloned().unwrap_or_else(|| System::OWN.clean(path))
}

/// A file that looked so before the target took it into keeping, if that did.
fn read(
    path: &Path,
    before: &Metadata,
    held: Option<Descriptor>,
    wanted: &Wanted,
) -> Result<(Descriptor, Blob)> {
    if !can_be_read_twice(before) {
        let text = format!("{}: neither a file nor a folder", path.display());
        return Err(Error::unsupported(text));
    }
    let (size, modified) = (before.len(), before.modified().ok());
    let digest = match held.filter(|node| node.size == size) {
        Some(node) => node.digest,
        None => digest(path, size, wanted)?,
    };
    let after = fs::metadata(path).at("stat", path)?;
    if after.len() != size || after.modified().ok() != modified {
        return Err(changed(path));
    }
    let blob = Blob { size, content: Content::File(path.to_owned(), modified) };
    Ok((Descriptor::new(media_type::LAYER, digest, size), blob))
}

/// The bytes of a small file of that size.
fn read_whole(path: &Path, size: u64) -> Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    // One byte more tells that it has grown.
    File::open(path).at("open", path)?.take(size + 1).read_to_end(&mut bytes).at("read", path)?;
    if bytes.len() as u64 == size { Ok(bytes.into()) } else { Err(changed(path)) }
}

fn archived(packed: Packed) -> (Descriptor, Blob) {
    let mut node = Descriptor::new(media_type::LAYER_GZIP, packed.digest, packed.size);
    node.annotations.insert(annotations::CONTENT_DIGEST.to_owned(), packed.content.to_string());
    node.annotations.insert(annotations::CONTENT_UNPACK.to_owned(), "true".to_owned());
    (node, Blob { size: packed.size, content: Content::Archive(packed.file) })
}

/// The digest of a file of that size, as long as it is wanted.
pub(super) fn digest(path: &Path, size: u64, wanted: &Wanted) -> Result<Digest> {
    let mut file = File::open(path).at("open", path)?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut piece = vec![0; PIECE];
    let mut left = size;
    loop {
        wanted.check()?;
        let read = match file.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.at("read", path)?,
        };
        if read as u64 > left || (read == 0 && left > 0) {
            return Err(changed(path));
        }
        if read == 0 {
            return Ok(hasher.finish());
        }
        left -= read as u64;
        hasher.update(&piece[..read]);
    }
}

/// Pipes give their bytes once, and opening one may wait for ever. A device as `/dev/null` is an empty file.
#[cfg(unix)]
pub(super) fn can_be_read_twice(about: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    about.is_file() || about.file_type().is_char_device()
}

#[cfg(not(unix))]
pub(super) fn can_be_read_twice(about: &Metadata) -> bool {
    about.is_file()
}

impl Blob {
    fn path(&self) -> &Path {
        match &self.content {
            Content::File(path, _) => path,
            Content::Archive(path) => path,
        }
    }

    /// Fails where the file is seen not to be the one that was hashed.
    fn unchanged(&self) -> Result<()> {
        let Content::File(path, modified) = &self.content else { return Ok(()) };
        let about = fs::metadata(path).at("stat", path)?;
        let same = about.len() == self.size && about.modified().ok() == *modified;
        if same { Ok(()) } else { Err(changed(path)) }
    }
}

/// The bytes of a blob, checked; what is not as promised can only be a file that changed.
fn body(blob: &Arc<Blob>, node: &Descriptor) -> Body {
    let opened = Arc::clone(blob);
    let open = move |from| {
        let blob = Arc::clone(&opened);
        async move {
            let looked = Arc::clone(&blob);
            disk::joined(tokio::task::spawn_blocking(move || looked.unchanged()).await)?;
            let bytes = disk::read(blob.path(), from).await?;
            Ok(until_unchanged(bytes, blob))
        }
    };
    let file = ContentFile { path: blob.path().to_owned(), owner: Owner::User };
    let body = Body::reopening(Some(blob.size), open).lying_in(file);
    let body = checked(body, node).hashed_before();
    body.watched(Arc::new(Changed(Arc::clone(blob))))
}

/// The same bytes. The last piece comes when the file is seen to be the one that was hashed still: whoever leaves the
/// check to the other end does not send it a whole file that is another one by now. The blob, which may be an archive
/// of ours, lives as long as it is read.
fn until_unchanged(bytes: ByteStream, blob: Arc<Blob>) -> ByteStream {
    let kept = stream::unfold(Some((bytes, None, blob)), |state| async {
        let (mut bytes, mut held, blob) = state?;
        loop {
            match bytes.next().await {
                Some(Ok(piece)) => {
                    if let Some(before) = held.replace(piece) {
                        return Some((Ok(before), Some((bytes, held, blob))));
                    }
                }
                Some(Err(error)) => return Some((Err(error), None)),
                None => {
                    let looked = tokio::task::spawn_blocking(move || blob.unchanged());
                    return match disk::joined(looked.await) {
                        Ok(()) => held.map(|piece| (Ok(piece), None)),
                        Err(error) => Some((Err(error), None)),
                    };
                }
            }
        }
    });
    kept.boxed()
}

/// Says what wrong bytes mean here.
struct Changed(Arc<Blob>);

impl Watch for Changed {
    fn failed(&self, error: Error) -> Error {
        match error.kind() {
            Kind::Mismatch(_) => changed(self.0.path()),
            _ => error,
        }
    }
}

#[async_trait]
impl Source for Staging {
    async fn resolve(&self, _at: &Locator) -> Result<Descriptor> {
        Err(Error::missing())
    }

    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        let size = match self.kept(blob).ok_or_else(Error::missing)? {
            Kept::Bytes(bytes) => bytes.len() as u64,
            Kept::Blob(blob) => blob.size,
        };
        Ok(Descriptor::new(media_type::OCTET_STREAM, blob.clone(), size))
    }

    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        Ok(self.kept(&node.digest).is_some())
    }

    fn fetch(&self, node: &Descriptor) -> Body {
        match self.kept(&node.digest) {
            Some(Kept::Bytes(bytes)) => checked(Body::bytes(bytes), node).hashed_before(),
            Some(Kept::Blob(blob)) => body(&blob, node),
            None => Body::reopening(Some(node.size), |_| async { Err(Error::missing()) }),
        }
    }

    async fn referrers(&self, _node: &Descriptor, _artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        Ok(Vec::new())
    }

    fn tags(&self, _after: Option<&str>) -> BoxStream<'_, Result<Vec<Tag>>> {
        stream::empty().boxed()
    }
}

#[cfg(test)]
mod tests;
