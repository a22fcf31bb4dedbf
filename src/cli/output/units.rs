//! Sizes and times for people, in the form of oras: three digits, and Go's way to write a time.
//!
//! Neither depends on a locale. What does not belong here: where they stand in a line.

use std::fmt;
use std::time::Duration;

const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];

/// A number of bytes in the largest unit of which there is at least one; a unit is 1024 of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    bytes: u64,
    unit: usize,
}

impl Size {
    /// The size in bytes.
    pub(crate) fn of(bytes: u64) -> Self {
        let unit = (0..UNITS.len()).rev().find(|unit| bytes >> (10 * unit) > 0).unwrap_or_default();
        Self { bytes, unit }
    }

    /// The unit.
    pub(crate) fn unit(self) -> &'static str {
        UNITS[self.unit]
    }

    /// Another number of bytes in the unit of this one, without it.
    pub(crate) fn like(self, bytes: u64) -> String {
        Self { bytes, ..self }.number()
    }

    /// At most three digits, unless there are four in front of the dot.
    pub(crate) fn number(self) -> String {
        if self.unit == 0 {
            return self.bytes.to_string();
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let value = self.bytes as f64 / (1_u64 << (10 * self.unit)) as f64;
        let digits = match value {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        let text = format!("{value:.digits$}");
        if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
    }
}

impl fmt::Display for Size {
    /// The unit has two columns, so that sizes stand in line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {:>2}", self.number(), self.unit()))
    }
}

/// A time as Go writes it, rounded to seconds, milliseconds or microseconds: `1m3s`, `189ms`, `61µs`.
pub(crate) fn duration(time: Duration) -> String {
    let rounded = |unit: u128| (time.as_nanos() + unit / 2) / unit;
    if time > Duration::from_secs(1) {
        let seconds = rounded(1_000_000_000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        return match (hours, minutes) {
            (0, 0) => format!("{seconds}s"),
            (0, _) => format!("{minutes}m{seconds}s"),
            _ => format!("{hours}h{minutes}m{seconds}s"),
        };
    }
    if time > Duration::from_millis(1) {
        return match rounded(1_000_000) {
            1000 => "1s".to_owned(),
            milliseconds => format!("{milliseconds}ms"),
        };
    }
    match rounded(1_000) {
        0 => "0s".to_owned(),
        1000 => "1ms".to_owned(),
        microseconds => format!("{microseconds}µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let shown = |bytes| Size::of(bytes).to_string();
        assert_eq!(shown(2), "2  B");
        assert_eq!(shown(797), "797  B");
        assert_eq!(shown(10 * 1024), "10 KB");
        assert_eq!(shown(14848), "14.5 KB");
        assert_eq!(shown(30_000_000), "28.6 MB");
        assert_eq!(shown(3_000_000), "2.86 MB");
        assert_eq!(shown(5 << 40), "5 TB");
        assert_eq!(shown(u64::MAX), "16777216 TB");
        assert_eq!(Size::of(3_000_000).like(2_350_000), "2.24");
    }

    #[test]
    fn times_are_written_as_in_go() {
        let shown = |nanoseconds| duration(Duration::from_nanos(nanoseconds));
        assert_eq!(shown(0), "0s");
        assert_eq!(shown(61_400), "61µs");
        assert_eq!(shown(189_400_000), "189ms");
        assert_eq!(shown(999_900_000), "1s");
        assert_eq!(shown(63_200_000_000), "1m3s");
        assert_eq!(shown(3_600_000_000_000), "1h0m0s");
    }
}
