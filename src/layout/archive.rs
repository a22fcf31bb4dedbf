//! A layout that is written as one tar.
//!
//! An index is known only at the end and a tar is written from its beginning, so the layout is collected in a folder
//! beside the tar and becomes a tar when all is there. The tar has its name only when it is whole: an older one is in
//! its place until then, and a failure leaves nothing. What a program that was killed had collected is used by the next
//! one that makes the same tar, as far as it belongs into it. Members come in the order of their names, as `tar` packs a
//! layout. Reading such a tar is [`super::tar`]'s.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::spawn_blocking;
use walkdir::WalkDir;

use super::ledger::is_absent;
use super::{Directory, INDEX, INDEX_LIMIT, MARKER};
use crate::content::{Body, ByteStream, Source, Target};
use crate::disk::{Draft, Scratch, joined};
use crate::error::{Error, IoContext, Result};
use crate::oci::{Descriptor, Digest, media_type};

/// A tar consists of blocks of this size.
const BLOCK: usize = 512;
/// So many empty blocks are its end.
const END: usize = 2;

/// A tar that is being made.
#[derive(Debug)]
pub struct ArchiveDraft {
    layout: Directory,
    tar: Draft,
    /// Gone last: the layout lies in it.
    scratch: Scratch,
}

/// What will be in the tar.
#[derive(Debug)]
struct Member {
    name: String,
    content: Content,
    /// In seconds since 1970.
    modified: u64,
}

#[derive(Debug)]
enum Content {
    Folder,
    Document(Bytes),
    /// A digest and a size.
    Blob(Digest, u64),
}

impl ArchiveDraft {
    /// An empty layout that will be a tar at this path. The folder of the path must exist. An older tar there keeps
    /// its permissions, and a link its name.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn new(path: &Path) -> Result<Self> {
        let older = fs::metadata(path).ok().filter(fs::Metadata::is_file);
        let path = match &older {
            Some(_) => &fs::canonicalize(path).at("open", path)?,
            None => path,
        };
        let scratch = Scratch::beside(path)?;
        // The content of what was left may be of use. What it was for, nobody knows: it is listed anew.
        let index = scratch.path().join(INDEX);
        match fs::remove_file(&index).at("remove", &index) {
            Err(error) if !is_absent(&error) => return Err(error),
            _ => {}
        }
        let tar = Draft::plain_within(scratch.path(), path)?.claimed()?;
        if let Some(older) = older {
            tar.file().set_permissions(older.permissions()).at("chmod", path)?;
        }
        Ok(Self { layout: Directory::create(scratch.path())?, tar, scratch })
    }

    /// Leaves what was collected for the next one that makes this tar, and says whether there is anything. On systems
    /// that do not lock folders nothing is left.
    pub fn leave(mut self) -> bool {
        let blobs = WalkDir::new(self.scratch.path().join("blobs")).min_depth(2).into_iter();
        let some = cfg!(unix) && blobs.flatten().next().is_some();
        if some {
            self.scratch.keep();
        }
        some
    }

    /// The layout, to be filled.
    pub fn layout(&self) -> &Directory {
        &self.layout
    }

    /// Writes the tar with all that was put into the layout, and gives it its name. Returns its size.
    ///
    /// # Errors
    /// Nothing was put into the layout; the disk's.
    pub async fn publish(self) -> Result<u64> {
        let Self { layout, tar, scratch } = self;
        layout.commit().await?;
        let (root, wanted) = (scratch.path().to_owned(), layout.reachable().await?);
        let members = joined(spawn_blocking(move || members(&root, &wanted)).await)?;
        let members = stream::iter(members).map(move |member| member.bytes(&layout)).try_flatten();
        let end = stream::iter([Ok(Bytes::from_static(&[0; END * BLOCK]))]);
        let (tar, size) = tar.pour(members.chain(end).boxed()).await?;
        joined(spawn_blocking(move || tar.sync().and_then(|()| tar.publish_plain())).await)?;
        Ok(size)
    }
}

/// All members in the order of their names, of the blobs those that are wanted.
fn members(root: &Path, wanted: &HashSet<Digest>) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for entry in WalkDir::new(root.join("blobs")).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            Error::io("open", path, error.into())
        })?;
        let metadata = entry.path().symlink_metadata().at("stat", entry.path())?;
        let below: Vec<_> = entry.path().strip_prefix(root).into_iter().flatten().collect();
        let below: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let content = match below.as_slice() {
            [_, algorithm, hex] => {
                let digest: Option<Digest> = format!("{algorithm}:{hex}").parse().ok();
                let Some(digest) = digest.filter(|digest| metadata.is_file() && wanted.contains(digest))
                else {
                    continue;
                };
                Content::Blob(digest, metadata.len())
            }
            _ if metadata.is_dir() => Content::Folder,
            _ => continue,
        };
        let slash = if matches!(content, Content::Folder) { "/" } else { "" };
        members.push(Member { name: below.join("/") + slash, content, modified: modified(&metadata) });
    }
    for name in [INDEX, MARKER] {
        let path = root.join(name);
        let metadata = fs::metadata(&path).at("stat", &path)?;
        if metadata.len() > INDEX_LIMIT {
            return Err(Error::invalid(format!("{name}: more than {INDEX_LIMIT} bytes")));
        }
        let content = Content::Document(fs::read(&path).at("read", &path)?.into());
        members.push(Member { name: name.to_owned(), content, modified: modified(&metadata) });
    }
    Ok(members)
}

fn modified(metadata: &fs::Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.unwrap_or_default().as_secs()
}

impl Member {
    /// The header, the content and zeros up to the end of a block. Blobs are checked once more on their way.
    fn bytes(self, layout: &Directory) -> Result<ByteStream> {
        let header = self.header()?;
        let (content, size) = match self.content {
            Content::Folder => (Body::bytes(Bytes::new()), 0),
            Content::Document(bytes) => {
                let size = bytes.len() as u64;
                (Body::bytes(bytes), size)
            }
            Content::Blob(digest, size) => {
                (layout.fetch(&Descriptor::new(media_type::OCTET_STREAM, digest, size)), size)
            }
        };
        let rest = usize::try_from(size % BLOCK as u64).map_or(0, |over| (BLOCK - over) % BLOCK);
        let content = stream::once(async move { content.open(0).await }).try_flatten();
        let padding = stream::iter([Ok(Bytes::from_static(&[0; BLOCK]).slice(..rest))]);
        Ok(stream::iter([Ok(header)]).chain(content).chain(padding).boxed())
    }

    /// The blocks before the content; more than one where the name is too long for it.
    fn header(&self) -> Result<Bytes> {
        let (kind, mode, size) = match &self.content {
            Content::Folder => (::tar::EntryType::Directory, 0o755, 0),
            Content::Document(bytes) => (::tar::EntryType::Regular, 0o644, bytes.len() as u64),
            Content::Blob(_, size) => (::tar::EntryType::Regular, 0o444, *size),
        };
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(self.modified);
        header.set_uid(0);
        header.set_gid(0);
        let mut blocks = ::tar::Builder::new(Vec::new());
        blocks.append_data(&mut header, &self.name, std::io::empty()).at("write", &self.name)?;
        Ok(Bytes::copy_from_slice(blocks.get_ref()))
    }
}

#[cfg(test)]
mod tests;
