//! What holds an archive: gzip, zstd or nothing, told by its first bytes.
//!
//! The media type of a layer is the word of whoever pushed it, so it is not asked. Several members or frames one after
//! the other are one stream. Memory is bounded: a zstd frame names how far it looks back, and one that looks too far is
//! refused. Sources: RFC 1952 (gzip), RFC 8878 (zstd).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;
/// The farthest that a zstd frame may look back: four times what RFC 8878 wants of every reader, and what the strongest
/// level of the usual writers of images takes.
const WINDOW: u64 = 32 * 1024 * 1024;

/// The archive in a file, read from its beginning.
pub(super) fn plain(mut file: &File) -> io::Result<Box<dyn Read + '_>> {
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let reader = BufReader::with_capacity(PIECE, file);
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(PIECE, MultiGzDecoder::new(reader))),
        // A frame of content, or one to be skipped, which may come first.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            Box::new(BufReader::with_capacity(PIECE, Zstd::new(reader)))
        }
        _ => Box::new(reader),
    })
}

/// The content of all frames of a zstd stream.
pub(super) struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { source, decoder }
    }

    /// Goes to the next frame, if there is one.
    fn next(&mut self) -> io::Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        match self.decoder.reset(&mut self.source) {
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = u64::from(length);
                let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(true) }
            }
            outcome => outcome.map(|()| true).map_err(|error| damaged(&error)),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 || buffer.is_empty() {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                if !self.next()? {
                    return Ok(0);
                }
            } else {
                let some = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, some).map_err(|error| damaged(&error))?;
            }
        }
    }
}

/// An error of the decoder, or the end of the file that it found too early.
fn damaged(error: &FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let input = error.downcast_ref::<io::Error>();
        if input.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = error.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, format!("zstd: {error}"))
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        Zstd::new(bytes).read_to_end(&mut content)?;
        Ok(content)
    }

    fn frame(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn skippable(length: usize) -> Vec<u8> {
        let header = [0x184d_2a53_u32, u32::try_from(length).unwrap()].map(u32::to_le_bytes);
        [&header.concat(), vec![7; length].as_slice()].concat()
    }

    #[test]
    fn all_frames_are_one_stream_and_skippable_ones_have_nothing() {
        let large: Vec<u8> = (0..300_000_u32).flat_map(|number| (number % 251).to_le_bytes()).collect();
        let stream = [skippable(9), frame(&large), frame(b""), skippable(0), frame(b"end"), skippable(3)];
        assert_eq!(read(&stream.concat()).unwrap(), [large.as_slice(), b"end"].concat());
    }

    #[test]
    fn what_is_cut_or_damaged_is_told_apart() {
        let whole = [skippable(5), frame(&vec![b'x'; 100_000]), frame(b"end")].concat();
        for cut in (1..13).chain([20, whole.len() - 1]) {
            let error = read(&whole[..cut]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut}: {error}");
        }
        let garbage = read(&[frame(b"ok"), b"garbage".to_vec()].concat()).unwrap_err();
        assert!(garbage.to_string().starts_with("zstd: "), "{garbage}");
    }

    #[test]
    fn a_frame_that_looks_too_far_back_is_refused_before_anything_is_read() {
        // A window of 64 MiB: exponent 16 above the smallest one of 1 KiB.
        let error = read(&[0x28, 0xb5, 0x2f, 0xfd, 0, 16 << 3, 1, 0, 0]).unwrap_err().to_string();
        assert!(error.contains("window_size is too big"), "{error}");
        // One of 32 MiB, and an empty last block.
        assert_eq!(read(&[0x28, 0xb5, 0x2f, 0xfd, 0, 15 << 3, 1, 0, 0]).unwrap(), b"");
    }

    #[test]
    fn the_first_bytes_tell_what_it_is() {
        for held in [frame(b"content"), [skippable(4), frame(b"content")].concat(), b"content".to_vec()] {
            let mut file = tempfile::tempfile().unwrap();
            io::Write::write_all(&mut file, &held).unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            let mut content = String::new();
            plain(&file).unwrap().read_to_string(&mut content).unwrap();
            assert_eq!(content, "content");
        }
    }
}
