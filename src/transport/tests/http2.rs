//! HTTP/2 and TLS that break: streams that are reset, connections that are told to end, handshakes that are cut, and
//! servers that read no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use h2::{Reason, RecvStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::tls::{Authority, acceptor};
use super::*;
use crate::content::Body;

/// What a server does with a request that comes over HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Answers `yes`.
    Answer,
    /// Resets the stream before an answer, with this reason.
    Reset(Reason),
    /// Resets it in the middle of the answer's content.
    Tear(Reason),
    /// Ends the connection before an answer.
    Away,
    /// Ends it in the middle of the answer's content.
    AwayInside,
    /// Reads the first bytes of what is sent, and resets the stream.
    ResetInside,
}

/// A server that does the one after the other, each with a request, and then answers. How many requests came is counted.
async fn served(authority: &Authority, acts: Vec<Act>) -> (String, Arc<AtomicUsize>) {
    let (certificate, key) = authority.issue("127.0.0.1");
    let acceptor = acceptor(certificate, &key, None, &["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, acceptor.clone(), acts.clone(), Arc::clone(&counted)));
        }
    });
    (address, count)
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    acts: Vec<Act>,
    count: Arc<AtomicUsize>,
) -> Option<()> {
    let mut connection = h2::server::handshake(acceptor.accept(stream).await.ok()?).await.ok()?;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let act = acts.get(count.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or(Act::Answer);
        if let Act::Reset(reason) = act {
            respond.send_reset(reason);
            continue;
        }
        if act == Act::Away {
            connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
            continue;
        }
        let mut body: RecvStream = request.into_body();
        if act == Act::ResetInside {
            let _ = body.data().await;
            respond.send_reset(Reason::INTERNAL_ERROR);
            continue;
        }
        // The connection has to be driven while the body comes, so that is left to a task of its own.
        let (tell, told) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            while let Some(Ok(piece)) = body.data().await {
                let _ = body.flow_control().release_capacity(piece.len());
            }
            let head = http::Response::builder().header("content-length", 3).body(()).unwrap();
            let mut answer = respond.send_response(head, false).unwrap();
            if act == Act::Answer {
                answer.send_data(Bytes::from("yes"), true).unwrap();
                return;
            }
            answer.send_data(Bytes::from("ye"), false).unwrap();
            match act {
                Act::Tear(reason) => answer.send_reset(reason),
                _ => drop(tell.send(answer)),
            }
        });
        if act == Act::AwayInside {
            let _answer = told.await.ok()?;
            connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
        }
    }
    Some(())
}

#[tokio::test]
async fn streams_and_connections_that_break_are_opened_again() {
    let authority = Authority::new();
    for act in [
        Act::Reset(Reason::PROTOCOL_ERROR),
        Act::Reset(Reason::INTERNAL_ERROR),
        Act::Reset(Reason::REFUSED_STREAM),
        Act::Reset(Reason::CANCEL),
        Act::Tear(Reason::PROTOCOL_ERROR),
        Act::Tear(Reason::INTERNAL_ERROR),
        Act::Tear(Reason::CANCEL),
        Act::Away,
        Act::AwayInside,
    ] {
        for times in [1, 2] {
            let (address, count) = served(&authority, vec![act; times]).await;
            let client = Client::new(&address, authority.trusted()).unwrap();
            assert_eq!(told(get(&client, "x").await).await, "200 yes", "{act:?}");
            assert_eq!(count.load(Ordering::SeqCst), times + 1, "{act:?}");
        }
    }
}

#[tokio::test]
async fn what_breaks_each_time_is_told() {
    let authority = Authority::new();
    let (address, count) = served(&authority, vec![Act::Tear(Reason::PROTOCOL_ERROR); 100]).await;
    let client = Client::new(&address, authority.trusted()).unwrap();
    let error = get(&client, "x").await.unwrap_err().to_string();
    assert!(error.contains("PROTOCOL_ERROR") || error.contains("protocol error"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 6);
}

/// So many bytes, as often as they are wanted.
fn body(size: usize) -> Body {
    Body::reopening(Some(size as u64), move |_| async move {
        let pieces = stream::repeat(Bytes::from(vec![0; 64 * 1024])).take(size / (64 * 1024));
        Ok(pieces.map(Ok).boxed())
    })
}

#[tokio::test]
async fn an_upload_whose_stream_is_reset_begins_again() {
    let authority = Authority::new();
    let (address, count) = served(&authority, vec![Act::ResetInside]).await;
    let client = Client::new(&address, authority.trusted()).unwrap();
    let answer = client.send(request(&client, Method::PUT, "x").body(body(1 << 20))).await;
    assert_eq!(told(answer).await, "200 yes");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_handshake_that_is_cut_is_tried_again() {
    let authority = Authority::new();
    for (times, works) in [(1, true), (2, true), (100, false)] {
        let (certificate, key) = authority.issue("127.0.0.1");
        let acceptor = acceptor(certificate, &key, None, &["h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                if number < times {
                    // All of the client's greeting is read: what is left unread would reset the connection.
                    let mut greeting = [0; 5];
                    stream.read_exact(&mut greeting).await.unwrap();
                    let mut rest = vec![0; usize::from(u16::from_be_bytes([greeting[3], greeting[4]]))];
                    stream.read_exact(&mut rest).await.unwrap();
                    stream.shutdown().await.unwrap();
                    continue;
                }
                tokio::spawn(connection(stream, acceptor.clone(), Vec::new(), Arc::default()));
            }
        });
        let client = Client::new(&address, authority.trusted()).unwrap();
        match get(&client, "x").await {
            Ok(answer) => assert_eq!((told(Ok(answer)).await.as_str(), works), ("200 yes", true)),
            Err(error) => assert!(!works && error.to_string().ends_with("EOF"), "{error}"),
        }
        task.abort();
    }
}

#[tokio::test]
async fn a_server_that_reads_no_more_is_left_and_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let size = 64 << 20;
    let task = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut some = [0; 1000];
        first.read_exact(&mut some).await.unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        let (mut left, mut piece) = (size, vec![0; 1 << 20]);
        while left > 0 {
            // The head is so much more, and shorter than this.
            let count = second.read(&mut piece).await.unwrap();
            left -= count.min(left);
        }
        second.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes").await.unwrap();
        while second.read(&mut piece).await.is_ok_and(|count| count > 0) {}
        drop(first);
    });
    let short = Settings { timeout: Duration::from_millis(300), ..settings() };
    let client = Client::new(&address, short).unwrap();
    let answer = client.send(request(&client, Method::PUT, "x").body(body(size))).await;
    assert_eq!(told(answer).await, "200 yes");
    drop(client);
    task.await.unwrap();
}
