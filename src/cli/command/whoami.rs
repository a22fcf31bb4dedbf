//! `oras whoami`: which stored credential a registry would be given, and from where.
//!
//! What does not belong here: whether the registry takes it.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use oras::credentials::{Credential, Stored};
use oras::error::Context;
use serde::Serialize;

use crate::cli::app::App;
use crate::cli::args::common::CommonArgs;
use crate::cli::args::format::{FormatArgs, Forms};
use crate::cli::args::retry::RetryFlags;
use crate::cli::failure::Failure;
use crate::cli::output::text::{facts, visible};
use crate::cli::output::{Outcome, check, show};
use crate::cli::place::registry_or_repository;
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras whoami",
    arguments: "[flags] <registry>[/<repository>]",
    count: Count::Exactly(1),
    purpose: "the registry you want to know about",
};

/// What is typed for `oras whoami`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct WhoamiArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,

    /// auth config path
    #[arg(long, value_name = "stringArray")]
    registry_config: Vec<PathBuf>,

    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// Who it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Who {
    registry: String,
    /// Empty with a token that says by itself who it is.
    username: String,
    kind: &'static str,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    helper: Option<String>,
    key: String,
}

impl Who {
    fn new(registry: &str, stored: Stored) -> Self {
        let kind = kind(&stored.credential);
        let credential = stored.credential;
        Self {
            registry: registry.to_owned(),
            username: credential.username,
            kind,
            file: stored.file.display().to_string(),
            helper: stored.helper,
            key: stored.key,
        }
    }
}

/// What somebody is known by, in words.
pub(super) fn kind(credential: &Credential) -> &'static str {
    if !credential.access_token.is_empty() {
        "registry token"
    } else if !credential.refresh_token.is_empty() {
        "identity token"
    } else {
        "password"
    }
}

impl Outcome for Who {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let name = Some(self.username.as_str()).filter(|name| !name.is_empty());
        let helper = self.helper.as_ref().map(|name| format!("docker-credential-{name}"));
        let lines = [
            ("Username", name),
            ("Kind", Some(self.kind)),
            ("Key", Some(self.key.as_str())),
            ("File", Some(self.file.as_str())),
            ("Helper", helper.as_deref()),
        ];
        out.write_str(&facts(lines.map(|(name, value)| (name, value.map(visible)))))
    }
}

pub(crate) async fn run(args: WhoamiArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    let format = args.format.choose(Forms::RESULT)?;
    check(&format)?;
    let (registry, repository) = registry_or_repository(&raw)?;
    let store = app.store(&args.registry_config, RetryFlags::default()).await?;
    let store = store.for_repository(repository.unwrap_or_default());
    let found = store.find(registry).await.within(|| "failed to resolve credential".into())?;
    let Some(found) = found else {
        let advice = format!("Please log in: oras login {registry}");
        return Err(Failure::mistake(format!("no credential is stored for {registry}"))
            .code("NO_CREDENTIAL")
            .advice(advice));
    };
    show(app, &format, &Who::new(registry, found))
}
