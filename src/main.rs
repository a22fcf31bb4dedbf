//! The binary: everything about the terminal is in [`cli`].

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
