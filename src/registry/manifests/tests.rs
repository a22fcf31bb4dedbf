//! Manifests against a registry that answers as it is told.

use http::StatusCode;

use crate::content::{Body, DOCUMENT_LIMIT, Put, Source, Target};
use crate::error::Kind;
use crate::oci::{Algorithm, Descriptor, Digest, Locator, Tag, media_type};
use crate::registry::ReferrersMode::{Api, Probe};
use crate::registry::script::{Script, answer, manifest, silence};

const INDEX: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;

fn v1() -> Locator {
    Locator::Tag(Tag::any("v1"))
}

#[tokio::test]
async fn a_head_is_enough_to_resolve() {
    let script = Script::start(|asked| {
        assert!(asked.headers["accept"].starts_with(media_type::DOCKER_MANIFEST));
        manifest(media_type::INDEX, INDEX)
    })
    .await;
    let node = script.repository(Api).resolve(&v1()).await.unwrap();
    assert_eq!(node, Descriptor::of(media_type::INDEX, INDEX));
    assert_eq!(script.log(), ["HEAD manifests/v1"]);
}

#[tokio::test]
async fn where_a_head_says_too_little_the_manifest_tells() {
    for status in [200, 405] {
        let script = Script::start(move |asked| {
            let status = if asked.method == "HEAD" { status } else { 200 };
            answer(status).header("Content-Type", media_type::INDEX).body(INDEX)
        })
        .await;
        let node = script.repository(Api).resolve(&v1()).await.unwrap();
        assert_eq!(node, Descriptor::of(media_type::INDEX, INDEX));
        assert_eq!(script.log(), ["HEAD manifests/v1", "GET manifests/v1"]);
    }
}

#[tokio::test]
async fn a_manifest_has_to_be_what_the_registry_and_the_request_say() {
    let script = Script::start(|asked| match asked.target.as_str() {
        "/v2/r/manifests/lie" => manifest(media_type::INDEX, INDEX).body("{}"),
        _ => manifest(media_type::INDEX, INDEX),
    })
    .await;
    let repository = script.repository(Api);
    let lie = repository.manifest(&Locator::Tag(Tag::any("lie"))).await.unwrap_err();
    assert_eq!(lie.to_string(), "mismatched digest");
    let other = repository.manifest(&Locator::Digest(Digest::of(b"{}"))).await.unwrap_err();
    assert!(other.to_string().contains("digest mismatch in Docker-Content-Digest: received"), "{other}");
    let sha512 = Algorithm::Sha512.digest(INDEX);
    let (node, _) = repository.manifest(&Locator::Digest(sha512.clone())).await.unwrap();
    assert_eq!(node.digest, sha512);
    let wrong = repository.manifest(&Locator::Digest(Algorithm::Sha512.digest(b"{}"))).await.unwrap_err();
    assert_eq!(wrong.to_string(), "mismatched digest");
}

