//! What is typed, as far as the frame is concerned.

use super::*;

#[test]
fn the_grammar_has_no_contradictions() {
    grammar().debug_assert();
}
