//! Annotations: an ordered map of text, and the keys that have a meaning here.
//!
//! The map is ordered by key because manifests are digested: the same annotations must always give the same
//! bytes. Source: image-spec, `annotations.md`, and for the `io.deis.oras` keys the ORAS documentation.

use std::collections::BTreeMap;

/// Annotations of a manifest or a descriptor, in the order of their keys.
pub type Annotations = BTreeMap<String, String>;

/// When the artifact was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// The name of the file that a layer holds, with `/` between its parts.
pub const TITLE: &str = "org.opencontainers.image.title";
/// The tag of an entry in a layout's `index.json`.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The digest of the uncompressed archive of a packed folder.
pub const CONTENT_DIGEST: &str = "io.deis.oras.content.digest";
/// `true` on a layer that is an archive to be unpacked under its title.
pub const CONTENT_UNPACK: &str = "io.deis.oras.content.unpack";
/// Which filters a registry applied to its list of referrers.
pub const FILTERS_APPLIED: &str = "org.opencontainers.referrers.filtersApplied";
