//! What the server says when it says no.
//!
//! Every endpoint fails with a [`Fault`], and here it becomes a status and the specification's error document. What
//! the disk says about a file stays inside: a client learns that something went wrong, not where the files are.
//! Source: distribution-spec, "Error Codes".

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::error::{Error, Kind};
use crate::oci::{Problem, json};

/// The error codes of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    BlobUnknown,
    BlobUploadInvalid,
    BlobUploadUnknown,
    DigestInvalid,
    ManifestInvalid,
    ManifestUnknown,
    NameInvalid,
    NameUnknown,
    PaginationNumberInvalid,
    SizeInvalid,
    Unauthorized,
    Denied,
    Unsupported,
    TooManyRequests,
    Unknown,
}

impl Code {
    fn text(self) -> &'static str {
        match self {
            Self::BlobUnknown => "BLOB_UNKNOWN",
            Self::BlobUploadInvalid => "BLOB_UPLOAD_INVALID",
            Self::BlobUploadUnknown => "BLOB_UPLOAD_UNKNOWN",
            Self::DigestInvalid => "DIGEST_INVALID",
            Self::ManifestInvalid => "MANIFEST_INVALID",
            Self::ManifestUnknown => "MANIFEST_UNKNOWN",
            Self::NameInvalid => "NAME_INVALID",
            Self::NameUnknown => "NAME_UNKNOWN",
            Self::PaginationNumberInvalid => "PAGINATION_NUMBER_INVALID",
            Self::SizeInvalid => "SIZE_INVALID",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Denied => "DENIED",
            Self::Unsupported => "UNSUPPORTED",
            Self::TooManyRequests => "TOOMANYREQUESTS",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A refusal on its way to the client.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: Code,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What an endpoint comes to.
pub(super) type Answer = Result<Response, Fault>;

impl Fault {
    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    /// Something that is not there.
    pub(super) fn unknown(code: Code) -> Self {
        let message = match code {
            Code::BlobUnknown => "blob unknown to registry",
            Code::ManifestUnknown => "manifest unknown",
            Code::BlobUploadUnknown => "blob upload unknown to registry",
            _ => "repository name not known to registry",
        };
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// Something that is not as it must be.
    pub(super) fn invalid(code: Code, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A method that the endpoint does not have.
    pub(super) fn unsupported() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, Code::Unsupported, "the operation is unsupported")
    }

    /// The same with one header more.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The fault that an error is, where a missing thing has this code.
    pub(super) fn of(error: &Error, missing: Code) -> Self {
        let message = error.to_string();
        match error.kind() {
            Kind::NotFound { .. } => Self::unknown(missing),
            Kind::Mismatch(_) => Self::invalid(Code::DigestInvalid, message),
            Kind::Invalid(_) => Self::invalid(Code::ManifestInvalid, message),
            Kind::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::SizeInvalid, message),
            Kind::Unsupported(_) => Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::Unsupported, message),
            Kind::Interrupted => {
                let message = "the content did not arrive";
                Self::new(StatusCode::REQUEST_TIMEOUT, Code::BlobUploadInvalid, message)
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Unknown, "the registry failed"),
        }
    }

    /// The answer.
    pub(super) fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document {
            errors: [Problem; 1],
        }
        let problem = Problem {
            code: self.code.text().to_owned(),
            message: self.message,
            detail: serde_json::Value::Null,
        };
        let body = json::compact(&Document { errors: [problem] }).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fault_is_a_document_that_names_no_file() {
        let error = Error::io("open", "/srv/secret", std::io::Error::from_raw_os_error(13));
        let response = Fault::of(&error, Code::BlobUnknown).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(body, r#"{"errors":[{"code":"UNKNOWN","message":"the registry failed"}]}"#);
    }

    #[test]
    fn each_kind_of_error_has_its_status() {
        let status = |error: Error| Fault::of(&error, Code::ManifestUnknown).status.as_u16();
        assert_eq!(status(Error::missing()), 404);
        assert_eq!(status(Error::mismatch("x")), 400);
        assert_eq!(status(Error::new(Kind::TooLarge("x".into()))), 413);
        assert_eq!(status(Error::unsupported("x")), 405);
    }
}
