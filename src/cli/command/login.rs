//! `oras login`: a credential that a registry takes is kept.

use clap::Args;
use oras::credentials::{Credential, Keyring};
use oras::error::Context;
use oras::oci::{ReferenceError, is_registry};

use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::remote::RemoteArgs;
use crate::cli::connect::credential;
use crate::cli::failure::Failure;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras login",
    arguments: "[flags] <registry>",
    count: Count::Exactly(1),
    purpose: "the registry to log in to",
};

/// What to do where there is no keyring.
const WITHOUT: &str =
    "Please start a Secret Service, as gnome-keyring or KWallet, or log in without --keyring";

/// What is typed for `oras login`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct LoginArgs {
    #[arg(value_name = "registry")]
    arguments: Vec<String>,

    /// keep the secret in the keyring of the system, as the credential helper "oras"
    #[arg(long)]
    keyring: bool,

    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

pub(crate) async fn run(args: LoginArgs, app: &App) -> Result<(), Failure> {
    let [registry] = USAGE.exactly(args.arguments)?;
    let remote = &args.remote.remote;
    remote.check()?;
    if args.keyring {
        Keyring.check().await.map_err(|error| Failure::from(error).advice(WITHOUT))?;
    }
    let credential = complete(app.credential(remote).await?.unwrap_or_default(), app).await?;
    let store = app.store(&remote.registry_config, remote.retry).await?;
    if !is_registry(&registry) {
        return Err(
            Failure::mistake(ReferenceError::Registry(registry).to_string()).code("INVALID_REFERENCE")
        );
    }
    let host = app.host(&registry, remote, Some(credential.clone())).await?;
    let validated = host.ping().await;
    validated.within(|| format!("failed to validate the credentials for {registry}").into())?;
    let stored = if args.keyring {
        store.put_with(Keyring::NAME, &registry, &credential).await
    } else {
        store.put(&registry, &credential).await
    };
    stored.within(|| format!("failed to store the credentials for {registry}").into())?;
    app.terminal.print("Login Succeeded\n")
}

/// Asks for what was not given.
async fn complete(given: Credential, app: &App) -> Result<Credential, Failure> {
    if !given.password.is_empty() || !given.refresh_token.is_empty() {
        return Ok(given);
    }
    let mut username = given.username;
    if username.is_empty() {
        app.terminal.ask("Username: ").await?.trim().clone_into(&mut username);
    }
    let (prompt, missing) =
        if username.is_empty() { ("Token: ", "token required") } else { ("Password: ", "password required") };
    let secret = app.terminal.ask_secret(prompt).await?;
    if secret.is_empty() {
        return Err(Failure::mistake(missing));
    }
    Ok(credential(username, secret))
}
