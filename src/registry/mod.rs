//! A repository of a registry as a source and a target, over HTTP.
//!
//! What is asked of a [`Repository`] becomes as few requests as the distribution-spec allows. On a connection that is
//! authorised already, and without redirects, these are the round trips:
//!
//! | method | requests |
//! |---|---|
//! | `resolve`, `stat`, `exists` | 1: `HEAD`; for a manifest one more `GET` where `HEAD` is refused or says too little |
//! | `stat` and `exists` of a blob, where `HEAD` is refused or tells no length | 2: `HEAD`, `GET` of one byte |
//! | `manifest` | 1: `GET` |
//! | `fetch` | 1: `GET` each time the body is opened, and one more each time its stream breaks |
//! | `lacks` of a blob | 1: `HEAD`, and for a few of them far away a `POST` at the same time; where the blob is there a `DELETE` beside what comes next |
//! | `put` of a blob | 2: `POST`, `PUT`; 1 after a mount or a search that left a session open; in chunks a `PATCH` each between them |
//! | `put`, `put_tagged` of a manifest | 1: `PUT`; with a subject and no referrers API 3 more: `GET`, `PUT` of the index, and a `GET` after a while to see whether others have overwritten it |
//! | `put_unlisted` of a manifest | 1: `PUT` |
//! | `enlist` | without a referrers API the same 3 for each subject, together |
//! | `tag` | 2: `GET`, `PUT` |
//! | `mount` | 1: `POST` |
//! | `delete` of a blob, `untag` | 1: `DELETE` |
//! | `delete` of a manifest | 2: `GET`, `DELETE`; with a subject and no referrers API up to 3 more; 1 in [`ReferrersMode::Api`] |
//! | `referrers` | 1 a page; where nothing is known of the registry yet and it has no referrers API, 2 |
//! | `tags`, [`Host::repositories`] | 1 a page |
//!
//! What is sent again because no answer came costs what it costs, and one request more to look whether it has come
//! through.
//!
//! Source: distribution-spec 1.1.
//!
//! What does not belong here: tokens, retries and redirects, which are the transport's, and the order in which the
//! nodes of a graph move, which is the engine's.

mod blobs;
mod capabilities;
mod contest;
mod download;
mod headers;
mod host;
mod manifests;
mod pages;
mod referrers;
mod repository;
mod schema;
#[cfg(test)]
mod script;
mod upload;
mod urls;

pub use capabilities::{Capability, Examination, Finding, Greeting, Reason, Scheme};
pub use host::Host;
pub use referrers::ReferrersMode;
pub use repository::{Access, Repository};
