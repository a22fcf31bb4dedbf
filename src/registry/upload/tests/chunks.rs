//! Uploads in chunks: where they are wanted, where one request is too large, and where they are refused.

use super::sessions::{MEBI, blob, progress, registry, requests};
use crate::content::Target;
use crate::error::Error;
use crate::registry::ReferrersMode::Api;
use crate::registry::Repository;
use crate::registry::script::{answer, silence};

async fn send(repository: &Repository, size: usize) -> Result<(), Error> {
    let (node, body) = blob(size);
    repository.put(&node, body).await.map(drop)
}

#[tokio::test]
async fn chunks_follow_each_new_location_and_have_the_least_length() {
    let (script, _) = registry(|asked, received| {
        let ranges = [("/up/1/0", "0-5"), ("/up/1/6", "6-11"), ("/up/1/12", "12-13")];
        if asked.method == "PATCH" {
            let range = ranges.iter().find(|(place, _)| asked.target == *place).unwrap().1;
            assert_eq!(asked.headers["content-range"], range);
            assert_eq!(asked.headers["content-type"], "application/octet-stream");
        }
        received.sessions = 1;
        (asked.method == "POST")
            .then(|| answer(202).header("Location", "/up/1/0").header("OCI-Chunk-Min-Length", 6))
    })
    .await;
    send(&script.repository(Api).in_chunks(4), 14).await.unwrap();
    let session = ["PATCH /up/1/0", "PATCH /up/1/6", "PATCH /up/1/12", "PUT /up/1/14"];
    assert_eq!(requests(&script), [&["POST blobs/uploads/"], &session[..]].concat());
}

#[tokio::test]
async fn what_fits_into_a_chunk_goes_in_one_request() {
    let (script, _) = registry(|_, _| None).await;
    send(&script.repository(Api).in_chunks(14), 14).await.unwrap();
    assert_eq!(requests(&script), ["POST blobs/uploads/", "PUT /up/1/0"]);
}

#[tokio::test]
async fn what_was_not_taken_of_a_chunk_is_sent_with_the_next() {
    let (script, _) = registry(|asked, received| {
        if asked.method != "PATCH" || received.bytes.len() >= 3 {
            return None;
        }
        received.bytes.extend_from_slice(&asked.body[..3]);
        Some(progress(202, received))
    })
    .await;
    send(&script.repository(Api).in_chunks(5), 9).await.unwrap();
    let session = ["PATCH /up/1/0", "PATCH /up/1/3", "PATCH /up/1/8", "PUT /up/1/9"];
    assert_eq!(requests(&script)[1..], session);
}

