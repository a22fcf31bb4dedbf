//! What is typed, as far as the frame is concerned.

use super::*;

#[test]
fn the_grammar_has_no_contradictions() {
    usage::as_pflag(Oras::command()).debug_assert();
}
