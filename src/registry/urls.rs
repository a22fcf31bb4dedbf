//! Every path of the distribution-spec, one function each.
//!
//! A segment is encoded when it is put in, so no name can lead to another path.

use url::Url;

use crate::oci::{Digest, Locator};

/// `/v2/`
pub(super) fn root(base: &Url) -> Url {
    below(base, ["v2", ""])
}

/// `/v2/_catalog`, from the repository after `last` on.
pub(super) fn catalog(base: &Url, last: Option<&str>) -> Url {
    after(below(base, ["v2", "_catalog"]), last)
}

/// `/v2/<name>/tags/list`, from the tag after `last` on.
pub(super) fn tags(base: &Url, repository: &str, last: Option<&str>) -> Url {
    after(within(base, repository, ["tags", "list"]), last)
}

/// `/v2/<name>/manifests/<tag or digest>`
pub(super) fn manifest(base: &Url, repository: &str, at: &Locator) -> Url {
    within(base, repository, ["manifests", &at.to_string()])
}

/// `/v2/<name>/blobs/<digest>`
pub(super) fn blob(base: &Url, repository: &str, digest: &Digest) -> Url {
    within(base, repository, ["blobs", &digest.to_string()])
}

/// `/v2/<name>/blobs/uploads/`
pub(super) fn uploads(base: &Url, repository: &str) -> Url {
    within(base, repository, ["blobs", "uploads", ""])
}

/// The same, asking for a blob of another repository. Both values are legal in a query as they are.
pub(super) fn mount(base: &Url, repository: &str, digest: &Digest, from: &str) -> Url {
    let mut url = uploads(base, repository);
    url.set_query(Some(&format!("mount={digest}&from={from}")));
    url
}

/// `/v2/<name>/referrers/<digest>`, of one artifact type or of all.
pub(super) fn referrers(base: &Url, repository: &str, subject: &Digest, artifact_type: Option<&str>) -> Url {
    let mut url = within(base, repository, ["referrers", &subject.to_string()]);
    if let Some(artifact_type) = artifact_type {
        url.query_pairs_mut().append_pair("artifactType", artifact_type);
    }
    url
}

fn after(mut url: Url, last: Option<&str>) -> Url {
    if let Some(last) = last.filter(|last| !last.is_empty()) {
        url.query_pairs_mut().append_pair("last", last);
    }
    url
}

fn within<'a>(base: &Url, repository: &'a str, rest: impl IntoIterator<Item = &'a str>) -> Url {
    below(base, ["v2"].into_iter().chain(repository.split('/')).chain(rest))
}

fn below<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    // Only a URL such as `mailto:` has no segments, and the base of a client is never one.
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Tag;

    fn base() -> Url {
        Url::parse("http://h:5000/").unwrap()
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        let digest = Digest::of(b"{}");
        let shown = |url: Url| url.as_str().strip_prefix("http://h:5000").unwrap().to_owned();
        assert_eq!(shown(root(&base())), "/v2/");
        assert_eq!(shown(catalog(&base(), Some("a/b"))), "/v2/_catalog?last=a%2Fb");
        assert_eq!(shown(tags(&base(), "a/b", None)), "/v2/a/b/tags/list");
        assert_eq!(shown(uploads(&base(), "r")), "/v2/r/blobs/uploads/");
        assert_eq!(shown(blob(&base(), "r", &digest)), format!("/v2/r/blobs/{digest}"));
        assert_eq!(
            shown(mount(&base(), "r", &digest, "a/b")),
            format!("/v2/r/blobs/uploads/?mount={digest}&from=a/b")
        );
        assert_eq!(
            shown(referrers(&base(), "r", &digest, Some("a/b+c"))),
            format!("/v2/r/referrers/{digest}?artifactType=a%2Fb%2Bc")
        );
    }

    #[test]
    fn a_tag_cannot_lead_to_another_path() {
        let url = manifest(&base(), "r", &Locator::Tag(Tag::any("../../x?y#z")));
        assert_eq!(url.as_str(), "http://h:5000/v2/r/manifests/..%2F..%2Fx%3Fy%23z");
    }
}