#[tokio::test]
async fn a_registry_that_claims_more_than_it_was_sent_is_not_believed() {
    let (script, _) =
        registry(|asked, _| (asked.method == "PATCH").then(|| answer(202).header("Range", "0-99"))).await;
    let error = send(&script.repository(Api).in_chunks(5), 9).await.unwrap_err();
    assert!(error.to_string().contains("100 bytes are said to have arrived, of 5"), "{error}");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_sent_in_chunks_and_so_are_all_after_it() {
    let (script, _) = registry(|asked, _| (asked.body.len() > MEBI).then(|| answer(413))).await;
    let repository = script.repository(Api);
    send(&repository, 2 * MEBI + 1).await.unwrap();
    let chunks = [
        "POST blobs/uploads/",
        "PATCH /up/2/0",
        "PATCH /up/2/1048576",
        "PATCH /up/2/2097152",
        "PUT /up/2/2097153",
    ];
    assert_eq!(requests(&script), [&["POST blobs/uploads/", "PUT /up/1/0"], &chunks[..]].concat());
    send(&repository, 2 * MEBI).await.unwrap();
    let chunks = ["POST blobs/uploads/", "PATCH /up/3/0", "PATCH /up/3/1048576", "PUT /up/3/2097152"];
    assert_eq!(requests(&script)[7..], chunks);
}

#[tokio::test]
async fn chunks_get_smaller_until_they_are_taken() {
    let (script, _) = registry(|asked, _| (asked.body.len() > 4 * MEBI).then(|| answer(413))).await;
    send(&script.repository(Api).in_chunks(20 << 20), 21 * MEBI).await.unwrap();
    let log = requests(&script);
    // 20 MiB and 16 MiB are refused before anything has arrived.
    assert_eq!(log[..4], ["POST blobs/uploads/", "PATCH /up/1/0", "POST blobs/uploads/", "PATCH /up/2/0"]);
    assert_eq!(log[5..8], ["PATCH /up/3/0", "PATCH /up/3/4194304", "PATCH /up/3/8388608"]);
}

#[tokio::test]
async fn what_is_too_large_in_every_way_is_told_as_it_was_told_first() {
    let (script, received) = registry(|asked, received| {
        received.requests += usize::from(asked.body.len() > 9);
        (asked.body.len() > 9).then(|| answer(413).body(format!("{}", received.requests)))
    })
    .await;
    let error = send(&script.repository(Api), 5 * MEBI).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().method, "PUT");
    assert_eq!(received.lock().unwrap().requests, 3);
    // Nor do chunks help that must not be smaller.
    let (script, _) = registry(|asked, _| match asked.method.as_str() {
        "POST" => Some(answer(202).header("Location", "/up").header("OCI-Chunk-Min-Length", 5 * MEBI)),
        _ => Some(answer(413)),
    })
    .await;
    assert!(send(&script.repository(Api), 5 * MEBI).await.is_err());
    assert_eq!(script.log().len(), 2);
}

#[tokio::test]
async fn a_registry_that_takes_no_chunks_gets_everything_in_one_request() {
    for status in [400, 404, 405, 415, 501] {
        let (script, _) = registry(move |asked, _| (asked.method == "PATCH").then(|| answer(status))).await;
        let repository = script.repository(Api).in_chunks(5);
        send(&repository, 9).await.unwrap();
        let session = ["POST blobs/uploads/", "PATCH /up/1/0", "POST blobs/uploads/", "PUT /up/2/0"];
        assert_eq!(requests(&script), session, "{status}");
        send(&repository, 8).await.unwrap();
        assert_eq!(requests(&script)[4..], ["POST blobs/uploads/", "PUT /up/3/0"], "{status}");
    }
}

#[tokio::test]
async fn a_registry_that_takes_chunks_but_not_their_end_gets_everything_in_one_request() {
    let (script, _) = registry(|asked, received| match asked.method.as_str() {
        "PATCH" => {
            received.bytes.extend_from_slice(&asked.body);
            Some(progress(201, received))
        }
        "PUT" if asked.body.is_empty() => Some(answer(400)),
        _ => None,
    })
    .await;
    send(&script.repository(Api).in_chunks(5), 9).await.unwrap();
    let session =
        ["PATCH /up/1/0", "PATCH /up/1/5", "PUT /up/1/9", "HEAD blob", "POST blobs/uploads/", "PUT /up/2/0"];
    assert_eq!(requests(&script)[1..], session);
}

#[tokio::test]
async fn too_large_for_one_request_and_no_chunks_is_an_end() {
    let (script, _) = registry(|asked, _| match asked.method.as_str() {
        "PATCH" => Some(answer(405)),
        "PUT" => Some(answer(413)),
        _ => None,
    })
    .await;
    let error = send(&script.repository(Api), 2 * MEBI).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().status, 413);
}

#[tokio::test]
async fn what_was_cut_goes_on_where_the_session_is() {
    for method in ["PUT", "PATCH"] {
        let (script, _) = registry(move |asked, received| {
            received.requests += usize::from(!asked.body.is_empty());
            if asked.method != method || received.requests != 1 {
                return None;
            }
            received.bytes.extend_from_slice(&asked.body[..4]);
            Some(answer(503))
        })
        .await;
        let repository = script.repository(Api);
        let repository = if method == "PUT" { repository } else { repository.in_chunks(7) };
        send(&repository, 9).await.unwrap();
        let first = if method == "PUT" { vec!["PUT /up/1/0", "HEAD blob"] } else { vec!["PATCH /up/1/0"] };
        let after = ["GET /up/1/0", "PATCH /up/1/4", "PUT /up/1/9"];
        assert_eq!(requests(&script)[1..], [first, after.to_vec()].concat());
    }
}

