//! What must hold for any input, asked of inputs that nobody thought of.
//!
//! Nothing from outside makes the program panic or hang; what is written is read again as the same; what is accepted is
//! within its grammar; nothing is written outside of the folder that was meant. Parsers that only their own module
//! sees have their properties beside them. `PROPTEST_CASES` sets how many inputs are tried. What does not belong here: a
//! single case that somebody thought of.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![expect(clippy::disallowed_methods, reason = "what stands on the disk before is made as users make it")]

#[path = "properties/documents.rs"]
mod documents;
#[path = "properties/headers.rs"]
mod headers;
#[path = "properties/names.rs"]
mod names;
#[cfg(unix)]
#[path = "properties/tar.rs"]
mod tar;
#[cfg(unix)]
#[path = "properties/trees.rs"]
mod trees;

use proptest::prelude::ProptestConfig;

/// So many inputs, unless the environment says how many.
fn cases(usual: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if asked { config.cases } else { usual }, ..config }
}
