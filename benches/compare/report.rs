//! The figures as text and as a table of Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use crate::measure::Cost;
use crate::programs::Name;

/// What one workload cost everybody.
pub struct Row {
    /// The workload.
    pub name: &'static str,
    /// The medians of each program that can do it.
    pub costs: Vec<(Name, Cost)>,
    /// What nobody can be faster than: the time on the clock and, where it was measured, the CPU.
    pub limit: Option<(Duration, Option<Duration>)>,
}

impl Row {
    fn ours(&self) -> Option<Cost> {
        self.costs.iter().find(|(name, _)| *name == Name::Ours).map(|(_, cost)| *cost)
    }

    /// The peer that is fastest on the clock.
    fn best(&self) -> Option<(Name, Cost)> {
        let peers = self.costs.iter().filter(|(name, _)| *name != Name::Ours);
        peers.min_by_key(|(_, cost)| cost.wall).copied()
    }

    /// For people who look on: a line for each program.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.name);
        for (name, cost) in &self.costs {
            let (wall, cpu, peak) = (time(cost.wall), time(cost.cpu), memory(cost.peak));
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {:<8} {wall:>10} {cpu:>10} CPU {peak:>9}", name.shown());
        }
        if let (Some(ours), Some((name, best))) = (self.ours(), self.best()) {
            let [wall, cpu, peak] = ratios(ours, best);
            let _ = writeln!(text, "  {} / ours: {wall:.2}, CPU {cpu:.2}, memory {peak:.2}", name.shown());
        }
        if let (Some(ours), Some((wall, _))) = (self.ours(), self.limit) {
            let share = wall.as_secs_f64() / ours.wall.as_secs_f64();
            let _ = writeln!(text, "  limit {}: ours is at {:.0} % of it", self.limit(), share * 100.0);
        }
        text
    }

    fn limit(&self) -> String {
        match self.limit {
            Some((wall, Some(cpu))) => format!("{} (CPU {})", time(wall), time(cpu)),
            Some((wall, None)) => time(wall),
            None => "-".to_owned(),
        }
    }

    /// A row of the table.
    pub fn markdown(&self) -> String {
        let cell = |name: Name| {
            let cost = self.costs.iter().find(|(other, _)| *other == name);
            cost.map_or("-".to_owned(), |(_, Cost { wall, cpu, peak })| {
                format!("{} (CPU {}), {}", time(*wall), time(*cpu), memory(*peak))
            })
        };
        let cells: Vec<_> = Name::ALL.into_iter().map(cell).collect();
        let ratio = self.ours().zip(self.best()).map_or("-".to_owned(), |(ours, (_, best))| {
            let [wall, cpu, _] = ratios(ours, best);
            format!("{wall:.1} (CPU {cpu:.1})")
        });
        format!("| {} | {} | {ratio} | {} |\n", self.name, cells.join(" | "), self.limit())
    }
}

/// The head of the table.
pub fn head() -> String {
    let names = Name::ALL.map(Name::shown).join(" | ");
    format!("| work | {names} | best peer / ours | limit |\n|---|---|---|---|---|---|---|\n")
}

/// How much more the other one took: time, CPU, memory.
pub fn ratios(ours: Cost, other: Cost) -> [f64; 3] {
    #[expect(clippy::cast_precision_loss, reason = "two digits of a ratio are shown")]
    let peak = other.peak as f64 / ours.peak as f64;
    [
        other.wall.as_secs_f64() / ours.wall.as_secs_f64(),
        other.cpu.as_secs_f64() / ours.cpu.as_secs_f64().max(0.000_1),
        peak,
    ]
}

/// `1.234 s`, or `5.6 ms`.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}

/// In MiB.
pub fn memory(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
