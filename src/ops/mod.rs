//! The use cases: a request in, a result out.
//!
//! Each is one function that takes the ends as `dyn`, a request and where needed a
//! [`Reporter`](crate::progress::Reporter), and gives a result of plain data with all that any output format needs.
//! What does not belong here: flags, text and HTTP.

mod ahead;
mod attach;
mod backup;
mod blob;
mod companions;
mod copy;
mod copy_all;
mod created;
mod delete;
mod discover;
mod index;
mod manifest;
pub mod pack;
mod plan;
mod pull;
mod push;
mod push_manifest;
mod stage;
mod subset;
mod tag;
mod tags;
mod verify;

pub use attach::{Attach, Attached, Same, attach};
pub use backup::Backup;
pub use blob::{delete_blob, fetch_blob, push_blob, push_stream, stat_blob};
pub use copy::{Check, Companions, Copied, Copy, Reach, copy, plan};
pub use copy_all::{CopiedAll, CopyAll, Failures, TagAction, TagCopy, copy_all, plan_all, tags_to_copy};
pub use delete::{Deletion, Parent, Referring, delete_found, find_deletion};
pub use discover::{Choice, Discover, Discovered, discover};
pub use index::{CreateIndex, IndexStep, Named, Told, UpdateIndex, create_index, push_index, update_index};
pub use manifest::{Fetched, delete, fetch_manifest, find_config, found, resolve};
pub use pack::{Artifact, ImageSpec, Made, PackError};
pub use plan::{Action, Done};
pub use pull::{Pull, Pulled, PulledFile, Titles, pull, pull_one};
pub use push::{Push, Pushed, push};
pub use push_manifest::{PushManifest, push_manifest};
pub use stage::{FileAnnotations, Files};
pub use subset::{SubsetError, listed};
pub use tag::{Retag, Retagged, tag, untag};
pub use tags::{DigestTags, Tags, tags};
pub use verify::Verified;

#[cfg(test)]
mod tests;
