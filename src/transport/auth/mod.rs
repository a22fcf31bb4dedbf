//! Answering a 401.

pub mod scope;
