//! The compressed protocol, read along: frames whose contents are the stream of packets.
//!
//! A frame has its length (three bytes), a sequence id and the length of its contents, zero where
//! they are not compressed. Its first byte tells zlib from zstd.

use super::read::number;
use flate2::{Decompress, FlushDecompress};
use zstd::stream::raw::{DParameter, Decoder as Zstd, InBuffer, Operation, OutBuffer};

/// A frame's contents are inflated in steps of this size.
const STEP: usize = 64 << 10;

/// The logarithm of how far back zstd may refer: a frame has less than 16 MiB of contents.
const WINDOW_LOG: u32 = 24;

/// One direction of a compressed connection.
pub struct Frames {
    header: Vec<u8>,
    /// Bytes of the frame still to come.
    left: usize,
    body: Body,
    out: Vec<u8>,
}

enum Body {
    Plain,
    /// So many bytes of contents; the first byte will tell how they are compressed.
    Unknown(usize),
    /// So many bytes of contents are still to come.
    Zlib(Box<Decompress>, usize),
    Zstd(Zstd<'static>, usize),
}

/// A frame that is not what it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

impl Default for Frames {
    fn default() -> Self {
        Frames {
            header: Vec::new(),
            left: 0,
            body: Body::Plain,
            out: vec![0; STEP],
        }
    }
}

impl Frames {
    /// The next piece of the packets in `bytes`, which it takes from their front; it may be empty.
    /// `None`: more are needed.
    ///
    /// # Errors
    /// A frame cannot be inflated, or to more or less than it says.
    pub fn next<'s, 'b: 's>(
        &'s mut self,
        bytes: &mut &'b [u8],
    ) -> Option<Result<&'s [u8], Broken>> {
        if self.left == 0 && self.contents() == 0 {
            self.begin(bytes)?;
        }
        let (part, rest) = bytes.split_at(self.left.min(bytes.len()));
        if let Body::Plain = self.body {
            *bytes = rest;
            self.left -= part.len();
            return (!part.is_empty() || !bytes.is_empty()).then_some(Ok(part));
        }
        if part.is_empty() && self.left > 0 {
            return None;
        }
        Some(match self.inflate(part) {
            Ok((taken, made)) => {
                *bytes = bytes.get(taken..).unwrap_or_default();
                self.left -= taken;
                Ok(self.out.get(..made).unwrap_or_default())
            }
            Err(broken) => Err(broken),
        })
    }

    /// Whether no frame is under way.
    pub fn is_between(&self) -> bool {
        self.left == 0 && self.contents() == 0 && self.header.is_empty()
    }

    /// Reads a frame's header.
    fn begin(&mut self, bytes: &mut &[u8]) -> Option<()> {
        let wanted = 7 - self.header.len().min(7);
        let (part, rest) = bytes.split_at(wanted.min(bytes.len()));
        *bytes = rest;
        self.header.extend_from_slice(part);
        let (length, [_, contents @ ..]) = self.header.split_at_checked(3)? else {
            return None;
        };
        if contents.len() < 3 {
            return None;
        }
        self.left = usize::try_from(number(length)).ok()?;
        self.body = match usize::try_from(number(contents)).ok()? {
            0 => Body::Plain,
            contents => Body::Unknown(contents),
        };
        self.header.clear();
        Some(())
    }

    /// Contents of the frame still to come out of it.
    fn contents(&self) -> usize {
        match &self.body {
            Body::Plain => 0,
            Body::Unknown(left) | Body::Zlib(_, left) | Body::Zstd(_, left) => *left,
        }
    }

    /// Inflates the next of `part` into `out`. Gives how many bytes were taken and made.
    fn inflate(&mut self, part: &[u8]) -> Result<(usize, usize), Broken> {
        if let Body::Unknown(contents) = self.body {
            self.body = body(*part.first().ok_or(Broken)?, contents)?;
        }
        let (taken, made, left) = match &mut self.body {
            Body::Zlib(zlib, left) => {
                let (read, written) = (zlib.total_in(), zlib.total_out());
                zlib.decompress(part, &mut self.out, FlushDecompress::None)
                    .map_err(|_| Broken)?;
                let taken = usize::try_from(zlib.total_in() - read);
                let made = usize::try_from(zlib.total_out() - written);
                (taken.map_err(|_| Broken)?, made.map_err(|_| Broken)?, left)
            }
            Body::Zstd(zstd, left) => {
                let mut input = InBuffer::around(part);
                let mut output = OutBuffer::around(self.out.as_mut_slice());
                zstd.run(&mut input, &mut output).map_err(|_| Broken)?;
                (input.pos(), output.pos(), left)
            }
            Body::Plain | Body::Unknown(_) => return Err(Broken),
        };
        if taken == 0 && made == 0 {
            return Err(Broken);
        }
        *left = left.checked_sub(made).ok_or(Broken)?;
        Ok((taken, made))
    }
}

/// How contents that begin with `first` are compressed.
fn body(first: u8, contents: usize) -> Result<Body, Broken> {
    match first {
        // The first of zstd's magic number. No zlib writes it: it would mean a window of 1 KiB.
        0x28 => {
            let mut zstd = Zstd::new().map_err(|_| Broken)?;
            zstd.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))
                .map_err(|_| Broken)?;
            Ok(Body::Zstd(zstd, contents))
        }
        // A zlib stream begins with its method, 8, in the lower half.
        first if first & 15 == 8 && first >> 4 < 8 => {
            Ok(Body::Zlib(Box::new(Decompress::new(true)), contents))
        }
        _ => Err(Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mysql::fixture::{Compression, frame};

    fn read(stream: &[u8], step: usize) -> Result<Vec<u8>, Broken> {
        let mut frames = Frames::default();
        let mut read = Vec::new();
        for mut bytes in stream.chunks(step) {
            while let Some(piece) = frames.next(&mut bytes) {
                read.extend_from_slice(piece?);
            }
            assert!(bytes.is_empty());
        }
        Ok(read)
    }

    #[test]
    fn frames_are_inflated_from_pieces_of_any_size() {
        let long: Vec<u8> = (0..100_000u32)
            .flat_map(|n| (n % 7).to_le_bytes())
            .collect();
        for how in [Compression::Zlib, Compression::Zstd] {
            let mut stream = frame(0, b"not worth it", Compression::None);
            stream.extend(frame(1, &long, how));
            stream.extend(frame(2, b"", Compression::None));
            stream.extend(frame(3, b"end", how));
            let wanted = [b"not worth it", long.as_slice(), b"end"].concat();
            for step in [1, 2, 3, 7, 8, 100, stream.len()] {
                assert_eq!(read(&stream, step).as_ref(), Ok(&wanted), "{step}");
            }
        }
    }

    /// P8: no frame inflates to more than it says.
    #[test]
    fn a_frame_that_is_not_what_it_says_is_broken() {
        for how in [Compression::Zlib, Compression::Zstd] {
            let good = frame(0, &[b'a'; 1 << 20], how);
            for (at, value) in [(4, 1), (6, 0xFF), (7, 0), (9, 0xFF)] {
                let mut bad = good.clone();
                bad[at] = value;
                assert_eq!(read(&bad, bad.len()), Err(Broken), "{at}");
            }
        }
    }
}
