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
    ///
    /// The page of a command, as its own --help prints it: oras help [path to command].
    Help(Later<help::HelpArgs>),
    /// Generate the autocompletion script for the specified shell
    #[command(subcommand)]
    Completion(Later<completion::CompletionCommand>),
    /// Show what a registry can do
    ///
    /// Each line is one thing that the registry was asked, with its answer and what that means. What an answer does not show
    /// stays "not known", with the reason; most of it is known of a repository only. The registry is only read, unless --write
    /// is given: then an artifact of a few random bytes is pushed to the repository under two tags that begin with
    /// "oras-doctor-", and deleted again. The exit code is 1 only if the registry cannot be reached or takes no credential.
    ///
    /// Example - What a registry can do:
    ///   oras doctor localhost:5000
    ///
    /// Example - What it can do in a repository:
    ///   oras doctor localhost:5000/hello
    ///
    /// Example - What it can do in a repository where something may be pushed and deleted:
    ///   oras doctor --write localhost:5000/scratch
    ///
    /// Example - Whether it has the referrers API:
    ///   oras doctor localhost:5000/hello --format go-template={{.checks.referrers.answer}}
    #[command(verbatim_doc_comment)]
    Doctor(Later<doctor::DoctorArgs>),
    /// Write a manual page for each command into a folder
    ///
    /// The folder is made where there is none. The names are those of section 1: oras.1, oras-push.1, oras-repo-tags.1.
    ///
    /// Example - The pages of all commands, and one of them read:
    ///   oras man man1
    ///   man -l man1/oras-push.1
    #[command(verbatim_doc_comment)]
    Man(Later<man::ManArgs>),
    /// Run a registry for trying things out, tests and small teams
    ///
    /// Without --dir the content is kept in memory and gone at the end. With it, each repository is an OCI image layout
    /// below that folder, which every program that knows layouts can read: the repository a/b is the layout DIR/a/b. No
    /// part of the name of a repository can be "blobs", "index.json" or "oci-layout", the entries of a layout.
    ///
    /// It listens on this machine only, unless --addr says otherwise; other machines may use it only with --htpasswd or
    /// --anonymous. A request must name the address, localhost or one of the --host names.
    ///
    /// Example - A registry in memory at 127.0.0.1:5000:
    ///   oras serve
    ///
    /// Example - A registry on a free port that keeps its content:
    ///   oras serve --addr 127.0.0.1:0 --dir ./registry
    ///
    /// Example - A registry for others, with passwords and HTTPS:
    ///   htpasswd -cBb users alice secret
    ///   oras serve --addr 0.0.0.0:443 --dir ./registry --htpasswd users --tls-cert cert.pem --tls-key key.pem --host registry.example.com
    #[command(verbatim_doc_comment)]
    Serve(Later<serve::ServeArgs>),
    /// Show which stored credential is used for a registry
    ///
    /// The user name is shown, the file and the helper that it comes from, and never the secret. The registry is not asked
    /// whether it takes it.
    ///
    /// Example - Who is known to a registry:
    ///   oras whoami localhost:5000
    ///
    /// Example - Who is known to a repository, which may have a credential of its own:
    ///   oras whoami localhost:5000/team/hello
    ///
    /// Example - Only the user name:
    ///   oras whoami localhost:5000 --format go-template={{.username}}
    #[command(verbatim_doc_comment)]
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
