//! What was typed at a prompt that showed it: `Password for user ida: x`, `Enter PIN: 4711`.

use crate::mask::bytes::{contains, cut, find, is_word, skip_blanks, trim, word_at};
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::standin::is_placeholder;

const ASKED: RuleId = RuleId::new("prompt");

/// A longer line is no prompt.
const PROMPT_MAX: usize = 120;

/// What is asked for, as people of several countries are asked.
const THINGS: &[&str] = &[
    "password",
    "passphrase",
    "pass phrase",
    "passwort",
    "kennwort",
    "mot de passe",
    "phrase secrète",
    "contraseña",
    "contrasena",
    "senha",
    "palavra-passe",
    "hasło",
    "haslo",
    "wachtwoord",
    "lösenord",
    "salasana",
    "adgangskode",
    "passord",
    "heslo",
    "jelszó",
    "parola",
    "пароль",
    "şifre",
    "パスワード",
    "暗証番号",
    "密码",
    "密碼",
    "비밀번호",
];

/// Codes, which are digits.
const CODES: &[&str] = &[
    "pin",
    "verification code",
    "one-time code",
    "authentication code",
    "security code",
    "otp",
    "passcode",
    "2fa code",
    "mfa code",
    "code de vérification",
    "bestätigungscode",
    "código de verificación",
];

/// How a prompt begins that may be answered with several words.
const BEGINS: &[&str] = &[
    "enter ",
    "verifying ",
    "please enter",
    "type ",
    "retype ",
    "re-enter",
    "repeat ",
    "confirm ",
    "new ",
    "current ",
    "old ",
    "master ",
    "password for",
    "passphrase for",
    "password",
    "passphrase",
    "ssh ",
    "sudo ",
    "[sudo]",
    "(current)",
    "geben sie",
    "bitte ",
    "neues ",
    "passwort",
    "kennwort",
    "mot de passe",
    "entrez",
    "saisissez",
    "nouveau mot",
    "introduzca",
    "introduce ",
    "ingrese",
    "escriba",
    "contraseña",
    "nueva contraseña",
    "digite",
    "insira",
    "senha",
    "nova senha",
    "inserisci",
    "inserire",
    "podaj",
    "hasło",
    "wpisz",
    "voer ",
    "geef ",
    "wachtwoord",
    "введите",
    "пароль",
    "パスワード",
    "请输入",
    "請輸入",
    "暗証番号",
    "verification ",
    "one-time ",
    "authentication ",
    "security ",
    "otp",
    "pin",
    "mfa ",
    "2fa ",
    "ange ",
    "lösenord",
    "anna ",
    "salasana",
    "zadejte",
    "heslo",
    "adja meg",
    "şifre",
    "비밀번호",
];

/// What a program answers where a person would have typed.
const ANSWERS: &[&str] = &[
    "changed",
    "updated",
    "expired",
    "incorrect",
    "wrong",
    "invalid",
    "required",
    "accepted",
    "set",
    "unset",
    "missing",
    "mismatch",
    "unchanged",
    "locked",
    "disabled",
    "enabled",
    "failed",
    "ok",
    "success",
    "successful",
    "successfully",
    "not",
    "no",
    "yes",
    "none",
    "must",
    "too",
    "authentication",
    "error",
    "see",
    "the",
    "a",
    "is",
    "cannot",
    "could",
    "unable",
    "access",
    "denied",
    "default",
    "hidden",
    "never",
    "length",
    "minimum",
    "maximum",
    "use",
    "using",
    "this",
    "please",
    "your",
];

