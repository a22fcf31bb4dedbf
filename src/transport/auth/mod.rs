//! Answering a 401.

pub mod scope;
pub(super) mod token;
