//! Sentences that tell a secret: `The generated password for the elastic user is : x`, `A temporary
//! password is generated for root@localhost: x`, `PASSWORD elastic = x`. The secret is the last word.

use crate::mask::bytes::{at, before, contains, cut, find, is_word, trim, word_at};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;

pub(super) const TOLD: RuleId = RuleId::new("revealed-secret");

/// A longer sentence tells something else.
const SENTENCE_MAX: usize = 200;

/// Nor do people write longer lines.
const SPOKEN_MAX: usize = 400;

/// What secrets are called.
const THINGS: &[&str] = &[
    "password",
    "passphrase",
    "passwort",
    "token",
    "secret",
    "key",
];

/// What sentences say that tell one.
const TELLS: &[&str] = &[
    "generated",
    "temporary",
    "initial",
    "new password",
    "reset",
    "set to",
    "your password",
    "password is",
    "passphrase is",
    "one-time",
    "admin password",
    "default password",
    "random password",
    "is now",
    "token is",
    "secret is",
    "key is",
];

/// Appends what people say of a password: in a sentence, in a note, where a command was wanted.
pub(super) fn spoken(line: &[u8], spans: &mut Vec<Span>) {
    if line.len() <= SPOKEN_MAX {
        clause(line, spans);
        beside(line, spans);
        not_a_command(line, spans);
        bracketed(line, spans);
        code(line, spans);
        one_time(line, spans);
        super::pair::find(line, spans);
        meant(line, spans);
        for_app(line, spans);
        noted(line, spans);
    }
}

/// `Your verification code is 778929.`: the digits behind the word.
fn one_time(line: &[u8], spans: &mut Vec<Span>) {
    const KINDS: &[&str] = &[
        "verification code",
        "security code",
        "login code",
        "confirmation code",
        "one-time code",
        "authentication code",
        "passcode",
    ];
    let Some(kind) = KINDS
        .iter()
        .find_map(|kind| find(line, 0, kind.as_bytes()).map(|n| n + kind.len()))
    else {
        return;
    };
    for said in [" is ", " is: ", ": "] {
        if find(line, kind, said.as_bytes()) != Some(kind) {
            continue;
        }
        let start = kind + said.len();
        let digits = cut(line, start, line.len());
        let count = digits.iter().take_while(|c| c.is_ascii_digit()).count();
        if (4..=8).contains(&count) && !is_word(at(digits, count)) {
            spans.push(Span::new(start, start + count, TOLD, Class::Password));
        }
    }
}

/// `nightly; pw x`: the word behind a short one that nobody else writes before such.
fn noted(line: &[u8], spans: &mut Vec<Span>) {
    for word in [" pw ", " pwd ", " mdp ", "'pw ", "\"pw ", "(pw "] {
        let Some(start) = find(line, 0, word.as_bytes()).map(|n| n + word.len()) else {
            continue;
        };
        let behind = cut(line, start, line.len());
        let stop = |c: &u8| matches!(c, b' ' | b'\'' | b'"' | b')' | b',' | b';' | b'`');
        let text = cut(
            behind,
            0,
            behind.iter().position(stop).unwrap_or(behind.len()),
        );
        if is_strong(text) && !text.contains(&b'=') && !text.contains(&b'(') {
            spans.push(Span::new(start, start + text.len(), TOLD, Class::Password));
        }
    }
}

/// `App password "laptop": x`, `Google app password: uxzt fnfg vxwp hvjz`.
fn for_app(line: &[u8], spans: &mut Vec<Span>) {
    let Some(word) = find(line, 0, b"app password").map(|n| n + 12) else {
        return;
    };
    let lead = cut(line, word, word + 64);
    let Some(colon) = memchr::memmem::find(lead, b": ").map(|n| word + n + 2) else {
        return;
    };
    let text = cut(line, colon, line.len()).trim_ascii_end();
    let labelled = cut(line, word, colon).starts_with(b" \"");
    let groups = text.split(|c| *c == b' ');
    let grouped = groups.clone().count() == 4
        && groups
            .clone()
            .all(|group| group.len() == 4 && group.iter().all(u8::is_ascii_lowercase));
    if grouped || labelled && !text.contains(&b' ') && is_mixed(text) {
        spans.push(Span::new(colon, colon + text.len(), TOLD, Class::Password));
    }
}

