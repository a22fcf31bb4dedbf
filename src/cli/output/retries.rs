//! What is told of something that failed and is tried again: what, where it stood, why, and which try it is.
//!
//! What does not belong here: whether it is tried again.

use std::time::Duration;

use oras::transport::Retrying;

use super::events::{Notice, seconds};
use super::text::visible;

/// A pause from which on it is told: a shorter one is over before it is read.
const LONG: Duration = Duration::from_secs(5);

/// The line.
pub(crate) fn line(retry: &Retrying<'_>) -> String {
    let Retrying { method, url, moved, reason, attempt, attempts, pause } = retry;
    let stood = match moved {
        Some((bytes, Some(all))) => format!(" stopped at {bytes} of {all} bytes"),
        Some((bytes, None)) => format!(" stopped at {bytes} bytes"),
        None => String::new(),
    };
    let pause = if *pause >= LONG { format!(" in {}s", pause.as_secs()) } else { String::new() };
    // Both come from outside.
    let (url, reason) = (visible(url), visible(reason));
    format!("Retrying{pause} ({attempt} of {attempts}): {method} \"{url}\"{stood}: {reason}")
}

/// The same for programs.
pub(crate) fn notice<'a>(retry: &Retrying<'a>) -> Notice<'a> {
    Notice::Retry {
        method: retry.method.as_str(),
        url: retry.url,
        bytes: retry.moved.map(|(bytes, _)| bytes),
        size: retry.moved.and_then(|(_, size)| size),
        reason: retry.reason,
        attempt: retry.attempt,
        attempts: retry.attempts,
        pause: seconds(retry.pause),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn a_line_tells_what_where_why_and_which() {
        let mut retry = Retrying {
            method: &Method::GET,
            url: "http://h/v2/",
            moved: None,
            reason: "EOF\n",
            attempt: 1,
            attempts: 5,
            pause: Duration::from_millis(250),
        };
        assert_eq!(line(&retry), "Retrying (1 of 5): GET \"http://h/v2/\": EOF\\x0a");
        retry.moved = Some((7, Some(9)));
        retry.pause = Duration::from_secs(30);
        assert_eq!(
            line(&retry),
            "Retrying in 30s (1 of 5): GET \"http://h/v2/\" stopped at 7 of 9 bytes: EOF\\x0a"
        );
        retry.moved = Some((7, None));
        assert!(line(&retry).contains("stopped at 7 bytes"));
    }
}
