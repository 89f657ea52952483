//! Whether a value looks like what a name says it is, where the name could mean other things too.

use crate::mask::own::Personal;

/// Whether `cell` looks like personal data of this kind.
pub(super) fn like(cell: &[u8], kind: Personal) -> bool {
    let cell = cell.trim_ascii();
    let count = |f: fn(&u8) -> bool| cell.iter().filter(|c| f(c)).count();
    let digits = count(u8::is_ascii_digit);
    let letters = count(u8::is_ascii_alphabetic);
    match kind {
        Personal::Email => cell.contains(&b'@'),
        Personal::Phone => is_phone(cell),
        Personal::NationalId | Personal::Passport | Personal::Other => is_id(cell),
        Personal::Card | Personal::Account => is_id(cell) && digits >= 8,
        Personal::BirthDate => (4..=40).contains(&cell.len()) && digits >= 4,
        Personal::Name => is_name(cell),
        // A street and a number, or a postal code.
        Personal::Address => {
            digits >= 1 && letters >= 3 && cell.contains(&b' ') && !is_program(cell)
                || (4..=9).contains(&digits)
                    && cell.len() <= 10
                    && letters <= 3
                    && cell.iter().all(|c| {
                        c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, b' ' | b'-')
                    })
                    && !is_date(cell)
        }
    }
}

/// `************1881`, `XXXX-XXXX-XXXX-1881`, `j***@e***.com`: what somebody else has masked already,
/// but for a few characters.
pub(super) fn is_masked(cell: &[u8]) -> bool {
    let count = |f: fn(&u8) -> bool| cell.iter().filter(|c| f(c)).count();
    let stars = count(|c| *c == b'*');
    let crosses = count(|c| matches!(c, b'X' | b'x'));
    let shown = count(u8::is_ascii_alphanumeric);
    let plain = count(|c| c.is_ascii_digit() || matches!(c, b'X' | b'x' | b' ' | b'-'));
    stars >= 4 && shown <= 10 && stars * 5 >= cell.len() * 2
        || crosses >= 4 && plain == cell.len() && crosses * 2 > shown
}

/// Digits and what parts them: seven to fifteen, or more letters before them that say whose.
fn is_phone(cell: &[u8]) -> bool {
    let digits = cell.iter().filter(|c| c.is_ascii_digit()).count();
    let plain = |c: &u8| c.is_ascii_digit() || b"+ -./()".contains(c);
    (7..=15).contains(&digits) && cell.iter().all(plain) && !is_date(cell)
}

/// Capitals, digits and what parts them; six digits at least, or five beside letters.
fn is_id(cell: &[u8]) -> bool {
    let count = |f: fn(&u8) -> bool| cell.iter().filter(|c| f(c)).count();
    let (digits, capitals) = (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase));
    let signs = cell.len() - digits - capitals;
    let plain = |c: &u8| c.is_ascii_digit() || c.is_ascii_uppercase() || b" -./".contains(c);
    cell.iter().all(plain)
        && (7..=24).contains(&(digits + capitals))
        && (digits >= 7 || capitals > 0 && digits >= 5)
        && capitals <= 11
        && signs <= 5
        // One point among digits: a decimal number.
        && !(signs == 1 && capitals == 0 && cell.contains(&b'.'))
        && !is_date(cell)
}

/// A person's name: one to five words of letters that begin with a capital, or of another script.
fn is_name(cell: &[u8]) -> bool {
    let words = cell.split(|c| *c == b' ').filter(|w| !w.is_empty());
    let good = |word: &[u8]| {
        word.first()
            .is_some_and(|c| c.is_ascii_uppercase() || *c >= 0x80)
            && word
                .iter()
                .all(|c| c.is_ascii_alphabetic() || *c >= 0x80 || matches!(c, b'-' | b'\'' | b'.'))
    };
    cell.len() >= 2 && (1..=5).contains(&words.clone().count()) && words.into_iter().all(good)
}

/// `2026-05-04`, `2026-05-04 11:22`, `20260504`
fn is_date(cell: &[u8]) -> bool {
    let (head, rest) = cell.split_at(cell.len().min(4));
    let year =
        head.iter().all(u8::is_ascii_digit) && (head.starts_with(b"19") || head.starts_with(b"20"));
    year && (matches!(rest, [b'-' | b'/' | b'.', ..])
        && matches!(rest.get(3), Some(b'-' | b'/' | b'.'))
        || rest.len() == 4 && rest.iter().all(u8::is_ascii_digit))
}

/// Calls, paths and code, which no address has.
fn is_program(cell: &[u8]) -> bool {
    cell.iter().any(|c| b"(){}<>=$\\|*`".contains(c))
        || cell.windows(2).any(|w| w == b"::" || w == b"//")
}