/// `use x as the admin password after install`: the word before what it is to be.
fn meant(line: &[u8], spans: &mut Vec<Span>) {
    let Some(word) = find(line, 0, b" as the ") else {
        return;
    };
    let behind = cut(line, word + 8, word + 48);
    let said = ["password", "passphrase", "passwort", "pw ", "pin"]
        .iter()
        .any(|thing| find(behind, 0, thing.as_bytes()).is_some());
    let start = cut(line, 0, word)
        .iter()
        .rposition(|c| *c == b' ')
        .map_or(0, |n| n + 1);
    let text = cut(line, start, word);
    let dashed = text.strip_prefix(b"-").unwrap_or(text);
    if said && is_strong(dashed) {
        spans.push(Span::new(start, word, TOLD, Class::Password));
    }
}

/// `backup codes: k7f2-9xqa-44bd, …`: codes behind what calls them so, on the same line.
fn codes(line: &[u8], spans: &mut Vec<Span>) {
    const KINDS: &[&str] = &[
        "backup code",
        "recovery code",
        "scratch code",
        "rescue code",
    ];
    let Some(kind) = KINDS.iter().find_map(|kind| find(line, 0, kind.as_bytes())) else {
        return;
    };
    let Some(colon) = memchr::memmem::find(cut(line, kind, kind + 80), b": ") else {
        return;
    };
    let mut start = kind + colon + 2;
    for word in cut(line, start, line.len()).split(|c| matches!(c, b' ' | b',' | b';')) {
        let code = (6..=40).contains(&word.len())
            && word.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
            && word.iter().any(u8::is_ascii_digit);
        if code {
            spans.push(Span::new(start, start + word.len(), TOLD, Class::Password));
        }
        start += word.len() + 1;
    }
}

/// `sunny-side-up`: words joined by dashes, as people and generators make passphrases.
fn is_joined(text: &[u8]) -> bool {
    let mut parts = text.split(|c| *c == b'-');
    text.len() >= 12
        && parts.clone().count() >= 3
        && parts.all(|part| part.len() > 1 && part.iter().all(u8::is_ascii_lowercase))
        && !text.ends_with(b"-date")
}

/// `Remove the hardcoded db password (x) from settings`: a password in brackets behind the word.
fn bracketed(line: &[u8], spans: &mut Vec<Span>) {
    for open in ["assword (", "assphrase (", "ennwort (", "asswort ("] {
        let Some(from) = find(line, 0, open.as_bytes()).map(|n| n + open.len()) else {
            continue;
        };
        let close = memchr::memchr(b')', cut(line, from, from + 64));
        let text = cut(line, from, from + close.unwrap_or(0));
        // A frame of a stack: `check_password (port=0x55d0)`.
        let argument = memchr::memmem::find(text, b"=0x").is_some();
        if is_strong(text) && !argument && !text.contains(&b' ') && !text.contains(&b'(') {
            spans.push(Span::new(from, from + text.len(), TOLD, Class::Password));
        }
    }
}

/// `PIN for the server room changed to 7731904.`: the digits at the end.
fn code(line: &[u8], spans: &mut Vec<Span>) {
    let Some(pin) = memchr::memmem::find(line, b"PIN ") else {
        return;
    };
    let (_, end) = trim(line, 0, line.len());
    let end = end - usize::from(matches!(before(line, end), b'.' | b'!'));
    // Your PIN is 849203, valid for 10 minutes
    if let Some(is) = memchr::memmem::find(cut(line, pin, pin + 60), b" is ") {
        let start = pin + is + 4;
        let digits = cut(line, start, line.len());
        let count = digits.iter().take_while(|c| c.is_ascii_digit()).count();
        if (4..=8).contains(&count) && matches!(at(digits, count), b',' | b'.' | b' ' | b';' | b'!')
        {
            spans.push(Span::new(start, start + count, TOLD, Class::Password));
        }
    }
    let digits = cut(line, pin, end)
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let lead = cut(line, pin, end - digits);
    let said = [&b" to "[..], b" is ", b" is now ", b" is: ", b": "]
        .iter()
        .any(|said| lead.ends_with(said));
    if (4..=8).contains(&digits) && said && !is_word(before(line, pin)) {
        spans.push(Span::new(end - digits, end, TOLD, Class::Password));
    }
}

