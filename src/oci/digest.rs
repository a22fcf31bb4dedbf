//! Digests: the names of content, and the hashing that makes them.
//!
//! A [`Digest`] can only be made by parsing or by a [`Hasher`], so one that exists is well formed and safe as a
//! part of a path. Source: image-spec `descriptor.md`, section "Digests".

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A registered digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Algorithm {
    /// SHA-256, what everybody uses.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in front of the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits a digest has.
    pub fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    /// The algorithm of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The digest of bytes that are in memory.
    pub fn digest(self, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }
}

/// Why a text is no digest. The wording is that of oras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestError {
    /// No `algorithm:hex`, or characters that a digest cannot have.
    Format,
    /// An algorithm that is not registered.
    Algorithm,
    /// A registered algorithm with another number of digits.
    Length,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "invalid checksum digest format",
            Self::Algorithm => "unsupported digest algorithm",
            Self::Length => "invalid checksum digest length",
        })
    }
}

impl std::error::Error for DigestError {}

/// The name of content: an algorithm and what it says of the bytes. A clone has the same digits and no others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hex: Arc<str>,
}

impl Digest {
    /// The digest of bytes in memory by the usual algorithm, SHA-256.
    pub fn of(bytes: &[u8]) -> Self {
        Algorithm::Sha256.digest(bytes)
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digits, lower case.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The form shown in status lines: the first twelve digits of SHA-256, else the whole digest.
    pub fn short(&self) -> String {
        match self.algorithm {
            Algorithm::Sha256 => self.hex[..12].to_owned(),
            _ => self.to_string(),
        }
    }

    /// The tag under which a registry without referrers API keeps the referrers of this manifest:
    /// `<algorithm>-<hex>` (distribution-spec, "Referrers Tag Schema").
    pub fn referrers_tag(&self) -> super::Tag {
        super::Tag::any(format!("{}-{}", self.algorithm.name(), self.hex))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Format)?;
        let named = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+._-".contains(&byte));
        let digits = hex.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=_-".contains(&byte));
        if name.is_empty() || hex.is_empty() || !named || !digits {
            return Err(DigestError::Format);
        }
        let algorithm = Algorithm::named(name).ok_or(DigestError::Algorithm)?;
        if hex.len() != algorithm.hex_length() {
            return Err(DigestError::Length);
        }
        if !hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Err(DigestError::Format);
        }
        Ok(Self { algorithm, hex: hex.into() })
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format!("invalid digest {text:?}: {error}")))
    }
}

/// A digest in the making. A clone goes on from the same point.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha384(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all that was taken.
    pub fn finish(self) -> Digest {
        let (algorithm, hex) = match self.0 {
            State::Sha256(state) => (Algorithm::Sha256, hexadecimal(&state.finalize())),
            State::Sha384(state) => (Algorithm::Sha384, hexadecimal(&state.finalize())),
            State::Sha512(state) => (Algorithm::Sha512, hexadecimal(&state.finalize())),
        };
        Digest { algorithm, hex }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

fn hexadecimal(bytes: &[u8]) -> Arc<str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests_come_out() {
        assert_eq!(
            Digest::of(b"{}").to_string(),
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert!(Algorithm::Sha384.digest(b"").to_string().starts_with("sha384:38b060a751ac9638"));
        assert!(Algorithm::Sha512.digest(b"").to_string().starts_with("sha512:cf83e1357eefb8bd"));
    }

    #[test]
    fn what_is_shown_can_be_parsed() {
        for algorithm in Algorithm::ALL {
            let digest = algorithm.digest(b"x");
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }

    #[test]
    fn malformed_digests_say_why() {
        let sha256 = |hex: &str| format!("sha256:{hex}").parse::<Digest>().map(|_| ());
        assert_eq!("v1".parse::<Digest>(), Err(DigestError::Format));
        assert_eq!("md5:00".parse::<Digest>(), Err(DigestError::Algorithm));
        assert_eq!(sha256("abc"), Err(DigestError::Length));
        assert_eq!(sha256(&"A".repeat(64)), Err(DigestError::Format));
        assert_eq!(sha256(&format!("../{}", "a".repeat(61))), Err(DigestError::Format));
        assert_eq!(sha256(""), Err(DigestError::Format));
    }

    #[test]
    fn a_cloned_hasher_goes_on_from_there() {
        let mut first = Hasher::new(Algorithm::Sha256);
        first.update(b"ab");
        let mut second = first.clone();
        first.update(b"c");
        second.update(b"c");
        assert_eq!(first.finish(), second.finish());
    }
}
