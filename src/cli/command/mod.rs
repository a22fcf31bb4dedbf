//! The commands: one file each, one line each here.
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

use clap::{Args, Subcommand};

use super::app::App;
use super::failure::Failure;

/// All commands, in the order in which oras suggests them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Pull(Box<pull::PullArgs>),
    Push(Box<push::PushArgs>),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Version(version::VersionArgs),
    Discover(Box<discover::DiscoverArgs>),
    #[command(visible_alias = "digest")]
    Resolve(resolve::ResolveArgs),
    #[command(visible_alias = "copy")]
    Cp(Box<cp::CpArgs>),
    Tag(tag::TagArgs),
    Attach(Box<attach::AttachArgs>),
    Backup(Box<backup::BackupArgs>),
    Restore(Box<restore::RestoreArgs>),
    /// Blob operations
    #[command(subcommand)]
    Blob(blob::BlobCommand),
    /// Manifest operations
    #[command(subcommand)]
    Manifest(manifest::ManifestCommand),
    /// Repository operations
    #[command(subcommand, visible_alias = "repository")]
    Repo(repo::RepoCommand),
    Help(help::HelpArgs),
    /// Generate the autocompletion script for the specified shell
    #[command(subcommand)]
    Completion(completion::CompletionCommand),
    Doctor(Box<doctor::DoctorArgs>),
    Man(man::ManArgs),
    Serve(serve::ServeArgs),
    Whoami(whoami::WhoamiArgs),
}

impl Command {
    /// The grammar of one command alone, as it stands in the whole grammar; none for groups and other names.
    pub(crate) fn alone(name: &str) -> Option<clap::Command> {
        let augment: fn(clap::Command) -> clap::Command = match name {
            "attach" => attach::AttachArgs::augment_args,
            "backup" => backup::BackupArgs::augment_args,
            "cp" => cp::CpArgs::augment_args,
            "discover" => discover::DiscoverArgs::augment_args,
            "login" => login::LoginArgs::augment_args,
            "logout" => logout::LogoutArgs::augment_args,
            "pull" => pull::PullArgs::augment_args,
            "push" => push::PushArgs::augment_args,
            "resolve" => resolve::ResolveArgs::augment_args,
            "restore" => restore::RestoreArgs::augment_args,
            "serve" => serve::ServeArgs::augment_args,
            "tag" => tag::TagArgs::augment_args,
            "version" => version::VersionArgs::augment_args,
            _ => return None,
        };
        Some(augment(clap::Command::new(name.to_owned())))
    }

    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Attach(args) => app.wait(attach::run(*args, app)),
            Self::Backup(args) => app.wait(backup::run(*args, app)),
            Self::Blob(command) => command.run(app),
            Self::Completion(command) => command.run(app),
            Self::Cp(args) => app.wait(cp::run(*args, app)),
            Self::Discover(args) => app.wait(discover::run(*args, app)),
            Self::Doctor(args) => app.wait(doctor::run(*args, app)),
            Self::Help(args) => help::run(&args, app),
            Self::Pull(args) => app.wait(pull::run(*args, app)),
            Self::Push(args) => app.wait(push::run(*args, app)),
            Self::Login(args) => app.wait(login::run(args, app)),
            Self::Logout(args) => app.wait(logout::run(args, app)),
            Self::Man(args) => man::run(args, app),
            Self::Manifest(command) => command.run(app),
            Self::Repo(command) => command.run(app),
            Self::Resolve(args) => app.wait(resolve::run(args, app)),
            Self::Restore(args) => app.wait(restore::run(*args, app)),
            Self::Serve(args) => app.run(serve::run(args, app)),
            Self::Tag(args) => app.wait(tag::run(args, app)),
            Self::Version(args) => version::run(&args, app),
            Self::Whoami(args) => app.wait(whoami::run(args, app)),
        }
    }
}
