//! How a registry is reached and who is there, as flags.
//!
//! `cp` has these flags twice, as `--from-…` and `--to-…`, so they are written as data with a [`Spelling`] and not
//! derived. The doubled flags have no short forms and do not read stdin, which only one of them could.
//!
//! What does not belong here: what becomes of them ([`crate::cli::connect`]).

use std::marker::PhantomData;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use oras::credentials::Secret;

use super::retry::RetryFlags;
use crate::cli::failure::Failure;
use crate::cli::usage::{exclusive, together};

/// How the flags of one end are spelled.
pub(crate) trait Spelling: Clone + Send + Sync + 'static {
    /// What stands before the name.
    const PREFIX: &'static str;
    /// What the help says of the end.
    const END: &'static str;
    /// Whether what holds for all ends of a command stands among these flags.
    const FIRST: bool;
}

/// The flags of a command with one end.
#[derive(Debug, Clone)]
pub(crate) struct Unprefixed;
/// The flags of the end that is read.
#[derive(Debug, Clone)]
pub(crate) struct From;
/// The flags of the end that is written.
#[derive(Debug, Clone)]
pub(crate) struct To;

impl Spelling for Unprefixed {
    const PREFIX: &'static str = "";
    const END: &'static str = "";
    const FIRST: bool = true;
}
impl Spelling for From {
    const PREFIX: &'static str = "from-";
    const END: &'static str = "source ";
    const FIRST: bool = true;
}
impl Spelling for To {
    const PREFIX: &'static str = "to-";
    const END: &'static str = "destination ";
    const FIRST: bool = false;
}

/// What was typed about a registry.
#[derive(Clone, Default)]
pub(crate) struct Remote {
    /// What stands before the names of these flags.
    pub(crate) prefix: &'static str,
    /// Who.
    pub(crate) username: Option<String>,
    /// The password, or without a user name the identity token.
    pub(crate) password: Option<Secret>,
    /// Whether stdin is the password.
    pub(crate) password_stdin: bool,
    /// A token that stands for a password.
    pub(crate) identity_token: Option<Secret>,
    /// Whether stdin is the token.
    pub(crate) identity_token_stdin: bool,
    /// Take any certificate.
    pub(crate) insecure: bool,
    /// HTTP or HTTPS; by the name of the host where not given.
    pub(crate) plain_http: Option<bool>,
    /// The only certificates that are trusted.
    pub(crate) ca_file: Option<PathBuf>,
    /// The certificate that is shown.
    pub(crate) cert_file: Option<PathBuf>,
    /// Its key.
    pub(crate) key_file: Option<PathBuf>,
    /// Addresses of hosts.
    pub(crate) resolve: Vec<String>,
    /// Files of credentials.
    pub(crate) registry_config: Vec<PathBuf>,
    /// Headers of every request.
    pub(crate) headers: Vec<String>,
    /// How long a failing network is put up with.
    pub(crate) retry: RetryFlags,
}

impl Remote {
    /// Refuses flags that cannot stand together.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let flag = |name: &str| format!("--{}{name}", self.prefix);
        let (token, token_stdin) = (flag("identity-token"), flag("identity-token-stdin"));
        let tokens = [
            (token.as_str(), self.identity_token.is_some()),
            (token_stdin.as_str(), self.identity_token_stdin),
        ];
        exclusive(&[(&flag("username"), self.username.is_some()), tokens[0], tokens[1]])?;
        exclusive(&[
            (&flag("password"), self.password.is_some()),
            tokens[0],
            tokens[1],
            (&flag("password-stdin"), self.password_stdin),
        ])?;
        together((&flag("cert-file"), self.cert_file.is_some()), (&flag("key-file"), self.key_file.is_some()))
    }

    /// Refuses a secret from stdin where content comes from there.
    pub(crate) fn leaves_stdin(&self) -> Result<(), Failure> {
        let secrets = [("password", self.password_stdin), ("identity token", self.identity_token_stdin)];
        let Some((secret, _)) = secrets.iter().find(|(_, used)| *used) else { return Ok(()) };
        let flag = secret.replace(' ', "-");
        Err(Failure::mistake(format!(
            "`-` read file from input and `--{flag}-stdin` read {secret} from input cannot be both used"
        )))
    }

    /// Whether the same user was typed for both.
    pub(crate) fn is_same_user(&self, other: &Self) -> bool {
        let user =
            |remote: &Self| (remote.username.clone(), remote.password.clone(), remote.identity_token.clone());
        user(self) == user(other)
    }
}

/// The flags of a registry.
#[derive(Clone)]
pub(crate) struct RemoteArgs<S = Unprefixed> {
    /// What was typed.
    pub(crate) remote: Remote,
    spelling: PhantomData<S>,
}

/// Makes and reads flags with a spelling.
pub(crate) struct Flags<S>(PhantomData<S>);

