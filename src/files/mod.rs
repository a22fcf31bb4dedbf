//! Ordinary files and folders: what is pushed, and where what is pulled goes.
//!
//! [`Staging`] turns file arguments into nodes that can be read, [`Output`] writes titled nodes below a folder. A
//! folder travels as one archive, made and opened here with the same bytes as oras's. Both ends work on paths that
//! they are given: which folder is the working one, and which is for temporary files, is decided above.

mod archive;
mod argument;
mod bounds;
mod compression;
mod folder;
mod header;
mod ledger;
mod names;
mod output;
mod pack;
mod path;
mod single;
mod staging;
mod system;
mod unpack;

pub use argument::{FileArgument, refuse_absolute};
pub use bounds::{Outside, Traversal};
pub use output::{Existing, Output, Rules, Written};
pub use single::blob;
pub use staging::{Staging, title};
