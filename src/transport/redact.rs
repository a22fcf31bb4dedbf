//! What may be shown of a request and an answer.
//!
//! Values of a query are hidden, not only those of known names: signed URLs have their signature there, and nobody can
//! list all the names. Headers that were given by the user are secrets, since nobody knows what is in them.
//!
//! What does not belong here: the words in which something is not shown.

use http::HeaderMap;
use http::header::{self, HeaderName};
use serde_json::Value;
use url::Url;

use super::Response;

/// The most that is shown of a body: 16 KiB.
pub(super) const BODY_LIMIT: usize = 16 * 1024;
/// What stands in place of a secret header.
const MASK: &str = "*****";
/// What stands in place of the value of a query.
const REDACTED: &str = "REDACTED";
/// Keys of a query that say what a token was asked for. They are no secrets, and tell what was refused.
const ASKED_FOR: [&str; 2] = ["scope", "service"];
/// Keys whose values are tokens.
const TOKENS: [&str; 5] = ["token", "access_token", "refresh_token", "id_token", "identity_token"];

/// A body, or why it is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// There is none.
    Nothing,
    /// It has no content type.
    Untyped,
    /// It is of a type that is not shown.
    OtherType(String),
    /// It has no byte.
    Empty,
    /// It has a token in it.
    Secret,
    /// It is that of a redirect.
    Redirect,
    /// It is larger than 16 KiB.
    TooLarge,
    /// It could not be read.
    Failed(String),
    /// Its text.
    Text(String),
}

/// A URL as an error may name it: without userinfo, and off the registry's origin without the values of its query, but
/// for what a token was asked for.
pub(crate) fn shown(full: &Url, own_origin: bool) -> String {
    if !own_origin {
        return hidden(full, &ASKED_FOR);
    }
    let mut own = full.clone();
    // Fails only for URLs that cannot have userinfo anyway.
    let _ = (own.set_username(""), own.set_password(None));
    own.into()
}

/// A URL without userinfo and with nothing but keys in its query.
pub(super) fn url(url: &Url) -> String {
    hidden(url, &[])
}

fn hidden(url: &Url, open: &[&str]) -> String {
    let mut url = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // Fails only for URLs that cannot have userinfo anyway.
        let _ = (url.set_username(REDACTED), url.set_password(None));
    }
    if let Some(keys) = url.query().map(|query| keys(query, open)) {
        url.set_query(Some(&keys));
    }
    url.into()
}

/// The keys of a query in order, and the values of those that are open.
fn keys(query: &str, open: &[&str]) -> String {
    let key = |pair: &&str| pair.split('=').next().unwrap_or_default().to_owned();
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_by_key(key);
    let shown = |pair: &str| match key(&pair) {
        key if open.contains(&key.as_str()) => pair.to_owned(),
        key => format!("{key}={REDACTED}"),
    };
    pairs.into_iter().map(shown).collect::<Vec<_>>().join("&")
}

/// The headers of a request; `custom` are names that the user gave.
pub(super) fn request_headers(headers: &HeaderMap, custom: &[HeaderName]) -> Vec<(String, String)> {
    let secret = |name: &HeaderName| custom.contains(name);
    let mut shown = masked(headers, secret);
    for name in custom.iter().filter(|name| !headers.contains_key(*name)) {
        shown.push((canonical(name), MASK.to_owned()));
    }
    shown
}

/// The headers of an answer, without those that are about the connection only.
pub(super) fn answer_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut headers = headers.clone();
    for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    masked(&headers, |_| false)
}

fn masked(headers: &HeaderMap, secret: impl Fn(&HeaderName) -> bool) -> Vec<(String, String)> {
    let always = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION, header::SET_COOKIE];
    let urls = [header::LOCATION, header::CONTENT_LOCATION, header::REFERER];
    let mut shown = Vec::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let value = if always.contains(name) || secret(name) {
            MASK.to_owned()
        } else if urls.contains(name) {
            values.iter().map(|value| location(value)).collect::<Vec<_>>().join(", ")
        } else {
            values.join(", ")
        };
        shown.push((canonical(name), value));
    }
    shown
}

/// A URL in a header, which may be relative.
fn location(value: &str) -> String {
    if let Ok(absolute) = Url::parse(value) {
        return url(&absolute);
    }
    match value.split_once('?') {
        Some((path, query)) => format!("{path}?{}", keys(query, &[])),
        None => value.to_owned(),
    }
}

