//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::relay::Distance;

/// How the harness is called.
pub const USAGE: &str = "\
cargo bench --bench compare -- [--rounds N] [--quick] [--only TEXT] [--growth] [--markdown FILE] [--program FILE]
cargo bench --bench compare -- relay --to HOST:PORT [--port N] [--latency 25ms] [--cap BYTES/S] [--cut-after BYTES]

  --rounds N       rounds in which each program has its turn once (default 5); short work has up to ten times as many
  --quick          small inputs, to see that everything runs
  --only TEXT      workloads with this text in their name
  --growth         time and memory as the work grows, in place of the comparison
  --markdown FILE  writes the table there as well
  --program FILE   compares another build of this program, such as a static one
Peers come from the folder that ORAS_PEERS names, or from the PATH. Sizes may end in K, M or G.";

/// What is asked for.
pub enum Request {
    /// Programs are compared.
    Compare(Options),
    /// A relay runs until it is interrupted.
    Relay {
        /// The registry.
        to: String,
        /// Where it listens.
        port: u16,
        /// How far away the registry shall be.
        distance: Distance,
    },
    /// One of the limits, in a process of its own.
    Limit(Vec<String>),
    /// How it is called.
    Help,
}

/// How programs are compared.
#[derive(Default)]
pub struct Options {
    /// How often each has its turn.
    pub rounds: usize,
    /// With small inputs.
    pub quick: bool,
    /// Only the workloads with this text in their name.
    pub only: Option<String>,
    /// Not a comparison, but how the costs grow.
    pub growth: bool,
    /// Where the table is written as well.
    pub markdown: Option<String>,
    /// Another build of this program.
    pub program: Option<PathBuf>,
}

/// Reads the command line; Cargo adds `--bench`.
pub fn parse(arguments: impl Iterator<Item = String>) -> Outcome<Request> {
    let mut arguments = arguments.filter(|argument| argument != "--bench").peekable();
    match arguments.peek().map(String::as_str) {
        Some("relay") => relay(arguments.skip(1)),
        Some("limit") => Ok(Request::Limit(arguments.skip(1).collect())),
        Some("--help" | "-h") => Ok(Request::Help),
        _ => compare(arguments),
    }
}

fn compare(mut arguments: impl Iterator<Item = String>) -> Outcome<Request> {
    let mut options = Options { rounds: 5, ..Options::default() };
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
            "--quick" => options.quick = true,
            "--only" => options.only = Some(value()?),
            "--growth" => options.growth = true,
            "--markdown" => options.markdown = Some(value()?),
            // Programs run in a folder of their own.
            "--program" => options.program = Some(std::fs::canonicalize(value()?)?),
            _ => return Err(format!("{flag}: not known\n{USAGE}").into()),
        }
    }
    Ok(Request::Compare(options))
}

fn relay(mut arguments: impl Iterator<Item = String>) -> Outcome<Request> {
    let (mut to, mut port, mut distance) = (None, 0, Distance::default());
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or(format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--to" => to = Some(value),
            "--port" => port = value.parse()?,
            "--latency" => {
                let milliseconds = value.trim_end_matches("ms").parse()?;
                distance.latency = Duration::from_millis(milliseconds);
            }
            "--cap" => distance.cap = Some(size(&value)?),
            "--cut-after" => distance.cut_after = Some(size(&value)?),
            _ => return Err(format!("{flag}: not known\n{USAGE}").into()),
        }
    }
    Ok(Request::Relay { to: to.ok_or("--to HOST:PORT is missing")?, port, distance })
}

/// `64M` and the like, in powers of 1024.
fn size(text: &str) -> Outcome<u64> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        other => return Err(format!("{other}: not K, M or G").into()),
    };
    Ok(digits.parse::<u64>()? * unit)
}
