//! Functions of bytes: base 32 and 64, and checksums.
//!
//! `sha1sum` is written here, because nothing else in this program needs it and nothing that matters may.
//!
//! What does not belong here: digests of content.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

use super::argument::{Outcome, functions};

const BASE_32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

functions! {
    "b64enc"(text: String) => STANDARD.encode(text);
    "b64dec"(text: String) => decoded_64(&text);
    "b32enc"(text: String) => encoded_32(text.as_bytes());
    "b32dec"(text: String) => decoded_32(&text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    "sha1sum"(text: String) => hex(&sha1(text.as_bytes()));
    "sha256sum"(text: String) => hex(&Sha256::digest(text));
    "sha512sum"(text: String) => hex(&Sha512::digest(text));
    "adler32sum"(text: String) => adler_32(text.as_bytes()).to_string();
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn decoded_64(text: &str) -> Outcome<String> {
    // Line ends between the letters are no mistake.
    let letters: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    let bytes = STANDARD.decode(letters).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn encoded_32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for five in bytes.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, at| bits << 8 | u64::from(five.get(at).copied().unwrap_or(0)));
        let letters = (five.len() * 8).div_ceil(5);
        for at in 0..8 {
            let letter = BASE_32[usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default()];
            text.push(if at < letters { char::from(letter) } else { '=' });
        }
    }
    text
}

fn decoded_32(text: &str) -> Outcome<Vec<u8>> {
    let letters = text.replace(['\r', '\n'], "");
    let wrong = |at: usize| format!("illegal base32 data at input byte {at}");
    let plain = letters.trim_end_matches('=');
    let padded = letters.len() - plain.len();
    if !letters.len().is_multiple_of(8) || !matches!(padded, 0 | 1 | 3 | 4 | 6) {
        return Err(wrong(plain.len()));
    }
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for (at, letter) in plain.bytes().enumerate() {
        let value = BASE_32.iter().position(|known| *known == letter).ok_or_else(|| wrong(at))?;
        bits = bits << 5 | u32::try_from(value).unwrap_or_default();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.extend((bits >> held).to_le_bytes().first());
            bits &= (1 << held) - 1;
        }
    }
    Ok(bytes)
}

/// RFC 1950, section 8.
fn adler_32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65_521;
    let (one, two) = bytes.iter().fold((1, 0), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % BASE;
        (one, (two + one) % BASE)
    });
    two << 16 | one
}

/// RFC 3174, section 6.1.
fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64) + if padded.len() % 64 > 56 { 64 } else { 0 } - 8, 0);
    padded.extend((bytes.len() as u64 * 8).to_be_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.as_chunks::<64>().0 {
        mix(&mut state, block);
    }
    let mut digest = [0; 20];
    for (place, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *place = word.to_be_bytes();
    }
    digest
}

/// Takes one block into the state of SHA-1.
fn mix(state: &mut [u32; 5], block: &[u8; 64]) {
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for at in 16..80 {
        words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
    }
    let [mut first, mut second, mut third, mut fourth, mut fifth] = *state;
    for (at, word) in words.into_iter().enumerate() {
        let (mixed, constant) = match at {
            0..20 => (second & third | !second & fourth, 0x5a82_7999),
            20..40 => (second ^ third ^ fourth, 0x6ed9_eba1),
            40..60 => (second & third | second & fourth | third & fourth, 0x8f1b_bcdc),
            _ => (second ^ third ^ fourth, 0xca62_c1d6_u32),
        };
        let next = first.rotate_left(5).wrapping_add(mixed).wrapping_add(fifth);
        let next = next.wrapping_add(constant).wrapping_add(word);
        (fifth, fourth, third, second, first) = (fourth, third, second.rotate_left(30), first, next);
    }
    for (kept, added) in state.iter_mut().zip([first, second, third, fourth, fifth]) {
        *kept = kept.wrapping_add(added);
    }
}
