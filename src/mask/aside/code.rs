//! Source code: types, declarations, comparisons, arguments, members. None of it is a secret's value,
//! although a name that says so stands before it.
//!
//! Nobody makes up an issued token: where a name means one, words and identifiers are no value. Of a
//! password they may be, so there only what no value can look like is left alone.

use super::{Place, is_statement};
use crate::mask::assign::is_identifier;
use crate::mask::bytes::{at, before, contains, cut, find, from, is_word};
use crate::mask::names::judge;
use crate::mask::span::Class;
use crate::mask::standin::is_placeholder;
use crate::mask::value::is_random;

/// Whether what stands at `place` is code.
pub(super) fn is(place: &Place<'_>) -> bool {
    let issued = place.span.class != Class::Password;
    if place.quoted {
        // What a statement gives as a value is one, whatever it looks like.
        let statement = is_statement(place.lead);
        return is_lifetime(place)
            || is_torn(place.text)
            || (!statement || contains(place.lead, b"code(")) && is_encoding(place.text)
            || !statement && is_made_up(place)
            || is_path(place)
            || is_looked_up(place)
            || is_asked(place)
            || is_bytes(place)
            || issued && (is_compared(place) || is_argument(place) || is_spoken(place));
    }
    is_declared(place)
        || is_constant(place)
        || is_passed_on(place)
        || is_member_of_object(place)
        || is_unpacked(place)
        || is_named_like_code(place)
        || is_pointer(place.text)
        || is_field(place)
        || issued && (is_of_type(place) || is_expression(place))
}

/// Letters and signs of words: nothing that a machine has drawn.
fn is_wordlike(text: &[u8]) -> bool {
    text.len() <= 40 && !text.iter().any(u8::is_ascii_digit) && !is_random(text)
}

/// `Token<'a>`, `Result<Token<'_>, Error>`: a lifetime opens no literal.
fn is_lifetime(place: &Place<'_>) -> bool {
    let name = place.text.iter().take_while(|c| is_word(**c)).count();
    cut(
        place.line,
        place.span.start.saturating_sub(2),
        place.span.start,
    ) == b"<'"
        && (1..=12).contains(&name)
        && matches!(at(place.text, name), b'>' | b',')
}

/// `") -- sets `, `' . $x . '`: what stands between two literals, where quotes were paired wrongly.
fn is_torn(text: &[u8]) -> bool {
    let closes = matches!(at(text, 0), b')' | b']' | b'}' | b',')
        && matches!(at(text, 1), b' ' | b';' | b')');
    let joins = matches!(at(text, 0), b'\'' | b'"')
        && at(text, 1) == b' '
        && matches!(at(text, 2), b'.' | b'+' | b',' | b'%')
        && at(text, 3) == b' ';
    closes || joins
}

/// `encode(x, 'hex')`, `password.encode("utf-8")`
fn is_encoding(text: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"utf-8",
        b"utf8",
        b"utf-16",
        b"ascii",
        b"latin-1",
        b"latin1",
        b"hex",
        b"base64",
        b"base64url",
        b"binary",
        b"escape",
    ];
    NAMES.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// `"%s:%s"`, `f"{registry}-token"`, `"Basic $encoded"`: a template without a word of its own that
/// could be one.
fn is_made_up(place: &Place<'_>) -> bool {
    let text = place.text;
    let mut rest = Vec::new();
    let (mut i, mut holes) = (0, 0);
    while i < text.len() {
        let named = from(text, i + 1)
            .iter()
            .take_while(|c| is_word(**c) || matches!(c, b'.' | b':' | b'-'))
            .count();
        let open = match at(text, i) {
            b'{' if named > 0 && at(text, i + 1 + named) == b'}' => named + 2,
            b'%' if matches!(at(text, i + 1), b's' | b'd' | b'r' | b'v' | b'q')
                && !is_word(at(text, i + 2)) =>
            {
                2
            }
            _ => 0,
        };
        if open > 0 {
            holes += 1;
            i += open;
        } else {
            rest.push(at(text, i));
            i += 1;
        }
    }
    holes > 0 && rest.len() <= 32 && !rest.iter().any(u8::is_ascii_digit)
}

