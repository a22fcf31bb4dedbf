//! What can be told while work goes on.
//!
//! Whoever does the work says what happens to which node; a [`Reporter`] decides whether that becomes a line, a bar
//! or nothing. Positions are absolute, so that a retry simply reports a smaller one.

use std::sync::Arc;

use crate::oci::{Descriptor, Tag};

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A file or folder is being read and hashed; its title.
    Preparing(&'a str),
    /// There is no file to be read.
    Empty,
    /// The bytes of a node are about to move.
    Started(&'a Descriptor),
    /// A manifest that was read is being looked through for what to fetch.
    Processing(&'a Descriptor),
    /// How many bytes of a node have moved so far.
    At {
        /// The node.
        node: &'a Descriptor,
        /// Counted from its beginning.
        bytes: u64,
    },
    /// A node is done with.
    Ended(&'a Descriptor, Ending),
    /// A manifest has got a tag.
    Tagged(&'a Descriptor, &'a Tag),
}

/// How a node was done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its bytes moved.
    Done,
    /// It was there already.
    Existed,
    /// It is not wanted.
    Skipped,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was written from equal content that had already come.
    Restored,
    /// It failed.
    Failed,
}

/// Hears what happens. Called from many tasks at once; must not block for long.
pub trait Reporter: Send + Sync {
    /// Takes one event.
    fn report(&self, event: Event<'_>);
}

/// Tells nobody.
impl Reporter for () {
    fn report(&self, _: Event<'_>) {}
}

impl<R: Reporter + ?Sized> Reporter for Arc<R> {
    fn report(&self, event: Event<'_>) {
        (**self).report(event);
    }
}
