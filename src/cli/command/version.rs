//! `oras version`.

use clap::Args;

use crate::cli::app::App;
use crate::cli::env::Env;
use crate::cli::failure::Failure;
use crate::cli::output::text::facts;

/// The oras that this one behaves like.
const COMPATIBLE: &str = "oras 1.3.6";

/// What is typed for `oras version`.
#[derive(Debug, Args)]
#[command(override_usage = "oras version [flags]")]
pub(crate) struct VersionArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(args: &VersionArgs, app: &App) -> Result<(), Failure> {
    if !args.arguments.is_empty() {
        let ignored = args.arguments.join(",");
        app.terminal
            .warn(&format!("warning: `oras version` requires no argument, {ignored:?} will be ignored"));
    }
    app.terminal.print(&text(option_env!("ORAS_GIT_COMMIT")))
}

/// What is told.
fn text(commit: Option<&str>) -> String {
    let machine = Env::machine();
    facts([
        ("Version", Some(env!("CARGO_PKG_VERSION"))),
        ("Compatible", Some(COMPATIBLE)),
        ("OS/Arch", Some(machine.as_str())),
        ("Git commit", commit),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_stand_in_one_column() {
        let text = text(Some("abc"));
        assert!(text.contains("Compatible:  oras 1.3.6\n"), "{text}");
        assert!(text.ends_with("Git commit:  abc\n"), "{text}");
        assert!(text.starts_with("Version:     "), "{text}");
    }
}
