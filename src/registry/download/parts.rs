//! Large blobs, in parts that are fetched ahead.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};

use crate::content::{Landing, Source};
use crate::error::{Error, Result};
use crate::oci::{Descriptor, media_type};
use crate::registry::ReferrersMode::Api;
use crate::registry::Repository;
use crate::registry::download::ahead::{Seats, Splitting};
use crate::registry::script::{Answer, Asked, Script, answer};

/// As many bytes as make some hundred parts.
const SIZE: usize = 4000;

fn blob() -> Vec<u8> {
    (0..SIZE).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect()
}

/// The range that a request wants, if it wants one.
fn wanted(asked: &Asked) -> Option<(usize, usize)> {
    let (from, to) = asked.headers.get("range")?.strip_prefix("bytes=")?.split_once('-')?;
    let end = if to.is_empty() { SIZE } else { to.parse::<usize>().unwrap() + 1 };
    Some((from.parse().unwrap(), end))
}

/// An answer as the specification wants it. What is whole comes slowly, as if a line were slow for each connection.
fn good(asked: &Asked) -> Answer {
    match wanted(asked) {
        None => answer(200).body(blob()).slowly(Duration::from_millis(1)),
        Some((from, end)) => part(from, end),
    }
}

fn part(from: usize, end: usize) -> Answer {
    let range = format!("bytes {from}-{}/{SIZE}", end - 1);
    answer(206).header("Content-Range", range).body(&blob()[from..end])
}

/// The repository, in which everything is large and whatever is tried counts as faster.
fn splitting(script: &Script) -> Repository {
    let (measured, fast, gain, idle) = (Duration::ZERO, f64::INFINITY, 0.0, 0.0);
    let splitting = Splitting { above: 100, part: 10, landed: 40, sample: 1, measured, fast, gain, idle };
    let mut repository = script.repository(Api);
    repository.splitting = splitting;
    repository
}

fn node() -> Descriptor {
    Descriptor::of(media_type::LAYER, &blob())
}

/// Reads with parts that wait in memory.
async fn read(repository: &Repository) -> Vec<u8> {
    repository.fetch(&node()).read(SIZE as u64).await.unwrap().to_vec()
}

/// A file that can be looked into.
#[derive(Clone)]
struct Notes {
    content: Arc<Mutex<Vec<Option<u8>>>>,
    landing: Landing,
}

impl Notes {
    /// One that has room for so many bytes.
    fn with_room(most: usize) -> Self {
        let notes = Self { content: Arc::new(Mutex::new(vec![None; SIZE])), landing: Landing::default() };
        let (written, read) = (Arc::clone(&notes.content), Arc::clone(&notes.content));
        let write = move |at: u64, pieces: &[Bytes]| {
            let mut content = written.lock().unwrap();
            for (at, byte) in (usize::try_from(at).unwrap()..).zip(pieces.concat()) {
                if content.iter().flatten().count() == most {
                    return Err(Error::io("write", "notes", ErrorKind::StorageFull.into()));
                }
                // Nothing that waits is written twice.
                assert_eq!(content[at].replace(byte), None, "{at}");
            }
            Ok(())
        };
        let read = move |at: u64, bytes: &mut [u8]| {
            let content = read.lock().unwrap();
            for (byte, there) in bytes.iter_mut().zip(&content[usize::try_from(at).unwrap()..]) {
                *byte = there.expect("nothing is read that was not written");
            }
            Ok(())
        };
        notes.landing.found(write, read);
        notes
    }

    fn landed(&self) -> usize {
        self.content.lock().unwrap().iter().flatten().count()
    }

    /// Reads with parts that wait here.
    async fn read(&self, repository: &Repository) -> Result<Vec<u8>> {
        let mut stream = repository.fetch(&node()).open_into(self.landing.clone()).await?;
        let mut content = Vec::new();
        while let Some(piece) = stream.next().await {
            content.extend_from_slice(&piece?);
        }
        Ok(content)
    }
}

/// Reads with parts that wait somewhere else.
async fn read_landed(repository: &Repository) -> Vec<u8> {
    Notes::with_room(SIZE).read(repository).await.unwrap()
}

#[tokio::test]
async fn parts_make_the_whole_and_come_once() {
    let script = Script::start(good).await;
    assert_eq!(read(&splitting(&script)).await, blob());
    let asked = script.log().len();
    assert!(asked > 50, "{asked}");
}

#[tokio::test]
async fn parts_that_wait_in_a_file_make_the_whole_too() {
    let script = Script::start(good).await;
    let notes = Notes::with_room(SIZE);
    assert_eq!(notes.read(&splitting(&script)).await.unwrap(), blob());
    // All but what came over the first stream waited there.
    assert!(notes.landed() > SIZE / 2, "{}", notes.landed());
    let parts = script.log().len();
    assert!(parts < SIZE / 10, "{parts}");
}

