//! What is tried again, and how failures read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::server::{Reply, Server, reply};
use super::*;
use crate::content::Body;
use crate::error::{Error, Kind};

/// A server that says 503 a few times before it says 200.
async fn flaky(times: usize) -> Server {
    Server::start(move |before, _| {
        if before < times { reply("503 Service Unavailable", &[], "no") } else { reply("200 OK", &[], "yes") }
    })
    .await
}

#[tokio::test]
async fn what_may_pass_is_tried_five_times_more() {
    let server = flaky(5).await;
    assert_eq!(told(get(&client(&server, settings()), "x").await).await, "200 yes");
    assert_eq!(server.seen().len(), 6);
    let server = flaky(9).await;
    assert_eq!(told(get(&client(&server, settings()), "x").await).await, "503 no");
    assert_eq!(server.seen().len(), 6);
    let server = flaky(9).await;
    let never = Settings { retry: Retry::never(), ..settings() };
    assert_eq!(told(get(&client(&server, never), "x").await).await, "503 no");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let server = Server::start(|_, _| reply("404 Not Found", &[], "none")).await;
    assert_eq!(told(get(&client(&server, settings()), "x").await).await, "404 none");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_body_is_opened_anew_for_each_try() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let body = Body::reopening(Some(4), move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(stream::iter(["ab", "cd"]).map(|text| Ok(Bytes::from(text))).boxed()) }
    });
    let server = flaky(2).await;
    let client = client(&server, settings());
    let answer = client.send(request(&client, Method::PUT, "x").body(body)).await;
    assert_eq!(told(answer).await, "200 yes");
    assert_eq!(opened.load(Ordering::Relaxed), 3);
    assert!(server.seen().iter().all(|seen| seen.body == "abcd" && seen.header("content-length") == "4"));
}

#[tokio::test]
async fn a_body_that_comes_once_is_sent_once() {
    let body = Body::once(Some(2), stream::iter([Ok(Bytes::from("ab"))]).boxed());
    let server = flaky(1).await;
    let client = client(&server, settings());
    let answer = client.send(request(&client, Method::PUT, "x").body(body)).await;
    assert_eq!(told(answer).await, "503 no");
}

#[tokio::test]
async fn the_failure_of_a_body_is_the_failure_of_the_request() {
    let body = Body::reopening(Some(9), |_| async {
        Ok(stream::iter([Ok(Bytes::from("ab")), Err(Error::mismatch("the file changed"))]).boxed())
    });
    let server = flaky(0).await;
    let client = client(&server, settings());
    let error = client.send(request(&client, Method::PUT, "x").body(body)).await.unwrap_err();
    assert_eq!(error.to_string(), "the file changed");
}

