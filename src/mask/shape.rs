//! Tokens by their shape alone, the last layer: a prefix that names an issuer, and a random part.
//!
//! `acme_live_4f…`, `XYZ-pat-Ab3…`: most services issue such tokens now, and no list of rules knows
//! all of them. Hashes, UUIDs, digests and ids stay: they have no prefix, or one that says so.

use super::bytes::{at, before, cut};
use super::span::{Class, RuleId, Span};
use super::value::{entropy, is_hex};

const RULE: RuleId = RuleId::new("token-shape");

/// No token of this shape is shorter.
const TOKEN_MIN: usize = 22;
const TOKEN_MAX: usize = 200;
/// The random part has so many characters at least.
const RANDOM_MIN: usize = 16;
/// And so many when it is only hexadecimal, or in lower case.
const PLAIN_MIN: usize = 32;

/// Prefixes of what is random and no secret: hashes, and the ids of objects.
const HARMLESS: &str = "
    sha sha1 sha224 sha256 sha384 sha512 md5 blake2 blake3 crc etag hash digest integrity commit rev git
    id uid uuid guid trace span req request msg event evt cus ch pi pm in sub prod price card ba src txn po
    seti si ii tr acct file plan run job build pod node img image layer snap vol vpc eni sg subnet ami i
    nonce arn res db obj doc page item row user order inv invoice object batch chatcmpl thread asst call toolu
    ord ordr usr org team ws prj proj project member mem grp group tenant cust customer shp shipment pkg wf flow
    dep dpl deploy release rel ver bld art artifact cache blob chunk upload export import rpt report dash chart
    alert mon inc incident tkt ticket case conv comment note chan room mtg visit device loc site zone node pool
    cluster shard part topic camp seg flag feat exp quote qt rfd re dp payout bal fee py plink promo coupon tax
    rate sched we step task queue worker instance inst disk net route rule policy role perm view tmpl template";

/// Words in a prefix that say that the rest is secret.
const TELLING: &[&str] = &[
    "key", "api", "token", "tok", "tkn", "sk", "pat", "sec", "secret", "live", "auth", "access",
    "svc", "pw", "sat", "rt", "at", "apikey", "prv", "priv", "private", "cred", "hook",
];

/// Appends the tokens of `line` whose random part stands behind one of `separators`.
pub(crate) fn find(line: &[u8], separators: &[usize], spans: &mut Vec<Span>) {
    // Whatever says that something is a token has letters. Numbers in groups have none.
    let letter = |any: bool, c: &u8| any | c.is_ascii_alphabetic();
    if separators.is_empty() || !line.iter().fold(false, letter) {
        return;
    }
    let part = |i: usize| is_part(at(line, i));
    let mut done = 0;
    for &separator in separators {
        if separator < done {
            continue;
        }
        let (mut start, mut end) = (separator, separator);
        while separator - start < TOKEN_MAX && is_part(before(line, start)) {
            start -= 1;
        }
        while end - separator < TOKEN_MAX && part(end) {
            end += 1;
        }
        done = end;
        let text = cut(line, start, end);
        if (TOKEN_MIN..=TOKEN_MAX).contains(&text.len())
            && !matches!(
                before(line, start),
                b'/' | b'.' | b'\\' | b'@' | b'#' | b'+'
            )
            && !matches!(at(line, end), b'/' | b'.' | b'@' | b'+' | b'(')
            && !is_public(cut(line, 0, start))
            && !is_identified(cut(line, 0, start))
            && is_token(text)
        {
            spans.push(Span::new(start, end, RULE, Class::Token));
        }
    }
}

/// Whether `lead` names a public part of a JSON web key: a point of a curve, a modulus.
fn is_public(lead: &[u8]) -> bool {
    let lead = lead.strip_suffix(b"\"").unwrap_or_default();
    let lead = lead.trim_ascii_end().strip_suffix(b":").unwrap_or_default();
    [
        "\"x\"",
        "\"y\"",
        "\"n\"",
        "\"x5t\"",
        "\"x5t#S256\"",
        "\"kid\"",
    ]
    .iter()
    .any(|name| lead.trim_ascii_end().ends_with(name.as_bytes()))
}

/// Whether `lead` names an id: `order_id=`, `"customerId": "`.
fn is_identified(lead: &[u8]) -> bool {
    let name = lead
        .iter()
        .rposition(|c| !b"\"'=: ".contains(c))
        .map_or(&[][..], |n| cut(lead, 0, n + 1));
    let marked = cut(lead, name.len(), lead.len())
        .iter()
        .any(|c| matches!(c, b'=' | b':'));
    let ends = [&b"_id"[..], b"Id", b"-id", b"ID", b"_ref"];
    let word = name.iter().rev().take_while(|c| is_part(**c)).count();
    marked
        && ends.iter().any(|end| name.ends_with(end))
        && super::names::judge(cut(name, name.len() - word, name.len())).is_none()
}

/// Which bytes a token is made of.
const PARTS: [bool; 256] = {
    let mut parts = [false; 256];
    let mut c = 0;
    #[allow(clippy::indexing_slicing)] // evaluated when rec is built
    while c < 128 {
        parts[c] = (c as u8).is_ascii_alphanumeric() || c == b'_' as usize || c == b'-' as usize;
        c += 1;
    }
    parts
};

