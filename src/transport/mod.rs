//! Getting one request answered.
//!
//! A request goes down through the parts in this order, each a file with one job, and [`Client::send`] is the one
//! function in which the order can be read:
//!
//! ```text
//! auth         a 401 is answered with what the credentials say, once
//!  redirect    hop by hop; what is secret stays with the registry's origin
//!   observe    each hop and each token request is shown to whoever watches
//!    retry     what may pass by itself is tried again, the body opened anew
//!     pace     a host that says "later" is left alone by all tasks
//!      wire    HTTP itself
//! ```
//!
//! What does not belong here: manifests, blobs and tags, and which status means what for them.

pub mod auth;
mod carrier;
mod client;
mod message;
mod names;
mod observe;
mod origin;
mod pace;
mod proxy;
mod redact;
mod redirect;
mod resolve;
mod retry;
mod settings;
mod wire;

pub(crate) use auth::challenge::Challenge;
pub use auth::scope::{Action, Scope};
pub use auth::token::Tokens;
pub use carrier::Carrier;
pub use client::Client;
pub use message::{Request, Response};
pub use names::Names;
pub use observe::{Answered, Observer, Retrying, Sent};
pub use proxy::Proxies;
pub use redact::Shown;
pub(crate) use redact::shown;
pub use resolve::Resolve;
pub use retry::{Failures, Retry};
pub use settings::{Authorities, Settings};
pub use wire::Secured;

#[cfg(test)]
mod tests;
