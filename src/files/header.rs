//! The header of an archive's entry, byte for byte as Go's `archive/tar` writes it.
//!
//! The digest of a packed folder is part of its artifact, so the same folder must give the same bytes here and in
//! oras. An entry is USTAR; a PAX header with only the values that USTAR cannot hold stands before it where there
//! are such values. Owners and their names are always empty. Source: POSIX.1-2001 `pax`, "ustar Interchange Format".

/// The size of a header, and what content is padded to.
pub(super) const BLOCK: usize = 512;

const NAME: usize = 100;
const PREFIX: usize = 155;

/// What an entry is, by its letter in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[cfg_attr(
    not(unix),
    allow(dead_code, reason = "only Unix has all kinds of files; the tests make headers of them all")
)]
pub(super) enum EntryKind {
    File = b'0',
    Symlink = b'2',
    CharacterDevice = b'3',
    BlockDevice = b'4',
    Folder = b'5',
    Fifo = b'6',
}

/// What an archive says of one file.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) kind: EntryKind,
    pub(super) name: &'a [u8],
    /// Where a symbolic link points.
    pub(super) link: &'a [u8],
    pub(super) mode: u32,
    pub(super) size: u64,
    /// Seconds since 1970.
    pub(super) modified: i64,
    /// Major and minor number of a device.
    pub(super) device: (u32, u32),
}

impl Entry<'_> {
    /// All blocks that stand before the content.
    pub(super) fn blocks(&self) -> Vec<u8> {
        let split = split(self.name);
        let mut fits = true;
        let mut records: Vec<(&str, Vec<u8>)> = Vec::new();
        if !is_plain(self.link) || self.link.len() > NAME {
            fits = false;
            records.push(("linkpath", self.link.to_vec()));
        }
        if !fits_octal(self.modified, 12) {
            fits = false;
            records.push(("mtime", self.modified.to_string().into_bytes()));
        }
        if !is_plain(self.name) || self.name.len() > NAME {
            fits &= split.is_some();
            records.push(("path", self.name.to_vec()));
        }
        if !fits_octal(i64::try_from(self.size).unwrap_or(i64::MAX), 12) {
            fits = false;
            records.push(("size", self.size.to_string().into_bytes()));
        }
        if fits {
            let (prefix, name) = split.unwrap_or((b"", self.name));
            return self.block(prefix, name, self.link).to_vec();
        }
        let mut blocks = extended(self.name, &records);
        blocks.extend_from_slice(&self.block(b"", &plain(self.name), &plain(self.link)));
        blocks
    }

    fn block(&self, prefix: &[u8], name: &[u8], link: &[u8]) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        text(&mut block[..NAME], name);
        octal(&mut block[100..108], i64::from(self.mode));
        octal(&mut block[108..116], 0);
        octal(&mut block[116..124], 0);
        octal(&mut block[124..136], i64::try_from(self.size).unwrap_or(i64::MAX));
        octal(&mut block[136..148], self.modified);
        block[156] = self.kind as u8;
        text(&mut block[157..257], link);
        octal(&mut block[329..337], i64::from(self.device.0));
        octal(&mut block[337..345], i64::from(self.device.1));
        text(&mut block[345..500], prefix);
        sealed(block)
    }
}

/// How many zero bytes fill the last block of content of this size.
pub(super) fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    (BLOCK - over) % BLOCK
}

/// A PAX header with these records, which are in the order of their keys.
fn extended(name: &[u8], records: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut data = Vec::new();
    for (key, value) in records {
        record(&mut data, key, value);
    }
    let (folder, file) = match name.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => name.split_at(slash + 1),
        None => (&[][..], name),
    };
    let mut shown = plain(&[folder, b"PaxHeaders.0/", file].concat());
    shown.truncate(NAME);
    while shown.last() == Some(&b'/') {
        shown.pop();
    }
    let mut block = [0; BLOCK];
    text(&mut block[..NAME], &shown);
    for number in [100..108, 108..116, 116..124, 136..148] {
        octal(&mut block[number], 0);
    }
    octal(&mut block[124..136], i64::try_from(data.len()).unwrap_or(i64::MAX));
    block[156] = b'x';
    let mut blocks = sealed(block).to_vec();
    blocks.extend_from_slice(&data);
    blocks.resize(blocks.len() + padding(data.len() as u64), 0);
    blocks
}

/// Adds `LENGTH KEY=VALUE`, where the length counts itself too.
fn record(data: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    data.extend_from_slice(format!("{length} {key}=").as_bytes());
    data.extend_from_slice(value);
    data.push(b'\n');
}

/// Format and checksum, the last two fields.
fn sealed(mut block: [u8; BLOCK]) -> [u8; BLOCK] {
    block[257..263].copy_from_slice(b"ustar\0");
    block[263..265].copy_from_slice(b"00");
    block[148..156].copy_from_slice(b"        ");
    let sum = block.iter().map(|byte| i64::from(*byte)).sum();
    octal(&mut block[148..155], sum);
    block
}

/// A name in two parts that USTAR has room for, where it is too long for one and can be divided at a slash.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= NAME || !is_plain(name) {
        return None;
    }
    let mut length = name.len();
    if length > PREFIX + 1 {
        length = PREFIX + 1;
    } else if name.ends_with(b"/") {
        length -= 1;
    }
    let slash = name[..length].iter().rposition(|byte| *byte == b'/')?;
    let rest = name.len() - slash - 1;
    let fits = slash > 0 && rest > 0 && rest <= NAME && slash <= PREFIX;
    fits.then(|| (&name[..slash], &name[slash + 1..]))
}

fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte < 0x80 && *byte != 0)
}

fn plain(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| *byte < 0x80 && *byte != 0).collect()
}

fn fits_octal(number: i64, width: u32) -> bool {
    number >= 0 && number < 1 << ((width - 1) * 3)
}

/// Text, cut where it is too long. A cut one does not end in a slash, because some readers take that for a folder.
fn text(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
    if text.len() > field.len() && field.ends_with(b"/") {
        let kept = field.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
        field[kept..].fill(0);
    }
}

/// Digits to the end of the field but one; zero where there is no room for the number.
fn octal(field: &mut [u8], number: i64) {
    let width = u32::try_from(field.len()).unwrap_or(u32::MAX);
    let number = if fits_octal(number, width) { number } else { 0 };
    let digits = format!("{number:0width$o}", width = field.len() - 1);
    text(field, digits.as_bytes());
    field[digits.len()] = 0;
}

#[cfg(test)]
mod tests;
