//! How much a host is asked at once.

use std::pin::Pin;

use futures_util::FutureExt;
use tokio::task::unconstrained;
use url::Url;

use super::*;

fn origin(text: &str) -> Origin {
    Origin::of(&Url::parse(text).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_host_is_left_alone_and_others_are_not() {
    let (pace, busy, idle) = (Pace::default(), origin("http://busy"), origin("http://idle"));
    let start = Instant::now();
    pace.hold(&busy, Duration::from_secs(9));
    pace.hold(&busy, Duration::from_secs(2));
    drop(pace.enter(&idle).await);
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(pace.enter(&busy).await);
    assert!(start.elapsed() >= Duration::from_secs(9));
}

/// As many turns as there are at once. Tokio would interrupt a task that takes so many seats.
fn all<'a>(pace: &'a Pace, host: &'a Origin) -> Vec<Turn<'a>> {
    std::iter::from_fn(|| unconstrained(pace.enter(host)).now_or_never()).collect()
}

/// Answers as many requests as there may be at once, after a while; how many that were.
async fn answer_all(pace: &Pace, host: &Origin, status: StatusCode, after: Duration) -> usize {
    let turns = all(pace, host);
    let count = turns.len();
    tokio::time::advance(after).await;
    for turn in turns {
        turn.answered(status);
    }
    count
}

#[tokio::test(start_paused = true)]
async fn answers_make_room_up_to_a_bound() {
    let (pace, host) = (Pace::default(), origin("http://h"));
    let mut widths = Vec::new();
    for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::OK, StatusCode::OK] {
        widths.push(answer_all(&pace, &host, status, NEAR).await);
    }
    assert_eq!(widths, [FIRST_WIDTH, (1 + GROWTH) * FIRST_WIDTH, WIDEST, WIDEST]);
}

#[tokio::test(start_paused = true)]
async fn a_host_is_far_when_it_takes_long_to_answer_at_all() {
    for (after, status, expected) in [
        (Duration::from_millis(2), StatusCode::OK, false),
        (FAR, StatusCode::OK, true),
        (FAR, StatusCode::TOO_MANY_REQUESTS, false),
    ] {
        let (pace, host) = (Pace::default(), origin("http://h"));
        let turn = pace.enter(&host).await;
        let answer = async {
            tokio::time::sleep(after).await;
            turn.answered(status);
        };
        let (before, ()) = futures_util::join!(pace.is_far(&host), answer);
        assert_eq!((before, pace.is_far(&host).await), (after > NEAR, expected), "{after:?} {status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_near_is_not_sent_more_at_once() {
    let (pace, host) = (Pace::default(), origin("http://h"));
    for after in [Duration::from_millis(4), NEAR, NEAR] {
        assert_eq!(answer_all(&pace, &host, StatusCode::OK, after).await, FIRST_WIDTH);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_gets_slower_is_not_sent_more_at_once() {
    let (pace, host) = (Pace::default(), origin("http://h"));
    let turn = pace.enter(&host).await;
    tokio::time::advance(Duration::from_millis(10)).await;
    turn.answered(StatusCode::OK);
    let mut widths = Vec::new();
    for milliseconds in [40, 41, 500, 11] {
        let turns = all(&pace, &host);
        widths.push(turns.len());
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
        for turn in turns {
            turn.answered(StatusCode::OK);
        }
    }
    assert_eq!(widths, [34, 102, 102, 102]);
    assert_eq!(all(&pace, &host).len(), WIDEST);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_halved_once_for_all_that_were_sent_together() {
    let (pace, host) = (Pace::default(), origin("http://h"));
    for wanted in [32, 16, 8, 4, 2, 1, 1] {
        assert_eq!(answer_all(&pace, &host, StatusCode::TOO_MANY_REQUESTS, NEAR).await, wanted);
    }
    assert_eq!(answer_all(&pace, &host, StatusCode::OK, NEAR).await, 1);
    assert_eq!(answer_all(&pace, &host, StatusCode::OK, NEAR).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_was_given_up_leaves_its_seat() {
    let (pace, host) = (Pace::default(), origin("http://h"));
    drop(all(&pace, &host));
    assert_eq!(all(&pace, &host).len(), FIRST_WIDTH);
}

type Entering<'a> = Pin<Box<dyn Future<Output = Turn<'a>> + 'a>>;

/// So many requests that are sent at once: those that have a turn, and those that wait for one.
fn crowd<'a>(pace: &'a Pace, host: &'a Origin, count: usize) -> (Vec<Turn<'a>>, Vec<Entering<'a>>) {
    let mut entering: Vec<Entering<'a>> = Vec::new();
    entering.resize_with(count, || Box::pin(unconstrained(pace.enter(host))));
    (entered(&mut entering), entering)
}

/// Those that have a turn by now.
fn entered<'a>(entering: &mut Vec<Entering<'a>>) -> Vec<Turn<'a>> {
    let mut turns = Vec::new();
    entering.retain_mut(|one| match one.now_or_never() {
        Some(turn) => {
            turns.push(turn);
            false
        }
        None => true,
    });
    turns
}

#[tokio::test(start_paused = true)]
async fn each_connection_makes_room_for_one_of_those_that_wait() {
    for (requests, wanted) in [(32, 0), (33, 1), (40, 8), (100, 32)] {
        let (pace, host) = (Pace::default(), origin("http://h"));
        let (turns, mut entering) = crowd(&pace, &host, requests);
        assert_eq!(turns.len(), FIRST_WIDTH);
        for turn in &turns {
            turn.opening().one();
        }
        assert_eq!(entered(&mut entering).len(), wanted, "{requests}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_make_room_for_what_takes_more_than_two_rounds() {
    for (requests, wanted) in [(80, 1), (95, 1), (97, 3), (200, 3)] {
        let (pace, host) = (Pace::default(), origin("http://h"));
        let (mut turns, mut entering) = crowd(&pace, &host, 32);
        for turn in &turns {
            turn.opening().one();
        }
        let (_, more) = crowd(&pace, &host, requests - 32);
        entering.extend(more);
        tokio::time::advance(NEAR).await;
        turns.pop().unwrap().answered(StatusCode::OK);
        assert_eq!(entered(&mut entering).len(), wanted, "{requests}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_must_be_free_any_moment_is_waited_for_once() {
    let (pace, host) = (Pace::default(), origin("http://h"));
    let turn = pace.enter(&host).await;
    let opening = turn.opening();
    assert_eq!(opening.moment(), None);
    tokio::time::advance(Duration::from_millis(4)).await;
    turn.answered(StatusCode::OK);
    assert_eq!((opening.moment(), opening.moment()), (Some(Duration::from_millis(4)), None));
    pace.enter(&host).await.answered(StatusCode::OK);
    tokio::time::advance(MOMENT).await;
    assert_eq!(opening.moment(), None);
}
