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
mod client;
mod message;

pub use auth::scope::{Action, Scope};
pub use client::{Client, Settings};
pub use message::{Request, Response};

/// A URL as it may be shown: without userinfo, and off the registry's origin without the values of its query.
pub(crate) fn shown(url: &url::Url, own_origin: bool) -> String {
    let mut url = url.clone();
    // Fails only for URLs that cannot have userinfo anyway.
    let _ = (url.set_username(""), url.set_password(None));
    if !own_origin && url.query().is_some() {
        let keys: Vec<String> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
        url.query_pairs_mut().clear().extend_pairs(keys.iter().map(|key| (key, "REDACTED")));
    }
    url.into()
}
