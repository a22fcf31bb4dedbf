//! Functions that depend on chance. All of it is the system's, so that what they give may be a password.
//!
//! What does not belong here: what is made of passwords, which is in [`super::secret`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::SecureRandom;

use super::argument::{LIMIT, Outcome, functions};

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS: &[u8] = b"0123456789";
/// All that are printed, with the blank.
const PRINTED: std::ops::RangeInclusive<u8> = b' '..=b'~';

functions! {
    "randAlpha"(length: i64) => text(LETTERS, length);
    "randAlphaNum"(length: i64) => text(LETTERS_AND_DIGITS, length);
    "randAscii"(length: i64) => text(&PRINTED.collect::<Vec<_>>(), length);
    "randNumeric"(length: i64) => text(DIGITS, length);
    "randBytes"(length: i64) => bytes(length).map(|bytes| STANDARD.encode(bytes));
    "randInt"(least: i64, end: i64) => between(least, end);
    "shuffle"(text: String) => shuffled(&text);
    "uuidv4"() => uuid();
}

/// Chance.
pub(super) struct Chance(&'static dyn SecureRandom);

impl Chance {
    pub(super) fn new() -> Self {
        Self(rustls::crypto::ring::default_provider().secure_random)
    }

    pub(super) fn fill(&self, bytes: &mut [u8]) -> Outcome<()> {
        self.0.fill(bytes).map_err(|_| "the system has no random numbers".to_owned())
    }

    /// One of so many numbers from zero.
    fn below(&self, count: u64) -> Outcome<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        // The upper half of the product; no number is favoured by more than one in 2^64 / count.
        let product = u128::from(u64::from_le_bytes(bytes)) * u128::from(count);
        Ok(u64::try_from(product >> 64).unwrap_or_default())
    }

    fn index(&self, count: usize) -> Outcome<usize> {
        let below = self.below(u64::try_from(count).unwrap_or(u64::MAX))?;
        Ok(usize::try_from(below).unwrap_or_default())
    }
}

/// A length that is not negative and not without reason.
fn bounded(length: i64) -> Outcome<usize> {
    match usize::try_from(length) {
        Ok(length) if length <= LIMIT => Ok(length),
        Ok(_) => Err(format!("the result would be longer than {LIMIT} bytes")),
        Err(_) => Err(format!("the length {length} is negative")),
    }
}

fn text(letters: &[u8], length: i64) -> Outcome<String> {
    let chance = Chance::new();
    // A negative length gives nothing, as in sprig.
    let length = bounded(length.max(0))?;
    (0..length).map(|_| Ok(char::from(letters[chance.index(letters.len())?]))).collect()
}

fn bytes(length: i64) -> Outcome<Vec<u8>> {
    let mut bytes = vec![0; bounded(length)?];
    Chance::new().fill(&mut bytes)?;
    Ok(bytes)
}

fn between(least: i64, end: i64) -> Outcome<i64> {
    if end <= least {
        return Err("invalid argument to Intn".to_owned());
    }
    let added = Chance::new().below(end.abs_diff(least))?;
    Ok(least.wrapping_add_unsigned(added))
}

/// The letters in any order, each as likely.
fn shuffled(text: &str) -> Outcome<String> {
    let chance = Chance::new();
    let mut letters: Vec<char> = text.chars().collect();
    for last in (1..letters.len()).rev() {
        letters.swap(last, chance.index(last + 1)?);
    }
    Ok(letters.into_iter().collect())
}

/// RFC 9562, section 5.4.
fn uuid() -> Outcome<String> {
    let mut bytes = [0; 16];
    Chance::new().fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = format!("{:032x}", u128::from_be_bytes(bytes));
    Ok([&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-"))
}
