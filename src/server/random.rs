//! Names that nobody can guess: of upload sessions and of tokens.

use crate::error::{Error, Result};

/// 32 random bytes of the system.
pub(super) fn bytes() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| Error::unsupported("the system has no random numbers"))?;
    Ok(bytes)
}

/// 256 random bits as hexadecimal text.
pub(super) fn name() -> Result<String> {
    // The digits of a digest of random bytes are as random as they are.
    Ok(crate::oci::Digest::of(&bytes()?).hex().to_owned())
}
