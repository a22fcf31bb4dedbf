//! A registry for tests that takes chunks, and loses or refuses what it is told to.

use std::sync::{Arc, Mutex};

use crate::content::Body;
use crate::oci::{Descriptor, Digest, media_type};
use crate::registry::script::{Answer, Asked, Script, answer};

pub(super) const MEBI: usize = 1 << 20;

/// What has arrived in the last session, and what else a test wants to count.
#[derive(Default)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) sessions: usize,
    pub(super) requests: usize,
}

/// A registry that takes chunks, unless `first` has another answer; it is told how much has arrived and how many
/// requests with bytes came before.
pub(super) async fn registry(
    first: impl Fn(&Asked, &mut Received) -> Option<Answer> + Send + Sync + 'static,
) -> (Script, Arc<Mutex<Received>>) {
    let received = Arc::new(Mutex::new(Received::default()));
    let shared = Arc::clone(&received);
    let script = Script::start(move |asked| {
        let mut received = shared.lock().unwrap();
        if let Some(other) = first(asked, &mut received) {
            return other;
        }
        respond(asked, &mut received)
    })
    .await;
    (script, received)
}

fn respond(asked: &Asked, received: &mut Received) -> Answer {
    let begin = asked.headers.get("content-range").and_then(|range| range.split('-').next()?.parse().ok());
    match asked.method.as_str() {
        "POST" => {
            received.bytes.clear();
            received.sessions += 1;
            answer(202).header("Location", format!("/up/{}/0", received.sessions))
        }
        "PATCH" if begin != Some(received.bytes.len()) => answer(416),
        "PATCH" => {
            received.bytes.extend_from_slice(&asked.body);
            progress(202, received)
        }
        "GET" => progress(204, received),
        "PUT" => {
            received.bytes.extend_from_slice(&asked.body);
            let wanted = asked.target.rsplit_once("digest=").unwrap().1.replace("%3A", ":");
            answer(if Digest::of(&received.bytes).to_string() == wanted { 201 } else { 400 })
        }
        _ => answer(404),
    }
}

pub(super) fn progress(status: u16, received: &Received) -> Answer {
    let at = received.bytes.len();
    answer(status)
        .header("Location", format!("/up/{}/{at}", received.sessions))
        .header("Range", format!("0-{}", at.saturating_sub(1)))
}

pub(super) fn blob(size: usize) -> (Descriptor, Body) {
    let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
    (Descriptor::of(media_type::LAYER, &bytes), Body::bytes(bytes))
}

/// The requests, without queries and digests.
pub(super) fn requests(script: &Script) -> Vec<String> {
    let bare = |line: &String| line.split(['?', ':']).next().unwrap().replace("blobs/sha256", "blob");
    script.log().iter().map(bare).collect()
}
