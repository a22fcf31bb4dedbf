//! Groups of flags that several commands have.
//!
//! A group is what is typed, its checks, and what it means; each is a struct that commands flatten into their own.
//! Clap reads the syntax only: a rule between flags is a method, so that a command can ask for it in the order in
//! which mistakes are told.
//!
//! What does not belong here: flags of one command.

pub(crate) mod annotation;
pub(crate) mod chunks;
pub(crate) mod common;
pub(crate) mod concurrency;
pub(crate) mod deletion;
pub(crate) mod descriptor;
pub(crate) mod destination;
pub(crate) mod format;
pub(crate) mod output;
pub(crate) mod packer;
pub(crate) mod platform;
pub(crate) mod pretty;
pub(crate) mod remote;
pub(crate) mod repair;
pub(crate) mod reports;
pub(crate) mod retry;
pub(crate) mod selection;
pub(crate) mod target;
pub(crate) mod terminal;
pub(crate) mod value;
