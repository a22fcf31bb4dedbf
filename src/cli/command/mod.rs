//! The commands: one file each, and here the names and what is said of them in lists.
//!
//! A command is four steps: plan (rules and references, no I/O), connect, work, show.
//!
//! What does not belong here: flags that several commands have ([`super::args`]).

mod attach;
mod backup;
mod blob;
mod completion;
mod cp;
mod discover;
mod doctor;
mod help;
mod later;
mod login;
mod logout;
mod man;
mod manifest;
mod pull;
mod push;
mod repo;
mod resolve;
mod restore;
mod serve;
mod tag;
mod version;
mod whoami;

use clap::Subcommand;

use self::later::Later;
use super::app::App;
use super::failure::Failure;

/// All commands, in the order in which oras suggests them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Pull files from a registry or an OCI image layout
    Pull(Later<pull::PullArgs>),
    /// Push files to a registry or an OCI image layout
    Push(Later<push::PushArgs>),
    /// Log in to a remote registry
    Login(Later<login::LoginArgs>),
    /// Log out from a remote registry
    Logout(Later<logout::LogoutArgs>),
    /// Show the oras version information
    Version(Later<version::VersionArgs>),
    /// [Preview] Discover referrers of a manifest in a registry or an OCI image layout
    Discover(Later<discover::DiscoverArgs>),
    /// [Preview] Resolves digest of the target artifact
    #[command(visible_alias = "digest")]
    Resolve(Later<resolve::ResolveArgs>),
    /// Copy artifacts from one target to another. When copying an image index, all of its manifests will be copied
    #[command(visible_alias = "copy")]
    Cp(Later<cp::CpArgs>),
    /// Tag a manifest in a registry or an OCI image layout
    Tag(Later<tag::TagArgs>),
    /// Attach files to an existing artifact
    Attach(Later<attach::AttachArgs>),
    /// [Experimental] Back up artifacts from a registry into an OCI image layout
    Backup(Later<backup::BackupArgs>),
    /// [Experimental] Restore artifacts to a registry from an OCI image layout
    Restore(Later<restore::RestoreArgs>),
    /// Blob operations
    #[command(subcommand)]
    Blob(Later<blob::BlobCommand>),
    /// Manifest operations
    #[command(subcommand)]
    Manifest(Later<manifest::ManifestCommand>),
    /// Repository operations
    #[command(subcommand, visible_alias = "repository")]
    Repo(Later<repo::RepoCommand>),
    /// Help about any command
    Help(Later<help::HelpArgs>),
    /// Generate the autocompletion script for the specified shell
    #[command(subcommand)]
    Completion(Later<completion::CompletionCommand>),
    /// Show what a registry can do
    Doctor(Later<doctor::DoctorArgs>),
    /// Write a manual page for each command into a folder
    Man(Later<man::ManArgs>),
    /// Run a registry for trying things out, tests and small teams
    Serve(Later<serve::ServeArgs>),
    /// Show which stored credential is used for a registry
    Whoami(Later<whoami::WhoamiArgs>),
}

impl Command {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Attach(Later(args)) => app.wait(attach::run(*args, app)),
            Self::Backup(Later(args)) => app.wait(backup::run(*args, app)),
            Self::Blob(Later(command)) => command.run(app),
            Self::Completion(Later(command)) => command.run(app),
            Self::Cp(Later(args)) => app.wait(cp::run(*args, app)),
            Self::Discover(Later(args)) => app.wait(discover::run(*args, app)),
            Self::Doctor(Later(args)) => app.wait(doctor::run(*args, app)),
            Self::Help(Later(args)) => help::run(&args, app),
            Self::Pull(Later(args)) => app.wait(pull::run(*args, app)),
            Self::Push(Later(args)) => app.wait(push::run(*args, app)),
            Self::Login(Later(args)) => app.wait(login::run(*args, app)),
            Self::Logout(Later(args)) => app.wait(logout::run(*args, app)),
            Self::Man(Later(args)) => man::run(*args, app),
            Self::Manifest(Later(command)) => command.run(app),
            Self::Repo(Later(command)) => command.run(app),
            Self::Resolve(Later(args)) => app.wait(resolve::run(*args, app)),
            Self::Restore(Later(args)) => app.wait(restore::run(*args, app)),
            Self::Serve(Later(args)) => app.run(serve::run(*args, app)),
            Self::Tag(Later(args)) => app.wait(tag::run(*args, app)),
            Self::Version(Later(args)) => version::run(&args, app),
            Self::Whoami(Later(args)) => app.wait(whoami::run(*args, app)),
        }
    }
}