/// `The password for the staging box is x, please change it`: the word behind ` is `.
fn clause(line: &[u8], spans: &mut Vec<Span>) {
    const THINGS: &[&str] = &[
        "password",
        "passwort",
        "passphrase",
        "passcode",
        "pw",
        "pwd",
        "pass",
        "kennwort",
        "lösenordet",
        "lösenord",
        "wachtwoord",
        "contraseña",
        "senha",
        "mot de passe",
        "hasło",
        "adgangskoden",
        "passordet",
        "salasana",
        "heslo",
        "parola d'ordine",
        "palabra clave",
        "palavra-passe",
        "parole",
        "parola",
        "adgangskode",
        "passord",
        "clave",
        "jelszó",
        "lozinka",
        "geslo",
        "şifre",
        "şifreniz",
        "kata sandi",
        "mật khẩu",
        "mdp",
        "пароль",
    ];
    let thing = THINGS.iter().filter_map(|word| {
        let at = find(line, 0, word.as_bytes())?;
        let end = at + word.len();
        let lead = before(line, at);
        let whole = !is_word(lead) && lead != b'.' && matches!(line.get(end), Some(b' ' | b':'));
        whole.then_some((end, word.len()))
    });
    // Of two that begin at the same place the longer: parola d'ordine
    let first = thing.min_by_key(|(end, length)| (end - length, usize::MAX - length));
    let Some((thing, length)) = first else {
        return;
    };
    let rest = cut(line, thing, thing + SENTENCE_MAX);
    let verbs = [
        " is now: ",
        " is now ",
        " is : ",
        " est : ",
        " ist : ",
        " es: ",
        " es : ",
        " é: ",
        " è: ",
        " är: ",
        " er: ",
        " jest: ",
        " est: ",
        " is ",
        " ist ",
        " är ",
        " er ",
        " es ",
        " est ",
        " é ",
        " è ",
        " to ",
        " lautet ",
        " lautet: ",
        " is: ",
        " ist: ",
        " wordt ",
        " to: ",
        " jest ",
        " je ",
        " on ",
        " on: ",
        " adalah ",
        " là ",
    ];
    // `pass to poll(2)` speaks of no password.
    let long = |verb: &&&str| length > 4 || !verb.starts_with(" to");
    // `Le mot de passe du compte : x`; a single word before a colon is a name.
    let several = cut(line, thing - length, thing).contains(&b' ');
    // temp password for ana: x
    let given = [
        &b" for "[..],
        b" f\xc3\xbcr ",
        b" fuer ",
        b" pour ",
        b" para ",
        b" per ",
        b" dla ",
        b" voor ",
        b" till ",
    ]
    .iter()
    .any(|word| rest.starts_with(word));
    let colons: &[&str] = if several || given {
        &[" : ", ": "]
    } else {
        &[]
    };
    let verbs = verbs.iter().filter(long).chain(colons);
    let Some(verb) = verbs.clone().find_map(|verb| {
        find(rest, 0, verb.as_bytes()).map(|n| (thing + n, thing + n + verb.len()))
    }) else {
        return;
    };
    let (said, verb) = verb;
    // What it belongs to is named in a few words, of which none begins a sentence of its own.
    let between = cut(line, thing, said);
    if between.split(|c| *c == b' ').count() > 10 || between.iter().any(|c| b".;:?!".contains(c)) {
        return;
    }
    // `is 'x'`, "ist `x`": in quotes it need not look like one.
    let mark = at(line, verb);
    if matches!(mark, b'\'' | b'"' | b'`') {
        let close = memchr::memchr(mark, cut(line, verb + 1, verb + 65));
        let text = cut(line, verb + 1, verb + 1 + close.unwrap_or(0));
        let kinds = [
            text.iter().any(u8::is_ascii_digit),
            text.iter().skip(1).any(u8::is_ascii_uppercase),
            text.iter().any(|c| c.is_ascii_punctuation() && *c != b'_'),
        ];
        let kinds = kinds.iter().filter(|k| **k).count();
        let given =
            contains(cut(line, 0, verb), b" user ") || contains(cut(line, 0, verb), b"default ");
        let mixed = kinds > usize::from(text.contains(&b' ')) || given && !text.contains(&b' ');
        if text.len() >= 4
            && mixed
            && !is_placeholder(text)
            && !contains(text, b"://")
            && !matches!(at(text, 0), b'/' | b'-' | b'<' | b'$')
        {
            spans.push(Span::new(
                verb + 1,
                verb + 1 + text.len(),
                TOLD,
                Class::Password,
            ));
        }
        return;
    }
    let word = cut(line, verb, line.len())
        .split(|c| matches!(c, b' ' | b'\t'))
        .next();
    let word = word.unwrap_or_default();
    let text = word.trim_ascii_end();
    let pause = text
        .iter()
        .rposition(|c| !b",;.)".contains(c))
        .map_or(0, |n| n + 1);
    let text = cut(text, 0, pause);
    let marked = line.get(verb - 2..verb) == Some(b": ");
    let joined = verb - said <= 5 && !marked && length > 4 && is_joined(text);
    let told = marked && !given && text.len() >= 6 && is_mixed(text);
    if is_strong(text) || joined || told {
        spans.push(Span::new(verb, verb + text.len(), TOLD, Class::Password));
    }
}

