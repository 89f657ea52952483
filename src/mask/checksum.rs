//! Check digits and checksums: what tells a number that means something from one that does not.

/// Luhn (ISO/IEC 7812-1) over `digits`, given as values 0 to 9.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([1u32, 2].iter().cycle())
        .map(|(d, weight)| {
            let product = u32::from(*d) * weight;
            product / 10 + product % 10
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// ISO 7064 mod 97-10 over an IBAN without spaces: the first four characters moved to the end,
/// letters counting from A = 10.
pub(crate) fn iban(text: &[u8]) -> bool {
    let (head, tail) = text.split_at(text.len().min(4));
    let mut rest = 0u32;
    for c in tail.iter().chain(head) {
        rest = match c {
            b'0'..=b'9' => rest * 10 + u32::from(c - b'0'),
            b'A'..=b'Z' => rest * 100 + u32::from(c - b'A') + 10,
            _ => return false,
        } % 97;
    }
    text.len() > 4 && rest == 1
}

/// Digits of `text` as values, other bytes left out.
pub(crate) fn digits(text: &[u8]) -> Vec<u8> {
    let digits = text.iter().filter(|c| c.is_ascii_digit());
    digits.map(|c| c - b'0').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_check_and_their_neighbours_do_not() {
        assert!(luhn(&digits(b"4111 1111 1111 1111")));
        assert!(!luhn(&digits(b"4111 1111 1111 1112")));
        assert!(iban(b"DE89370400440532013000"));
        assert!(iban(b"GB82WEST12345698765432"));
        assert!(!iban(b"DE89370400440532013001"));
    }
}
