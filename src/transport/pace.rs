//! A host that says "later" is left alone by all tasks.
//!
//! What does not belong here: how often something is tried again.
