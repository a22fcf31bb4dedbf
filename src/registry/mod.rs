//! A repository of a registry as a source and a target, over HTTP.
//!
//! What does not belong here: tokens, retries and redirects, which are the transport's.
