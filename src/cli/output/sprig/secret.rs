//! Functions that make something of passwords: hashes, encrypted text, other passwords, and pairs of certificate and key.
//!
//! What does not belong here: the program's own passwords, and what depends on chance alone ([`super::random`]).

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use gtmpl_ng::Value;
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use sha2::Sha256;

use super::argument::{Dict, Outcome, functions};
use super::random;

/// How often bcrypt turns, as a power of two: what Go takes.
const COST: u32 = 10;
/// Bytes of a block of AES.
const BLOCK: usize = 16;
/// What the algorithm of Master Password calls itself.
const SCOPE: &str = "com.lyndir.masterpassword";

functions! {
    "bcrypt"(password: String) => hashed(&password);
    "htpasswd"(user: String, password: String) => if user.contains(':') {
        format!("invalid username: {user}")
    } else {
        format!("{user}:{}", hashed(&password))
    };
    "derivePassword"(counter: i64, kind: String, password: String, user: String, site: String) =>
        derived(counter, &kind, &password, &user, &site);
    "encryptAES"(password: String, text: String) => encrypted(&password, &text);
    "decryptAES"(password: String, text: String) => decrypted(&password, &text);
    "buildCustomCert"(certificate: String, key: String) => pair(&certificate, &key);
}

/// The hash of a password; like sprig, the reason if there is none.
fn hashed(password: &str) -> String {
    match bcrypt::non_truncating_hash_with_result(password, COST) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(bcrypt::BcryptError::Truncation(_)) => {
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        }
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

/// The forms of passwords: for each one the kinds of its letters.
const FORMS: &[(&str, &[&str])] = &[
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

/// The letters of a kind.
fn letters(kind: char) -> &'static [u8] {
    match kind {
        'V' => b"AEIOU",
        'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        'v' => b"aeiou",
        'c' => b"bcdfghjklmnpqrstvwxyz",
        'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        'n' => b"0123456789",
        'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The password of a site, from the one of the user, by the algorithm of Master Password.
fn derived(counter: i64, kind: &str, password: &str, user: &str, site: &str) -> Outcome<String> {
    let counter = u32::try_from(counter).map_err(|_| format!("{counter} is no counter"))?;
    let Some((_, forms)) = FORMS.iter().find(|(name, _)| *name == kind) else {
        return Ok(format!("cannot find password template {kind}"));
    };
    let with_length = |text: &str| {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
        [SCOPE.as_bytes(), &length, text.as_bytes()].concat()
    };
    let wrong = || "failed to derive password".to_owned();
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|_| wrong())?;
    let mut key = [0; 64];
    scrypt::scrypt(password.as_bytes(), &with_length(user), &parameters, &mut key).map_err(|_| wrong())?;
    let mut seed = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| wrong())?;
    seed.update(&with_length(site));
    seed.update(&counter.to_be_bytes());
    let seed = seed.finalize().into_bytes();
    let (first, rest) = seed.split_first().ok_or_else(wrong)?;
    let form = forms[usize::from(*first) % forms.len()];
    let one = |(kind, seed): (char, &u8)| {
        let letters = letters(kind);
        char::from(letters[usize::from(*seed) % letters.len()])
    };
    Ok(form.chars().zip(rest).map(one).collect())
}

/// The first 32 bytes of a password, filled up with zeros: as sprig makes a key of it.
fn key(password: &str) -> [u8; 32] {
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().zip(password.bytes()) {
        *place = byte;
    }
    key
}

/// AES-256 in CBC mode: the vector in front, then the text with the padding of PKCS #7, in base 64.
fn encrypted(password: &str, text: &str) -> Outcome<String> {
    let mut start = [0; BLOCK];
    random::Chance::new().fill(&mut start)?;
    let cipher = Encryptor::<Aes256>::new(&key(password).into(), &start.into());
    let blocks = cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes());
    Ok(STANDARD.encode([start.to_vec(), blocks].concat()))
}

fn decrypted(password: &str, text: &str) -> Outcome<String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let wrong = || "the text was not encrypted with this password".to_owned();
    let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
    let (start, blocks) = bytes.split_first_chunk::<BLOCK>().ok_or_else(wrong)?;
    let cipher = Decryptor::<Aes256>::new(&key(password).into(), start.into());
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(blocks).map_err(|_| wrong())?;
    Ok(String::from_utf8_lossy(&plain).into_owned())
}

/// A certificate and its key, given as PEM in base 64, if they are such.
fn pair(certificate: &str, key: &str) -> Outcome<Dict> {
    let text = |encoded: &str, what: &str| {
        let bytes = STANDARD.decode(encoded).map_err(|_| format!("unable to decode base64 {what}"))?;
        String::from_utf8(bytes).map_err(|_| format!("unable to decode base64 {what}"))
    };
    let (certificate, key) = (text(certificate, "certificate")?, text(key, "private key")?);
    let parsed = CertificateDer::from_pem_slice(certificate.as_bytes())
        .map_err(|_| "unable to decode certificate".to_owned())?;
    ParsedCertificate::try_from(&parsed).map_err(|error| format!("error parsing certificate: {error}"))?;
    let parsed = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| "error parsing private key: no PEM data in input".to_owned())?;
    rustls::crypto::ring::sign::any_supported_type(&parsed)
        .map_err(|error| format!("error parsing private key: {error}"))?;
    Ok([("Cert", certificate), ("Key", key)].map(|(name, text)| (name.to_owned(), Value::from(text))).into())
}