/// `user admin, Kennwort x`; `login elastic / x`: what stands beside the word at the end of a note.
fn beside(line: &[u8], spans: &mut Vec<Span>) {
    let (_, end) = trim(line, 0, line.len());
    let Some(last) = cut(line, 0, end).iter().rposition(|c| *c == b' ') else {
        return;
    };
    let text = cut(line, last + 1, end);
    let lead = cut(line, 0, last).trim_ascii_end();
    let word = |n: usize| {
        lead.split(|c| *c == b' ')
            .rev()
            .filter(|w| !w.is_empty())
            .nth(n)
    };
    let named = ["kennwort", "passwort", "passwd", "password", "pw", "pwd"];
    let named = word(0).is_some_and(|w| named.iter().any(|n| w.eq_ignore_ascii_case(n.as_bytes())))
        && word(1).is_some_and(|w| {
            w.ends_with(b",")
                || w.ends_with(b":")
                || [&b"#"[..], b"and", b"/", b"with", b"mit"].contains(&w)
        })
        // user bob / pass x
        || word(0) == Some(b"pass") && word(1) == Some(b"/");
    let slashed = word(0) == Some(b"/")
        && word(2).is_some_and(|w| {
            ["login", "user", "creds", "credentials", "account", "zugang", "zugang:", "login:"]
                .iter()
                .any(|n| w.eq_ignore_ascii_case(n.as_bytes()))
                // creds for the vendor portal: user / x
                || w.ends_with(b":")
                    && ["creds", "credentials", "login", "zugang", "access", "logins"]
                        .iter()
                        .any(|n| find(lead, 0, n.as_bytes()).is_some())
        });
    let kinds = [
        text.iter().any(u8::is_ascii_digit),
        text.iter().any(u8::is_ascii_uppercase),
        text.iter().any(u8::is_ascii_lowercase),
        text.iter().any(u8::is_ascii_punctuation),
    ];
    let mixed = kinds.iter().filter(|k| **k).count() >= 3;
    if text.iter().any(|c| b"'\"`();,".contains(c)) {
        return;
    }
    if (named && is_strong(text) || slashed && mixed && text.len() >= 6) && !is_placeholder(text) {
        spans.push(Span::new(last + 1, end, TOLD, Class::Password));
    }
}

/// `bash: Winter_2023!: command not found`: a password typed where a command was wanted.
fn not_a_command(line: &[u8], spans: &mut Vec<Span>) {
    let Some(said) = find(line, 0, b": command not found") else {
        return;
    };
    let from = cut(line, 0, said)
        .iter()
        .rposition(|c| *c == b' ')
        .map_or(0, |n| n + 1);
    let text = cut(line, from, said);
    let signs = text.iter().any(|c| b"!@#%^&*+=?".contains(c));
    // Wasserfall.7: a word, a sign, a number
    let digits = text.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let word = cut(text, 0, text.len().saturating_sub(digits + 1));
    let numbered = (1..=4).contains(&digits)
        && word.len() >= 6
        && at(text, 0).is_ascii_uppercase()
        && word.iter().all(|c| c.is_ascii_alphabetic() || *c >= 0x80)
        && at(text, word.len()).is_ascii_punctuation();
    if (signs || numbered) && is_strong(text) && !text.contains(&b'/') {
        spans.push(Span::new(from, said, TOLD, Class::Password));
    }
}

