//! Functions of versions: their parts, and whether they are within a range.
//!
//! Ranges are written as in npm: `^1.2`, `~1.2.3`, `>=1, <2 || 3.x`, `1.2 - 2.3`. A prerelease is within a range only
//! when the range itself names one.
//!
//! A version is the only object among the values of a template: a struct, where all else with keys is a dict.
//!
//! What does not belong here: the version of this program.

use std::cmp::Ordering;

use gtmpl_ng::Value;
use semver::{BuildMetadata, Prerelease, Version};

use super::argument::{Dict, Outcome, functions, text_of};

functions! {
    "semver"(text: String) => read(&text, Stars::Refused).map(|(version, _)| value(&version, &text));
    "semverCompare"(range: String, version: String) => within(&range, &version);
}

/// A version as a value: its parts by the names of sprig's methods. Nothing else is an object; what is shown of one is
/// its `String`.
fn value(version: &Version, original: &str) -> Value {
    let number = |number: u64| Value::from(number);
    let parts = [
        ("Major", number(version.major)),
        ("Minor", number(version.minor)),
        ("Patch", number(version.patch)),
        ("Prerelease", Value::from(version.pre.as_str())),
        ("Metadata", Value::from(version.build.as_str())),
        ("Original", Value::from(original)),
        ("String", Value::from(version.to_string())),
    ];
    Value::Object(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

/// The methods of versions that are more than one of its parts.
pub(super) const METHODS: &[&str] = &[
    "Compare",
    "Equal",
    "LessThan",
    "LessThanEqual",
    "GreaterThan",
    "GreaterThanEqual",
    "IncMajor",
    "IncMinor",
    "IncPatch",
    "SetPrerelease",
    "SetMetadata",
];

/// What a method gives of a version. Parts are methods, too.
pub(super) fn method(name: &str, parts: &Dict, given: &[Value]) -> Option<Outcome<Value>> {
    if given.is_empty()
        && let Some(part) = parts.get(name)
    {
        return Some(Ok(part.clone()));
    }
    let version = |value: &Value| match value {
        Value::Object(parts) => {
            read(&text_of(parts.get("String")?), Stars::Refused).ok().map(|(version, _)| version)
        }
        _ => None,
    };
    let mut this = version(&Value::Object(parts.clone()))?;
    Some(match (name, given) {
        ("IncMajor" | "IncMinor" | "IncPatch", []) => {
            Ok(value(&next(&this, name), &next(&this, name).to_string()))
        }
        ("SetPrerelease", [Value::String(text)]) => Prerelease::new(text)
            .map(|pre| this.pre = pre)
            .map_err(|_| "invalid prerelease string".to_owned())
            .map(|()| value(&this, &this.to_string())),
        ("SetMetadata", [Value::String(text)]) => BuildMetadata::new(text)
            .map(|build| this.build = build)
            .map_err(|_| "invalid metadata string".to_owned())
            .map(|()| value(&this, &this.to_string())),
        (_, [other]) => Ok(compared(name, this.cmp_precedence(&version(other)?))?),
        _ => return None,
    })
}

/// The next version. One after a prerelease is the one that it came before.
fn next(version: &Version, method: &str) -> Version {
    match method {
        "IncMajor" => Version::new(version.major + 1, 0, 0),
        "IncMinor" => Version::new(version.major, version.minor + 1, 0),
        _ if version.pre.is_empty() => Version::new(version.major, version.minor, version.patch + 1),
        _ => Version::new(version.major, version.minor, version.patch),
    }
}

/// What the methods that compare say of an order.
pub(super) fn compared(method: &str, order: Ordering) -> Option<Value> {
    Some(match method {
        "Compare" => Value::from(order as i64),
        "Equal" => order.is_eq().into(),
        "LessThan" | "Before" => order.is_lt().into(),
        "LessThanEqual" => order.is_le().into(),
        "GreaterThan" | "After" => order.is_gt().into(),
        "GreaterThanEqual" => order.is_ge().into(),
        _ => return None,
    })
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
