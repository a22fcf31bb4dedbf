//! Reading an archive, entry by entry, in bounded memory.
//!
//! Takes what Go, GNU tar, bsdtar and Python write: USTAR, PAX, and the long names of GNU. Names and numbers are
//! given as they stand; where a name may lead is not decided here. Sparse files are refused, because their content
//! would be taken for something else. Source: POSIX.1-2001 `pax`; the GNU tar manual, "Basic Tar Format".

use std::io::{self, Read};

use super::header::{BLOCK, padding};
use crate::error::{Error, Result, reason};

/// The most bytes of a header that carries names: as much as Go takes.
const EXTENDED_LIMIT: u64 = 1024 * 1024;

/// What an entry is. Devices, pipes and what nobody knows is [`MemberKind::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    HardLink,
    Symlink,
    Folder,
    Other,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) kind: MemberKind,
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) mode: u32,
    /// Seconds since 1970, and nanoseconds after them.
    pub(super) modified: (i64, u32),
}

/// An archive that is being read. As a reader it gives the content of the entry that came last.
#[derive(Debug)]
pub(super) struct Archive<R> {
    reader: R,
    left: u64,
    fill: usize,
}

/// What headers in front of the header of an entry say of it.
#[derive(Debug, Default)]
struct Overrides {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<(i64, u32)>,
}

impl<R: Read> Archive<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, left: 0, fill: 0 }
    }

    /// The next entry, or nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Member>> {
        let mut overrides = Overrides::default();
        loop {
            // The size may be any number that a header can say.
            let skipped = self.left.saturating_add(self.fill as u64);
            if io::copy(&mut self.reader.by_ref().take(skipped), &mut io::sink())
                .map_err(|error| broken(&error))?
                < skipped
            {
                return Err(cut());
            }
            (self.left, self.fill) = (0, 0);
            let Some(block) = self.header()? else { return Ok(None) };
            let size = number(&block[124..136])?;
            let size =
                u64::try_from(size).map_err(|_| Error::invalid("an archive entry of negative size"))?;
            match block[156] {
                b'x' => {
                    let data = self.extended(size)?;
                    overrides.take(&data)?;
                }
                b'L' => overrides.name = Some(string(&self.extended(size)?).to_vec()),
                b'K' => overrides.link = Some(string(&self.extended(size)?).to_vec()),
                b'S' => return Err(sparse()),
                _ => return self.member(&block, size, overrides).map(Some),
            }
        }
    }

    /// Reads to the end of what holds the archive: writers may pad it beyond its end.
    pub(super) fn drain(&mut self) -> Result<()> {
        io::copy(&mut self.reader, &mut io::sink()).map(drop).map_err(|error| broken(&error))
    }

    fn member(&mut self, block: &[u8; BLOCK], size: u64, overrides: Overrides) -> Result<Member> {
        let name = overrides.name.unwrap_or_else(|| name(block));
        let kind = match block[156] {
            0 if name.ends_with(b"/") => MemberKind::Folder,
            0 | b'0' | b'7' => MemberKind::File,
            b'1' => MemberKind::HardLink,
            b'2' => MemberKind::Symlink,
            b'5' => MemberKind::Folder,
            _ => MemberKind::Other,
        };
        // Links, devices, folders and pipes have no content, whatever their header says.
        if !(b'1'..=b'6').contains(&block[156]) {
            self.left = overrides.size.unwrap_or(size);
            self.fill = padding(self.left);
        }
        let link = overrides.link.unwrap_or_else(|| string(&block[157..257]).to_vec());
        if name.contains(&0) || link.contains(&0) {
            return Err(Error::invalid("an archive entry whose name has a zero byte"));
        }
        let mode = u32::try_from(number(&block[100..108])? & 0o7777).unwrap_or(0);
        let modified = match overrides.modified {
            Some(modified) => modified,
            None => (number(&block[136..148])?, 0),
        };
        Ok(Member { kind, name, link, mode, modified })
    }

    /// The next header that is not the mark of the end.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>> {
        let Some(block) = self.block()? else { return Ok(None) };
        if block != [0; BLOCK] {
            return if sum_is_right(&block) {
                Ok(Some(block))
            } else {
                Err(Error::invalid("invalid tar header"))
            };
        }
        match self.block()? {
            Some(second) if second != [0; BLOCK] => Err(Error::invalid("invalid tar header")),
            _ => Ok(None),
        }
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.reader.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(cut()),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(Some(block))
    }

    fn extended(&mut self, size: u64) -> Result<Vec<u8>> {
        if size > EXTENDED_LIMIT {
            return Err(Error::invalid("an archive entry with a header of more than 1 MiB"));
        }
        let mut data = Vec::new();
        self.reader.by_ref().take(size).read_to_end(&mut data).map_err(|error| broken(&error))?;
        if (data.len() as u64) < size {
            return Err(cut());
        }
        self.fill = padding(size);
        Ok(data)
    }
}