#[tokio::test]
async fn a_reset_is_tried_again_and_then_told() {
    let server = Server::start(|_, _| Reply::Reset).await;
    let error = get(&client(&server, settings()), "x").await.unwrap_err().to_string();
    let url = format!("http://{}/x", server.address);
    assert_eq!(error, format!("Get {url:?}: read: connection reset by peer"));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn an_answer_that_ends_in_its_header_is_tried_again() {
    let server = Server::start(|before, _| match before {
        0 => Reply::Last("HTTP/1.1 200 OK\r\nContent-".into()),
        1 => Reply::Last(String::new()),
        _ => reply("200 OK", &[], "yes"),
    })
    .await;
    assert_eq!(told(get(&client(&server, settings()), "x").await).await, "200 yes");
    let server = Server::start(|_, _| Reply::Last(String::new())).await;
    let error = get(&client(&server, settings()), "x").await.unwrap_err().to_string();
    assert_eq!(error, format!("Get \"http://{}/x\": EOF", server.address));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_connection_that_the_server_is_tired_of_is_replaced() {
    let server = Server::start(|before, seen| match (before, seen.connection) {
        (0, _) => reply("200 OK", &[], "one"),
        (_, 0) => Reply::Last(String::new()),
        _ => reply("200 OK", &[], "two"),
    })
    .await;
    let client = client(&server, Settings { retry: Retry::never(), ..settings() });
    assert_eq!(told(get(&client, "x").await).await, "200 one");
    let post = request(&client, Method::POST, "y").body(Body::bytes("b"));
    assert_eq!(told(client.send(post).await).await, "200 two");
    assert_eq!(server.lines(), ["GET /x", "POST /y", "POST /y"]);
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(&address.to_string(), settings()).unwrap();
    let error = client.send(request(&client, Method::HEAD, "x")).await.unwrap_err();
    let words = format!("Head \"http://{address}/x\": dial tcp {address}: connect: connection refused");
    assert_eq!(error.to_string(), words);
    assert!(matches!(error.kind(), Kind::Network { unreachable: true, .. }));
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let client = Client::new("nohost.invalid:1", settings()).unwrap();
    let error = get(&client, "x").await.unwrap_err();
    // Between the two may stand which server was asked.
    let error = error.to_string();
    assert!(
        error.starts_with("Get \"http://nohost.invalid:1/x\": dial tcp: lookup nohost.invalid"),
        "{error}"
    );
    assert!(error.ends_with(": no such host"), "{error}");
}

#[tokio::test]
async fn a_body_that_is_cut_ends_with_an_error() {
    let server =
        Server::start(|_, _| Reply::Last("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into())).await;
    let client = client(&server, settings());
    // Whoever asks for a stream sees what has come.
    let request = request(&client, Method::GET, "x").streamed(&Failures::default());
    let answer = client.send(request).await.unwrap();
    let error = answer.body.try_collect::<Vec<_>>().await.unwrap_err().to_string();
    assert!(error.ends_with(": unexpected EOF"), "{error}");
    assert_eq!(server.seen().len(), 1);
    let error = get(&client, "x").await.unwrap_err().to_string();
    assert!(error.ends_with(": unexpected EOF"), "{error}");
    assert_eq!(server.seen().len(), 7);
}

#[tokio::test]
async fn a_document_that_is_cut_is_asked_for_again() {
    let server = Server::start(|before, _| match before {
        0 | 1 => Reply::Last("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ny".into()),
        _ => reply("200 OK", &[], "yes"),
    })
    .await;
    assert_eq!(told(get(&client(&server, settings()), "x").await).await, "200 yes");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn what_is_larger_than_any_document_is_for_the_reader_to_refuse() {
    let large = "a".repeat(5 << 20);
    let server = Server::start(move |_, _| reply("200 OK", &[], &large)).await;
    let answer = get(&client(&server, settings()), "x").await.unwrap();
    assert_eq!(answer.read(5 << 20).await.unwrap().len(), 5 << 20);
    let answer = get(&client(&server, settings()), "x").await.unwrap();
    assert!(matches!(answer.read(4 << 20).await.unwrap_err().kind(), Kind::TooLarge(_)));
}

#[tokio::test]
async fn silence_is_a_failure_like_any_other() {
    let stalled = |text: &str| Reply::Stall(text.to_owned());
    let server = Server::start(move |before, _| match before {
        0 => stalled(""),
        1 => stalled("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nye"),
        _ => reply("200 OK", &[], "yes"),
    })
    .await;
    let short = Settings { timeout: Duration::from_millis(300), ..settings() };
    assert_eq!(told(get(&client(&server, short.clone()), "x").await).await, "200 yes");
    let server = Server::start(move |_, _| stalled("")).await;
    let never = Settings { retry: Retry::never(), ..short };
    let error = get(&client(&server, never), "x").await.unwrap_err().to_string();
    assert!(error.ends_with("no answer, and no byte moved, for 300ms"), "{error}");
}

#[tokio::test]
async fn waiting_for_what_is_to_be_sent_is_no_silence() {
    let server = flaky(0).await;
    let body = Body::reopening(Some(4), |_| async {
        Ok(stream::once(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Ok(Bytes::from("abcd"))
        })
        .boxed())
    });
    let settings = Settings { retry: Retry::never(), timeout: Duration::from_millis(100), ..settings() };
    let client = client(&server, settings);
    assert_eq!(told(client.send(request(&client, Method::PUT, "x").body(body)).await).await, "200 yes");
}

#[tokio::test]
async fn a_host_that_has_answered_is_waited_for_when_it_is_gone() {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
    let mut server = Server::start(move |_, _| Reply::Last(last.to_owned())).await;
    let address = server.address.to_string();
    let (notes, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let observed = Settings { observer: Some(Arc::new(Retries(notes))), ..settings() };
    let (known, unknown) = (client(&server, observed.clone()), client(&server, observed));
    assert_eq!(told(get(&known, "x").await).await, "200 yes");
    server.end().await;
    let told =
        |error: Error| assert!(error.to_string().ends_with("connection refused"), "{address}: {error}");
    told(get(&unknown, "x").await.unwrap_err());
    assert!(heard.try_recv().is_err());
    told(get(&known, "x").await.unwrap_err());
    assert_eq!(heard.len(), 5);
}

/// Hears only of what is tried again.
struct Retries(tokio::sync::mpsc::UnboundedSender<String>);

impl Observer for Retries {
    fn sent(&self, _: &Sent<'_>) -> u64 {
        0
    }
    fn answered(&self, _: u64, _: &Answered<'_>) {}
    fn failed(&self, _: u64, _: &Error) {}
    fn warned(&self, _: &str, _: &str) {}
    fn retrying(&self, retry: &Retrying<'_>) {
        let Retrying { method, moved, reason, attempt, attempts, .. } = retry;
        let _ = self.0.send(format!("{method} {moved:?} {reason} {attempt}/{attempts}"));
    }
}

#[tokio::test]
async fn each_try_is_told() {
    let (notes, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(|before, _| match before {
        0 => reply("503 Service Unavailable", &[], "no"),
        1 => Reply::Last("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nye".into()),
        2 => Reply::Reset,
        _ => reply("200 OK", &[], "yes"),
    })
    .await;
    let observed = Settings { observer: Some(Arc::new(Retries(notes))), ..settings() };
    let client = client(&server, observed);
    assert_eq!(told(get(&client, "x").await).await, "200 yes");
    drop(client);
    let mut lines = Vec::new();
    while let Some(line) = heard.recv().await {
        lines.push(line);
    }
    assert_eq!(
        lines,
        [
            "GET None response status code 503: Service Unavailable 1/5",
            "GET Some((2, None)) unexpected EOF 2/5",
            "GET None read: connection reset by peer 3/5",
        ]
    );
}

#[tokio::test]
async fn an_upload_ends_when_the_answer_has_come() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let piece = Bytes::from(vec![0; 64 * 1024]);
    let size = 1 << 30;
    let body = Body::reopening(Some(size), move |_| {
        let (count, piece) = (Arc::clone(&count), piece.clone());
        let pieces = stream::repeat(piece).inspect(move |piece| {
            count.fetch_add(piece.len(), Ordering::Relaxed);
        });
        async { Ok(pieces.map(Ok).boxed()) }
    });
    let server = Server::start(|_, _| reply("413 Payload Too Large", &[], "too large")).await;
    let client = client(&server, settings());
    let answer = client.send(request(&client, Method::PUT, "x").body(body)).await;
    assert_eq!(told(answer).await, "413 too large");
    assert!((sent.load(Ordering::Relaxed) as u64) < size / 4);
}

#[tokio::test]
async fn pauses_without_measure_are_refused_as_any_too_long_ones() {
    let server = Server::start(|before, _| {
        let pause = if before == 0 { "Retry-After: 1" } else { "Retry-After: 18446744073709551615" };
        reply("429 Too Many Requests", &[pause], "")
    })
    .await;
    let error = get(&client(&server, settings()), "x").await.unwrap_err().to_string();
    assert!(error.contains("wait 18446744073709551615 seconds"), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_too_long_a_pause_is_named() {
    let server = Server::start(|_, _| reply("429 Too Many Requests", &["Retry-After: 3600"], "")).await;
    let error = get(&client(&server, settings()), "x").await.unwrap_err().to_string();
    assert!(
        error.ends_with("wait 3600 seconds (Retry-After), beyond the 300 seconds that are waited at most"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 1);
}
