//! What nobody can be faster than with many small objects: a bare client that asks for what has to be asked for, sends
//! what has to be sent, and neither checks, writes nor tells anything.
//!
//! It knows each digest before it starts, opens as many connections as are good for it, and holds everything in memory.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Outcome;

/// Requests in flight; more made the registries slower.
const WIDTH: usize = 16;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A repository: `http://HOST/v2/NAME`.
struct Repository {
    client: Client,
    url: String,
}

/// A manifest and the blobs below it.
struct Artifact {
    digest: String,
    manifest: Bytes,
    blobs: Vec<String>,
}

/// Pushes files and a manifest of them.
pub async fn push(client: Client, url: String, files: Vec<String>) -> Outcome {
    let repository = Repository { client, url };
    let contents: Vec<Bytes> =
        files.iter().map(|file| std::fs::read(file).map(Bytes::from)).collect::<Result<_, _>>()?;
    let config = Bytes::from_static(b"{}");
    let layers: Vec<Value> = contents.iter().map(blob).collect();
    let manifest =
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": blob(&config), "layers": layers });
    let blobs = contents.into_iter().chain([config]).map(|content| (digest(&content), content));
    repository.upload_all(blobs.collect()).await?;
    repository.put_manifest("v1", Bytes::from(manifest.to_string())).await.map(drop)
}

/// Pushes a file and a manifest of it, of a type that is new, which refers to the manifest `v1`; where the registry does
/// not list it by itself, the list under a tag is read and written, too.
pub async fn attach(client: Client, url: String, artifact_type: String, file: String) -> Outcome {
    let repository = Repository { client, url };
    let (content, config) = (Bytes::from(std::fs::read(file)?), Bytes::from_static(b"{}"));
    let layers = [blob(&content)];
    let described = blob(&config);
    let blobs = [content, config].map(|content| (digest(&content), content));
    let sent = repository.upload_all(blobs.into());
    let (subject, ()) = futures_util::try_join!(repository.artifact("v1"), sent)?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": described, "layers": layers,
        "subject": self::manifest(&subject.manifest),
    });
    let bytes = Bytes::from(manifest.to_string());
    let answer = repository.put_manifest(&digest(&bytes), bytes.clone()).await?;
    if answer.headers().contains_key("OCI-Subject") {
        return Ok(());
    }
    repository.enlist(&subject.digest.replace(':', "-"), self::manifest(&bytes)).await
}

/// Fetches a manifest and its blobs.
pub async fn pull(client: Client, url: String) -> Outcome {
    let repository = Repository { client, url };
    let artifact = repository.artifact("v1").await?;
    repository.blobs(artifact.blobs).await.map(drop)
}

/// Copies the manifest `v1` and its blobs, and where `referrers` is said, all that refers to it.
pub async fn copy(client: Client, from: String, to: String, referrers: bool) -> Outcome {
    let from = Repository { client: client.clone(), url: from };
    let to = Repository { client, url: to };
    let root = from.artifact("v1").await?;
    let others = if referrers { from.referrers(&root.digest).await? } else { Vec::new() };
    let names = others.iter().chain([&root]).flat_map(|artifact| artifact.blobs.iter().cloned());
    let blobs = from.blobs(names.collect()).await?;
    to.upload_all(blobs).await?;
    let sent = others.into_iter().map(|artifact| to.put_manifest_owned(artifact));
    stream::iter(sent).buffer_unordered(WIDTH).try_collect::<()>().await?;
    to.put_manifest("v1", root.manifest).await.map(drop)
}

/// Finds what refers to the manifest `v1`, and whether anything refers to that.
pub async fn discover(client: Client, url: String) -> Outcome {
    let repository = Repository { client, url };
    let root = repository.artifact("v1").await?;
    let found = repository.referrer_digests(&root.digest).await?;
    repository.look_below(&found).await
}

impl Repository {
    async fn artifact(&self, reference: &str) -> Outcome<Artifact> {
        let accepted = self.get(&format!("manifests/{reference}")).header("Accept", MANIFEST);
        let manifest = checked(accepted).await?.bytes().await?;
        let parsed: Value = serde_json::from_slice(&manifest)?;
        let layers = parsed["layers"].as_array().into_iter().flatten();
        let blobs = layers.chain([&parsed["config"]]).filter_map(|described| described["digest"].as_str());
        Ok(Artifact { digest: digest(&manifest), blobs: blobs.map(str::to_owned).collect(), manifest })
    }

