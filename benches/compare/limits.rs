//! What nobody can be faster than on this machine: the same bytes hashed, written, fetched or sent, and nothing else; a
//! process that does nothing.
//!
//! Each runs in a process of its own, so that it is measured as the programs are.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use crate::{Outcome, objects};

/// Does one of them: `hash FILE`, `write FILE... FOLDER`, `get URL`, `put POST-URL FILE DIGEST`; and with repositories by URL
/// `push REPOSITORY FILE...`, `attach REPOSITORY TYPE FILE`, `pull REPOSITORY`, `move FROM TO`, `move-graph FROM TO`, `discover REPOSITORY`.
pub fn perform(mut arguments: impl Iterator<Item = String>) -> Outcome {
    let mut next = || arguments.next().ok_or("limit NAME ARGUMENT...");
    match next()?.as_str() {
        "hash" => hash(&next()?),
        "write" => write(&arguments.collect::<Vec<_>>()),
        "get" => block_on(get(next()?)),
        "put" => block_on(put(next()?, next()?, next()?)),
        "push" => block_on(objects::push(client()?, next()?, arguments.collect())),
        "attach" => block_on(objects::attach(client()?, next()?, next()?, next()?)),
        "pull" => block_on(objects::pull(client()?, next()?)),
        "move" => block_on(objects::copy(client()?, next()?, next()?, false)),
        "move-graph" => block_on(objects::copy(client()?, next()?, next()?, true)),
        "discover" => block_on(objects::discover(client()?, next()?)),
        other => Err(format!("{other}: not a limit").into()),
    }
}

/// Reads a file and hashes it on one core.
fn hash(path: &str) -> Outcome {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            // Used, so that it is not optimised away.
            return if hasher.finalize().iter().all(|byte| *byte == 0) {
                Err("no hash".into())
            } else {
                Ok(())
            };
        }
        hasher.update(&buffer[..length]);
    }
}

/// Writes files of the same names and lengths as those that are given into a folder, the last of the paths.
fn write(paths: &[String]) -> Outcome {
    let (to, from) = paths.split_last().ok_or("write FILE... FOLDER")?;
    fs::create_dir(to)?;
    from.iter().try_for_each(|from| write_like(Path::new(from), Path::new(to), &vec![b'x'; 256 * 1024]))
}

/// Writes a file of this name and length, or a folder of such files, into a folder.
fn write_like(from: &Path, folder: &Path, content: &[u8]) -> Outcome {
    let to = folder.join(from.file_name().ok_or("no name")?);
    let found = fs::metadata(from)?;
    if found.is_dir() {
        fs::create_dir(&to)?;
        return fs::read_dir(from)?.try_for_each(|entry| write_like(&entry?.path(), &to, content));
    }
    let (mut file, mut missing) = (File::create(to)?, found.len());
    while missing > 0 {
        let length = content.len().min(usize::try_from(missing)?);
        file.write_all(&content[..length])?;
        missing -= length as u64;
    }
    Ok(())
}

/// Fetches something and drops it.
async fn get(url: String) -> Outcome {
    let mut body = client()?.get(url).send().await?.error_for_status()?.bytes_stream();
    while let Some(piece) = body.next().await {
        drop(piece?);
    }
    Ok(())
}

/// Uploads a file in one request whose digest is known already.
async fn put(url: String, path: String, digest: String) -> Outcome {
    let client = client()?;
    let answer = client.post(&url).header("Content-Length", "0").send().await?.error_for_status()?;
    let place = answer.headers().get("Location").ok_or("no Location")?.to_str()?;
    let mut place = url::Url::parse(&url)?.join(place)?;
    place.query_pairs_mut().append_pair("digest", &digest);
    let file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    let pieces = futures_util::stream::unfold(file, |mut file| async move {
        let mut buffer = vec![0; 256 * 1024];
        match tokio::io::AsyncReadExt::read(&mut file, &mut buffer).await {
            Ok(0) => None,
            Ok(length) => {
                buffer.truncate(length);
                Some((Ok(buffer), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    let request =
        client.put(place).header("Content-Length", length).header("Content-Type", "application/octet-stream");
    request.body(reqwest::Body::wrap_stream(pieces)).send().await?.error_for_status()?;
    Ok(())
}

fn client() -> Outcome<reqwest::Client> {
    // Nobody has installed one before in this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}
