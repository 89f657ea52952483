//! The values of a row or of a statement's parameters, one after the other and in any pieces.
//!
//! A value of 4 GB passes through here with no more kept of it than was asked for.

use super::read::{behind, number};

/// How a value stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many bytes.
    Fixed(u8),
    /// With its length before it; 0xFB in place of the length is NULL.
    Counted,
}

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// NULL.
    Null,
    /// The first bytes of it, and how many it has in all.
    Bytes(&'a [u8], u64),
}

/// Reads values.
#[derive(Default)]
pub struct Fields {
    stage: Stage,
    /// What has come of a length.
    prefix: Vec<u8>,
    /// What has come of a value.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Length,
    Value {
        length: u64,
        left: u64,
    },
}

impl Fields {
    /// The next value of `input`, which it takes from the front, with at most `keep` bytes of it.
    /// `None`: more is needed. Each value is asked for with one shape until it is there.
    pub fn next<'s, 'i: 's>(
        &'s mut self,
        shape: Shape,
        keep: usize,
        input: &mut &'i [u8],
    ) -> Option<Field<'s>> {
        if let Stage::Length = self.stage {
            let length = match shape {
                Shape::Fixed(length) => length.into(),
                Shape::Counted => match self.length(input)? {
                    Some(length) => length,
                    None => return Some(Field::Null),
                },
            };
            self.held.clear();
            // Mostly the whole value is at hand.
            let all = usize::try_from(length).ok().filter(|all| *all <= keep);
            if let Some((value, rest)) = all.and_then(|all| input.split_at_checked(all)) {
                *input = rest;
                return Some(Field::Bytes(value, length));
            }
            let left = length;
            self.stage = Stage::Value { length, left };
        }
        let Stage::Value { length, left } = self.stage else {
            return None;
        };
        let now = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let (part, rest) = input.split_at(now);
        *input = rest;
        let room = keep.saturating_sub(self.held.len());
        let kept = part.get(..room).unwrap_or(part);
        self.held.extend_from_slice(kept);
        let left = left - now as u64;
        if left > 0 {
            self.stage = Stage::Value { length, left };
            return None;
        }
        self.stage = Stage::Length;
        Some(Field::Bytes(&self.held, length))
    }

    /// Forgets a value that was only begun.
    pub fn clear(&mut self) {
        self.stage = Stage::Length;
        self.prefix.clear();
    }

    /// The length before a value; within, `None` is NULL.
    fn length(&mut self, input: &mut &[u8]) -> Option<Option<u64>> {
        if self.prefix.is_empty() {
            let (first, rest) = input.split_first()?;
            *input = rest;
            match first {
                0xFB => return Some(None),
                0xFC..=0xFE => self.prefix.push(*first),
                small => return Some(Some((*small).into())),
            }
        }
        let all = 1 + self.prefix.first().map_or(0, |first| behind(*first));
        let wanted = all - self.prefix.len();
        let (part, rest) = input.split_at(wanted.min(input.len()));
        *input = rest;
        self.prefix.extend_from_slice(part);
        if self.prefix.len() < all {
            return None;
        }
        let length = number(self.prefix.get(1..).unwrap_or_default());
        self.prefix.clear();
        Some(Some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_pieces_of_any_size() {
        let mut stream = vec![0, 0xFB, 3, b'a', b'b', b'c', 0xFC, 4, 1];
        stream.extend([b'x'; 260]);
        stream.extend([0xFD, 2, 0, 0, b'y', b'z', 1, 2, 3, 4]);
        stream.extend([0xFE, 1, 0, 0, 0, 0, 0, 0, 0, b'!']);
        let shapes = [5, 5, 5, 5, 5, 4, 5].map(|n| match n {
            4 => Shape::Fixed(4),
            _ => Shape::Counted,
        });
        for step in 1..=stream.len() {
            let mut fields = Fields::default();
            let mut read = Vec::new();
            for mut input in stream.chunks(step) {
                while let Some(shape) = shapes.get(read.len()) {
                    match fields.next(*shape, 100, &mut input) {
                        Some(Field::Null) => read.push(None),
                        Some(Field::Bytes(bytes, length)) => {
                            read.push(Some((bytes.to_vec(), length)));
                        }
                        None => break,
                    }
                }
                assert!(input.is_empty());
            }
            let wanted = [
                Some((vec![], 0)),
                None,
                Some((b"abc".to_vec(), 3)),
                Some((vec![b'x'; 100], 260)),
                Some((b"yz".to_vec(), 2)),
                Some((vec![1, 2, 3, 4], 4)),
                Some((b"!".to_vec(), 1)),
            ];
            assert_eq!(read, wanted, "in steps of {step}");
        }
    }
}
