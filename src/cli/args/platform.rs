//! `--platform` of commands that take one.
//!
//! What does not belong here: choosing a manifest.

use clap::Args;
use oras::oci::{Platform, PlatformError};

use crate::cli::failure::Failure;

/// The platform of the manifest that is meant when an index is named.
#[derive(Debug, Args)]
pub(crate) struct PlatformArgs {
    #[expect(clippy::doc_markdown, reason = "it is the text of the help")]
    /// request platform in the form of os[/arch][/variant][:os_version]
    #[arg(long, value_name = "os[/arch][/variant][:os_version]")]
    platform: Option<String>,
}

impl PlatformArgs {
    /// The platform, if one is wanted.
    pub(crate) fn parse(&self) -> Result<Option<Platform>, Failure> {
        self.platform.as_deref().filter(|text| !text.is_empty()).map(parse).transpose()
    }

    /// Whether the flag was used.
    pub(crate) fn is_used(&self) -> bool {
        self.platform.is_some()
    }
}

/// A platform as it is typed.
pub(crate) fn parse(text: &str) -> Result<Platform, Failure> {
    text.parse().map_err(|error: PlatformError| Failure::mistake(error.to_string()))
}