/// Whether nobody would write `text` but as a password: three kinds of characters, one a digit.
pub(super) fn is_strong(text: &[u8]) -> bool {
    let digits = text.iter().any(u8::is_ascii_digit);
    // Signs that no sentence has within a word.
    let inner = cut(text, 1, text.len().saturating_sub(1));
    let signs = inner.iter().any(|c| b"&!#$%*+=?^~@".contains(c));
    (digits || signs && text.iter().any(u8::is_ascii_uppercase))
        && is_mixed(text)
        && (6..64).contains(&text.len())
        && text.iter().any(u8::is_ascii_alphabetic)
        && !is_placeholder(text)
        && !matches!(
            at(text, 0),
            b'/' | b'(' | b'<' | b'[' | b'-' | b'$' | b'\'' | b'"' | b'`'
        )
        && !contains(text, b"://")
}

/// Appends the secret that `line` tells at its end.
pub(super) fn told(line: &[u8], spans: &mut Vec<Span>) {
    if line.len() <= SPOKEN_MAX {
        codes(line, spans);
    }
    let (_, end) = trim(line, 0, line.len());
    let end = end - usize::from(before(line, end) == b'.');
    let Some(last) = cut(line, 0, end).iter().rposition(|c| *c == b' ') else {
        return;
    };
    let (_, gap) = trim(line, 0, last);
    let lead = cut(line, 0, gap);
    let marked = [&b":"[..], b"=", b" is", b" to", b" is now"]
        .iter()
        .any(|m| lead.ends_with(m));
    if !marked {
        return;
    }
    let Some(thing) = THINGS.iter().find_map(|w| find(lead, 0, w.as_bytes())) else {
        return;
    };
    // `PASSWORD elastic = x` of elasticsearch-setup-passwords
    let listed = line.starts_with(b"PASSWORD ") && lead.ends_with(b"=");
    if end - thing > SENTENCE_MAX || !listed && !TELLS.iter().any(|t| contains(lead, t.as_bytes()))
    {
        return;
    }
    let (mut from, mut to) = (last + 1, end);
    let quote = at(line, from);
    if matches!(quote, b'"' | b'\'' | b'`') && before(line, to) == quote && to > from + 1 {
        (from, to) = (from + 1, to - 1);
    }
    let text = cut(line, from, to);
    // "host key is non-empty", `key is Multi_Key"`: of a key only what nobody could say.
    let key = word_at(line, thing, b"key");
    let drawn = text.iter().any(u8::is_ascii_digit) && text.len() >= 8;
    if is_mixed(text)
        && text.len() >= 5
        && (!key || drawn)
        && !contains(text, b"\":")
        && !is_placeholder(text)
        && !contains(text, b"://")
        && (!text.contains(&b'<') || !text.contains(&b'>') || text.starts_with(b"<"))
        && !matches!(at(text, 0), b'/' | b'(' | b'[' | b'-')
        && !(at(text, 0) == b'<' && text.ends_with(b">"))
        && !text.ends_with(b":")
        && !text.ends_with(b")")
    {
        spans.push(Span::new(from, to, TOLD, Class::Password));
    }
}

/// Whether `text` is no word of a sentence: digits and something else, or three kinds of characters.
fn is_mixed(text: &[u8]) -> bool {
    let digits = text.iter().any(u8::is_ascii_digit);
    let kinds = [
        digits,
        text.iter().any(u8::is_ascii_uppercase),
        text.iter().any(u8::is_ascii_lowercase),
        text.iter().any(u8::is_ascii_punctuation),
    ];
    let kinds = kinds.iter().filter(|k| **k).count();
    kinds > 2 || kinds == 2 && digits
}
