//! The binary: everything about the terminal is in [`cli`].

mod cli;

/// That of musl asks the system for each large buffer anew.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