/// `"$serde_json::private::Number"`, [`Key::secret`], `raw_sign()`: an item of code in a string or in
/// backticks.
fn is_path(place: &Place<'_>) -> bool {
    let text = place.text;
    let code = before(place.line, place.span.start) == b'`';
    let parts = text.strip_prefix(b"$").unwrap_or(text);
    let plain = parts.iter().all(|c| is_word(*c) || *c == b':');
    let issued = place.span.class != Class::Password;
    let item = contains(text, b"::") && plain && (code || issued);
    let call = code
        && text
            .strip_suffix(b"()")
            .is_some_and(|name| name.iter().all(|c| is_word(*c) || *c == b'.'));
    item || call || code && issued && is_identifier(text) && is_wordlike(text)
}

/// `secret_key = lookup('secret_key')`, `Authorizers: X | None = auth("Authorizers")`: the name that
/// the line begins with.
fn is_looked_up(place: &Place<'_>) -> bool {
    let text = place.text;
    let line = place.line.trim_ascii_start();
    text.len() >= 4
        && is_identifier(text)
        && line.starts_with(text)
        && !is_word(at(line, text.len()))
        && place.between.contains(&b'(')
}

/// `token == 'tuple'`, `if token in ("def", "class")`: what the kinds of a lexer's tokens are called.
fn is_compared(place: &Place<'_>) -> bool {
    const CONDITIONS: &[&[u8]] = &[
        b"if ",
        b"elif ",
        b"elsif ",
        b"else if",
        b"} else if",
        b"while ",
        b"when ",
        b"assert",
        b"case ",
        b"return ",
        b"unless ",
        b"switch ",
        b"if(",
        b"while(",
    ];
    let line = place.line.trim_ascii_start();
    let condition = CONDITIONS.iter().any(|word| line.starts_with(word));
    let compares = [&b"=="[..], b"!=", b"in (", b"in ["]
        .iter()
        .any(|sign| contains(place.between, sign));
    let listed = condition && (contains(place.lead, b" in (") || contains(place.lead, b" in ["));
    (compares || condition || listed) && is_wordlike(place.text)
}

/// `createToken('STAR', …)`, `make_cert_key('localhost')`, `TokenStream(`…`)`: the argument of a call.
fn is_argument(place: &Place<'_>) -> bool {
    let mut quote = place.span.start.saturating_sub(1);
    if matches!(before(place.line, quote), b'b' | b'r' | b'f')
        && before(place.line, quote - 1) == b'('
    {
        quote -= 1;
    }
    let called = before(place.line, quote) == b'('
        && (is_word(before(place.line, quote - 1)) || before(place.line, quote - 1) == b'!');
    let text = place.text;
    let short = text.len() < 4;
    let words = text.contains(&b' ') && !contains(place.name, b"phrase");
    called && (is_wordlike(text) || short || words || text.starts_with(b"("))
}

/// `log.info('token', `removing ${n} tokens`)`, `tokens="whitespace standard extended"`: words beside a
/// name of tokens, which hold no blank.
fn is_spoken(place: &Place<'_>) -> bool {
    if is_statement(place.lead) {
        return false;
    }
    // What stands in quotes before the comma.
    let listed = place
        .lead
        .strip_suffix(b"',")
        .or_else(|| place.lead.strip_suffix(b"\","))
        .filter(|_| matches!(place.between, b" '" | b" \"" | b" `" | b"'" | b"\""));
    let pair = listed.is_some();
    let called = listed.map_or(place.name, |lead| {
        let word = lead.iter().rev().take_while(|c| is_word(**c)).count();
        from(lead, lead.len() - word)
    });
    let several = [&b"token"[..], b"tokens"]
        .iter()
        .any(|name| called.eq_ignore_ascii_case(name));
    let words = place.text.split(|c| *c == b' ').filter(|w| !w.is_empty());
    // {'refresh_token', 'response_types'}, "get_" . $mode
    let name = |text: &[u8]| {
        text.contains(&b'_') && text.iter().all(|c| c.is_ascii_lowercase() || *c == b'_')
    };
    let names = pair && name(called) && name(place.text);
    // 'MCPeerID', 'MCSession', …: a list of names
    let list = pair
        && place.line.windows(4).filter(|w| *w == b"', '").count() >= 4
        && place.text.iter().all(|c| is_word(*c))
        && place.text.iter().filter(|c| c.is_ascii_digit()).count() <= 3
        && at(place.text, 0).is_ascii_alphabetic();
    let start = name(place.text) && place.text.ends_with(b"_");
    if names || start || list {
        return true;
    }
    several
        && words.clone().count() > 1
        && words
            .clone()
            .all(|word| !word.iter().any(u8::is_ascii_digit) || word.starts_with(b"$"))
        && words
            .clone()
            .any(|word| word.len() > 3 && word.iter().all(u8::is_ascii_lowercase))
}

