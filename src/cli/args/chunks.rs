//! `--chunk-size`: blobs in pieces.
//!
//! What does not belong here: pieces that turn out to be necessary, which the library finds out by itself.

use clap::Args;

use crate::cli::connect::End;

/// How blobs are sent.
#[derive(Debug, Args)]
pub(crate) struct ChunkArgs {
    /// send larger blobs in chunks of this size, such as 64MiB
    #[arg(long, value_name = "size", value_parser = size)]
    chunk_size: Option<u64>,
}

impl ChunkArgs {
    /// The end that blobs are sent to.
    pub(crate) fn apply(&self, end: End) -> End {
        end.in_chunks(self.chunk_size)
    }
}

/// A number of bytes, which may be written in units of 1024 (`KiB`, `MiB`, `GiB`) or 1000 (`KB`, `MB`, `GB`).
fn size(text: &str) -> Result<u64, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1000 * 1000,
        "gb" => 1000 * 1000 * 1000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err("not a number of bytes, as 64MiB or 100MB".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "not a number of bytes, as 64MiB or 100MB".to_owned())?;
    let bytes = number.checked_mul(unit).ok_or("more bytes than there can be")?;
    if bytes == 0 {
        return Err("a chunk has at least one byte".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024_or_1000() {
        for (text, bytes) in [
            ("1", 1),
            ("7b", 7),
            ("10KiB", 10_240),
            ("64MiB", 64 << 20),
            ("100mb", 100_000_000),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "x", "MiB", "-1", "1.5MiB", "10 MiB", "64M", "0", "0KiB", "99999999999GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
