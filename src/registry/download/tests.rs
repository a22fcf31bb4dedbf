//! Downloads from a registry that breaks off.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::content::Source;
use crate::error::Kind;
use crate::oci::{Descriptor, media_type};
use crate::registry::ReferrersMode::Api;
use crate::registry::script::{Answer, Asked, Script, answer};

const BLOB: &[u8] = b"0123456789";

fn node() -> Descriptor {
    Descriptor::of(media_type::LAYER, BLOB)
}

/// Where a request wants to begin.
fn from(asked: &Asked) -> usize {
    let range = asked.headers.get("range").map_or("bytes=0-", String::as_str);
    range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
}

/// An answer as the specification wants it.
fn part(asked: &Asked) -> Answer {
    match from(asked) {
        0 => answer(200).body(BLOB),
        from => answer(206).header("Content-Range", format!("bytes {from}-9/10")).body(&BLOB[from..]),
    }
}

#[tokio::test]
async fn a_broken_stream_goes_on_at_the_last_good_byte() {
    let script = Script::start(|asked| part(asked).cut(4)).await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 3);
}

#[tokio::test]
async fn a_registry_without_ranges_is_read_from_the_beginning() {
    let requests = AtomicUsize::new(0);
    let script = Script::start(move |_| {
        let first = requests.fetch_add(1, Ordering::SeqCst) == 0;
        answer(200).body(BLOB).cut(if first { 4 } else { usize::MAX })
    })
    .await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 2);
}

#[tokio::test]
async fn a_stream_that_never_gets_anywhere_ends() {
    let script = Script::start(|_| answer(200).body(BLOB).cut(0)).await;
    let error = script.repository(Api).fetch(&node()).read(10).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Network { .. }), "{error:?}");
    assert_eq!(script.log().len(), 6);
}

#[tokio::test]
async fn whatever_gets_somewhere_may_break_as_often_as_it_likes() {
    let script = Script::start(|asked| part(asked).cut(1)).await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 10);
}

#[tokio::test]
async fn parts_are_of_the_content_that_was_begun() {
    let script = Script::start(|asked| {
        let wanted = (from(asked) > 0).then_some("\"one\"");
        assert_eq!(asked.headers.get("if-range").map(String::as_str), wanted);
        part(asked).header("ETag", "\"one\"").cut(4)
    })
    .await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
    // A name that is only about the meaning says nothing of bytes.
    let script = Script::start(|asked| {
        assert_eq!(asked.headers.get("if-range"), None);
        part(asked).header("ETag", "W/\"one\"").cut(4)
    })
    .await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
}

#[tokio::test]
async fn a_registry_that_refuses_parts_is_read_from_the_beginning() {
    let requests = AtomicUsize::new(0);
    let script = Script::start(move |asked| match requests.fetch_add(1, Ordering::SeqCst) {
        0 => answer(200).body(BLOB).cut(4),
        _ if from(asked) > 0 => answer(416),
        _ => answer(200).body(BLOB),
    })
    .await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
}

#[tokio::test]
async fn a_stream_that_ends_early_without_saying_so_goes_on() {
    let script = Script::start(|asked| part(asked).unmeasured().cut(4)).await;
    assert_eq!(script.repository(Api).fetch(&node()).read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 3);
}

#[tokio::test]
async fn another_part_than_the_one_asked_for_is_refused() {
    for range in ["bytes 3-9/10", "bytes 4-9/11", "4-9/10", ""] {
        let script = Script::start(move |asked| match from(asked) {
            0 => answer(200).body(BLOB).cut(4),
            from => answer(206).header("Content-Range", range).body(&BLOB[from..]),
        })
        .await;
        let error = script.repository(Api).fetch(&node()).read(10).await.unwrap_err();
        assert!(error.to_string().contains("mismatch Content-Range"), "{error}");
    }
}

#[tokio::test]
async fn opened_at_an_offset_only_the_rest_is_asked_for() {
    let script = Script::start(|asked| {
        assert_eq!(asked.headers["range"], "bytes=6-");
        part(asked)
    })
    .await;
    let rest = script.repository(Api).fetch(&node()).open(6).await.unwrap();
    let rest: Vec<_> = futures_util::StreamExt::collect(rest).await;
    let rest: Vec<u8> = rest.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
    assert_eq!(rest, b"6789");
}

#[tokio::test]
async fn what_comes_after_the_end_is_refused() {
    let script = Script::start(|_| answer(200).unmeasured().body([BLOB, BLOB].concat())).await;
    let error = script.repository(Api).fetch(&node()).read(100).await.unwrap_err();
    assert!(error.to_string().starts_with("content is longer than the 10 bytes"), "{error}");
}

#[tokio::test]
async fn a_wrong_length_or_content_is_an_error() {
    let script = Script::start(|_| answer(200).body("012345678")).await;
    let error = script.repository(Api).fetch(&node()).read(10).await.unwrap_err();
    assert!(error.to_string().ends_with("mismatch Content-Length"), "{error}");
    let script = Script::start(|_| answer(200).body("012345678x")).await;
    let error = script.repository(Api).fetch(&node()).read(10).await.unwrap_err();
    assert_eq!(error.to_string(), "mismatched digest");
    let script = Script::start(|_| answer(404)).await;
    let error = script.repository(Api).fetch(&node()).read(10).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{}: not found", node().digest));
}

#[tokio::test]
async fn a_blob_of_unknown_size_comes_with_one_request() {
    let script = Script::start(|_| answer(200).header("Content-Type", "a/b; c=d").body(BLOB)).await;
    let repository = script.repository(Api);
    let (found, body) = repository.blob(&node().digest).await.unwrap();
    assert_eq!((found.media_type.as_str(), found.size), ("a/b", 10));
    assert_eq!(body.read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 1);
    // Opened again it is asked for again.
    assert_eq!(body.read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 2);
}

#[tokio::test]
async fn a_blob_of_unknown_size_goes_on_where_it_broke() {
    let script = Script::start(|asked| part(asked).cut(4)).await;
    let (_, body) = script.repository(Api).blob(&node().digest).await.unwrap();
    assert_eq!(body.read(10).await.unwrap(), BLOB);
    assert_eq!(script.log().len(), 3);
}

#[tokio::test]
async fn a_blob_of_unknown_size_is_checked() {
    let script = Script::start(|_| answer(200).body(b"9876543210")).await;
    let (_, body) = script.repository(Api).blob(&node().digest).await.unwrap();
    assert_eq!(body.read(10).await.unwrap_err().to_string(), "mismatched digest");
}
