//! Referrers with and without the API.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::content::{Body, Source, Target};
use crate::oci::{Descriptor, Digest, Index, Manifest, json as go, media_type};
use crate::registry::ReferrersMode::{self, Api, Probe, TagSchema};
use crate::registry::script::{Answer, Asked, Script, answer, manifest};

fn subject() -> Descriptor {
    Descriptor::of(media_type::MANIFEST, b"subject")
}

/// A manifest about the subject, told from others by an annotation.
fn referrer(name: &str) -> (Descriptor, Bytes) {
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: None,
        config: Descriptor::of("config/x", b"{}"),
        layers: Vec::new(),
        subject: Some(subject()),
        annotations: [("name".to_owned(), name.to_owned())].into(),
    };
    let bytes = Bytes::from(go::compact(&manifest).unwrap());
    (Descriptor::of(media_type::MANIFEST, &bytes), bytes)
}

fn entry(name: &str, artifact_type: &str) -> Value {
    let digest = Digest::of(name.as_bytes());
    json!({"mediaType": media_type::MANIFEST, "digest": digest, "size": 1, "artifactType": artifact_type})
}

fn list(entries: &[Value]) -> Answer {
    let bytes = serde_json::to_vec(&json!({"schemaVersion": 2, "manifests": entries})).unwrap();
    manifest(media_type::INDEX, &bytes)
}

/// The path of the list that is kept by tag.
fn tag_path() -> String {
    format!("manifests/{}", subject().digest.referrers_tag())
}

/// A registry that keeps manifests and knows nothing of referrers.
async fn plain() -> Script {
    let kept: Mutex<HashMap<String, Vec<u8>>> = Mutex::default();
    Script::start(move |asked: &Asked| {
        let mut kept = kept.lock().unwrap();
        match asked.method.as_str() {
            "PUT" => {
                kept.insert(asked.target.clone(), asked.body.clone());
                answer(201)
            }
            "DELETE" => answer(202),
            _ => match kept.get(&asked.target) {
                Some(bytes) => {
                    let kind: Value = serde_json::from_slice(bytes).unwrap();
                    manifest(kind["mediaType"].as_str().unwrap(), bytes)
                }
                None => answer(404),
            },
        }
    })
    .await
}