impl<R: Read> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.reader.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

impl Overrides {
    /// Takes the records of a PAX header, `LENGTH KEY=VALUE` and a line end each.
    fn take(&mut self, mut data: &[u8]) -> Result<()> {
        let malformed = || Error::invalid("invalid tar header");
        while !data.is_empty() {
            let blank = data.iter().position(|byte| *byte == b' ').ok_or_else(malformed)?;
            let length: usize = std::str::from_utf8(&data[..blank])
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(malformed)?;
            let record = data.get(blank + 1..length).and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or_else(malformed)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(malformed)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                _ if key.starts_with(b"GNU.sparse.") => return Err(sparse()),
                b"path" => self.name = Some(value.to_vec()).filter(|value| !value.is_empty()),
                b"linkpath" => self.link = Some(value.to_vec()).filter(|value| !value.is_empty()),
                b"size" => {
                    let text = std::str::from_utf8(value).ok();
                    self.size = Some(text.and_then(|text| text.parse().ok()).ok_or_else(malformed)?);
                }
                b"mtime" => self.modified = Some(time(value).ok_or_else(malformed)?),
                _ => {}
            }
            data = &data[length..];
        }
        Ok(())
    }
}

/// A time in decimal seconds: `1700000000.25`, `-1.5`.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = part.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds: u32 = digits.parse().ok()?;
    if whole.starts_with('-') && nanoseconds > 0 {
        return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanoseconds));
    }
    Some((seconds, nanoseconds))
}

fn name(block: &[u8; BLOCK]) -> Vec<u8> {
    let name = string(&block[..100]);
    // GNU's own format keeps other things where USTAR has the beginning of a long name.
    let prefix = if &block[257..263] == b"ustar\0" { string(&block[345..500]) } else { b"" };
    if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
}

/// A field up to its first zero byte.
fn string(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number in octal digits, or in bytes where the first bit is set.
fn number(field: &[u8]) -> Result<i64> {
    let malformed = || Error::invalid("invalid tar header");
    if field[0] & 0x80 != 0 {
        let negative = field[0] & 0x40 != 0;
        let first = if negative { i64::from(field[0]) - 0x100 } else { i64::from(field[0] & 0x7f) };
        let rest = field[1..].iter();
        return rest
            .copied()
            .try_fold(first, |sum, byte| sum.checked_mul(256)?.checked_add(i64::from(byte)))
            .ok_or_else(malformed);
    }
    let text = std::str::from_utf8(string(field)).map_err(|_| malformed())?.trim();
    if text.is_empty() { Ok(0) } else { i64::from_str_radix(text, 8).map_err(|_| malformed()) }
}

fn sum_is_right(block: &[u8; BLOCK]) -> bool {
    let Ok(told) = number(&block[148..156]) else { return false };
    let counted = |position: usize, byte: u8| if (148..156).contains(&position) { b' ' } else { byte };
    let bytes = || block.iter().enumerate().map(|(position, byte)| counted(position, *byte));
    let sum: i64 = bytes().map(i64::from).sum();
    // Some old writers took bytes for signed.
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    told == sum || told == signed
}

fn sparse() -> Error {
    Error::unsupported("the archive has a sparse file, which is not supported")
}

fn cut() -> Error {
    Error::invalid("unexpected end of the archive")
}

/// The error of bytes that cannot be had: mostly those of a damaged compression.
pub(super) fn broken(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { cut() } else { Error::invalid(reason(error)) }
}
