//! The files that programs push, made anew in each run of the harness.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::Outcome;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Bytes of the big file.
    pub big: u64,
    /// Files of 1 KiB.
    pub many: usize,
    /// Text files in the folder.
    pub folder: usize,
    /// Referrers of a manifest, and files of a far push.
    pub referrers: usize,
}

impl Scale {
    /// That of the published table.
    pub const FULL: Self = Self { big: 1 << 30, many: 1000, folder: 6000, referrers: 100 };
    /// To see that everything runs.
    pub const QUICK: Self = Self { big: 32 << 20, many: 50, folder: 200, referrers: 10 };
}

/// Makes `big`, `small`, `many/`, `few/`, and `folder/`.
pub fn make(place: &Path, scale: Scale) -> Outcome {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    bytes(&place.join("big"), scale.big, &mut random)?;
    bytes(&place.join("small"), 1024, &mut random)?;
    for (name, count) in [("many", scale.many), ("few", scale.referrers)] {
        fs::create_dir_all(place.join(name))?;
        for number in 0..count {
            bytes(&place.join(name).join(number.to_string()), 1024, &mut random)?;
        }
    }
    for number in 0..scale.folder {
        let part = place.join("folder").join(format!("part{}", number % 60));
        fs::create_dir_all(&part)?;
        text(&part.join(format!("file{number}.txt")), &mut random)?;
    }
    Ok(())
}

/// A file that does not compress.
pub fn bytes(path: &Path, size: u64, random: &mut Random) -> Outcome {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut left = size;
    while left > 0 {
        let piece = random.next().to_le_bytes();
        let length = usize::try_from(left.min(8))?;
        file.write_all(&piece[..length])?;
        left -= length as u64;
    }
    Ok(file.flush()?)
}

/// A file of 4 to 28 KiB that compresses like prose or source code.
fn text(path: &Path, random: &mut Random) -> Outcome {
    const WORDS: [&str; 16] = [
        "artifact", "registry", "manifest", "the", "of", "a", "layer", "digest", "blob", "return", "let",
        "=", "{", "}", "subject", "referrer",
    ];
    let mut file = BufWriter::new(File::create(path)?);
    for _ in 0..100 + random.next() % 600 {
        for _ in 0..6 {
            let word = WORDS[usize::try_from(random.next() % 16)?];
            write!(file, "{word} ")?;
        }
        writeln!(file, "{}", random.next() % 10_000)?;
    }
    Ok(file.flush()?)
}

/// Xorshift: the same files in every run.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
