//! Walking and copying graphs between any two ends.
//!
//! [`walk`] knows the order of things and nothing else: children before parents, each node once, not too many at the
//! same time. What is done with a node is a [`Visit`]; the one of most commands is [`Copier`]. What does not belong
//! here: where content lives, and what a command makes of a graph.

mod copy;
mod documents;
mod graph;
mod known;
mod moving;
mod referrers;
mod select;

pub use copy::{Copier, Present, Subjects};
pub use documents::{Documents, parse};
pub use graph::{Entered, Limits, Visit, walk};
pub use known::Known;
pub use moving::Moving;
pub use referrers::{Closure, Link, Wanted, bounded, closure};
pub use select::select;

#[cfg(test)]
pub(crate) mod rigged;
#[cfg(test)]
mod tests;
