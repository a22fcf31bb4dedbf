//! Tokens: the cache.

/// Tokens that were fetched. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Tokens {}
