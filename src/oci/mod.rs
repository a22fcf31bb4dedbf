//! The documents of the OCI specifications: pure data with its own parse errors.
//!
//! What is here knows no I/O, no async and no HTTP, so it can be tested by its text alone. The words used
//! throughout the project:
//!
//! - **node**: anything that a [`Descriptor`] names, a blob or a manifest.
//! - **manifest**: a node with children of its own: an image manifest, an index, or the older artifact manifest.
//! - **blob**: a node without children, as a layer or a config.
//! - **root**: the node that a command starts from.
//! - **subject**: the manifest that another manifest is about; the other one is its **referrer**.
//! - **title**: the annotation that gives a layer the name of a file.
//! - **tag**: a name that a place gives to a manifest.
//! - **place**: where content lives: a repository of a registry, or a layout.
//!
//! Source: image-spec 1.1 and distribution-spec 1.1.

pub mod annotations;
mod descriptor;
mod digest;
pub mod json;
mod manifest;
pub mod media_type;
mod platform;
mod problem;
mod reference;

pub use annotations::Annotations;
pub use descriptor::{Descriptor, OtherFields};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use manifest::{Document, DocumentError, Index, Manifest};
pub use platform::{Platform, PlatformError};
pub use problem::{Problem, problems};
pub use reference::{
    LayoutReference, LayoutReferenceError, Locator, Reference, ReferenceError, Tag, is_registry,
    is_repository,
};