/// `pub trait DecodePrivateKey: Sized {`, `type Secret = string & { … }`
fn is_declared(place: &Place<'_>) -> bool {
    const WORDS: &[&[u8]] = &[
        b"trait",
        b"struct",
        b"class",
        b"enum",
        b"interface",
        b"impl",
        b"type",
        b"protocol",
        b"object",
        b"extends",
        b"implements",
    ];
    let lead = place.lead.trim_ascii_end();
    let word = lead
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_lowercase())
        .count();
    let start = lead.len() - word;
    lead.len() < place.lead.len()
        && !is_word(before(lead, start))
        && WORDS.contains(&from(lead, start))
        && !place.text.iter().any(|c| matches!(c, b'"' | b'\''))
}

/// `pub const SYS_memfd_secret: c_long = 447;`, `const CLIENT_LONG_PASSWORD = 0x0000_0001;`
fn is_constant(place: &Place<'_>) -> bool {
    let text = place.text;
    let typed = matches!(place.between, b": " | b":")
        && place.line.trim_ascii_end().ends_with(b";")
        && find(text, 0, b" = ").is_some_and(|n| {
            n > 0
                && cut(text, 0, n)
                    .iter()
                    .all(|c| is_word(*c) || b"&<>:[]*', ".contains(c))
                && !from(text, n)
                    .iter()
                    .any(|c| matches!(c, b'"' | b'\'' | b'`'))
        });
    let number = text.strip_suffix(b";").unwrap_or(text).strip_prefix(b"0x");
    let flag = number.is_some_and(|digits| {
        (1..=10).contains(&digits.len())
            && digits.iter().all(|c| c.is_ascii_hexdigit() || *c == b'_')
    }) && place.name.iter().all(|c| !c.is_ascii_lowercase());
    // SEC_ERROR_BAD_PASSWORD = (SEC_ERROR_BASE + 15),
    let sum = text.strip_prefix(b"(").is_some_and(|sum| {
        contains(sum, b" + ")
            && sum
                .iter()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || b"_ +),".contains(c))
    });
    // 0x9E37_79B9u32
    let seed = number.is_some_and(|digits| {
        let kind = [
            &b"u32"[..],
            b"u64",
            b"u128",
            b"usize",
            b"ULL",
            b"UL",
            b"ull",
        ]
        .iter()
        .find_map(|kind| digits.strip_suffix(*kind));
        kind.is_some_and(|digits| digits.iter().all(|c| c.is_ascii_hexdigit() || *c == b'_'))
    });
    typed || flag || sum || seed
}

/// `user_pwd *new(void);`, `token: *mut sqlite3_int64,`: a pointer of C or Rust.
pub(super) fn is_pointer(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"*").unwrap_or_default();
    let word = name.iter().take_while(|c| is_word(**c)).count();
    at(name, 0).is_ascii_alphabetic()
        && (from(name, word).is_empty()
            || matches!(at(name, word), b'(' | b',' | b';' | b')' | b' ')
            || from(name, word).starts_with(b"["))
        && (word == name.len() || !from(name, word).contains(&b'*'))
        && !name.iter().any(|c| b"!@#$%^?".contains(c))
        && (word > 2 || text.len() > word + 1)
}

/// `    _pin: PhantomPinned,`, `(pw: PipeWriter)`, `    password: user_password,`: a field, a parameter or
/// what an object literal takes from a variable.
fn is_field(place: &Place<'_>) -> bool {
    let name = place.text.iter().take_while(|c| is_word(**c)).count();
    let word = cut(place.text, 0, name);
    let behind = cut(place.line, place.span.start + name, place.line.len());
    let hump = word
        .windows(2)
        .any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    let digits = word.iter().filter(|c| c.is_ascii_digit()).count();
    // Two blanks at least: nobody indents what they say.
    let indented = place.line.starts_with(b"  ") || place.line.starts_with(b"\t");
    let alone = indented
        && place.lead.trim_ascii().is_empty()
        && behind.trim_ascii_end() == b","
        && (hump || word.contains(&b'_') && !word.ends_with(b"_") && !word.starts_with(b"_"));
    let parameter = hump
        && at(word, 0).is_ascii_uppercase()
        && contains(place.lead, b"(")
        && matches!(at(behind, 0), b')' | b',');
    place.between == b": " && digits == 0 && (alone || parameter)
}

