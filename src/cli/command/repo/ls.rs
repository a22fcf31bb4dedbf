//! `oras repo ls`: the repositories of a registry.

use std::fmt;

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use oras::oci::{ReferenceError, is_registry, is_repository};
use serde::Serialize;

use super::listed;
use crate::cli::app::App;
use crate::cli::args::common::{CommonArgs, VerboseArgs};
use crate::cli::args::format::{Format, FormatArgs, Forms};
use crate::cli::args::remote::RemoteArgs;
use crate::cli::failure::Failure;
use crate::cli::output::{Outcome, check, show};
use crate::cli::usage::{Count, Usage};

const USAGE: Usage = Usage {
    path: "oras repo ls",
    arguments: "[flags] <registry>",
    count: Count::Exactly(1),
    purpose: "the target registry to list repositories from",
};

/// What is typed for `oras repo ls`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct LsArgs {
    #[arg(value_name = "registry")]
    arguments: Vec<String>,

    /// start after the repository specified by last
    #[arg(long, value_name = "last")]
    last: Option<String>,

    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

/// The repositories of a registry, by their full names.
#[derive(Serialize)]
struct Repositories {
    registry: String,
    repositories: Vec<String>,
}

impl Outcome for Repositories {
    /// As text they have been printed as they came.
    fn text(&self, _: &mut dyn fmt::Write) -> fmt::Result {
        Ok(())
    }
}

pub(crate) async fn run(args: LsArgs, app: &App) -> Result<(), Failure> {
    let [raw] = USAGE.exactly(args.arguments)?;
    let remote = &args.remote.remote;
    remote.check()?;
    let format = args.format.choose(Forms::RESULT)?;
    check(&format)?;
    let credential = app.credential(remote).await?;
    let (registry, namespace) = parse(&raw)?;
    let host = app.host(&registry, remote, credential).await?;
    let pages = host.repositories(args.last.as_deref()).map_ok(|mut page| {
        page.retain(|name| name.starts_with(&namespace));
        page
    });
    let listed = listed(pages.boxed(), &format, app, &namespace).await;
    let repositories = listed.map_err(|failure| failure.heading(unlisted(&registry, &namespace)))?;
    if format == Format::Text {
        return Ok(());
    }
    show(app, &format, &Repositories { registry, repositories })
}

fn unlisted(registry: &str, namespace: &str) -> String {
    let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
    let prefix = if namespace.is_empty() { String::new() } else { format!(" with prefix {namespace:?}") };
    format!("could not list repositories for {host:?}{prefix}")
}

/// The registry, and what the names of its repositories have to begin with.
fn parse(raw: &str) -> Result<(String, String), Failure> {
    let (registry, namespace) = raw.split_once('/').unwrap_or((raw, ""));
    let named = namespace.strip_suffix('/').unwrap_or(namespace);
    let wrong = |why: &dyn fmt::Display| Failure::mistake(format!("could not parse repository path: {why}"));
    if !namespace.is_empty() {
        if named.contains([':', '@']) {
            return Err(wrong(&"tags or digests should not be provided"));
        }
        if !is_repository(named) {
            return Err(wrong(&ReferenceError::Repository(named.to_owned())));
        }
    }
    if !is_registry(registry) {
        return Err(Failure::mistake(ReferenceError::Registry(registry.to_owned()).to_string()));
    }
    let prefix = if namespace.is_empty() { String::new() } else { format!("{named}/") };
    Ok((registry.to_owned(), prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_registry_is_a_prefix_of_names() {
        let parsed = |raw| parse(raw).unwrap();
        assert_eq!(parsed("h:5000"), ("h:5000".to_owned(), String::new()));
        assert_eq!(parsed("h:5000/"), ("h:5000".to_owned(), String::new()));
        assert_eq!(parsed("h/a/b"), ("h".to_owned(), "a/b/".to_owned()));
    }

    #[test]
    fn tags_and_names_that_are_none_are_refused() {
        for raw in ["h/a:v1", "h/a@sha256:b", "h/A", ""] {
            assert!(parse(raw).is_err(), "{raw}");
        }
    }
}
