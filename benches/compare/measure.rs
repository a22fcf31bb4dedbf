//! One run of a program: the time on the clock, its CPU and its peak memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use crate::Outcome;

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// On the clock.
    pub wall: Duration,
    /// Of the process on all cores, in its own code and in the system's.
    pub cpu: Duration,
    /// The most memory that it had at once, in bytes.
    ///
    /// Never less than what this harness has when it starts the program, since a child is born with its parent's
    /// record; that is why the harness leaves all that takes memory to processes of its own.
    pub peak: u64,
}

/// Runs a program that must succeed.
pub fn run(command: &mut Command) -> Outcome<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let mut errors = child.stderr.take().ok_or("no standard error")?;
    // Read to the end at once, or the program would wait for room in the pipe.
    let reader = std::thread::spawn(move || std::io::read_to_string(&mut errors));
    let ended = child.wait4()?;
    let wall = start.elapsed();
    let said = reader.join().map_err(|_| "the reader of errors panicked")??;
    if !ended.status.success() {
        return Err(format!("{command:?} failed: {said}").into());
    }
    let usage = ended.rusage;
    Ok(Cost { wall, cpu: usage.utime + usage.stime, peak: usage.maxrss })
}

/// The median of each figure by itself.
pub fn median(costs: &[Cost]) -> Cost {
    Cost {
        wall: middle(costs.iter().map(|cost| cost.wall)),
        cpu: middle(costs.iter().map(|cost| cost.cpu)),
        peak: middle(costs.iter().map(|cost| cost.peak)),
    }
}

fn middle<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}
