//! What each answer of a registry means for who uses it.

use std::borrow::Cow;

use oras::registry::{Capability, Finding, Reason};

/// How one capability is told.
pub(super) struct Words {
    /// Its name in a document.
    pub(super) name: &'static str,
    /// Its name for people.
    pub(super) title: &'static str,
    /// What it means if it is there.
    yes: &'static str,
    /// What it means if it is not.
    no: &'static str,
    /// What is left open if it is not known.
    open: &'static str,
}

impl Words {
    /// What the finding means.
    pub(super) fn meaning(&self, finding: &Finding) -> &'static str {
        match finding {
            Finding::Yes | Finding::Bytes(_) => self.yes,
            Finding::No(_) => self.no,
            Finding::Unknown(_) => self.open,
        }
    }
}

/// The words for a capability.
pub(super) fn of(capability: Capability) -> &'static Words {
    match capability {
        Capability::Catalog => &CATALOG,
        Capability::Repository => &REPOSITORY,
        Capability::Paging => &PAGING,
        Capability::Referrers => &REFERRERS,
        Capability::Ranges => &RANGES,
        Capability::Push => &PUSH,
        Capability::Mount => &MOUNT,
        Capability::Chunks => &CHUNKS,
        Capability::ChunkMinimum => &CHUNK_MINIMUM,
        Capability::TagDeletion => &TAG_DELETION,
        Capability::ManifestDeletion => &MANIFEST_DELETION,
        Capability::BlobDeletion => &BLOB_DELETION,
    }
}

const CATALOG: Words = Words {
    name: "catalog",
    title: "Catalog",
    yes: "repo ls lists the repositories",
    no: "repo ls does not work here: repositories have to be known by name",
    open: "whether repo ls lists the repositories",
};

const REPOSITORY: Words = Words {
    name: "repository",
    title: "Repository",
    yes: "it is there, and its tags can be listed",
    no: "its tags cannot be listed: it is not there, or not for you",
    open: "whether its tags can be listed",
};

const PAGING: Words = Words {
    name: "paging",
    title: "Paging",
    yes: "long lists of tags come page by page",
    no: "tags come in one answer, or not all of them",
    open: "whether long lists of tags come page by page",
};

const REFERRERS: Words = Words {
    name: "referrers",
    title: "Referrers API",
    yes: "the registry itself lists what is attached",
    no: "attach keeps a list of its own under a tag (the tag schema)",
    open: "whether the registry itself lists what is attached",
};

const RANGES: Words = Words {
    name: "ranges",
    title: "Ranges",
    yes: "a download that breaks off goes on where it was, and a large one comes in parts",
    no: "a download that breaks off begins anew",
    open: "whether a download that breaks off goes on where it was",
};

const PUSH: Words = Words {
    name: "push",
    title: "Push",
    yes: "artifacts can be pushed here",
    no: "nothing can be pushed here",
    open: "whether anything can be pushed here",
};

const MOUNT: Words = Words {
    name: "mount",
    title: "Mount",
    yes: "cp within the registry need not send its blobs",
    no: "cp within the registry sends its blobs through this machine",
    open: "whether cp within the registry sends its blobs",
};

const CHUNKS: Words = Words {
    name: "chunks",
    title: "Chunks",
    yes: "a blob that is too large for one request is pushed in chunks",
    no: "each blob is pushed in one request",
    open: "whether large blobs can be pushed in chunks",
};

const CHUNK_MINIMUM: Words = Words {
    name: "chunkMinimum",
    title: "Chunk minimum",
    yes: "chunks have at least this size, whatever --chunk-size says",
    no: "chunks may be as small as --chunk-size says",
    open: "whether --chunk-size may be small",
};

const TAG_DELETION: Words = Words {
    name: "tagDeletion",
    title: "Delete tags",
    yes: "tag --remove removes a tag and nothing else",
    no: "tag --remove does not work here",
    open: "whether tag --remove works",
};

const MANIFEST_DELETION: Words = Words {
    name: "manifestDeletion",
    title: "Delete manifests",
    yes: "manifest delete works",
    no: "manifest delete does not work here: what is pushed stays",
    open: "whether manifest delete works",
};

const BLOB_DELETION: Words = Words {
    name: "blobDeletion",
    title: "Delete blobs",
    yes: "blob delete works",
    no: "blob delete does not work here",
    open: "whether blob delete works",
};

/// Why a finding is as it is.
pub(super) fn because(reason: &Reason) -> Option<Cow<'static, str>> {
    Some(match reason {
        Reason::Error(error) => error.to_string().into(),
        Reason::NoRepository => "no repository is named".into(),
        Reason::Unwritten => "only --write shows it".into(),
        Reason::NotStored => "nothing could be pushed".into(),
        Reason::FewTags => "the repository has fewer than two tags".into(),
        Reason::NoBlob => "the repository has nothing to read".into(),
        Reason::AllAtOnce => "all come at once".into(),
        Reason::TooMuch => "the manifest goes with its tag".into(),
        Reason::Ignored => return None,
    })
}
