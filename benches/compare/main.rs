//! Compares this program with its peers, side by side on one machine.
//!
//! ```text
//! ORAS_PEERS=~/.cache/oras-peers cargo bench --bench compare
//! ```
//!
//! For each workload the programs run in turns (A B C A B C ...), so that what else the machine does falls on all of
//! them. What is told are medians of the time on the clock, the CPU and the peak memory of the program alone, the ratio
//! to the best peer, and the ratio to a limit measured in the same run. A peer that is missing is named.
//!
//! The relay alone needs no release build: `cargo build --bench compare`, then `target/debug/deps/compare-* relay`.
//!
//! What does not belong here: judgements. Whether a figure is good enough is for the reader of the table.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a harness tells its figures on the terminal")]
#![expect(
    clippy::disallowed_methods,
    reason = "a harness stands outside of the house: it makes its own files and reads the environment"
)]

mod arguments;
mod bench;
mod growth;
mod inputs;
mod limits;
mod measure;
mod objects;
mod port;
mod programs;
mod registries;
mod relay;
mod report;
mod workloads;

use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use arguments::{Options, Request};
use bench::Bench;
use inputs::Scale;
use measure::Cost;
use programs::{Name, Programs};
use relay::{Distance, Relay};
use report::Row;
use workloads::{Limit, Workload};

/// Work that takes so little time that all turns of it take less than this has more turns.
const ENOUGH: Duration = Duration::from_secs(4);
/// At most so many times as many.
const SHORT: usize = 10;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let request = arguments::parse(std::env::args().skip(1));
    let outcome = request.and_then(|request| match request {
        Request::Help => {
            println!("{}", arguments::USAGE);
            Ok(())
        }
        Request::Relay { to, port, distance } => run_relay(&to, port, distance),
        Request::Limit(arguments) => limits::perform(arguments.into_iter()),
        Request::Compare(options) => compare(&options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Relays until the process is ended, and tells every second how much went to clients.
fn run_relay(to: &str, port: u16, distance: Distance) -> Outcome {
    let relay = Relay::start(port, to, distance)?;
    println!("{} relays to {to}: {distance:?}", relay.address());
    let mut told = 0;
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let sent = relay.sent_to_clients();
        if sent != told {
            println!("{sent} bytes to clients");
            told = sent;
        }
    }
}

fn compare(options: &Options) -> Outcome {
    let scale = if options.quick { Scale::QUICK } else { Scale::FULL };
    let bench = Bench::prepare(scale, Programs::find_all(options.program.clone()))?;
    tell_the_place(&bench, scale);
    if options.growth {
        return publish(options, &growth::tell(&bench, options.quick)?);
    }
    let wanted =
        |workload: &Workload| options.only.as_ref().is_none_or(|text| workload.name.contains(text.as_str()));
    let mut table = report::head();
    for workload in workloads::ALL.iter().filter(|workload| wanted(workload)) {
        let row = measure_in_turns(&bench, workload, options.rounds)?;
        println!("{}", row.text());
        table += &row.markdown();
    }
    publish(options, &table)
}

/// Who takes part, and with what.
fn tell_the_place(bench: &Bench, scale: Scale) {
    for name in Name::ALL {
        match bench.programs.find(name) {
            Some(program) => {
                let size = std::fs::metadata(&program).map_or(0, |file| file.len());
                println!("{:<8} {} bytes  {}", name.shown(), size, program.display());
            }
            None => println!("{:<8} is missing", name.shown()),
        }
    }
    if bench.programs.file("olareg").is_none() {
        println!("olareg   is missing: its rows are empty");
    }
    if bench.programs.file("registry").is_none() {
        println!("registry is missing: transfers use the embedded one");
    }
    let Scale { big, many, folder, referrers } = scale;
    println!("the big file: {} MiB; the many files: {many} of 1 KiB; the few: {referrers}", big >> 20);
    println!(
        "the folder: {folder} text files; the referrers: {referrers}; far: {:?} each way\n",
        bench::LATENCY
    );
}

fn measure_in_turns(bench: &Bench, workload: &Workload, rounds: usize) -> Outcome<Row> {
    let mut costs: Vec<(Name, Vec<Cost>)> = Vec::new();
    let mut limits = Vec::new();
    let start = Instant::now();
    let turns = (0..rounds * SHORT).take_while(|turn| *turn < rounds || start.elapsed() < ENOUGH);
    for turn in turns {
        for name in Name::ALL {
            let line = workload.line_for(name);
            let line = line.and_then(|line| bench.fill_in(line, name.shown(), workload.name, turn));
            let Some(mut command) = line.and_then(|line| bench.command(name, &line)) else {
                continue;
            };
            let cost = measure::run(&mut command)?;
            bench.clear();
            match costs.iter_mut().find(|(other, _)| *other == name) {
                Some((_, costs)) => costs.push(cost),
                None => costs.push((name, vec![cost])),
            }
        }
        limits.extend(limit(bench, workload, turn)?);
    }
    limits.sort_unstable();
    let costs = costs.into_iter().map(|(name, costs)| (name, measure::median(&costs))).collect();
    Ok(Row { name: workload.name, costs, limit: limits.get(limits.len() / 2).copied() })
}

/// The limit in one turn, where there is one: the time on the clock and, where that is known, the CPU.
fn limit(bench: &Bench, workload: &Workload, turn: usize) -> Outcome<Option<(Duration, Option<Duration>)>> {
    let (lines, beside) = match &workload.limit {
        Limit::Unknown => return Ok(None),
        Limit::Process => {
            let cost = measure::run(&mut Command::new("true"))?;
            return Ok(Some((cost.wall, Some(cost.cpu))));
        }
        Limit::RoundTrips(count) => return Ok(Some((bench::LATENCY * 2 * *count, None))),
        Limit::Bare(lines) => (lines, false),
        Limit::Beside(lines) => (lines, true),
    };
    let (mut wall, mut cpu) = (Duration::ZERO, Duration::ZERO);
    for line in *lines {
        let Some(line) = bench.fill_in(line, "bare", workload.name, turn) else {
            return Ok(None);
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("limit").args(line.split_whitespace()).current_dir(bench.path());
        let cost = measure::run(&mut command)?;
        bench.clear();
        wall = if beside { wall.max(cost.wall) } else { wall + cost.wall };
        cpu += cost.cpu;
    }
    Ok(Some((wall, Some(cpu))))
}

fn publish(options: &Options, table: &str) -> Outcome {
    if let Some(file) = &options.markdown {
        std::fs::write(file, table)?;
    }
    println!("{table}");
    Ok(())
}