#[tokio::test]
async fn where_there_is_no_more_room_one_stream_brings_the_rest() {
    for room in [0, 50, 1000] {
        let script = Script::start(good).await;
        let notes = Notes::with_room(room);
        assert_eq!(notes.read(&splitting(&script)).await.unwrap(), blob(), "{room}");
        assert_eq!(notes.landed(), room);
    }
}

#[tokio::test]
async fn a_landing_that_is_not_there_yet_is_no_place_to_wait() {
    let script = Script::start(good).await;
    let stream = splitting(&script).fetch(&node()).open_into(Landing::default()).await.unwrap();
    let content: Vec<Bytes> = stream.try_collect().await.unwrap();
    assert_eq!(content.concat(), blob());
}

#[tokio::test]
async fn a_wrong_byte_in_any_part_is_found() {
    let script = Script::start(|asked| match wanted(asked) {
        Some((from, end)) if from > SIZE / 2 => {
            let mut wrong = blob();
            wrong[from] ^= 1;
            let range = format!("bytes {from}-{}/{SIZE}", end - 1);
            answer(206).header("Content-Range", range).body(&wrong[from..end])
        }
        _ => good(asked),
    })
    .await;
    let error = Notes::with_room(SIZE).read(&splitting(&script)).await.unwrap_err();
    assert_eq!(error.to_string(), "mismatched digest");
}

#[tokio::test]
async fn a_part_that_is_longer_than_it_was_asked_for_is_cut() {
    let script = Script::start(|asked| match wanted(asked) {
        Some((from, end)) if end < SIZE => {
            let range = format!("bytes {from}-{}/{SIZE}", end - 1);
            answer(206).header("Content-Range", range).body(&blob()[from..SIZE.min(end + 25)])
        }
        _ => good(asked),
    })
    .await;
    assert_eq!(read_landed(&splitting(&script)).await, blob());
    assert_eq!(read(&splitting(&script)).await, blob());
}

#[tokio::test]
async fn what_was_answered_before_a_registry_has_enough_is_kept() {
    let count = Arc::new(AtomicUsize::new(0));
    let script = Script::start(move |asked| match wanted(asked) {
        Some((_, end)) if end < SIZE && count.fetch_add(1, Ordering::SeqCst) == 10 => answer(429),
        _ => good(asked),
    })
    .await;
    for waits_in_file in [true, false] {
        let repository = splitting(&script);
        let content = if waits_in_file { read_landed(&repository).await } else { read(&repository).await };
        assert_eq!(content, blob());
    }
}

#[tokio::test]
async fn without_a_seat_there_is_one_stream() {
    let script = Script::start(good).await;
    for (most, alone) in [(1, true), (2, false)] {
        let mut repository = splitting(&script);
        repository.seats = Seats::capped(most);
        let before = script.log().len();
        assert_eq!(read(&repository).await, blob());
        assert_eq!(script.log().len() - before == 1, alone, "{most}");
    }
}

#[tokio::test]
async fn servers_that_give_no_parts_are_read_by_one_stream() {
    for status in [200, 429, 416, 403, 501] {
        let script = Script::start(move |asked| match wanted(asked) {
            // What goes on to the end is no part.
            Some((_, end)) if end < SIZE => match status {
                200 => answer(200).body(blob()),
                status => answer(status),
            },
            _ => good(asked),
        })
        .await;
        assert_eq!(read(&splitting(&script)).await, blob(), "{status}");
        assert_eq!(read_landed(&splitting(&script)).await, blob(), "{status}");
        assert!(script.log().len() < 40, "{status}: {}", script.log().len());
    }
}

#[tokio::test]
async fn parts_that_break_are_asked_for_again() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let script = Script::start(move |asked| {
        let answer = good(asked);
        let number = count.fetch_add(1, Ordering::SeqCst);
        if number > 0 && number.is_multiple_of(3) { answer.cut(number % 10) } else { answer }
    })
    .await;
    assert_eq!(read(&splitting(&script)).await, blob());
    assert_eq!(read_landed(&splitting(&script)).await, blob());
}

#[tokio::test]
async fn parts_that_break_in_a_file_go_on_before_their_turn() {
    let script = Script::start(|asked| match wanted(asked) {
        Some((from, end)) if end - from == 40 => part(from, end).cut(5),
        _ => good(asked),
    })
    .await;
    let notes = Notes::with_room(SIZE);
    assert_eq!(notes.read(&splitting(&script)).await.unwrap(), blob());
    assert!(notes.landed() > SIZE / 2, "{}", notes.landed());
}

#[tokio::test]
async fn another_part_than_the_one_that_was_asked_for_is_not_taken() {
    let script = Script::start(|asked| match wanted(asked) {
        Some((from, end)) if end < SIZE => part(from + 1, end + 1),
        _ => good(asked),
    })
    .await;
    assert_eq!(read(&splitting(&script)).await, blob());
    assert_eq!(read_landed(&splitting(&script)).await, blob());
}