async fn listed(script: &Script, mode: ReferrersMode, artifact_type: Option<&str>) -> Result<usize, String> {
    let repository = script.repository(mode);
    let list = repository.referrers(&subject(), artifact_type).await;
    list.map(|list| list.len()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_api_is_asked_and_its_answer_is_not_trusted_blindly() {
    let entries = [
        entry("a", "sig/x"),
        entry("a", "sig/x"),
        entry("b", "sbom/x"),
        entry("subject", "sig/x"),
        json!({"mediaType": "", "digest": "", "size": 0}),
    ];
    let script = Script::start(move |asked| match asked.target.split_once('?') {
        Some((_, "artifactType=other")) => list(&entries).header("OCI-Filters-Applied", "x, artifactType"),
        _ => list(&entries),
    })
    .await;
    assert_eq!(listed(&script, Probe, None).await, Ok(2));
    assert_eq!(listed(&script, Probe, Some("sig/x")).await, Ok(1));
    assert_eq!(listed(&script, Probe, Some("other")).await, Ok(2));
    let path = format!("GET referrers/{}", subject().digest);
    assert_eq!(
        script.log(),
        [path.clone(), format!("{path}?artifactType=sig%2Fx"), format!("{path}?artifactType=other")]
    );
}

#[tokio::test]
async fn without_the_api_the_tag_is_read_from_then_on() {
    for status in [404, 400, 405, 501] {
        let script = Script::start(move |asked| {
            if asked.target.contains("/referrers/") {
                answer(status).body("404 page not found")
            } else {
                list(&[entry("a", "sig/x")])
            }
        })
        .await;
        let repository = script.repository(Probe);
        for (artifact_type, count) in [(None, 1), (Some("sig/x"), 1), (Some("other"), 0)] {
            assert_eq!(repository.referrers(&subject(), artifact_type).await.unwrap().len(), count);
        }
        let (api, tag) = (format!("GET referrers/{}", subject().digest), format!("GET {}", tag_path()));
        assert_eq!(script.log(), [api, tag.clone(), tag.clone(), tag], "{status}");
    }
}

#[tokio::test]
async fn the_mode_decides_and_a_missing_repository_is_told() {
    let script = plain().await;
    assert_eq!(listed(&script, TagSchema, None).await, Ok(0));
    assert_eq!(script.log(), [format!("GET {}", tag_path())]);
    let api = listed(&script, Api, None).await;
    assert_eq!(api, Err("failed to query referrers API: unsupported".to_owned()));
    let missing = Script::start(|_| answer(404).body(r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#)).await;
    assert_eq!(listed(&missing, Probe, None).await, Err("name unknown".to_owned()));
}

#[tokio::test]
async fn another_document_under_the_tag_is_no_list() {
    let image = Script::start(|asked| match asked.target.as_str() {
        path if path.contains("/referrers/") => {
            answer(200).header("Content-Type", "text/html").body("<html>")
        }
        _ => manifest(media_type::MANIFEST, br#"{"manifests":[{}]}"#),
    })
    .await;
    assert_eq!(listed(&image, Probe, None).await, Ok(0));
    let index = go::compact(&Index::new(vec![subject()])).unwrap();
    let subject = Descriptor::of(media_type::INDEX, &index);
    let itself = Script::start(move |_| manifest(media_type::INDEX, &index)).await;
    assert!(itself.repository(TagSchema).referrers(&subject, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_registry_that_names_the_subject_lists_by_itself() {
    let script = Script::start(|_| answer(201).header("OCI-Subject", subject().digest)).await;
    let (node, bytes) = referrer("a");
    script.repository(Probe).put(&node, Body::bytes(bytes)).await.unwrap();
    assert_eq!(script.log().len(), 1);
}

#[tokio::test]
async fn without_the_api_a_referrer_is_listed_once_as_oras_writes_it() {
    let script = plain().await;
    let repository = script.repository(Probe);
    let (node, bytes) = referrer("<a>");
    repository.put(&node, Body::bytes(bytes.clone())).await.unwrap();
    repository.put(&node, Body::bytes(bytes)).await.unwrap();
    let (put, get) = (format!("PUT manifests/{}", node.digest), format!("GET {}", tag_path()));
    let list = format!("PUT {}", tag_path());
    assert_eq!(script.log(), [put.clone(), get.clone(), list, get.clone(), put, get]);
    let at = crate::oci::Locator::Tag(subject().digest.referrers_tag());
    let (_, written) = repository.manifest(&at).await.unwrap();
    let expected = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{{"mediaType":"{}","digest":"{}","size":{},"annotations":{{"name":"\u003ca\u003e"}},"artifactType":"config/x"}}]}}"#,
        media_type::INDEX,
        media_type::MANIFEST,
        node.digest,
        node.size
    );
    assert_eq!(written, expected);
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_kept() {
    let script = plain().await;
    let repository = script.repository(Probe);
    let puts = (0..8).map(|number| {
        let (node, bytes) = referrer(&number.to_string());
        let repository = repository.clone();
        async move { repository.put(&node, Body::bytes(bytes)).await }
    });
    try_join_all(puts).await.unwrap();
    assert_eq!(repository.referrers(&subject(), None).await.unwrap().len(), 8);
}

#[tokio::test]
async fn what_is_deleted_is_taken_off_the_list() {
    let script = plain().await;
    let (node, bytes) = referrer("a");
    script.repository(Probe).put(&node, Body::bytes(bytes)).await.unwrap();
    script.repository(Probe).delete(&node).await.unwrap();
    let manifest = format!("manifests/{}", node.digest);
    let probe = format!("GET referrers/sha256:{}", "0".repeat(64));
    let (get, put) = (format!("GET {}", tag_path()), format!("PUT {}", tag_path()));
    let delete = format!("DELETE {manifest}");
    assert_eq!(script.log()[4..], [format!("GET {manifest}"), probe, get.clone(), put, get, delete]);
    assert_eq!(listed(&script, TagSchema, None).await, Ok(0));
    let before = script.log().len();
    script.repository(Api).delete(&node).await.unwrap();
    assert_eq!(script.log()[before..], [format!("DELETE {manifest}")]);
}