/// A name as it is written in HTTP/1.1: `Content-Type`.
fn canonical(name: &HeaderName) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Why the body of an answer is not to be shown, as far as that can be known without reading it.
pub(super) fn unshown(response: &Response) -> Option<Shown> {
    if response.method == http::Method::HEAD || response.header("content-length") == Some("0") {
        return Some(Shown::Nothing);
    }
    if response.status.is_redirection() {
        return Some(Shown::Redirect);
    }
    let Some(content_type) = response.header("content-type") else { return Some(Shown::Untyped) };
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let printable = media_type == "application/json"
        || media_type.ends_with("+json")
        || media_type == "text/plain"
        || media_type == "text/html";
    if !printable {
        return Some(Shown::OtherType(content_type.to_owned()));
    }
    let size = response.header("content-length").and_then(|size| size.parse::<u64>().ok());
    size.filter(|size| *size > BODY_LIMIT as u64).map(|_| Shown::TooLarge)
}

/// A body that was read, at most to just above the limit.
pub(super) fn body(text: &[u8], response: &Response) -> Shown {
    if text.is_empty() {
        return Shown::Empty;
    }
    if text.len() > BODY_LIMIT {
        return Shown::TooLarge;
    }
    let text = String::from_utf8_lossy(text).into_owned();
    let json = response.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    let secret = match serde_json::from_str::<Value>(&text) {
        Ok(value) if json => has_token(&value),
        _ => TOKENS.iter().any(|word| text.to_ascii_lowercase().contains(&format!("\"{word}\""))),
    };
    if secret { Shown::Secret } else { Shown::Text(text) }
}

fn has_token(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_token),
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            TOKENS.iter().any(|token| key.eq_ignore_ascii_case(token)) || has_token(value)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use http::{HeaderValue, Method, StatusCode};

    use super::*;

    fn answer(content_type: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        Response {
            method: Method::GET,
            url: Url::parse("http://h/").unwrap(),
            status: StatusCode::OK,
            headers,
            from_registry: true,
            repeated: false,
            body: stream::empty().boxed(),
        }
    }

    #[test]
    fn a_url_keeps_keys_only() {
        let full = Url::parse("https://u:p@h/x?sig=abc&account=9").unwrap();
        assert_eq!(url(&full), "https://REDACTED@h/x?account=REDACTED&sig=REDACTED");
        assert_eq!(location("/x?b=1&a=2"), "/x?a=REDACTED&b=REDACTED");
    }

    #[test]
    fn an_error_tells_what_a_token_was_asked_for_and_no_more() {
        let full = Url::parse("https://u:p@h/t?service=h&scope=b%3Apull&account=9&scope=a").unwrap();
        let told = "https://REDACTED@h/t?account=REDACTED&scope=b%3Apull&scope=a&service=h";
        assert_eq!(shown(&full, false), told);
        assert_eq!(
            url(&full),
            "https://REDACTED@h/t?account=REDACTED&scope=REDACTED&scope=REDACTED&service=REDACTED"
        );
    }

    #[test]
    fn secret_headers_and_those_of_the_user_are_masked() {
        let mut headers = HeaderMap::new();
        headers.insert("x-mine", HeaderValue::from_static("1"));
        headers.insert("authorization", HeaderValue::from_static("Bearer t"));
        headers.insert("accept", HeaderValue::from_static("a"));
        let custom = [HeaderName::from_static("x-mine"), HeaderName::from_static("x-away")];
        let mut shown = request_headers(&headers, &custom);
        shown.sort();
        let pairs: Vec<_> = shown.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs.join(" "), "Accept=a Authorization=***** X-Away=***** X-Mine=*****");
    }

    #[test]
    fn headers_of_the_connection_are_not_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
        headers.insert("connection", HeaderValue::from_static("close"));
        headers.insert("content-type", HeaderValue::from_static("a/b"));
        assert_eq!(answer_headers(&headers), [("Content-Type".to_owned(), "a/b".to_owned())]);
    }

    #[test]
    fn a_body_with_a_token_is_not_shown() {
        assert_eq!(body(br#"{"a": [{"Access_Token": "t"}]}"#, &answer("application/json")), Shown::Secret);
        assert_eq!(body(b"the \"token\" t", &answer("text/plain")), Shown::Secret);
        assert_eq!(body(b"{\"a\": 1}", &answer("application/json")), Shown::Text("{\"a\": 1}".into()));
        assert_eq!(body(&vec![b'a'; BODY_LIMIT + 1], &answer("text/plain")), Shown::TooLarge);
        assert_eq!(body(b"", &answer("text/plain")), Shown::Empty);
    }

    #[test]
    fn only_text_is_shown() {
        assert_eq!(unshown(&answer("image/png")), Some(Shown::OtherType("image/png".into())));
        assert_eq!(unshown(&answer("application/vnd.x+json; charset=utf-8")), None);
        let mut redirect = answer("text/html");
        redirect.status = StatusCode::FOUND;
        assert_eq!(unshown(&redirect), Some(Shown::Redirect));
        redirect.method = Method::HEAD;
        assert_eq!(unshown(&redirect), Some(Shown::Nothing));
    }
}
