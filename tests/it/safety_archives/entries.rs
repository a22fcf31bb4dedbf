//! The parts of archives, made by hand: what no program would write.

use std::io::Write;

/// A header with content behind it.
pub fn entry(kind: u8, name: &str, link: &str, content: &[u8]) -> Vec<u8> {
    sized(kind, name, link, content.len() as u64, content)
}

/// The same with a size of its own.
pub fn sized(kind: u8, name: &str, link: &str, size: u64, content: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0006777\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block.extend_from_slice(content);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn seal(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block[..512].iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A header whose raw bytes were changed.
pub fn changed(mut entry: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    entry[at..at + bytes.len()].copy_from_slice(bytes);
    seal(&mut entry);
    entry
}

pub fn file(name: &str) -> Vec<u8> {
    entry(b'0', name, "", b"new")
}

pub fn link(name: &str, target: &str) -> Vec<u8> {
    entry(b'2', name, target, b"")
}

pub fn hard(name: &str, target: &str) -> Vec<u8> {
    entry(b'1', name, target, b"")
}

pub fn folder(name: &str) -> Vec<u8> {
    entry(b'5', name, "", b"")
}

/// A PAX header of one record.
pub fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (1..9).map(|digits| rest + digits).find(|sum| sum.to_string().len() == sum - rest).unwrap();
    entry(b'x', "x", "", format!("{length} {key}={value}\n").as_bytes())
}

/// A long name as GNU tar writes it, of an entry or of where a link leads.
pub fn gnu(kind: u8, name: &str) -> Vec<u8> {
    entry(kind, "././@LongLink", "", format!("{name}\0").as_bytes())
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