/// `getpass.getpass("IMAP password for %s on %s: " % (user, host or "localhost"))`
fn is_asked(place: &Place<'_>) -> bool {
    contains(place.lead, b"getpass(") || contains(place.lead, b"prompt(\"")
}

/// `encrypt(&nonce, b"plaintext message".as_ref())`
fn is_bytes(place: &Place<'_>) -> bool {
    place.text.contains(&b' ')
        && is_wordlike(place.text)
        && from(place.line, place.span.end + 1).starts_with(b".as_")
}

/// `auth=auth,`, `key_password=None):`: what a call hands on, or leaves out.
fn is_passed_on(place: &Place<'_>) -> bool {
    let end = place
        .text
        .iter()
        .rposition(|c| !b"),:;]}".contains(c))
        .map_or(0, |n| n + 1);
    let bare = cut(place.text, 0, end);
    let ended = end < place.text.len() || matches!(at(place.line, place.span.end), b',' | b')');
    ended
        && (bare == place.name && bare.contains(&b'_')
            || matches!(
                bare,
                b"None"
                    | b"null"
                    | b"nil"
                    | b"undefined"
                    | b"True"
                    | b"False"
                    | b"NULL"
                    | b"nullptr"
            ))
}

/// `$passwd->shell`, `self.password = credentials`, `let g:netrw_passwd=a:2`
fn is_member_of_object(place: &Place<'_>) -> bool {
    let start = place.span.start;
    // $self->{+_PASSING}
    let object = place.text.strip_prefix(b"$").is_some_and(|text| {
        let name = text.iter().take_while(|c| is_word(**c)).count();
        name > 0 && matches!(cut(text, name, name + 3), [b'-', b'>', b'{' | b'['])
    });
    let arrow = cut(place.line, start.saturating_sub(2), start) == b"->"
        && is_word(before(place.line, start - 2))
        && at(place.text, 0).is_ascii_lowercase();
    let lead = place.line.trim_ascii_start();
    let own = [&b"self."[..], b"this.", b"@"]
        .iter()
        .any(|own| lead.starts_with(own));
    let kept = own
        && contains(place.between, b" = ")
        && is_identifier(place.text)
        && judge(place.text).is_some();
    let scoped = lead.starts_with(b"let ")
        && at(place.text, 1) == b':'
        && b"abglstvw".contains(&at(place.text, 0))
        && from(place.text, 2).iter().all(|c| is_word(*c));
    object || arrow || kept || scoped
}

/// `user, pw = auth, None`: names on both sides.
fn is_unpacked(place: &Place<'_>) -> bool {
    let lead = place.lead.trim_ascii();
    place.between == b" = "
        && lead.ends_with(b",")
        && lead
            .iter()
            .all(|c| is_word(*c) || matches!(c, b',' | b' ' | b'.'))
        && is_identifier(place.text.strip_suffix(b",").unwrap_or(place.text))
}

/// `password: readPassword,`, `data class Login(val password: CharArray)`: an
/// identifier of several words of which one says what it is.
fn is_named_like_code(place: &Place<'_>) -> bool {
    const TYPES: &[&[u8]] = &[
        b"Array",
        b"Bytes",
        b"Buffer",
        b"Vec",
        b"String",
        b"Str",
        b"Field",
        b"Input",
        b"Type",
        b"Widget",
        b"Property",
        b"Validator",
    ];
    if !matches!(place.between, b": " | b" = ") {
        return false;
    }
    let name = place
        .text
        .iter()
        .take_while(|c| c.is_ascii_alphabetic())
        .count();
    let word = cut(place.text, 0, name);
    let rest = cut(place.line, place.span.start + name, place.line.len()).trim_ascii();
    let hump = word
        .windows(2)
        .any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    let ended = name >= place.text.len().saturating_sub(2) && b",;)?{}=".contains(&at(rest, 0));
    hump && ended
        && (judge(word).is_some()
            || at(word, 0).is_ascii_uppercase() && TYPES.iter().any(|kind| word.ends_with(kind)))
}

