//! `oras serve`: the embedded registry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use oras::error::IoContext;
use oras::server::{self, Authentication, Config, Others, Scheme, Storage, Tls, Users, Writes};

use crate::cli::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::text::visible;
use crate::cli::signals::Signals;
use crate::cli::usage::{Count, Usage, together};

const USAGE: Usage =
    Usage { path: "oras serve", arguments: "[flags]", count: Count::Exactly(0), purpose: "nothing" };

/// What is typed for `oras serve`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct ServeArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,

    /// listen on this address and port; port 0 takes a free one
    #[arg(long, value_name = "string", default_value = "127.0.0.1:5000")]
    addr: String,

    /// keep each repository as an OCI image layout below this folder
    #[arg(long, value_name = "string")]
    dir: Option<PathBuf>,

    /// the users and their passwords: an htpasswd file with bcrypt hashes
    #[arg(long, value_name = "string")]
    htpasswd: Option<PathBuf>,

    /// how users say who they are, with --htpasswd: "basic" or "token"
    #[arg(long, value_name = "string", default_value = "basic")]
    auth: String,

    /// the certificate for HTTPS and those that signed it, PEM
    #[arg(long, value_name = "string")]
    tls_cert: Option<PathBuf>,

    /// the key of the certificate, PEM
    #[arg(long, value_name = "string")]
    tls_key: Option<PathBuf>,

    /// take nothing: for pulling only
    #[arg(long)]
    read_only: bool,

    /// let everybody in: with --htpasswd for pulling, without it for everything
    #[arg(long)]
    anonymous: bool,

    /// a further name under which the registry is reached; can be repeated
    #[arg(long = "host", value_name = "string")]
    hosts: Vec<String>,

    /// print a line on stderr for each request
    #[arg(short, long)]
    debug: bool,
}

pub(crate) async fn run(args: ServeArgs, app: &App) -> Result<(), Failure> {
    if !args.arguments.is_empty() {
        let text = format!("\"{}\" takes no arguments but got {}", USAGE.path, args.arguments.len());
        let advice = format!("Run \"{} -h\" for more options and examples", USAGE.path);
        return Err(Failure::mistake(text).usage(&USAGE).advice(advice));
    }
    let config = config(&args, app).await?;
    let place = match &config.storage {
        Storage::Folder(folder) => format!("content is kept in {}", folder.display()),
        Storage::Memory { .. } => "content is kept in memory and gone at the end".to_owned(),
    };
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let bound = server::bind(config).await?;
    // Listened for before anybody is told that there is something to end.
    let signals = Signals::listen()?;
    app.terminal.print(&format!("Listening on {scheme}://{}; {place}\n", bound.address()))?;
    let ended = async {
        signals.first().await;
    };
    Ok(bound.run(ended).await?)
}

async fn config(args: &ServeArgs, app: &App) -> Result<Config, Failure> {
    together(("--tls-cert", args.tls_cert.is_some()), ("--tls-key", args.tls_key.is_some()))?;
    let scheme = match args.auth.as_str() {
        "basic" => Scheme::Basic,
        "token" if args.htpasswd.is_some() => Scheme::Token,
        "token" => return Err(mistake("--auth token must be used in conjunction with --htpasswd")),
        other => return Err(mistake(&format!("--auth must be \"basic\" or \"token\", not {other:?}"))),
    };
    let address = address(&args.addr).await?;
    if !address.ip().is_loopback() && args.htpasswd.is_none() && !args.anonymous {
        let text = format!("other machines can reach {address}, and anybody could write to it");
        let advice = "Please name its users by --htpasswd, or let everybody in by --anonymous";
        return Err(Failure::mistake(text).usage(&USAGE).advice(advice));
    }
    let mut config = Config::new(address);
    if let Some(folder) = &args.dir {
        config.storage = Storage::Folder(folder.clone());
    }
    if let Some(path) = &args.htpasswd {
        let users = Users::parse(&std::fs::read_to_string(path).at("open", path)?)?;
        let others = if args.anonymous { Others::Read } else { Others::Refused };
        config.authentication = Some(Authentication { users, scheme, others });
    }
    config.open_to_everybody = args.anonymous;
    config.tls =
        args.tls_cert.clone().zip(args.tls_key.clone()).map(|(certificate, key)| Tls { certificate, key });
    config.hosts.clone_from(&args.hosts);
    if args.read_only {
        config.writes = Writes::Refused;
    }
    let env = app.env.clone();
    config.clock = Some(Arc::new(move || env.now()));
    if args.debug {
        let terminal = app.terminal.clone();
        config.heard = Some(Arc::new(move |method, path, status| {
            terminal.say(&format!("{method} {} {}", visible(path), status.as_u16()));
        }));
    }
    Ok(config)
}

fn mistake(text: &str) -> Failure {
    Failure::mistake(text).usage(&USAGE)
}

/// The address of `host:port`; without a host all addresses of the machine.
async fn address(typed: &str) -> Result<SocketAddr, Failure> {
    let bad = || mistake(&format!("invalid address {typed:?}: it must be <host>:<port>"));
    let (host, port) = typed.rsplit_once(':').ok_or_else(bad)?;
    let port: u16 = port.parse().map_err(|_| bad())?;
    match host {
        "" => Ok(([0, 0, 0, 0], port).into()),
        "localhost" => Ok(([127, 0, 0, 1], port).into()),
        _ => {
            let mut found = tokio::net::lookup_host(typed).await.at("lookup", host)?;
            found.next().ok_or_else(bad)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_a_host_and_a_port() {
        for (typed, expected) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("localhost:5000", "127.0.0.1:5000"),
            (":5000", "0.0.0.0:5000"),
            ("[::1]:5000", "[::1]:5000"),
        ] {
            assert_eq!(address(typed).await.unwrap().to_string(), expected);
        }
        for wrong in ["127.0.0.1", "localhost:x", "localhost:99999"] {
            assert!(address(wrong).await.is_err(), "{wrong}");
        }
    }
}
