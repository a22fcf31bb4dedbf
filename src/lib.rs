//! Everything that oras can do, without a terminal.
//!
//! One sentence explains the house: **everything is a copy of nodes from a [`Source`](content::Source) to a
//! [`Target`](content::Target); a command only says which two ends, which nodes, and how to tell the story.**
//! Push copies staged files to a target, pull copies a target to a folder, attach is a push with a subject, and the
//! embedded registry is HTTP in front of a target.
//!
//! # Layers
//!
//! A module may use lower layers only, and of those only what its row names; `tests/house.rs` keeps it so.
//!
//! | layer | module | knows | may use |
//! |---|---|---|---|
//! | 0 | [`oci`] | the documents of the specifications | nothing |
//! | 1 | [`error`], [`progress`] | what can go wrong; what can be told while work goes on | `oci` |
//! | 1 | [`disk`] | how a file is written whole | `oci`, `error` |
//! | 2 | [`content`] | `Body`, `Source`, `Target`, verification | `oci`, `error`, `progress` |
//! | 2 | [`credentials`] | who I am for a host | `oci`, `error`, `disk` |
//! | 3 | [`transport`] | getting one request answered | `oci`, `error`, `content`, `credentials` |
//! | 4 | [`registry`] | a target over HTTP | `transport`, `content` and below |
//! | 4 | [`layout`], [`files`] | a target over a layout; over ordinary files | `disk`, `content` and below |
//! | 5 | [`transfer`] | walking and copying graphs | `content` and below |
//! | 6 | [`ops`] | the use cases | `transfer`, `layout`, `files`, `content` and below |
//! | 6 | `server` | the distribution-spec over any target | `layout`, `content` and below |

pub mod content;
pub mod credentials;
pub mod disk;
pub mod error;
pub mod files;
pub mod layout;
pub mod oci;
pub mod ops;
pub mod progress;
pub mod registry;
#[cfg(feature = "server")]
pub mod server;
pub mod transfer;
pub mod transport;
