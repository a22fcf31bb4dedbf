//! One file as a blob, without an artifact around it.

use std::fs;
use std::path::Path;

use super::staging::{can_be_read_twice, digest as digest_of};
use crate::content::{Body, checked};
use crate::disk::{self, Wanted};
use crate::error::{Context, Error, IoContext, Result};
use crate::oci::{Descriptor, Digest, media_type};

/// A file as a blob, and its bytes. A digest that is known already is taken at its word: bytes that are not those it
/// names are refused when they are read.
///
/// # Errors
/// There is no such file or it cannot be read.
pub async fn blob(path: &Path, known: Option<Digest>) -> Result<(Descriptor, Body)> {
    let typed = path.to_owned();
    let (digest, size) = disk::work(move |wanted| look(&typed, known, wanted)).await?;
    let node = Descriptor::new(media_type::OCTET_STREAM, digest, size);
    let path = path.to_owned();
    let body = Body::reopening(Some(size), move |from| {
        let path = path.clone();
        async move { disk::read(&path, from).await }
    });
    let body = checked(body, &node);
    Ok((node, body))
}

fn look(path: &Path, known: Option<Digest>, wanted: &Wanted) -> Result<(Digest, u64)> {
    let about =
        fs::metadata(path).at("open", path).within(|| format!("failed to open {}", path.display()).into())?;
    if about.is_dir() {
        return Err(Error::io("read", path, std::io::ErrorKind::IsADirectory.into()));
    }
    if !can_be_read_twice(&about) {
        return Err(Error::unsupported(format!("{}: not a file", path.display())));
    }
    let digest = known.map_or_else(|| digest_of(path, about.len(), wanted), Ok)?;
    Ok((digest, about.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_its_digest_its_size_and_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        disk::write(&path, b"hello\n", 0o644).unwrap();
        let (node, body) = blob(&path, None).await.unwrap();
        assert_eq!(node, Descriptor::of(media_type::OCTET_STREAM, b"hello\n"));
        assert_eq!(body.read(9).await.unwrap(), "hello\n");
        let (node, body) = blob(&path, Some(Digest::of(b"other\n"))).await.unwrap();
        assert_eq!(node.digest, Digest::of(b"other\n"));
        assert_eq!(body.read(9).await.unwrap_err().to_string(), "mismatched digest");
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let says = blob(folder.path(), None).await.unwrap_err().to_string();
        assert_eq!(says, format!("read {}: is a directory", folder.path().display()));
        let none = folder.path().join("none");
        let says = blob(&none, None).await.unwrap_err().to_string();
        let none = none.display();
        assert_eq!(says, format!("failed to open {none}: open {none}: no such file or directory"));
    }
}