    async fn referrers(&self, subject: &str) -> Outcome<Vec<Artifact>> {
        let found = self.referrer_digests(subject).await?;
        let artifacts = found.iter().map(|digest| self.artifact(digest));
        let artifacts: Vec<Artifact> = stream::iter(artifacts).buffer_unordered(WIDTH).try_collect().await?;
        self.look_below(&found).await?;
        Ok(artifacts)
    }

    /// Asks whether anything refers to these, as has to be asked.
    async fn look_below(&self, digests: &[String]) -> Outcome {
        let below = digests.iter().map(|digest| self.referrer_digests(digest));
        stream::iter(below).buffer_unordered(WIDTH).try_collect::<Vec<_>>().await.map(drop)
    }

    async fn referrer_digests(&self, subject: &str) -> Outcome<Vec<String>> {
        let index = checked(self.get(&format!("referrers/{subject}"))).await?.bytes().await?;
        let index: Value = serde_json::from_slice(&index)?;
        let entries = index["manifests"].as_array().into_iter().flatten();
        Ok(entries.filter_map(|entry| entry["digest"].as_str().map(str::to_owned)).collect())
    }

    /// Each of them once.
    async fn blobs(&self, digests: Vec<String>) -> Outcome<BTreeMap<String, Bytes>> {
        let once: BTreeSet<_> = digests.into_iter().collect();
        let fetched = once.into_iter().map(|digest| async move {
            let content = checked(self.get(&format!("blobs/{digest}"))).await?.bytes().await?;
            Outcome::Ok((digest, content))
        });
        stream::iter(fetched).buffer_unordered(WIDTH).try_collect().await
    }

    async fn upload_all(&self, blobs: BTreeMap<String, Bytes>) -> Outcome {
        let sent = blobs.into_iter().map(|(digest, content)| self.upload(digest, content));
        stream::iter(sent).buffer_unordered(WIDTH).try_collect().await
    }

    async fn upload(&self, digest: String, content: Bytes) -> Outcome {
        let start = format!("{}/blobs/uploads/", self.url);
        let answer = checked(self.client.post(&start).header("Content-Length", "0")).await?;
        let place = answer.headers().get("Location").ok_or("no Location")?.to_str()?;
        let mut place = url::Url::parse(&start)?.join(place)?;
        place.query_pairs_mut().append_pair("digest", &digest);
        let request = self.client.put(place).header("Content-Type", "application/octet-stream");
        checked(request.body(content)).await.map(drop)
    }

    async fn put_manifest_owned(&self, artifact: Artifact) -> Outcome {
        self.put_manifest(&artifact.digest, artifact.manifest).await.map(drop)
    }

    async fn put_manifest(&self, reference: &str, manifest: Bytes) -> Outcome<Response> {
        self.put(reference, MANIFEST, manifest).await
    }

    /// Adds an entry to a list of referrers under a tag.
    async fn enlist(&self, tag: &str, entry: Value) -> Outcome {
        let answer = self.get(&format!("manifests/{tag}")).header("Accept", INDEX).send().await?;
        let list: Value = match answer.error_for_status() {
            Ok(found) => serde_json::from_slice(&found.bytes().await?)?,
            Err(_) => Value::Null,
        };
        let entries = list["manifests"].as_array().into_iter().flatten().cloned().chain([entry]);
        let entries: Vec<Value> = entries.collect();
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        self.put(tag, INDEX, Bytes::from(list.to_string())).await.map(drop)
    }

    async fn put(&self, reference: &str, media_type: &str, manifest: Bytes) -> Outcome<Response> {
        let request = self.client.put(format!("{}/manifests/{reference}", self.url));
        checked(request.header("Content-Type", media_type).body(manifest)).await
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}/{path}", self.url))
    }
}

async fn checked(request: RequestBuilder) -> Outcome<Response> {
    Ok(request.send().await?.error_for_status()?)
}

fn blob(content: &Bytes) -> Value {
    described("application/octet-stream", content)
}

fn manifest(content: &Bytes) -> Value {
    described(MANIFEST, content)
}

fn described(media_type: &str, content: &Bytes) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}
