//! The trace of `--debug`: one entry for a request, one for what came of it.
//!
//! The form is that of oras, except that headers stand in the order of their names. Secrets have been taken out by the
//! library; what is left comes from outside and is escaped here, so that an answer cannot pass for an entry of its own
//! or for anything else on the terminal. Only the lines of a body stay lines.
//!
//! What does not belong here: the time, and where the entries go.

use std::fmt::Write;

use oras::error::{Error, Kind};
use oras::transport::{Answered, Sent, Shown};

use super::text::visible;

/// A request that goes out.
pub(crate) fn request(exchange: u64, request: &Sent<'_>) -> String {
    format!(
        "--> Request #{exchange}\n> Request URL: {}\n> Request method: {}\n> Request headers:\n{}",
        quoted(request.url),
        quoted(request.method.as_str()),
        headers(request.headers),
    )
}

/// The answer to a request.
pub(crate) fn answer(exchange: u64, answer: &Answered<'_>) -> String {
    let (code, reason) = (answer.status.as_str(), answer.status.canonical_reason());
    let status = reason.map_or_else(|| code.to_owned(), |reason| format!("{code} {reason}"));
    format!(
        "<-- Response #{exchange}\n< Response Status: {}\n< Response headers:\n{}\n< Response body:\n{}",
        quoted(&status),
        headers(answer.headers),
        body(answer.body),
    )
}

/// That no answer came. The request, which stands above, is not told again.
pub(crate) fn failure(exchange: u64, error: &Error) -> String {
    let reason = match error.kind() {
        Kind::Network { reason, .. } => reason.clone(),
        _ => error.to_string(),
    };
    format!("<-- Response #{exchange}\nError in getting response: {}", visible(&reason))
}

/// One header a line, sorted.
fn headers(headers: &[(String, String)]) -> String {
    if headers.is_empty() {
        return "   Empty header".to_owned();
    }
    let mut lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("   {}: {}", quoted(name), quoted(value))).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// A body, or why it is not shown.
fn body(body: &Shown) -> String {
    let why = match body {
        Shown::Text(text) => {
            let lines: Vec<_> = text.split('\n').map(visible).collect();
            return lines.join("\n");
        }
        Shown::Nothing => "No response body to print".to_owned(),
        Shown::Untyped => "Response body without a content type is not printed".to_owned(),
        Shown::OtherType(kind) => format!("Response body of content type {} is not printed", quoted(kind)),
        Shown::Empty => "Response body is empty".to_owned(),
        Shown::Secret => "Response body redacted due to potential credentials".to_owned(),
        Shown::Redirect => "Response body for redirect is not printed".to_owned(),
        Shown::TooLarge => "Response body exceeding the trace size limit is not printed".to_owned(),
        Shown::Failed(reason) => format!("Error reading response body: {}", visible(reason)),
    };
    format!("   {why}")
}

/// A text between quotes, which it has none of its own of without a backslash.
fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for (position, part) in text.split('"').enumerate() {
        if position > 0 {
            shown.push_str("\\\"");
        }
        // A string takes all that is written to it.
        let _ = write!(shown, "{}", visible(&part.replace('\\', "\\\\")));
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};

    use super::*;

    fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn answered(headers: &[(&str, &str)], body: &Shown) -> String {
        let headers = pairs(headers);
        answer(3, &Answered { status: StatusCode::NOT_FOUND, headers: &headers, body })
    }

    #[test]
    fn a_request_is_told_with_its_headers_in_order() {
        let headers = pairs(&[("User-Agent", "a"), ("Authorization", "*****"), ("Etag", "\"x\\\"")]);
        let sent = Sent { method: &Method::HEAD, url: "http://h/v2/", headers: &headers };
        assert_eq!(
            request(0, &sent),
            "--> Request #0\n> Request URL: \"http://h/v2/\"\n> Request method: \"HEAD\"\n> Request headers:\n   \
             \"Authorization\": \"*****\"\n   \"Etag\": \"\\\"x\\\\\\\"\"\n   \"User-Agent\": \"a\""
        );
    }

    #[test]
    fn an_answer_is_told_with_its_body_or_why_not() {
        assert_eq!(
            answered(&[], &Shown::Text("{\n}\n".to_owned())),
            "<-- Response #3\n< Response Status: \"404 Not Found\"\n< Response headers:\n   Empty header\n\
             < Response body:\n{\n}\n"
        );
        for (body, end) in [
            (Shown::Nothing, "\n   No response body to print"),
            (Shown::Untyped, "\n   Response body without a content type is not printed"),
            (Shown::OtherType("a/b".to_owned()), "\n   Response body of content type \"a/b\" is not printed"),
            (Shown::Empty, "\n   Response body is empty"),
            (Shown::Secret, "\n   Response body redacted due to potential credentials"),
            (Shown::Redirect, "\n   Response body for redirect is not printed"),
            (Shown::TooLarge, "\n   Response body exceeding the trace size limit is not printed"),
            (Shown::Failed("cut".to_owned()), "\n   Error reading response body: cut"),
        ] {
            let told = answered(&[("A", "b")], &body);
            assert!(told.ends_with(end), "{told}");
        }
    }

    #[test]
    fn nothing_that_is_told_moves_the_cursor() {
        let told = answered(&[("X", "\u{1b}[1A")], &Shown::Text("a\r\u{1b}[2J\u{202e}b\nc".to_owned()));
        assert!(told.contains("\"X\": \"\\x1b[1A\""), "{told}");
        assert!(told.ends_with("\na\\x0d\\x1b[2J\\u{202e}b\nc"), "{told}");
        let odd = answered(&[], &Shown::OtherType("a\nb".to_owned()));
        assert!(odd.ends_with("content type \"a\\x0ab\" is not printed"), "{odd}");
    }
}
