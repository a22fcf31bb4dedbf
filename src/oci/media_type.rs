//! Media types of the specifications and what follows from them.
//!
//! Source: image-spec `media-types.md`; docker's distribution manifests, version 2 schema 2; RFC 6838 section 4.2
//! for the shape of a type.

/// An OCI image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The artifact manifest of the release candidates of image-spec 1.1.
pub const ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
/// A docker image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The config of an OCI image.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The config of a docker image.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// The two bytes `{}` where a config or a layer must be but nothing is to be said.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// An uncompressed layer; also what oras gives to a plain file.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A layer compressed with gzip; what oras gives to a folder.
pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The config type of an artifact that names none.
pub const UNKNOWN_CONFIG: &str = "application/vnd.unknown.config.v1+json";
/// The artifact type of an artifact that names none.
pub const UNKNOWN_ARTIFACT: &str = "application/vnd.unknown.artifact.v1";
/// Content of which nothing is known.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// The manifest types asked for when a manifest is named by tag or digest, in oras's order.
pub const ACCEPTED_MANIFESTS: [&str; 5] = [DOCKER_MANIFEST, DOCKER_LIST, MANIFEST, INDEX, ARTIFACT];

/// Whether a node of this type has children and is stored as a manifest.
pub fn is_manifest(media_type: &str) -> bool {
    ACCEPTED_MANIFESTS.contains(&media_type)
}

/// Whether a node of this type is a list of manifests.
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, INDEX | DOCKER_LIST)
}

/// Whether a node of this type is the manifest of one image or artifact with config and layers.
pub fn is_image(media_type: &str) -> bool {
    matches!(media_type, MANIFEST | DOCKER_MANIFEST)
}

/// Whether a blob of this type is the config of an image, so that it tells a platform.
pub fn is_image_config(media_type: &str) -> bool {
    matches!(media_type, CONFIG | DOCKER_CONFIG)
}

/// Whether the text has the shape `type/subtype` of RFC 6838 section 4.2.
pub fn is_well_formed(media_type: &str) -> bool {
    fn name(part: &str) -> bool {
        let mut bytes = part.bytes();
        part.len() <= 127
            && bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    }
    media_type.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_type_is_checked() {
        for good in ["a/b", "application/vnd.oci.image.manifest.v1+json", "sbom/example", "x-y/z_1"] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in ["", "bad", "a/", "/b", "a/b/c", "a b/c", "a/b;c=d", "+a/b", "é/b"] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }

    #[test]
    fn docker_twins_are_manifests_too() {
        assert!(is_manifest(DOCKER_LIST) && is_index(DOCKER_LIST));
        assert!(is_manifest(ARTIFACT) && !is_index(ARTIFACT) && !is_image(ARTIFACT));
        assert!(!is_manifest(CONFIG));
    }
}
