//! The use cases: a request in, a result out.
//!
//! What does not belong here: flags, text and HTTP.
