//! Opening, watching and limiting, and what is told of a file behind a body.

use super::*;

async fn all(body: &Body, from: u64) -> Vec<u8> {
    let pieces: Vec<_> = body.open(from).await.unwrap().collect().await;
    pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect()
}

fn stream_of(pieces: &'static [&'static [u8]]) -> ByteStream {
    stream::iter(pieces).map(|piece| Ok(Bytes::from_static(piece))).boxed()
}

#[tokio::test]
async fn bytes_open_at_any_offset_as_often_as_wanted() {
    let body = Body::bytes("abcdef");
    assert_eq!(all(&body, 0).await, b"abcdef");
    assert_eq!(all(&body, 4).await, b"ef");
    assert_eq!(all(&body, 9).await, b"");
}

#[tokio::test]
async fn what_comes_once_is_skipped_forward_and_not_given_twice() {
    let body = Body::once(Some(6), stream_of(&[b"ab", b"cd", b"ef"]));
    assert!(!body.can_reopen());
    assert_eq!(all(&body, 3).await, b"def");
    assert!(body.open(0).await.err().unwrap().is_unsupported());
}

#[tokio::test]
async fn a_wrapper_is_told_the_offset_and_keeps_the_promise() {
    let body = Body::bytes("abcdef").through(|stream, from| {
        assert_eq!(from, 2);
        stream
    });
    assert!(body.can_reopen());
    assert_eq!(body.size(), Some(6));
    assert_eq!(all(&body, 2).await, b"cdef");
}

#[tokio::test]
async fn who_watches_hears_of_bytes_and_words_failures() {
    #[derive(Default)]
    struct Heard(Mutex<Vec<u64>>);
    impl Watch for Heard {
        fn passed(&self, bytes: u64) {
            self.0.lock().unwrap().push(bytes);
        }
        fn failed(&self, error: Error) -> Error {
            error.within("seen")
        }
    }
    let heard = Arc::new(Heard::default());
    let body = Body::once(Some(6), stream_of(&[b"ab", b"cdef"])).watched(heard.clone());
    assert_eq!((body.size(), body.can_reopen()), (Some(6), false));
    assert_eq!(all(&body, 1).await, b"bcdef");
    assert_eq!(*heard.0.lock().unwrap(), [2, 6]);
    let again = body.open(0).await.err().unwrap().to_string();
    assert_eq!(again, "seen: the content can be read only once");
}

#[tokio::test]
async fn reading_stops_at_the_limit() {
    let body = Body::reopening(None, |_| future::ready(Ok(stream_of(&[b"abc", b"def"]))));
    assert_eq!(body.read(6).await.unwrap(), "abcdef");
    assert!(matches!(body.read(5).await.unwrap_err().kind(), Kind::TooLarge(_)));
}
