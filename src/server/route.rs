//! Which endpoint a path means.
//!
//! Names of repositories contain slashes, so a path is read from its end. What is found is still text: whether it is
//! the name of a repository or a digest is checked by the endpoint, which knows the error for it.
//! Source: distribution-spec, "Endpoints".

use percent_encoding::percent_decode_str;

/// An endpoint with the names in its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `/v2/`: whether the registry speaks the protocol.
    Ping,
    /// `/token`: the token service.
    Token,
    /// `/v2/_catalog`.
    Catalog,
    /// Anything below a repository.
    Within(String, Resource),
}

/// What is asked for within a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    /// `tags/list`.
    Tags,
    /// `referrers/<digest>`.
    Referrers(String),
    /// `manifests/<tag or digest>`.
    Manifest(String),
    /// `blobs/<digest>`.
    Blob(String),
    /// `blobs/uploads/`.
    Uploads,
    /// `blobs/uploads/<session>`.
    Upload(String),
}

/// The endpoint of a path as it stands in a request line.
pub(super) fn endpoint(path: &str) -> Option<Endpoint> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    if path == "/token" {
        return Some(Endpoint::Token);
    }
    let below = path.strip_prefix("/v2")?;
    if matches!(below, "" | "/") {
        return Some(Endpoint::Ping);
    }
    let below = below.strip_prefix('/')?;
    if below == "_catalog" {
        return Some(Endpoint::Catalog);
    }
    let parts: Vec<&str> = below.split('/').collect();
    let (name, resource) = match parts.as_slice() {
        [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => (name, Resource::Uploads),
        [name @ .., "blobs", "uploads", session] => (name, Resource::Upload((*session).to_owned())),
        [name @ .., "tags", "list"] => (name, Resource::Tags),
        [name @ .., "referrers", digest] => (name, Resource::Referrers((*digest).to_owned())),
        [name @ .., "manifests", reference] => (name, Resource::Manifest((*reference).to_owned())),
        [name @ .., "blobs", digest] => (name, Resource::Blob((*digest).to_owned())),
        _ => return None,
    };
    (!name.is_empty()).then(|| Endpoint::Within(name.join("/"), resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(path: &str) -> (String, Resource) {
        match endpoint(path) {
            Some(Endpoint::Within(name, resource)) => (name, resource),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn paths_are_read_from_their_end() {
        assert_eq!(endpoint("/v2/"), Some(Endpoint::Ping));
        assert_eq!(endpoint("/v2"), Some(Endpoint::Ping));
        assert_eq!(endpoint("/v2/_catalog"), Some(Endpoint::Catalog));
        assert_eq!(within("/v2/a/tags/list"), ("a".into(), Resource::Tags));
        assert_eq!(within("/v2/a/tags/manifests/list"), ("a/tags".into(), Resource::Manifest("list".into())));
        assert_eq!(within("/v2/a/b/blobs/uploads/"), ("a/b".into(), Resource::Uploads));
        assert_eq!(within("/v2/a/b/blobs/uploads/x"), ("a/b".into(), Resource::Upload("x".into())));
        assert_eq!(within("/v2/a/blobs/sha256%3Aab"), ("a".into(), Resource::Blob("sha256:ab".into())));
    }

    #[test]
    fn other_paths_mean_nothing() {
        for path in
            ["/", "/v1/", "/v2x", "/v2/a", "/v2/tags/list", "/v2/blobs/uploads/x", "/v2/a/%ff/manifests/b"]
        {
            assert_eq!(endpoint(path), None, "{path}");
        }
    }
}