#[tokio::test]
async fn a_session_that_claims_to_have_more_than_there_is_is_left() {
    let (script, _) = registry(|asked, received| match asked.method.as_str() {
        "PUT" if received.sessions == 1 => Some(answer(503)),
        "GET" => Some(answer(204).header("Range", "0-99")),
        _ => None,
    })
    .await;
    send(&script.repository(Api), 9).await.unwrap();
    assert_eq!(requests(&script)[3..], ["GET /up/1/0", "POST blobs/uploads/", "PUT /up/2/0"]);
}

#[tokio::test]
async fn blobs_at_once_give_up_chunks_each_for_itself() {
    let (script, _) = registry(|asked, _| match asked.method.as_str() {
        "PATCH" => Some(answer(405)),
        "PUT" => Some(answer(201)),
        _ => None,
    })
    .await;
    let repository = script.repository(Api).in_chunks(5);
    let sent = [7, 8, 9, 10].map(|size| send(&repository, size));
    futures_util::future::join_all(sent).await.into_iter().for_each(Result::unwrap);
}

#[tokio::test]
async fn a_rest_that_is_no_chunk_for_the_registry_goes_whole() {
    let (script, _) = registry(move |asked, received| {
        received.requests += usize::from(!asked.body.is_empty());
        match asked.method.as_str() {
            "PUT" if received.requests == 1 => {
                received.bytes.extend_from_slice(&asked.body[..4]);
                Some(answer(500))
            }
            "PATCH" => Some(answer(405)),
            _ => None,
        }
    })
    .await;
    send(&script.repository(Api), 9).await.unwrap();
    let after = ["GET /up/1/0", "PATCH /up/1/4", "POST blobs/uploads/", "PUT /up/2/0"];
    assert_eq!(requests(&script)[3..], after);
}

#[tokio::test]
async fn attempts_are_counted_anew_when_one_got_further() {
    // Each request takes two bytes and fails.
    let (script, _) = registry(|asked, received| {
        let fails = !asked.body.is_empty() && received.bytes.len() < 20;
        fails.then(|| {
            received.bytes.extend_from_slice(&asked.body[..2]);
            answer(503)
        })
    })
    .await;
    send(&script.repository(Api), 40).await.unwrap();
    // And none that gets nowhere is tried for ever.
    let (script, received) = registry(|asked, received| {
        received.requests += usize::from(!asked.body.is_empty());
        (!asked.body.is_empty()).then(|| answer(503))
    })
    .await;
    let error = send(&script.repository(Api), 40).await.unwrap_err();
    assert_eq!((error.refusal().unwrap().status.as_u16(), received.lock().unwrap().requests), (503, 6));
}

#[tokio::test]
async fn a_large_request_that_is_cut_twice_is_taken_for_one_that_is_too_large() {
    let (script, _) = registry(|asked, _| (asked.body.len() > MEBI).then(silence)).await;
    send(&script.repository(Api), 2 * MEBI).await.unwrap();
    let puts = requests(&script).iter().filter(|line| line.starts_with("PUT ")).count();
    assert_eq!(puts, 3, "{:?}", requests(&script));
}

#[tokio::test]
async fn after_a_lost_answer_to_the_end_the_blob_is_looked_for() {
    let (script, _) = registry(|asked, received| match asked.method.as_str() {
        "PUT" => {
            received.requests += 1;
            Some(silence())
        }
        "HEAD" if received.requests > 0 => Some(answer(200)),
        _ => None,
    })
    .await;
    send(&script.repository(Api).in_chunks(5), 9).await.unwrap();
    assert_eq!(requests(&script)[3..], ["PUT /up/1/9", "HEAD blob"]);
}
