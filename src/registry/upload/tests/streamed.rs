//! Uploads of content of which nothing is known before its end, and which comes only once.

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::sessions::{MEBI, blob, registry, requests};
use crate::content::{ByteStream, Target};
use crate::error::Error;
use crate::oci::Descriptor;
use crate::registry::ReferrersMode::Api;
use crate::registry::script::answer;

fn unknown(size: usize) -> (Descriptor, ByteStream) {
    let (node, body) = blob(size);
    let bytes = body.in_memory().unwrap().clone();
    let pieces: Vec<_> = (0..size).step_by(7).map(|at| Ok(bytes.slice(at..size.min(at + 7)))).collect();
    (node, stream::iter(pieces).boxed())
}

#[tokio::test]
async fn content_of_unknown_size_is_hashed_on_the_way() {
    for (size, log) in [
        (0, vec!["PUT /up/1/0"]),
        (9, vec!["PUT /up/1/0"]),
        (10, vec!["PATCH /up/1/0", "PUT /up/1/10"]),
        (23, vec!["PATCH /up/1/0", "PATCH /up/1/10", "PATCH /up/1/20", "PUT /up/1/23"]),
    ] {
        let (script, received) = registry(|_, _| None).await;
        let (node, stream) = unknown(size);
        let told = script.repository(Api).in_chunks(10).put_unnamed(stream).await.unwrap();
        assert!((told.digest == node.digest && told.size == node.size), "{size}");
        assert_eq!(received.lock().unwrap().bytes.len(), size);
        assert_eq!(requests(&script)[1..], log, "{size}");
    }
}

#[tokio::test]
async fn content_that_comes_once_goes_on_within_its_last_chunk_and_not_before() {
    let failing = |taken: usize| {
        registry(move |asked, received| {
            received.requests += 1;
            (received.requests == 3 && asked.method == "PATCH").then(|| {
                received.bytes.extend_from_slice(&asked.body[..taken]);
                answer(503)
            })
        })
    };
    for taken in [0, 3, 10] {
        let (script, _) = failing(taken).await;
        let (node, stream) = unknown(25);
        let told = script.repository(Api).in_chunks(10).put_unnamed(stream).await.unwrap();
        assert!((told.digest == node.digest && told.size == node.size), "{taken}");
    }
    // Where the session is lost, the beginning is as well.
    let (script, _) = registry(|asked, received| {
        received.requests += 1;
        (received.requests >= 3 && asked.method != "POST").then(|| answer(404))
    })
    .await;
    let (_, stream) = unknown(25);
    script.repository(Api).in_chunks(10).put_unnamed(stream).await.unwrap_err();
    assert!(!script.log().iter().any(|line| line.starts_with("PUT ")));
}

#[tokio::test]
async fn chunks_that_would_not_fit_into_memory_are_told() {
    let (script, _) = registry(|asked, _| {
        let least = 64 * MEBI;
        (asked.method == "POST")
            .then(|| answer(202).header("Location", "/up").header("OCI-Chunk-Min-Length", least))
    })
    .await;
    let (_, stream) = unknown(25);
    let error = script.repository(Api).in_chunks(10).put_unnamed(stream).await.unwrap_err();
    assert!(error.to_string().contains("no chunks of less than 67108864 bytes"), "{error}");
}

#[tokio::test]
async fn a_stream_that_breaks_leaves_no_blob() {
    let (script, _) = registry(|_, _| None).await;
    let broken = [Ok(Bytes::from(vec![7; 15])), Err(Error::invalid("gone"))];
    let error = script.repository(Api).in_chunks(10).put_unnamed(stream::iter(broken).boxed()).await;
    assert_eq!(error.unwrap_err().to_string(), "gone");
    assert!(!script.log().iter().any(|line| line.starts_with("PUT ")));
}
