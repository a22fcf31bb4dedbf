//! The command line: words, flags, streams and exit codes over the library.

/// Runs the command that was typed.
pub(crate) fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
