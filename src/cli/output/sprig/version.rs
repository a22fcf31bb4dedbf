//! Functions of versions: their parts, and whether they are within a range.
//!
//! Ranges are written as in npm: `^1.2`, `~1.2.3`, `>=1, <2 || 3.x`, `1.2 - 2.3`. A prerelease is within a range only
//! when the range itself names one.
//!
//! What does not belong here: the version of this program.

use std::cmp::Ordering;

use gtmpl_ng::Value;
use semver::{BuildMetadata, Prerelease, Version};

use super::argument::{Dict, Outcome, functions};

functions! {
    "semver"(text: String) => parts(&text);
    "semverCompare"(range: String, version: String) => within(&range, &version);
}

/// The parts by the names of sprig's fields and methods.
fn parts(text: &str) -> Outcome<Dict> {
    let (version, _) = read(text, Stars::Refused)?;
    let number = |number: u64| Value::from(number);
    let parts = [
        ("Major", number(version.major)),
        ("Minor", number(version.minor)),
        ("Patch", number(version.patch)),
        ("Prerelease", Value::from(version.pre.as_str())),
        ("Metadata", Value::from(version.build.as_str())),
        ("Original", Value::from(text)),
        ("String", Value::from(version.to_string())),
    ];
    Ok(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stars {
    Allowed,
    Refused,
}

/// A version and how many of its three numbers are written: `v1.2` is `1.2.0` and two.
fn read(text: &str, stars: Stars) -> Outcome<(Version, usize)> {
    let wrong =
        || if text.is_empty() { "version string empty" } else { "invalid semantic version" }.to_owned();
    let (rest, build) = text.split_once('+').unwrap_or((text, ""));
    let (numbers, pre) = rest.split_once('-').unwrap_or((rest, ""));
    let numbers: Vec<&str> = numbers.strip_prefix('v').unwrap_or(numbers).split('.').collect();
    let star = numbers.iter().position(|number| matches!(*number, "x" | "X" | "*"));
    if numbers.len() > 3 || star.is_some() && stars == Stars::Refused {
        return Err(wrong());
    }
    let written = star.unwrap_or(numbers.len());
    let mut three = [0; 3];
    for (place, number) in three.iter_mut().zip(&numbers[..written]) {
        if number.is_empty() || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong());
        }
        *place = number.parse().map_err(|_| wrong())?;
    }
    let mut version = Version::new(three[0], three[1], three[2]);
    version.pre = Prerelease::new(pre).map_err(|_| "invalid prerelease string".to_owned())?;
    version.build = BuildMetadata::new(build).map_err(|_| "invalid metadata string".to_owned())?;
    Ok((version, written))
}

/// One comparison of a range.
struct Bound {
    sign: String,
    version: Version,
    written: usize,
}

fn within(range: &str, version: &str) -> Outcome<bool> {
    let ranges = range.split("||").map(bounds).collect::<Outcome<Vec<_>>>()?;
    let (version, _) = read(version, Stars::Refused)?;
    Ok(ranges.iter().any(|bounds| {
        let names_one = bounds.iter().any(|bound| !bound.version.pre.is_empty());
        (version.pre.is_empty() || names_one) && bounds.iter().all(|bound| bound.admits(&version))
    }))
}

/// The comparisons that all must hold, separated by commas or blanks.
fn bounds(range: &str) -> Outcome<Vec<Bound>> {
    let wrong = || format!("improper constraint: {range}");
    let mut bounds = Vec::new();
    let words = range.replace(',', " ");
    let mut words = words.split_whitespace().peekable();
    let mut sign = String::new();
    while let Some(word) = words.next() {
        let start = word.find(|letter: char| !"=!<>~^".contains(letter)).unwrap_or(word.len());
        sign.push_str(&word[..start]);
        let number = &word[start..];
        if number.is_empty() {
            continue;
        }
        if words.peek() == Some(&"-") && sign.is_empty() {
            words.next();
            let end = words.next().ok_or_else(wrong)?;
            bounds.push(bound(">=".to_owned(), number).ok_or_else(wrong)?);
            bounds.push(bound("<=".to_owned(), end).ok_or_else(wrong)?);
            continue;
        }
        bounds.push(bound(std::mem::take(&mut sign), number).ok_or_else(wrong)?);
    }
    if bounds.is_empty() || !sign.is_empty() { Err(wrong()) } else { Ok(bounds) }
}

fn bound(sign: String, number: &str) -> Option<Bound> {
    const SIGNS: [&str; 12] = ["", "=", "!=", ">", ">=", "=>", "<", "<=", "=<", "~", "~>", "^"];
    let (version, written) = read(number, Stars::Allowed).ok()?;
    SIGNS.contains(&sign.as_str()).then_some(Bound { sign, version, written })
}

impl Bound {
    fn admits(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.version);
        // The order of the numbers that are written.
        let numbers = |version: &Version| [version.major, version.minor, version.patch];
        let prefix = numbers(version)[..self.written].cmp(&numbers(&self.version)[..self.written]);
        let all = self.written == 3;
        match self.sign.as_str() {
            "!=" if all => order != Ordering::Equal,
            "!=" => prefix != Ordering::Equal,
            ">" if all => order == Ordering::Greater,
            ">" => prefix == Ordering::Greater,
            ">=" | "=>" => order != Ordering::Less,
            "<" => order == Ordering::Less,
            "<=" | "=<" if all => order != Ordering::Greater,
            "<=" | "=<" => prefix != Ordering::Greater,
            "^" => order != Ordering::Less && self.same(version, self.first_that_counts()),
            "" | "=" if all => order == Ordering::Equal,
            // `~1` allows other minors, `~1.2` and `~1.2.3` other patches.
            _ => order != Ordering::Less && self.same(version, self.written.min(2)),
        }
    }

    /// Whether the first numbers of both are the same.
    fn same(&self, version: &Version, count: usize) -> bool {
        let numbers = |version: &Version| [version.major, version.minor, version.patch];
        numbers(version)[..count] == numbers(&self.version)[..count]
    }

    /// How many numbers of a version must stay: up to the first that is not zero.
    fn first_that_counts(&self) -> usize {
        let numbers = [self.version.major, self.version.minor, self.version.patch];
        let first = numbers.iter().position(|number| *number != 0).map_or(3, |at| at + 1);
        first.min(self.written)
    }
}
