//! Walking and copying graphs between any two ends.
