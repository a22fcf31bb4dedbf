//! Uploads in one request, mounts, and what is done when a request fails.

mod ahead;
mod chunks;
mod sessions;
mod streamed;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::content::{Body, Mount, Origin, Put, Source, Target};
use crate::oci::{Descriptor, media_type};
use crate::registry::ReferrersMode::Api;
use crate::registry::script::{Script, answer};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

fn node() -> Descriptor {
    Descriptor::of(media_type::LAYER, b"abc")
}

/// The target of the upload to a session.
fn put(session: &str) -> String {
    format!("PUT {session}digest={}", node().digest.to_string().replace(':', "%3A"))
}

#[tokio::test]
async fn a_blob_is_sent_in_two_requests_and_the_query_of_the_session_is_kept() {
    let script = Script::start(|asked| {
        if asked.method == "POST" {
            assert_eq!(asked.headers["content-length"], "0");
            return answer(202).header("Location", "/up/1?_state=a%3Db");
        }
        assert_eq!(asked.body, b"abc");
        assert_eq!(asked.headers["content-length"], "3");
        assert_eq!(asked.headers["content-type"], "application/octet-stream");
        answer(201).header("Docker-Content-Digest", node().digest)
    })
    .await;
    let repository = script.repository(Api);
    assert_eq!(repository.put(&node(), Body::bytes("abc")).await.unwrap(), Put::Stored);
    let stream = stream::iter([Ok(Bytes::from_static(b"abc"))]).boxed();
    repository.put(&node(), Body::once(None, stream)).await.unwrap();
    let put = put("/up/1?_state=a%3Db&");
    assert_eq!(script.log(), ["POST blobs/uploads/", &put, "POST blobs/uploads/", &put]);
}

#[tokio::test]
async fn a_lost_session_is_replaced_by_a_new_one() {
    let sessions = AtomicUsize::new(0);
    let script = Script::start(move |asked| match asked.method.as_str() {
        "POST" => answer(202).header("Location", format!("/up/{}", sessions.fetch_add(1, Ordering::SeqCst))),
        "PUT" if asked.target.starts_with("/up/0") => answer(404),
        "PUT" => answer(201),
        _ => answer(404),
    })
    .await;
    script.repository(Api).put(&node(), Body::bytes("abc")).await.unwrap();
    let head = format!("HEAD blobs/{}", node().digest);
    assert_eq!(
        script.log(),
        ["POST blobs/uploads/", &put("/up/0?"), &head, "POST blobs/uploads/", &put("/up/1?")]
    );
}

#[tokio::test]
async fn a_blob_that_arrived_although_its_answer_was_lost_is_not_sent_again() {
    let script = Script::start(move |asked| match asked.method.as_str() {
        "POST" => answer(202).header("Location", "/up"),
        "HEAD" => answer(200).body("abc"),
        _ => answer(404),
    })
    .await;
    script.repository(Api).put(&node(), Body::bytes("abc")).await.unwrap();
    assert_eq!(script.log().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_had_again_or_is_refused_is_sent_once() {
    let script = Script::start(move |asked| match asked.method.as_str() {
        "POST" => answer(202).header("Location", "/up"),
        _ if asked.body == b"abc" => answer(404),
        _ => answer(400).body(r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#),
    })
    .await;
    let repository = script.repository(Api);
    let stream = stream::iter([Ok(Bytes::from_static(b"abc"))]).boxed();
    repository.put(&node(), Body::once(Some(3), stream)).await.unwrap_err();
    let error = repository.put(&node(), Body::bytes("abd")).await.unwrap_err();
    assert_eq!(error.to_string(), "digest invalid");
    assert!(repository.put(&node(), Body::bytes("ab")).await.is_err());
    assert_eq!(script.log().len(), 5);
}

#[tokio::test]
async fn a_mount_that_becomes_a_session_saves_a_request() {
    let script = Script::start(|asked| match asked.method.as_str() {
        "POST" => answer(202).header("Location", "/up"),
        _ => answer(201),
    })
    .await;
    let repository = script.repository(Api);
    let from = Origin { registry: script.address(), repository: "a/b".to_owned() };
    assert!(matches!(repository.mount(&node(), &from).await.unwrap(), Mount::Refused));
    repository.put(&node(), Body::bytes("abc")).await.unwrap();
    let mount = format!("POST blobs/uploads/?mount={}&from=a/b", node().digest);
    assert_eq!(script.log(), [mount, put("/up?")]);
    let elsewhere = Origin { registry: "other".to_owned(), ..from };
    assert!(matches!(repository.mount(&node(), &elsewhere).await.unwrap(), Mount::Refused));
    assert_eq!(script.log().len(), 2);
}

#[tokio::test]
async fn a_mount_succeeds_is_denied_or_fails() {
    for (status, expected) in [(201, Some(true)), (403, Some(false)), (400, None)] {
        let script = Script::start(move |_| answer(status)).await;
        let from = Origin { registry: script.address(), repository: "a".to_owned() };
        let mounted = script.repository(Api).mount(&node(), &from).await;
        assert_eq!(mounted.ok().map(|mount| matches!(mount, Mount::Mounted)), expected, "{status}");
    }
}

#[tokio::test]
async fn blobs_are_asked_for_and_deleted_where_they_are() {
    let script = Script::start(|asked| match asked.method.as_str() {
        "DELETE" => answer(202),
        _ if asked.target.ends_with(node().digest.hex()) => answer(200).body("abc"),
        _ => answer(404),
    })
    .await;
    let repository = script.repository(Api);
    let stat = repository.stat(&node().digest).await.unwrap();
    assert_eq!((stat.media_type.as_str(), stat.size), (media_type::OCTET_STREAM, 3));
    assert!(!repository.exists(&Descriptor::of(media_type::LAYER, b"x")).await.unwrap());
    repository.delete(&node()).await.unwrap();
    assert_eq!(script.log()[2], format!("DELETE blobs/{}", node().digest));
}

#[tokio::test]
async fn where_a_head_is_refused_or_says_too_little_one_byte_tells() {
    for head in [405, 200] {
        for (status, range, wanted) in [
            (206, "bytes 0-0/3", Some(3)),
            (200, "", Some(3)),
            (416, "bytes */0", Some(0)),
            (206, "bytes 0-0/*", None),
            (404, "", None),
        ] {
            let script = Script::start(move |asked| {
                if asked.method == "HEAD" {
                    return answer(head).unmeasured();
                }
                assert_eq!(asked.headers["range"], "bytes=0-0");
                let answer = answer(status).body("abc");
                if range.is_empty() { answer } else { answer.header("Content-Range", range) }
            })
            .await;
            let repository = script.repository(Api);
            let stat = repository.stat(&node().digest).await;
            assert_eq!(stat.ok().map(|found| found.size), wanted, "{head} {status} {range}");
            let there = repository.exists(&node()).await.unwrap();
            assert_eq!(there, head == 200 || status != 404, "{head} {status} {range}");
        }
    }
}
