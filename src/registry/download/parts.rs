//! Large blobs, in parts that are fetched ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::content::Source;
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
    let splitting =
        Splitting { above: 100, part: 10, measured: Duration::ZERO, fast: f64::INFINITY, gain: 0.0 };
    let mut repository = script.repository(Api);
    repository.splitting = splitting;
    repository
}

async fn read(repository: &Repository) -> Vec<u8> {
    let node = Descriptor::of(media_type::LAYER, &blob());
    repository.fetch(&node).read(SIZE as u64).await.unwrap().to_vec()
}

#[tokio::test]
async fn parts_make_the_whole_and_come_once() {
    let script = Script::start(good).await;
    assert_eq!(read(&splitting(&script)).await, blob());
    let asked = script.log().len();
    assert!(asked > 50, "{asked}");
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
        assert!(script.log().len() < 20, "{status}: {}", script.log().len());
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
}

#[tokio::test]
async fn another_part_than_the_one_that_was_asked_for_is_not_taken() {
    let script = Script::start(|asked| match wanted(asked) {
        Some((from, end)) if end < SIZE => part(from + 1, end + 1),
        _ => good(asked),
    })
    .await;
    assert_eq!(read(&splitting(&script)).await, blob());
}
