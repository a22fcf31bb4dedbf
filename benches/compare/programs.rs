//! The programs that are compared.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that is compared, or whose registry is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// This one.
    Ours,
    /// The one whose command line is the same.
    Oras,
    /// regclient's.
    Regctl,
    /// go-containerregistry's.
    Crane,
}

impl Name {
    /// All of them, in the order of their turns.
    pub const ALL: [Self; 4] = [Self::Ours, Self::Oras, Self::Regctl, Self::Crane];

    /// As it is shown.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Oras => "oras",
            Self::Regctl => "regctl",
            Self::Crane => "crane",
        }
    }
}

/// Where the programs are.
pub struct Programs {
    ours: PathBuf,
    folder: Option<PathBuf>,
}

impl Programs {
    /// Peers come from the folder that `ORAS_PEERS` names, or from the PATH; this program is the one that Cargo built for
    /// the harness, unless another build of it is wanted.
    pub fn find_all(ours: Option<PathBuf>) -> Self {
        let ours = ours.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_oras")));
        Self { ours, folder: std::env::var_os("ORAS_PEERS").map(PathBuf::from) }
    }

    /// This program.
    pub fn ours(&self) -> &Path {
        &self.ours
    }

    /// A program, unless it is missing.
    pub fn find(&self, name: Name) -> Option<PathBuf> {
        match name {
            Name::Ours => Some(self.ours.clone()),
            other => self.file(other.shown()),
        }
    }

    /// A program by the name of its file.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.folder.iter().cloned().chain(std::env::split_paths(&path));
        // An installed one of ours is not the peer.
        let folders = folders.filter(|folder| name != "oras" || Some(folder) == self.folder.as_ref());
        folders.map(|folder| folder.join(name)).find(|file| file.is_file())
    }
}

/// A command in a folder, with a configuration of its own.
pub fn command(program: &Path, line: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(line.split_whitespace()).current_dir(folder);
    command.env("DOCKER_CONFIG", folder.join("docker")).env("REGCTL_CONFIG", folder.join("regctl.json"));
    command.env("HOME", folder).env_remove("ORAS_CACHE");
    command
}