#[expect(clippy::unused_self, reason = "a value is shorter to write than a type with its spelling")]
impl<S: Spelling> Flags<S> {
    /// Flags of this spelling.
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }

    /// The flag's name with its prefix.
    pub(crate) fn id(&self, name: &str) -> String {
        format!("{}{name}", S::PREFIX)
    }

    /// A flag with a value.
    pub(crate) fn option(&self, name: &str, value: &'static str, help: &str) -> Arg {
        let id = self.id(name);
        Arg::new(id.clone()).long(id).value_name(value).help(help.to_owned()).action(ArgAction::Set)
    }

    /// A flag with a value that may be given several times, and then all of them count.
    pub(crate) fn list(&self, name: &str, value: &'static str, help: &str) -> Arg {
        self.option(name, value, help).action(ArgAction::Append)
    }

    /// A flag that is on or off.
    pub(crate) fn switch(&self, name: &str, help: &str) -> Arg {
        let id = self.id(name);
        Arg::new(id.clone()).long(id).help(help.to_owned()).action(ArgAction::SetTrue)
    }

    /// The flag with a short form, where it is not one of two.
    pub(crate) fn short(&self, arg: Arg, letter: char) -> Arg {
        if S::PREFIX.is_empty() { arg.short(letter) } else { arg }
    }

    /// The value of a flag.
    pub(crate) fn text(&self, matches: &ArgMatches, name: &str) -> Option<String> {
        matches.get_one::<String>(&self.id(name)).cloned()
    }

    /// All values of a flag.
    pub(crate) fn texts(&self, matches: &ArgMatches, name: &str) -> Vec<String> {
        matches.get_many::<String>(&self.id(name)).into_iter().flatten().cloned().collect()
    }

    /// Whether a switch is on.
    pub(crate) fn is_set(&self, matches: &ArgMatches, name: &str) -> bool {
        let known = matches.try_get_one::<bool>(&self.id(name));
        known.ok().flatten().copied().unwrap_or_default()
    }
}

impl<S: Spelling> Args for RemoteArgs<S> {
    fn augment_args(command: Command) -> Command {
        let flags = Flags::<S>::new();
        let end = format!("{}registry", S::END);
        let mut args = vec![
            flags.short(flags.option("username", "string", &format!("{end} username")), 'u'),
            flags
                .short(flags.option("password", "string", &format!("{end} password or identity token")), 'p'),
            flags.option("identity-token", "string", &format!("{end} identity token")),
            flags.switch("insecure", &format!("allow connections to SSL {end} without certs")),
            flags
                .switch("plain-http", &format!("allow insecure connections to {end} without SSL check"))
                .action(ArgAction::Set)
                .value_parser(clap::value_parser!(bool)),
            flags.option(
                "ca-file",
                "string",
                &format!("server certificate authority file for the remote {end}"),
            ),
            flags.option("cert-file", "string", &format!("client certificate file for the remote {end}")),
            flags.option("key-file", "string", &format!("client private key file for the remote {end}")),
            flags.list(
                "resolve",
                "host:port:address[:address_port]",
                &format!("customized DNS for {end}, formatted in host:port:address[:address_port]"),
            ),
            flags.list("registry-config", "path", &format!("path of the authentication file for {end}")),
            flags.short(
                flags.list("header", "stringArray", &format!("add custom headers to {}requests", S::END)),
                'H',
            ),
        ];
        if S::PREFIX.is_empty() {
            args.push(flags.switch("password-stdin", "read password from stdin"));
            args.push(flags.switch("identity-token-stdin", "read identity token from stdin"));
        }
        if S::FIRST {
            args.extend(RetryFlags::flags());
        }
        command.args(args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Spelling> FromArgMatches for RemoteArgs<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = Flags::<S>::new();
        let path = |name| flags.text(matches, name).map(PathBuf::from);
        let remote = Remote {
            prefix: S::PREFIX,
            username: flags.text(matches, "username"),
            password: flags.text(matches, "password").map(Secret::from),
            password_stdin: flags.is_set(matches, "password-stdin"),
            identity_token: flags.text(matches, "identity-token").map(Secret::from),
            identity_token_stdin: flags.is_set(matches, "identity-token-stdin"),
            insecure: flags.is_set(matches, "insecure"),
            plain_http: matches.get_one::<bool>(&flags.id("plain-http")).copied(),
            ca_file: path("ca-file"),
            cert_file: path("cert-file"),
            key_file: path("key-file"),
            resolve: flags.texts(matches, "resolve"),
            registry_config: flags.texts(matches, "registry-config").into_iter().map(PathBuf::from).collect(),
            headers: flags.texts(matches, "header"),
            retry: RetryFlags::read(matches),
        };
        Ok(Self { remote, spelling: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("username", &self.username).finish_non_exhaustive()
    }
}

impl<S> std::fmt::Debug for RemoteArgs<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.remote.fmt(f)
    }
}