/// `colon_token: Colon {`, `tokens: Iterable[Tuple[str, …`, `"auth": auth_data}`: a type or a name.
fn is_of_type(place: &Place<'_>) -> bool {
    let text = place.text;
    let name = text.iter().take_while(|c| is_word(**c)).count();
    let (word, rest) = (cut(text, 0, name), from(text, name));
    if name == 0 || is_random(word) || word.iter().filter(|c| c.is_ascii_digit()).count() > 2 {
        return false;
    }
    let camel = at(word, 0).is_ascii_uppercase()
        && word.iter().skip(1).any(u8::is_ascii_lowercase)
        && !word.contains(&b'_');
    // A delimiter of the language may stand behind the text.
    let behind = at(place.line, place.span.end);
    let constant =
        word.contains(&b'_') && word.iter().all(|c| c.is_ascii_uppercase() || *c == b'_');
    let ended = rest.starts_with(b" { ")
        || matches!(
            rest,
            b"," | b";" | b" {" | b")" | b"}" | b"})" | b"?" | b"),"
        )
        || rest.is_empty() && matches!(behind, b',' | b';' | b')' | b'}');
    let generic = matches!(at(rest, 0), b'<' | b'[')
        && (at(rest, 1).is_ascii_alphabetic() || at(rest, 1) == b'$');
    let colon = matches!(place.between, b": " | b":" | b" = ");
    // JSON has its values in quotes.
    let keyed = matches!(at(place.between, 0), b'"' | b'\'')
        && is_identifier(word)
        && !word.iter().any(u8::is_ascii_uppercase)
        && (matches!(rest, b"," | b"}" | b"})" | b")")
            || rest.is_empty() && matches!(behind, b'}' | b')' | b','));
    colon && (camel && (ended || generic) || generic && !rest.ends_with(b"]"))
        || constant
            && (ended || rest.is_empty() || rest.starts_with(b", "))
            && place.between.contains(&b' ')
        || keyed
}

/// `node.colon_token,`, `x === 'y'`, `\undef`, `request.headers[`: code that makes the value.
fn is_expression(place: &Place<'_>) -> bool {
    let text = place.text;
    let name = text
        .iter()
        .take_while(|c| is_word(**c) || **c == b'.')
        .count();
    let (word, rest) = (cut(text, 0, name), from(text, name));
    let compares = [&b" === "[..], b" == ", b" !== ", b" != "]
        .iter()
        .any(|sign| rest.starts_with(sign));
    let opened = matches!(rest, b"[" | b"(" | b"{") && place.between.contains(&b' ');
    let reference = text.starts_with(b"\\")
        && is_identifier(from(text, 1).strip_suffix(b";").unwrap_or(from(text, 1)));
    let variable = text.strip_prefix(b"$").is_some_and(|rest| {
        let rest = rest.strip_suffix(b";").unwrap_or(rest);
        is_identifier(rest) && (contains(place.between, b"->") || judge(rest).is_some())
    });
    let mut parts = word.split(|c| *c == b'.');
    let member = matches!(rest, b"," | b";" | b"")
        && parts.clone().count() > 1
        && parts.clone().all(|part| {
            at(part, 0).is_ascii_lowercase()
                && part.iter().filter(|c| c.is_ascii_digit()).count() < 2
        })
        && parts.next_back().is_some_and(|last| judge(last).is_some());
    let regex = text.starts_with(b"qr/") || text.starts_with(b"m/");
    word.first().is_some_and(u8::is_ascii_alphabetic) && (compares || opened || member)
        || reference
        || variable
        || regex
        || is_placeholder(word) && rest.starts_with(b")")
        || is_kept_in_member(place)
        || is_grammar(text)
}

/// `creds.token = tokenReg`
fn is_kept_in_member(place: &Place<'_>) -> bool {
    let hump = place
        .text
        .windows(2)
        .any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    place.name.contains(&b'.')
        && place.between == b" = "
        && place.text.iter().all(u8::is_ascii_alphabetic)
        && at(place.text, 0).is_ascii_lowercase()
        && hump
        && is_wordlike(place.text)
}

/// `token = 1*tchar`: a rule of RFC 5234.
fn is_grammar(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let rule = from(text, digits);
    rule.strip_prefix(b"*").is_some_and(|rule| {
        at(rule, 0) == b'('
            || rule.len() > 2 && rule.iter().all(|c| c.is_ascii_alphabetic() || *c == b'-')
    })
}
