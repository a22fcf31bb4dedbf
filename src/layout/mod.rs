//! An OCI image layout, a folder or a tar, as a source and a target.
//!
//! Source: image-spec, `image-layout.md`.
