//! What more work costs: time and memory of ours and of the peer with our command line.

use std::path::Path;

use crate::Outcome;
use crate::bench::{Bench, numbered};
use crate::inputs::{self, Random};
use crate::measure;
use crate::programs::Name;
use crate::report::{memory, time};

/// Prints a table for counts of objects, and one for sizes.
pub fn tell(bench: &Bench, quick: bool) -> Outcome<String> {
    let mut text = String::from("| work | ours | oras |\n|---|---|---|\n");
    let counts: &[usize] = if quick { &[10, 100] } else { &[10, 100, 1000, 10_000] };
    for &count in counts {
        let folder = format!("count{count}");
        make_files(&bench.path().join(&folder), count)?;
        let names = numbered(&folder, count);
        text += &pair(bench, &format!("{count} files of 1 KiB"), &names)?;
    }
    let sizes: &[u64] = if quick { &[1, 16] } else { &[1, 16, 256, 1024, 8192] };
    for &size in sizes {
        let name = format!("size{size}");
        inputs::bytes(&bench.path().join(&name), size << 20, &mut Random(size + 1))?;
        text += &pair(bench, &format!("{size} MiB"), &name)?;
        std::fs::remove_file(bench.path().join(&name))?;
    }
    Ok(text)
}

fn make_files(folder: &Path, count: usize) -> Outcome {
    std::fs::create_dir_all(folder)?;
    let mut random = Random(u64::try_from(count)? + 1);
    for number in 0..count {
        inputs::bytes(&folder.join(number.to_string()), 1024, &mut random)?;
    }
    Ok(())
}

/// The rows for pushing something and for pulling it again.
fn pair(bench: &Bench, what: &str, names: &str) -> Outcome<String> {
    let repository = format!("{}/growth/{}", bench.near(), what.replace(' ', "-").to_lowercase());
    let mut text = String::new();
    for work in ["push", "pull"] {
        let mut cells = Vec::new();
        for name in [Name::Ours, Name::Oras] {
            let place = format!("{repository}-{}:v1", name.shown());
            let line =
                if work == "push" { format!("push {place} {names}") } else { format!("pull {place} -o out") };
            let Some(mut command) = bench.command(name, &line) else {
                cells.push("-".to_owned());
                continue;
            };
            let cost = measure::run(&mut command)?;
            bench.clear();
            cells.push(format!("{}, {}", time(cost.wall), memory(cost.peak)));
        }
        let row = format!("| {work} {what} | {} |\n", cells.join(" | "));
        eprint!("{row}");
        text += &row;
    }
    Ok(text)
}
