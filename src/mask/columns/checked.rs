//! Ids of people that prove themselves: by two check digits, or by one and a day of birth. Only a whole
//! cell is one; its column may say nothing.

use crate::mask::bytes::{at, cut};
use crate::mask::checksum::{digits, ean, luhn};

/// Whether `cell` is an id that its check digits prove.
pub(super) fn is_checked_id(cell: &[u8]) -> bool {
    // Longest: CURP, and the groups of a French number.
    if !(9..=21).contains(&cell.len()) {
        return false;
    }
    let values = digits(cell);
    let shape: Vec<u8> = cell
        .iter()
        .map(|c| match c {
            b'0'..=b'9' => b'9',
            b'A'..=b'Z' => b'A',
            c => *c,
        })
        .collect();
    match shape.as_slice() {
        // Of eleven digits alone two that check leave one in a hundred of any table's numbers: a day too.
        b"99999999999" => norwegian(&values),
        b"999.999.999-99" => brazilian(&values, 9),
        b"99.999.999/9999-99" => brazilian(&values, 12),
        b"999.9999.9999.99" => cell.starts_with(b"756.") && ean(&values),
        b"999999-9999999" => day(&values) && korean(&values),
        b"999999-9999" => day(&values) && luhn(&values),
        b"999-99-9999" => american(cell),
        b"99999999999999999A" | b"999999999999999999" => chinese(cell),
        b"999999999999999" => french(&values),
        b"99999999A" => spanish(cell, &values),
        b"AAAAAA99A99A999A" => italian(cell),
        b"AAAA999999AAAAAA99" | b"AAAA999999AAAAAAA9" => day(&values),
        [
            b'9',
            b'9',
            b'9',
            b'9',
            b'9',
            b'9',
            b'-' | b'+' | b'A',
            b'9',
            b'9',
            b'9',
            _,
        ] => finnish(cell, &values),
        _ => false,
    }
}

/// The digits from `from` on, so many, as a number.
fn number(values: &[u8], from: usize, count: usize) -> u64 {
    let part = values.iter().skip(from).take(count);
    part.fold(0, |sum, d| sum * 10 + u64::from(*d))
}

/// The sum of digits, each by its weight.
fn weighed(values: &[u8], weights: &[u32]) -> u32 {
    let pairs = values.iter().zip(weights);
    pairs.map(|(d, weight)| u32::from(*d) * weight).sum()
}

fn last(values: &[u8]) -> u32 {
    u32::from(values.last().copied().unwrap_or(0))
}

/// Year, month and day, two digits each.
fn day(values: &[u8]) -> bool {
    (1..=12).contains(&number(values, 2, 2)) && (1..=31).contains(&number(values, 4, 2))
}

/// Fødselsnummer: a day, a month, and two check digits modulo 11. A D-number's day is 40 more.
fn norwegian(values: &[u8]) -> bool {
    let day = number(values, 0, 2);
    (1..=31).contains(&(if day > 40 { day - 40 } else { day }))
        && (1..=12).contains(&number(values, 2, 2))
        && weighed(values, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighed(values, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// CPF and CNPJ: two check digits modulo 11 behind `body` others, weights from two on and round.
fn brazilian(values: &[u8], body: usize) -> bool {
    let check = |count: usize| {
        let most = if body == 9 { 11 } else { 9 };
        let weights = (2..=most).cycle();
        let taken = values.iter().take(count).rev().zip(weights);
        let rest = taken.map(|(d, weight)| u32::from(*d) * weight).sum::<u32>() % 11;
        if rest < 2 { 0 } else { 11 - rest }
    };
    let same = values.iter().all(|d| *d == at(values, 0));
    !same
        && check(body) == u32::from(at(values, body))
        && check(body + 1) == u32::from(at(values, body + 1))
}

/// 주민등록번호: born where and when; the last digit checks those before October 2020.
fn korean(values: &[u8]) -> bool {
    (1..=8).contains(&at(values, 6))
        && (11 - weighed(values, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10 == last(values)
}

/// A social security number's area, group and serial number are never nought, and no area is 666 or
/// above 900.
fn american(cell: &[u8]) -> bool {
    let area = cut(cell, 0, 3);
    area != b"000"
        && area != b"666"
        && at(cell, 0) != b'9'
        && cut(cell, 4, 6) != b"00"
        && cut(cell, 7, 11) != b"0000"
}

/// 居民身份证 (GB 11643): a day of birth in this century or the last, and ISO 7064 mod 11-2.
fn chinese(cell: &[u8]) -> bool {
    let values = digits(cut(cell, 0, 17));
    let year = number(&values, 6, 4);
    let rest = weighed(
        &values,
        &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
    ) % 11;
    (1900..2100).contains(&year)
        && (1..=12).contains(&number(&values, 10, 2))
        && (1..=31).contains(&number(&values, 12, 2))
        && at(b"10X98765432", rest as usize) == at(cell, 17)
}

/// NIR: sex, year and month, and 97 less the rest of all that.
fn french(values: &[u8]) -> bool {
    matches!(at(values, 0), 1 | 2)
        && (1..=12).contains(&number(values, 3, 2))
        && 97 - number(values, 0, 13) % 97 == number(values, 13, 2)
}

/// DNI: a letter by the rest of 23.
fn spanish(cell: &[u8], values: &[u8]) -> bool {
    let rest = number(values, 0, 8) % 23;
    at(b"TRWAGMYFPDXBNJZSQVHLCKE", rest as usize) == at(cell, 8)
}

/// Codice fiscale: a letter by the sum of what letters and digits at odd and even places count.
fn italian(cell: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let counts = cell.iter().take(15).enumerate().map(|(place, c)| {
        let value = if c.is_ascii_digit() {
            c - b'0'
        } else {
            c - b'A'
        };
        if place % 2 == 0 {
            ODD.get(usize::from(value)).copied().unwrap_or(0)
        } else {
            u32::from(value)
        }
    });
    let sum: u32 = counts.sum();
    u32::from(at(cell, 15).wrapping_sub(b'A')) == sum % 26
}

/// Henkilötunnus: a day of birth, and a sign by the rest of 31.
fn finnish(cell: &[u8], values: &[u8]) -> bool {
    let rest = number(values, 0, 9) % 31;
    (1..=31).contains(&number(values, 0, 2))
        && (1..=12).contains(&number(values, 2, 2))
        && at(b"0123456789ABCDEFHJKLMNPRSTUVWXY", rest as usize) == at(cell, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_prove_themselves_and_their_neighbours_do_not() {
        for id in [
            "21106933879",
            "529.982.247-25",
            "11.222.333/0001-81",
            "756.9217.0769.85",
            "520420-1759584",
            "811228-9874",
            "078-05-1120",
            "11010519491231002X",
            "255081416802538",
            "12345678Z",
            "RSSMRA85T10A562S",
            "131052-308T",
        ] {
            assert!(is_checked_id(id.as_bytes()), "{id}");
            let end = id.len() - 1;
            let other = match id.as_bytes()[end] {
                b'9' => '8',
                b'X' | b'Z' | b'S' | b'T' => 'K',
                c => char::from(c + 1),
            };
            let other = format!("{}{other}", &id[..end]);
            // What has no check digit has none to get wrong.
            if id != "078-05-1120" {
                assert!(!is_checked_id(other.as_bytes()), "{other}");
            }
        }
        for other in [
            "12345678901",
            "20000000027",
            "2026-05-04",
            "666-12-1234",
            "00000000000",
        ] {
            assert!(!is_checked_id(other.as_bytes()), "{other}");
        }
    }
}