/// Whether `line` asks for a secret; what was typed behind it is appended. Such a line ends no
/// output that a command before it announced.
pub(super) fn asked(line: &[u8], spans: &mut Vec<Span>) -> bool {
    let (mut start, end) = trim(line, 0, line.len());
    while cut(line, start, start + 2) == b"? " || cut(line, start, start + 2) == b"> " {
        start = skip_blanks(line, start + 2);
    }
    let text = cut(line, start, end);
    let Some((colon, width)) = colon(text) else {
        return false;
    };
    let lead = cut(text, 0, colon);
    let words = begins(lead);
    let thing = THINGS.iter().any(|thing| holds(lead, thing));
    let code = !thing && CODES.iter().any(|thing| holds(lead, thing));
    if !words
        || says_something_else(lead)
        || !thing && !code
        || lead
            .iter()
            .any(|c| b"={}<>;|$`@/\\".contains(c) && !is_path(lead))
    {
        return false;
    }
    let from = skip_blanks(text, colon + width);
    let typed = cut(text, from, text.len());
    let secret = if code {
        // 731 904
        let digits = typed.iter().filter(|c| c.is_ascii_digit()).count();
        let parted = typed.len() - digits <= 1
            && typed
                .iter()
                .all(|c| c.is_ascii_digit() || matches!(c, b' ' | b'-'));
        (4..=8).contains(&digits) && parted
    } else {
        // A name alone is an assignment, whose value another layer knows the end of.
        (lead.trim_ascii().contains(&b' ') || !lead.is_ascii()) && is_typed(typed)
    };
    if secret {
        spans.push(Span::new(
            start + from,
            start + text.len(),
            ASKED,
            Class::Password,
        ));
    }
    true
}

/// The first colon with a blank or nothing behind it, and how wide it is.
fn colon(text: &[u8]) -> Option<(usize, usize)> {
    let window = cut(text, 0, PROMPT_MAX);
    let wide = memchr::memmem::find(window, "：".as_bytes()).map(|at| (at, 3));
    let plain =
        memchr::memchr_iter(b':', window).find(|at| matches!(text.get(at + 1), None | Some(b' ')));
    match (plain, wide) {
        (Some(at), Some((before, _))) if before < at => wide,
        (Some(at), _) => Some((at, 1)),
        (None, wide) => wide,
    }
}

/// `Enter passphrase for key '/home/ida/.ssh/id': `
fn is_path(lead: &[u8]) -> bool {
    [&b" for "[..], b" to "]
        .iter()
        .any(|word| contains(lead, word))
}

fn begins(lead: &[u8]) -> bool {
    BEGINS
        .iter()
        .any(|word| word_at(lead, 0, word.as_bytes()) || lead.starts_with(word.as_bytes()))
}

/// Whether `thing` stands in `lead` as a word of its own.
fn holds(lead: &[u8], thing: &str) -> bool {
    let Some(at) =
        find(lead, 0, thing.as_bytes()).or_else(|| memchr::memmem::find(lead, thing.as_bytes()))
    else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|i| lead.get(i));
    let after = lead.get(at + thing.len());
    !thing.is_ascii() || !before.is_some_and(|c| is_word(*c)) && !after.is_some_and(|c| is_word(*c))
}

/// `Password expires`, `Password last changed`, `PIN length`: about the secret, and not it.
fn says_something_else(lead: &[u8]) -> bool {
    const ABOUT: &[&str] = &[
        "expires",
        "expiry",
        "expired",
        "inactive",
        "last",
        "age",
        "minimum",
        "maximum",
        "policy",
        "length",
        "change",
        "changed",
        "status",
        "hash",
        "type",
        "mode",
        "quality",
        "strength",
        "hint",
        "reset",
        "required",
        "requirements",
        "encryption",
        "file",
        "manager",
        "store",
        "id",
        "attempts",
        "retries",
        "updated",
        "set",
        "history",
        "days",
        "invalid",
    ];
    lead.split(|c| matches!(c, b' ' | b'-')).any(|word| {
        ABOUT
            .iter()
            .any(|about| word.eq_ignore_ascii_case(about.as_bytes()))
    })
}

/// Whether a person typed `text`, rather than a program said it.
fn is_typed(text: &[u8]) -> bool {
    let first = text
        .split(|c| matches!(c, b' ' | b',' | b'.'))
        .next()
        .unwrap_or_default();
    let answer = ANSWERS
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word.as_bytes()));
    let words = text.split(|c| *c == b' ').count();
    (3..=128).contains(&text.len())
        && !answer
        && !text.starts_with(b"ERROR ")
        && words <= 5
        && !text.ends_with(b" bytes")
        && !is_placeholder(text)
        && !matches!(text.first(), Some(b'(' | b'[' | b'<' | b'{' | b'"' | b'\''))
        && !THINGS.iter().any(|thing| holds(text, thing))
        && !text.ends_with(b":")
}
