//! Check digits and checksums: what tells a number that means something from one that does not.

use super::bytes::at;

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

/// Verhoeff's dihedral check, used by Aadhaar.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    // The dihedral group D5 and the permutation of J. Verhoeff, 1969.
    const D: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const P: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let mut check = 0u8;
    for (i, digit) in digits.iter().rev().enumerate() {
        let row = P.get(i % 8).map_or(&[][..], |row| &row[..]);
        let permuted = at(row, usize::from(*digit));
        check = at(
            D.get(usize::from(check)).map_or(&[][..], |row| &row[..]),
            usize::from(permuted),
        );
    }
    !digits.is_empty() && check == 0
}

/// The weighted sum of `digits`, modulo `modulus`.
pub(crate) fn weighted(digits: &[u8], weights: &[u32], modulus: u32) -> u32 {
    let sum: u32 = digits
        .iter()
        .zip(weights)
        .map(|(d, w)| u32::from(*d) * w)
        .sum();
    sum % modulus
}

/// CRC-32 (IEEE 802.3), as GitHub and npm append it to their tokens.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

/// Whether the last six characters of a GitHub or npm token are the base62 CRC-32 of what stands
/// between the prefix and them.
pub(crate) fn base62_crc(token: &[u8]) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let body = token
        .iter()
        .position(|c| *c == b'_')
        .and_then(|i| token.get(i + 1..))
        .unwrap_or_default();
    let Some(split) = body.len().checked_sub(6) else {
        return false;
    };
    let (entropy, sum) = body.split_at(split);
    let mut crc = crc32(entropy) as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = at(DIGITS, crc % 62);
        crc /= 62;
    }
    sum == digits
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
        assert!(verhoeff(&digits(b"2363")));
        assert!(!verhoeff(&digits(b"2364")));
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_base62_crc_is_recognised() {
        let body = b"abcdefghijklmnopqrstuvwxyz0123";
        let mut crc = crc32(body);
        let mut sum = Vec::new();
        for _ in 0..6 {
            let set = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
            sum.insert(0, set[(crc % 62) as usize]);
            crc /= 62;
        }
        let token = [&b"ghp_"[..], body, &sum].concat();
        assert!(base62_crc(&token));
        assert!(!base62_crc(b"ghp_abcdefghijklmnopqrstuvwxyz0123AAAAAA"));
    }
}
