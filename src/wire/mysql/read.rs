//! Reading the protocol's basic types out of a piece of memory. Nothing here trusts a length.

/// What is left to read. Every method takes from the front, or nothing where there is not enough.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A little-endian number of up to eight bytes.
    fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(number(self.bytes(bytes)?))
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.number(2)?.try_into().ok()
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.number(4)?.try_into().ok()
    }

    /// A length-encoded integer; 0xFB and 0xFF are none.
    pub fn lenenc(&mut self) -> Option<u64> {
        match self.u8()? {
            0xFC => self.number(2),
            0xFD => self.number(3),
            0xFE => self.number(8),
            0xFB | 0xFF => None,
            small => Some(small.into()),
        }
    }

    /// A length-encoded string.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.lenenc()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    /// A string that ends with a NUL; the last one may go without.
    pub fn until_nul(&mut self) -> &'a [u8] {
        let end = memchr::memchr(0, self.0);
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        taken
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// A little-endian number of up to eight bytes.
pub fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// How many bytes a length-encoded integer that begins with `first` has behind it.
pub fn behind(first: u8) -> usize {
    match first {
        0xFC => 2,
        0xFD => 3,
        0xFE => 8,
        _ => 0,
    }
}
