//! The world in which commands are run: a folder, a cleared environment, registries on free ports.
//!
//! Everything a test touches lies in its own [`World`]; nothing is shared, so tests run in any order and at once.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod background;
pub mod certificates;
pub mod faults;
pub mod hostile;
pub mod proxy;
pub mod registry;
pub mod run;
pub mod streams;
pub mod world;

pub use registry::{Registry, Setup};
pub use run::Run;
pub use world::World;

/// Flags that make the manifest and the order of the lines the same in each run.
pub const STEADY: &str = "-a org.opencontainers.image.created=2024-05-01T10:00:00Z --concurrency 1";
