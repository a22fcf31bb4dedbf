//! What is concluded from answers, and what is asked for it.

use super::super::script::{Answer, Asked, Script, answer, manifest};
use super::*;
use crate::oci::{Digest, media_type};

const DIGEST_OF_BLOB: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// What is found by an answer to each request, in words.
async fn found(
    repository: Option<&str>,
    writes: bool,
    answers: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> (Vec<String>, Vec<String>, Script) {
    let script = Script::start(answers).await;
    let examination = Examination::new(script.client(), &script.address(), repository, writes).unwrap();
    let (findings, left) = examination.ask().await;
    let findings = findings.iter().map(|(about, finding)| format!("{about:?}: {}", word(finding)));
    (findings.collect(), left, script)
}

fn word(finding: &Finding) -> String {
    let because = |reason: &Reason| match reason {
        Reason::Error(_) => "Error".to_owned(),
        reason => format!("{reason:?}"),
    };
    match finding {
        Finding::Yes => "yes".to_owned(),
        Finding::Bytes(bytes) => bytes.to_string(),
        Finding::No(reason) => format!("no, {}", because(reason)),
        Finding::Unknown(reason) => format!("unknown, {}", because(reason)),
    }
}

/// The answers of a repository with one artifact that has two tags.
fn reading(asked: &Asked) -> Option<Answer> {
    let image = format!(
        r#"{{"schemaVersion":2,"mediaType":"{0}","config":{{"mediaType":"a/b","digest":"{DIGEST_OF_BLOB}","size":5}},"layers":[]}}"#,
        media_type::MANIFEST
    );
    Some(match asked.target.as_str() {
        "/v2/_catalog?n=1" => answer(200).body(r#"{"repositories":[]}"#),
        "/v2/r/tags/list?n=1" => {
            answer(200).header("Link", "</v2/r/tags/list?n=1&last=a>").body(r#"{"tags":["a"]}"#)
        }
        "/v2/r/tags/list" => answer(200).body(r#"{"tags":["a","b"]}"#),
        "/v2/r/manifests/a" => manifest(media_type::MANIFEST, image.as_bytes()),
        target if target.starts_with("/v2/r/referrers/") => {
            answer(200).header("Content-Type", media_type::INDEX).body(r#"{"manifests":[]}"#)
        }
        target if target.ends_with(DIGEST_OF_BLOB) => answer(206).body("h"),
        _ => return None,
    })
}

#[tokio::test]
async fn nothing_is_written_unless_that_is_wanted() {
    let (findings, left, script) = found(Some("r"), false, |asked| reading(asked).unwrap()).await;
    assert_eq!(
        findings,
        [
            "Catalog: yes",
            "Push: unknown, Unwritten",
            "Repository: yes",
            "Paging: yes",
            "Referrers: yes",
            "Ranges: yes",
            "Mount: unknown, Unwritten",
            "Chunks: unknown, Unwritten",
            "ChunkMinimum: unknown, Unwritten",
            "TagDeletion: unknown, Unwritten",
            "ManifestDeletion: unknown, Unwritten",
            "BlobDeletion: unknown, Unwritten",
        ]
    );
    assert!(left.is_empty());
    assert!(script.log().iter().all(|line| line.starts_with("GET ")), "{:?}", script.log());
}

#[tokio::test]
async fn without_a_repository_only_the_registry_is_asked() {
    let (findings, _, script) = found(None, true, |asked| reading(asked).unwrap()).await;
    assert_eq!(findings[0], "Catalog: yes");
    assert!(findings[1..].iter().all(|finding| finding.ends_with("unknown, NoRepository")), "{findings:?}");
    assert_eq!(script.log(), ["GET /v2/_catalog?n=1"]);
}

#[tokio::test]
async fn an_answer_that_refuses_is_one_and_all_else_leaves_it_open() {
    let statuses =
        [(401, "no"), (403, "no"), (404, "no"), (405, "no"), (501, "no"), (429, "unknown"), (500, "unknown")];
    for (status, wanted) in statuses {
        let (findings, ..) = found(None, false, move |_| answer(status)).await;
        assert_eq!(findings[0], format!("Catalog: {wanted}, Error"), "{status}");
    }
    let (findings, ..) = found(None, false, |_| answer(200).body("<html>")).await;
    assert_eq!(findings[0], "Catalog: unknown, Error");
}

#[tokio::test]
async fn what_cannot_be_seen_is_not_known() {
    for (tags, wanted) in
        [("", "unknown, FewTags"), (r#""a""#, "unknown, FewTags"), (r#""a","b""#, "no, AllAtOnce")]
    {
        let list = format!(r#"{{"tags":[{tags}]}}"#);
        let (findings, ..) = found(Some("r"), false, move |asked| match asked.target.as_str() {
            "/v2/r/tags/list?n=1" | "/v2/r/tags/list" => answer(200).body(&list),
            target if target.ends_with(DIGEST_OF_BLOB) => answer(200).body("hello"),
            "/v2/r/manifests/a" => reading(asked).unwrap(),
            _ => answer(404),
        })
        .await;
        assert_eq!(findings[3], format!("Paging: {wanted}"), "{tags}");
        assert_eq!(findings[4], "Referrers: no, Ignored");
        let ranges = if tags.is_empty() { "Ranges: unknown, NoBlob" } else { "Ranges: no, Ignored" };
        assert_eq!(findings[5], ranges);
    }
    let gone = r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#;
    let (findings, ..) = found(Some("r"), false, move |_| answer(404).body(gone)).await;
    let wanted = ["Repository: no", "Paging: unknown", "Referrers: unknown", "Ranges: unknown"];
    assert_eq!(findings[2..6], wanted.map(|wanted| format!("{wanted}, Error")));
}

#[tokio::test]
async fn what_cannot_be_removed_is_named() {
    let (findings, left, script) = found(Some("r"), true, |asked| match asked.method.as_str() {
        "POST" => answer(202).header("Location", "/v2/r/blobs/uploads/1").header("OCI-Chunk-Min-Length", 7),
        "PATCH" if asked.body.len() == 7 => answer(202).header("Location", "/v2/r/blobs/uploads/1"),
        "PUT" => answer(201),
        "DELETE" => answer(405),
        "HEAD" if asked.target.contains("/manifests/") => manifest(media_type::MANIFEST, b"x"),
        "HEAD" => answer(200),
        _ => reading(asked).unwrap_or_else(|| answer(200)),
    })
    .await;
    assert_eq!(
        findings[6..],
        [
            "Mount: no, Ignored",
            "Chunks: yes",
            "ChunkMinimum: 7",
            "TagDeletion: no, Error",
            "ManifestDeletion: no, Error",
            "BlobDeletion: no, Error",
        ]
    );
    // That of the manifest is not what was asked for, so it cannot be looked at.
    let names: Vec<_> = left.iter().map(|name| name.split('@').next().unwrap()).collect();
    assert_eq!(names, vec![format!("{}/r", script.address()); 2]);
}

#[tokio::test]
async fn what_is_stored_is_nobody_elses_and_stored_by_halves_it_is_removed() {
    let (findings, left, script) = found(Some("r"), true, |asked| match asked.method.as_str() {
        "POST" => answer(202).header("Location", "/v2/r/blobs/uploads/1"),
        "PUT" if asked.target.contains("/manifests/") => answer(403),
        "PUT" => answer(201),
        "DELETE" => answer(202),
        "HEAD" => answer(404),
        _ => reading(asked).unwrap(),
    })
    .await;
    assert_eq!(findings[1], "Push: no, Error");
    assert!(findings[6..].iter().all(|finding| finding.ends_with("unknown, NotStored")), "{findings:?}");
    assert!(left.is_empty());
    let looked_for = script.log().iter().filter(|line| line.starts_with("HEAD blobs/")).count();
    assert_eq!(looked_for, 1, "{:?}", script.log());
    let (one, other) = (Artifact::new().unwrap(), Artifact::new().unwrap());
    assert_ne!(one.blob.digest, other.blob.digest);
    assert_ne!(one.manifest.digest, other.manifest.digest);
    assert_ne!(Digest::of(b"hello"), one.blob.digest);
}

#[tokio::test]
async fn a_greeting_tells_what_is_asked_for() {
    for (status, header, wanted) in [
        (200, "Basic", Some(Scheme::None)),
        (401, "Basic realm=\"x\"", Some(Scheme::Basic)),
        (
            401,
            "Bearer realm=\"http://u:secret@h/token?a=secret\"",
            Some(Scheme::Bearer("http://REDACTED@h/token?a=REDACTED".to_owned())),
        ),
        (401, "Bearer realm=\"no place\"", Some(Scheme::Unknown)),
        (401, "Negotiate", Some(Scheme::Unknown)),
        (404, "Basic", None),
    ] {
        let script = Script::start(move |_| answer(status).header("WWW-Authenticate", header)).await;
        let examination = Examination::new(script.client(), &script.address(), None, false).unwrap();
        let greeting = examination.greet().await.ok();
        assert_eq!(greeting.map(|greeting| greeting.scheme), wanted, "{header}");
        assert_eq!(script.log(), ["GET /v2/"]);
    }
}
