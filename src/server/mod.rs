//! The embedded registry: the distribution-spec over any targets.
