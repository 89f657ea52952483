//! The shortest look at a value: whether it is a number, a date or such, of the kind that holds nothing.
//! Of what a database gives most values are, and this is told without a place in them.

use super::classes::{NUMBER, close, runs};
use super::personal::CARD_MAX;
use wide::u8x16;

/// Values up to so many bytes are looked at.
const GLANCE_MAX: usize = 128;

/// What the bytes of a value without letters are: the first byte's bit is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    digits: u128,
    /// Blanks and dashes, which may part a number.
    gaps: u128,
    /// `.`, `,`, `:`, `/`, which end one.
    points: u128,
}

impl Glance {
    /// What `value` is made of; `None` where it is longer, or holds other than digits and such signs.
    #[inline]
    pub(crate) fn at(value: &[u8]) -> Option<Glance> {
        if value.len() > GLANCE_MAX {
            return None;
        }
        let mut seen = Glance {
            digits: 0,
            gaps: 0,
            points: 0,
        };
        let (blocks, rest) = value.as_chunks::<16>();
        let mut shift = 0;
        for block in blocks {
            if !seen.add(*block, shift) {
                return None;
            }
            shift += 16;
        }
        if !rest.is_empty() {
            // A blank behind the value is none of it.
            let mut block = [b' '; 16];
            block.iter_mut().zip(rest).for_each(|(to, c)| *to = *c);
            if !seen.add(block, shift) {
                return None;
            }
            seen.gaps &= (1 << value.len()) - 1;
        }
        Some(seen)
    }

    /// Adds sixteen bytes, as the bits from `shift` on; whether all of them are such.
    #[inline]
    fn add(&mut self, block: [u8; 16], shift: u32) -> bool {
        let bytes = u8x16::new(block);
        let is = |c: u8| bytes.simd_eq(u8x16::splat(c));
        let digits = (bytes - u8x16::splat(b'0')).simd_le(u8x16::splat(9));
        let gaps = is(b' ') | is(b'-');
        // `,`, `-`, `.`, `/` follow one another, and `:` the digits.
        let points = (bytes - u8x16::splat(b',')).simd_le(u8x16::splat(3)) | is(b':');
        let bits = |mask: u8x16| u128::from(mask.to_bitmask()) << shift;
        self.digits |= bits(digits);
        self.gaps |= bits(gaps);
        self.points |= bits(points & !gaps);
        (digits | gaps | points).to_bitmask() == 0xFFFF
    }

    /// Whether nothing in it is long enough for a card's number, or all of it is one number that is
    /// longer than any.
    pub(crate) fn is_harmless(self) -> bool {
        let numbers = runs(self.digits | self.gaps & !close(self.gaps), NUMBER);
        let one = self.points == 0 && self.gaps & self.gaps << 1 == 0;
        numbers == 0 || one && self.digits.count_ones() as usize > CARD_MAX
    }

    /// Whether one of `signs` may be in it, a bit of each byte below 64.
    pub(crate) fn may_hold(self, signs: u64) -> bool {
        let set = |signs: &[u8]| signs.iter().fold(0, |set, c| set | 1_u64 << c);
        let of = |seen: u128, all: u64| if seen == 0 { 0 } else { all };
        let seen = of(self.digits, set(b"0123456789"))
            | of(self.gaps, set(b" -"))
            | of(self.points, set(b".,:/"));
        seen & signs != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_dates_and_long_numbers_are_harmless_and_cards_are_not() {
        let harmless = |value: &str| Glance::at(value.as_bytes()).is_some_and(Glance::is_harmless);
        let long = "68487932199-96439406143-93774651418-20160913";
        for value in [
            "",
            "17",
            "-0.25",
            "2026-05-04",
            "2026-05-04 11:22:33.123456",
            long,
        ] {
            assert!(harmless(value), "{value}");
        }
        let far = format!("{}4111111111111111", " ".repeat(GLANCE_MAX - 16));
        for value in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "1,4111111111111111",
            "x",
            &far,
        ] {
            assert!(!harmless(value), "{value}");
        }
        assert!(!harmless("68487932199--4111111111111111"));
        assert_eq!(Glance::at(&[b'1'; GLANCE_MAX + 1]), None);
    }

    proptest! {
        #[test]
        fn each_byte_has_its_bit(value in "[0-9]{0,90}[0-9 .,:/-]{0,60}") {
            let value = value.as_bytes();
            let Some(seen) = Glance::at(value) else {
                prop_assert!(value.len() > GLANCE_MAX);
                return Ok(());
            };
            let bits = |is: &dyn Fn(&u8) -> bool| {
                let places = value.iter().enumerate().filter(|(_, c)| is(c));
                places.fold(0_u128, |bits, (i, _)| bits | 1 << i)
            };
            prop_assert_eq!(seen.digits, bits(&u8::is_ascii_digit));
            prop_assert_eq!(seen.gaps, bits(&|c| b" -".contains(c)));
            prop_assert_eq!(seen.points, bits(&|c| b".,:/".contains(c)));
        }

        #[test]
        fn of_no_other_byte(lead in "[0-9]{0,40}", other in any::<u8>(), end in "[0-9]{0,40}") {
            let value = [lead.as_bytes(), &[other], end.as_bytes()].concat();
            let such = other.is_ascii_digit() || b" -.,:/".contains(&other);
            prop_assert_eq!(Glance::at(&value).is_some(), such);
        }
    }
}
