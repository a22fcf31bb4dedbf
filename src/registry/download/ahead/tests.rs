//! When how many streams are wanted, in a time that is not real.

use super::*;

/// What arrives at once here.
const PIECE: u64 = 1 << 18;

/// Lets bytes arrive over all streams together, with a rate that depends on how many there are.
async fn arrive(ahead: &mut Ahead, bytes: u64, rate: impl Fn(u64) -> u64) -> usize {
    read(ahead, bytes, rate, Duration::ZERO).await
}

/// The same for a reader that takes its time with each piece.
async fn read(ahead: &mut Ahead, bytes: u64, rate: impl Fn(u64) -> u64, pause: Duration) -> usize {
    let mut widest = 0;
    for _ in 0..bytes / PIECE {
        let rate = rate(ahead.width as u64);
        let takes = Duration::from_nanos(PIECE * 1_000_000_000 / rate);
        // What comes while the reader is at work is there when it asks.
        tokio::time::advance(takes.max(pause)).await;
        ahead.waited(takes.saturating_sub(pause));
        ahead.came(usize::try_from(PIECE).unwrap());
        ahead.measure();
        widest = widest.max(ahead.width);
    }
    widest
}

fn large() -> Ahead {
    Ahead::new(Splitting::default(), 1 << 40, 0, None)
}

#[tokio::test(start_paused = true)]
async fn as_long_as_more_streams_bring_more_there_are_more() {
    let mut ahead = large();
    // A line that gives five million bytes a second to each connection, and thirty to all.
    arrive(&mut ahead, 100 << 20, |width| (5_000_000 * width).min(30_000_000)).await;
    assert_eq!((ahead.width, ahead.settled), (8, true));
}

#[tokio::test(start_paused = true)]
async fn where_more_bring_no_more_there_is_one() {
    let mut ahead = large();
    assert_eq!(arrive(&mut ahead, 32 << 20, |_| 5_000_000).await, 2);
    assert_eq!(ahead.width, 1);
    // It is tried again when the line may be another one.
    assert_eq!(arrive(&mut ahead, REST, |width| 5_000_000 * width).await, WIDEST);
}

#[tokio::test(start_paused = true)]
async fn the_more_often_more_streams_bring_no_more_the_less_often_it_is_tried() {
    let (mut ahead, mut wide) = (large(), 0);
    for _ in 0..16 * REST / PIECE {
        wide += u64::from(arrive(&mut ahead, PIECE, |_| 5_000_000).await > 1);
    }
    assert!((1..60).contains(&((wide * PIECE) >> 20)), "{wide}");
}

#[tokio::test(start_paused = true)]
async fn a_fast_stream_and_a_small_blob_are_left_alone() {
    let mut ahead = large();
    assert_eq!(arrive(&mut ahead, 150 << 20, |_| 500_000_000).await, 1);
    assert!(ahead.settled);
    assert!(Ahead::new(Splitting::default(), 64 << 20, 0, None).settled);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_one_stream_until_the_line_is_slower() {
    let (mut ahead, line) = (large(), |width| 20_000_000 * width);
    // It takes 20 ms for what comes in 13, and then no time.
    assert_eq!(read(&mut ahead, REST / 2, line, Duration::from_millis(20)).await, 1);
    assert!(!ahead.settled);
    assert_eq!(arrive(&mut ahead, 2 * REST, line).await, WIDEST);
}

#[tokio::test(start_paused = true)]
async fn parts_in_a_file_are_long_and_get_shorter_towards_the_end() {
    let splitting = Splitting::default();
    let mut ahead = Ahead::new(splitting, 512 << 20, 0, None);
    ahead.width = 8;
    let (mut at, mut lengths) = (0, Vec::new());
    while at < ahead.size {
        lengths.push(ahead.length(at, true));
        at += lengths[lengths.len() - 1];
    }
    assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
    assert_eq!((lengths[0], lengths[lengths.len() - 1]), (splitting.landed, splitting.part));
    assert!(lengths.len() < 80, "{lengths:?}");
}

#[tokio::test(start_paused = true)]
async fn parts_in_memory_share_a_bounded_room() {
    let mut ahead = large();
    for width in [1, 2, 4, 8] {
        ahead.width = width;
        assert_eq!(ahead.length(0, false) * width as u64, 10 << 20);
    }
}