#[inline]
fn is_part(c: u8) -> bool {
    PARTS.get(usize::from(c)).copied().unwrap_or(false)
}

/// Whether `text` is a prefix of plain words, a separator, and something random.
fn is_token(text: &[u8]) -> bool {
    let (mut start, mut words) = (0, 0);
    for word in text.split(|c| matches!(c, b'_' | b'-')) {
        if start + word.len() >= text.len() || !is_plain(word) {
            break;
        }
        words += 1;
        start += word.len() + 1;
    }
    let (prefix, random) = (cut(text, 0, start), cut(text, start, text.len()));
    is_shouted(text)
        || (1..=5).contains(&words)
            && random.len() >= RANDOM_MIN
            && is_random(random, prefix)
            && !is_harmless(prefix)
}

/// `acmeKEY-0a1b…`: a name with a word for a key in capitals glued to it, and a hexadecimal key.
fn is_shouted(text: &[u8]) -> bool {
    const SHOUTED: [&[u8]; 5] = [b"KEY", b"TOKEN", b"SECRET", b"PRIVATE", b"PASSWORD"];
    let Some(joint) = text.iter().rposition(|c| matches!(c, b'-' | b'_')) else {
        return false;
    };
    let (name, random) = (cut(text, 0, joint), cut(text, joint + 1, text.len()));
    (4..=40).contains(&name.len())
        && random.len() >= PLAIN_MIN
        && is_hex(random)
        && random.iter().any(u8::is_ascii_digit)
        && name.iter().any(u8::is_ascii_lowercase)
        && name.iter().all(u8::is_ascii_alphanumeric)
        && SHOUTED
            .iter()
            .any(|word| name.windows(word.len()).any(|w| w == *word))
}

/// A word of a prefix: in one case, short, with hardly a digit.
fn is_plain(word: &[u8]) -> bool {
    (1..=12).contains(&word.len())
        && !(word.iter().any(u8::is_ascii_uppercase) && word.iter().any(u8::is_ascii_lowercase))
        && word.iter().filter(|c| c.is_ascii_digit()).count() <= 2
}

fn words(prefix: &[u8]) -> impl Iterator<Item = &[u8]> {
    prefix
        .split(|c| matches!(c, b'_' | b'-'))
        .filter(|w| !w.is_empty())
}

fn is_harmless(prefix: &[u8]) -> bool {
    words(prefix).next().is_none_or(|first| {
        let mut harmless = HARMLESS.split_ascii_whitespace();
        first.len() < 2 || harmless.any(|h| first.eq_ignore_ascii_case(h.as_bytes()))
    })
}

fn is_random(random: &[u8], prefix: &[u8]) -> bool {
    let count = |f: fn(&u8) -> bool| random.iter().filter(|c| f(c)).count();
    let digits = count(u8::is_ascii_digit);
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let separators = random.len() - digits - upper - lower;
    if upper >= 2 && lower >= 2 && digits >= 2 {
        let pairs = random.windows(2);
        let turns = pairs.filter(|w| class(at(w, 0)) != class(at(w, 1))).count();
        // Random letters and digits turn three times in five; CamelCase with two numbers, less.
        let turning = turns * 20 >= random.len() * if digits >= 3 { 9 } else { 11 };
        return turning && separators * 8 <= random.len() && entropy(random) >= 3.2;
    }
    // One case only: the prefix must say what it is.
    separators == 0
        && random.len() >= PLAIN_MIN
        && digits >= 4
        && words(prefix).any(|w| TELLING.iter().any(|t| w.eq_ignore_ascii_case(t.as_bytes())))
        && (is_hex(random) || entropy(random) >= 3.6)
}

fn class(c: u8) -> u8 {
    match c {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut classes = crate::mask::classes::Classes::default();
        classes.sort(line.as_bytes());
        let mut spans = Vec::new();
        find(line.as_bytes(), &classes.separators, &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn a_prefix_and_something_random_is_a_token() {
        for token in [
            "acme_live_4fG7hQ9xK2mP8wZr3TbV",
            "xy-pat-Zr3TbV4fG7hQ9xK2mP8w",
            "foo_tkn_0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "qqq_Ab3dE5fG7hJ9kL2mN4pQ6rS8",
        ] {
            for lead in 0..30 {
                let line = format!("{}'{token}' as v", "x ".repeat(lead));
                assert_eq!(found(&line), [token], "{line}");
            }
        }
    }

    #[test]
    fn hashes_ids_and_names_stay() {
        for line in [
            "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "sha256-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "cus_4fG7hQ9xK2mP8wZr3TbV",
            "orders_status_placed_at_idx_2024",
            "deployment-7d4b9c6f5d-x2x9z-web-frontend",
            "restrict SrYRxCCBqArgOLm8Jf1XqgfoHWazCL9c3Ko2d8gZIYlJgzvRvU6Vo60HxxfhjPS",
            "/assets/index-Ab3dE5fG7hJ9kL2mN4pQ6rS8.js",
            "x86_64-unknown-linux-gnu-1234567890",
            "some_function_nameWithCamelCase2AndMore3",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