#[tokio::test]
async fn what_is_not_there_is_named_and_other_refusals_are_the_registrys() {
    let script = Script::start(|asked| match asked.target.as_str() {
        "/v2/r/manifests/v1" => answer(404),
        _ => answer(403).body(r#"{"errors":[{"code":"DENIED","message":"no"}]}"#),
    })
    .await;
    let repository = script.repository(Api);
    let missing = format!("{}/r:v1: not found", script.address());
    assert_eq!(repository.resolve(&v1()).await.unwrap_err().to_string(), missing);
    assert_eq!(repository.manifest(&v1()).await.unwrap_err().to_string(), missing);
    let denied = repository.manifest(&Locator::Tag(Tag::any("v2"))).await.unwrap_err();
    assert_eq!(denied.to_string(), "denied: no");
    assert_eq!(denied.refusal().unwrap().status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn fetching_checks_the_type() {
    let node = Descriptor::of(media_type::MANIFEST, INDEX);
    let script = Script::start(|asked| {
        assert_eq!(asked.headers["accept"], media_type::MANIFEST);
        manifest(media_type::INDEX, INDEX)
    })
    .await;
    let error = script.repository(Api).fetch(&node).read(100).await.unwrap_err();
    assert!(error.to_string().contains("mismatch response Content-Type"), "{error}");
}

#[tokio::test]
async fn a_manifest_of_an_unusual_type_is_still_fetched_as_one() {
    let script = Script::start(|_| manifest("application/x", INDEX)).await;
    let repository = script.repository(Api).accepting(&["application/x"]);
    let node = repository.resolve(&v1()).await.unwrap();
    assert_eq!(repository.fetch(&node).read(100).await.unwrap(), INDEX);
    assert_eq!(script.log()[1], format!("GET manifests/{}", node.digest));
}

#[tokio::test]
async fn a_push_is_one_request_and_its_answer_is_compared() {
    let node = Descriptor::of(media_type::INDEX, INDEX);
    let script = Script::start(|asked| {
        let stored = if asked.target.ends_with("/bad") { Digest::of(b"") } else { Digest::of(&asked.body) };
        assert_eq!(asked.headers["content-type"], media_type::INDEX);
        answer(201).header("Docker-Content-Digest", stored)
    })
    .await;
    let repository = script.repository(Api);
    let put = repository.put_tagged(&node, Body::bytes(INDEX), &Tag::any("v1")).await.unwrap();
    assert_eq!(put, Put::Stored);
    repository.put(&node, Body::bytes(INDEX)).await.unwrap();
    let bad = repository.put_tagged(&node, Body::bytes(INDEX), &Tag::any("bad")).await.unwrap_err();
    assert!(matches!(bad.kind(), Kind::Mismatch(_)));
    let digest = format!("PUT manifests/{}", node.digest);
    assert_eq!(script.log(), ["PUT manifests/v1", &digest, "PUT manifests/bad"]);
}

#[tokio::test]
async fn what_is_wrong_or_too_large_is_not_sent() {
    let script = Script::start(|_| answer(201)).await;
    let repository = script.repository(Api);
    let node = Descriptor::of(media_type::INDEX, INDEX);
    assert!(repository.put(&node, Body::bytes("{}")).await.is_err());
    let large = Descriptor::new(media_type::INDEX, Digest::of(b""), DOCUMENT_LIMIT + 1);
    let error = repository.put(&large, Body::bytes("")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "content size 4194305 exceeds MaxMetadataBytes 4194304: size exceeds limit"
    );
    assert!(script.log().is_empty());
}

#[tokio::test]
async fn a_tag_is_given_by_reading_and_writing() {
    let script = Script::start(|asked| match asked.method.as_str() {
        "GET" => manifest(media_type::INDEX, INDEX),
        "DELETE" => answer(202),
        _ => answer(201),
    })
    .await;
    let node = Descriptor::of(media_type::INDEX, INDEX);
    let repository = script.repository(Api);
    repository.tag(&node, &Tag::any("v2")).await.unwrap();
    repository.untag(&Tag::any("v2")).await.unwrap();
    let get = format!("GET manifests/{}", node.digest);
    assert_eq!(script.log(), [get.as_str(), "PUT manifests/v2", "DELETE manifests/v2"]);
}

#[tokio::test]
async fn after_a_lost_answer_the_manifest_is_looked_for_and_so_is_the_list_of_referrers() {
    let subject = Digest::of(INDEX);
    let with_subject = format!(
        r#"{{"schemaVersion":2,"mediaType":"{index}","manifests":[],"subject":{{"mediaType":"{index}","digest":"{subject}","size":34}}}}"#,
        index = media_type::INDEX
    );
    for (text, asked_for_list) in [(with_subject.as_bytes(), true), (INDEX, false)] {
        let bytes = text.to_vec();
        let script = Script::start(move |asked| match asked.method.as_str() {
            "PUT" => silence(),
            _ => manifest(media_type::INDEX, &bytes),
        })
        .await;
        let node = Descriptor::of(media_type::INDEX, text);
        script.repository(Probe).put(&node, Body::bytes(text.to_vec())).await.unwrap();
        let name = format!("manifests/{}", node.digest);
        let probe = format!("GET referrers/sha256:{}", "0".repeat(64));
        let expected = [format!("PUT {name}"), format!("HEAD {name}"), probe];
        assert_eq!(script.log(), expected[..if asked_for_list { 3 } else { 2 }]);
    }
}

#[tokio::test]
async fn a_manifest_that_has_not_arrived_is_sent_again_but_not_for_ever() {
    let script = Script::start(|asked| answer(if asked.method == "PUT" { 503 } else { 404 })).await;
    let node = Descriptor::of(media_type::INDEX, INDEX);
    let error = script.repository(Api).put(&node, Body::bytes(INDEX)).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(script.log().iter().filter(|line| line.starts_with("PUT ")).count(), 6);
}

#[tokio::test]
async fn what_is_gone_the_second_time_was_deleted_the_first_time() {
    let script = Script::start(|_| answer(404)).await;
    let node = Descriptor::of(media_type::LAYER, b"x");
    assert!(script.repository(Api).delete(&node).await.unwrap_err().is_not_found());
    let times = std::sync::atomic::AtomicUsize::new(0);
    let script = Script::start(move |_| match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => silence(),
        _ => answer(404),
    })
    .await;
    script.repository(Api).delete(&node).await.unwrap();
}
