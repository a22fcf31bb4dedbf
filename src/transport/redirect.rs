//! Hop by hop; what is secret stays with the registry.
