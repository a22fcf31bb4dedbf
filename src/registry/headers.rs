//! What the headers of an answer promise of its content, and whether that is what was asked for.
//!
//! A header that is missing promises nothing. The words are those of oras.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::error::{Error, Result};
use crate::oci::Digest;
use crate::transport::{Response, shown};

/// The digest of the content, as docker's registry names it and the distribution-spec took over.
const DIGEST: &str = "Docker-Content-Digest";

/// The request an answer belongs to, as errors name it.
pub(super) fn request(response: &Response) -> String {
    format!("{} {:?}", response.method, shown(&response.url, response.from_registry))
}

/// The digest that the registry gives, if it does.
pub(super) fn digest(response: &Response) -> Result<Option<Digest>> {
    let Some(text) = response.header(DIGEST).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|why| {
        let request = request(response);
        Error::invalid(format!("{request}: invalid response header value: `{DIGEST}: {text}`; {why}"))
    })
}

/// Checks that the registry names no other content. A digest by another algorithm cannot be compared.
pub(super) fn same_digest(response: &Response, expected: &Digest) -> Result<()> {
    match digest(response)? {
        Some(received) if received.algorithm() == expected.algorithm() && received != *expected => {
            Err(Error::mismatch(format!(
                "{}: invalid response; digest mismatch in {DIGEST}: received \"{received}\" when expecting \
                 \"{expected}\"",
                request(response)
            )))
        }
        _ => Ok(()),
    }
}

/// The number of bytes that the registry announces, if it does.
pub(super) fn length(response: &Response) -> Option<u64> {
    response.header(CONTENT_LENGTH.as_str())?.parse().ok()
}

/// Checks that the registry announces no other number of bytes.
pub(super) fn same_length(response: &Response, expected: u64) -> Result<()> {
    match length(response) {
        Some(length) if length != expected => {
            Err(Error::mismatch(format!("{}: mismatch Content-Length", request(response))))
        }
        _ => Ok(()),
    }
}

/// The type of the content, without parameters.
pub(super) fn media_type(response: &Response) -> Result<String> {
    let text = response.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type.is_empty() {
        let request = request(response);
        return Err(Error::invalid(format!(
            "{request}: invalid response `Content-Type` header; mime: no media type"
        )));
    }
    Ok(media_type)
}

/// Checks that the content has the type that its descriptor names.
pub(super) fn same_media_type(response: &Response, expected: &str) -> Result<()> {
    let received = media_type(response)?;
    if received.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let request = request(response);
    Err(Error::mismatch(format!(
        "{request}: mismatch response Content-Type {received:?}: expect {expected:?}"
    )))
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use http::{HeaderMap, HeaderName, Method, StatusCode};

    use super::*;
    use crate::oci::Algorithm;

    fn answer(name: &str, value: &str) -> Response {
        let name: HeaderName = name.to_lowercase().parse().unwrap();
        Response {
            method: Method::GET,
            url: "http://h/v2/r".parse().unwrap(),
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(name, value.parse().unwrap())]),
            from_registry: true,
            repeated: false,
            body: stream::empty().boxed(),
        }
    }

    #[test]
    fn another_digest_is_named_with_the_request() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let response = answer(DIGEST, &a.to_string());
        assert!(same_digest(&response, &a).is_ok());
        assert_eq!(
            same_digest(&response, &b).unwrap_err().to_string(),
            format!(
                "GET \"http://h/v2/r\": invalid response; digest mismatch in Docker-Content-Digest: received \
                 \"{a}\" when expecting \"{b}\""
            )
        );
        assert!(same_digest(&response, &Algorithm::Sha512.digest(b"b")).is_ok());
        assert!(same_digest(&answer("X-Other", "1"), &a).is_ok());
        assert!(same_digest(&answer(DIGEST, "sha256:abc"), &a).is_err());
    }

    #[test]
    fn a_type_is_compared_without_its_parameters() {
        let response = answer("Content-Type", "Application/JSON; charset=utf-8");
        assert_eq!(media_type(&response).unwrap(), "application/json");
        assert!(same_media_type(&response, "application/json").is_ok());
        assert!(same_media_type(&response, "text/html").is_err());
        assert!(media_type(&answer("X-Other", "1")).is_err());
    }

    #[test]
    fn a_length_is_compared_where_there_is_one() {
        let response = answer("Content-Length", "3");
        assert!(same_length(&response, 3).is_ok());
        let error = same_length(&response, 4).unwrap_err();
        assert_eq!(error.to_string(), "GET \"http://h/v2/r\": mismatch Content-Length");
        assert!(same_length(&answer("X-Other", "1"), 4).is_ok());
    }
}
