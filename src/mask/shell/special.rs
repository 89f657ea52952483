//! Programs whose secret stands where no option says it.

use super::words::{Word, push, push_word};
use crate::mask::bytes::{at, back_blanks, before, contains, cut, find};
use crate::mask::names::{Strength, judge};
use crate::mask::span::Span;

/// Programs whose secret stands where no option says it.
pub(super) fn special(
    line: &[u8],
    place: usize,
    kind: &str,
    words: &[Word],
    spans: &mut Vec<Span>,
) {
    let text = |w: &Word| cut(line, w.start, w.end);
    let plain: Vec<Word> = words
        .iter()
        .copied()
        .filter(|w| !text(w).starts_with(b"-"))
        .collect();
    match kind {
        // htpasswd -b file user password; -nb user password
        "htpasswd" => {
            let flags = words
                .iter()
                .map(text)
                .filter(|t| t.starts_with(b"-"))
                .any(|t| t.contains(&b'b'));
            if flags && plain.len() >= 2 {
                push_word(line, plain.last().copied(), spans);
            }
        }
        // docker login -u name -p secret; elsewhere -p is a port
        "login" => {
            let logs_in = |w: &Word| matches!(text(w), b"login" | b"registry" | b"auth");
            let pairs = words.iter().zip(words.iter().skip(1));
            // fly -t ci login -u name -p secret: an option's value may stand before
            let login = plain.iter().take(2).any(logs_in);
            for (word, next) in pairs.filter(|_| login) {
                if text(word) == b"-p" {
                    push_word(line, Some(*next), spans);
                }
            }
        }
        // rabbitmqctl add_user name password, change_password name password
        "rabbit" => {
            let verb = plain.first().map(text).unwrap_or_default();
            if matches!(
                verb,
                b"add_user" | b"change_password" | b"authenticate_user"
            ) {
                push_word(line, plain.get(2).copied(), spans);
            }
        }
        // mc alias set name url key secret
        "mc" => {
            if plain.first().map(text) == Some(b"alias") {
                push_word(line, plain.get(5).copied(), spans);
            } else if plain.first().map(text) == Some(b"admin")
                && plain.get(2).map(text) == Some(b"add")
            {
                push_word(line, plain.last().copied(), spans);
            }
        }
        // net user name password /add
        "net" => {
            let start = usize::from(
                plain
                    .first()
                    .map(text)
                    .is_some_and(|t| t.eq_ignore_ascii_case(b"user")),
            );
            // net use [drive:] \\\\server\\share secret /user:name
            if plain
                .first()
                .map(text)
                .is_some_and(|t| t.eq_ignore_ascii_case(b"use"))
            {
                let share = plain.iter().position(|w| text(w).starts_with(b"\\\\"));
                let behind = share.and_then(|n| plain.get(n + 1..)).unwrap_or_default();
                let secret = behind.iter().find(|w| !text(w).starts_with(b"/"));
                if secret.is_some_and(|w| !text(w).starts_with(b"*")) {
                    push_word(line, secret.copied(), spans);
                }
            }
            if start == 1 && plain.get(2).map(text).is_some_and(|t| !t.starts_with(b"/")) {
                push_word(line, plain.get(2).copied(), spans);
            }
        }
        // net rpc user password bob secret
        "samba" => {
            let verbs = [&b"rpc"[..], b"user", b"password"];
            let verb = plain.windows(3).position(|w| w.iter().map(text).eq(verbs));
            push_word(line, verb.and_then(|n| plain.get(n + 4)).copied(), spans);
        }
        // echo secret | sudo -S, echo user:secret | chpasswd, cryptsetup … <<< secret
        "piped" => piped(line, place, words, spans),
        // mkstore -createCredential service user secret
        "third" => {
            let verb = words.iter().position(|w| {
                text(w).eq_ignore_ascii_case(b"-createCredential")
                    || text(w).eq_ignore_ascii_case(b"-modifyCredential")
            });
            push_word(line, verb.and_then(|n| words.get(n + 3)).copied(), spans);
        }
        // consul kv put db/password secret; pulumi config set --secret dbPassword secret
        "kv" => {
            let puts = plain.iter().take(3).any(|w| {
                matches!(text(w), b"put" | b"set" | b"set-env") || text(w).ends_with(b":set")
            });
            // occ config:system:set dbpassword --value=x
            let named = plain
                .iter()
                .any(|w| judge(text(w)).is_some_and(|n| n.strength == Strength::Strong));
            for word in words
                .iter()
                .filter(|w| puts && named && text(w).starts_with(b"--value="))
            {
                push(line, word.start + 8, word.end, spans);
            }
            let pairs = plain.iter().zip(plain.iter().skip(1));
            for (name, secret) in pairs.filter(|_| puts) {
                let last = text(name).rsplit(|c| *c == b'/').next().unwrap_or_default();
                if judge(last).is_some_and(|n| n.strength == Strength::Strong) {
                    push_word(line, Some(*secret), spans);
                }
            }
        }
        // aws ssm put-parameter --type SecureString --value secret
        "ssm" => {
            let secure = words.iter().any(|w| text(w) == b"SecureString");
            let value = words.iter().position(|w| text(w) == b"--value");
            if let Some(n) = value.filter(|_| secure) {
                push_word(line, words.get(n + 1).copied(), spans);
            }
        }
        // isql source user secret; the isql of Sybase takes options for them
        "odbc" => {
            let options = words.iter().map(text).filter(|t| t.starts_with(b"-"));
            if options
                .clone()
                .all(|t| t.len() == 2 && !t.starts_with(b"-U"))
            {
                push_word(line, plain.get(2).copied(), spans);
            }
        }
        // oathtool --totp -b seed
        "final" => {
            let last = plain.last().filter(|w| text(w).len() >= 8);
            push_word(line, last.copied(), spans);
        }
        // dscl . -passwd /Users/name old new
        "dscl" => {
            let sets = words.iter().any(|w| text(w) == b"-passwd");
            let path = plain.iter().position(|w| text(w).starts_with(b"/"));
            let behind = path.filter(|_| sets).and_then(|n| plain.get(n + 1..));
            for word in behind.unwrap_or_default() {
                push_word(line, Some(*word), spans);
            }
        }
        // mkpasswd -m sha-512 secret
        "crypted" => {
            let takes = |w: &Word| matches!(text(w), b"-m" | b"-S" | b"-R" | b"-P" | b"--method");
            let first = words.first().filter(|w| !text(w).starts_with(b"-"));
            let pairs = words.iter().zip(words.iter().skip(1));
            let mut given = pairs.filter(|(lead, w)| !takes(lead) && !text(w).starts_with(b"-"));
            push_word(
                line,
                first.or_else(|| given.next().map(|(_, w)| w)).copied(),
                spans,
            );
        }
        // http -A bearer -a secret
        "bearer" => {
            let bearer = words
                .iter()
                .zip(words.iter().skip(1))
                .any(|(option, kind)| {
                    matches!(text(option), b"-A" | b"--auth-type") && text(kind) == b"bearer"
                });
            let given = words
                .iter()
                .position(|w| matches!(text(w), b"-a" | b"--auth"));
            if let Some(n) = given.filter(|_| bearer) {
                push_word(line, words.get(n + 1).copied(), spans);
            }
        }
        // openssl passwd -6 secret
        "passwd"
            if plain.first().map(text) == Some(b"passwd")
                && plain.len() >= 2
                && !words.iter().any(|w| matches!(text(w), b"-stdin" | b"<")) =>
        {
            // useradd -p $(openssl passwd -1 secret) name
            let inner = plain.iter().skip(1).find(|w| text(w).ends_with(b")"));
            match inner {
                Some(word) => push(line, word.start, word.end - 1, spans),
                None => push_word(line, plain.last().copied(), spans),
            }
        }
        _ => {}
    }
}

/// Programs that read a secret from their standard input, and the words one of which says so; none
/// where they always do. They stand behind the program's name.
const READERS: &[(&str, &[&str])] = &[
    ("chpasswd", &[]),
    ("kinit", &[]),
    ("cryptsetup", &[]),
    ("smbpasswd", &["-s", "stdin", " "]),
    ("passwd", &["stdin", " "]),
    ("vncpasswd", &["-f"]),
    ("read", &["-s", "-rs", "-sr", "-srp", "-rsp", "-sp"]),
    ("keepassxc-cli", &[]),
    ("convertto-securestring", &["AsPlainText", "asplaintext"]),
    ("hcloud", &["context"]),
    ("htdigest", &[]),
    ("pass", &["insert"]),
    ("gopass", &["insert"]),
    ("secret-tool", &["store"]),
    ("wrangler", &["secret"]),
    ("vercel", &["env"]),
    ("realm", &["join"]),
    ("adcli", &["stdin"]),
    ("ipa", &["--password"]),
    ("openconnect", &["stdin"]),
    ("mysql", &["-p", "--password"]),
    ("mariadb", &["-p", "--password"]),
    ("mysqldump", &["-p", "--password"]),
    ("docker", &["stdin", "secret", "<<<"]),
    ("podman", &["stdin", "secret", "<<<"]),
    ("nerdctl", &["stdin"]),
    ("helm", &["stdin"]),
    ("skopeo", &["stdin"]),
    ("oras", &["stdin"]),
    ("crane", &["stdin"]),
    ("gh", &["--with-token", "secret"]),
    ("glab", &["--stdin"]),
    ("gcloud", &["secrets"]),
    ("fly", &["secrets"]),
    ("flyctl", &["secrets"]),
    ("gpg", &["--passphrase-fd"]),
    ("gpg2", &["--passphrase-fd"]),
    ("ansible-vault", &["-s", "-i", "stdin"]),
    ("su", &[" "]),
    ("openssl", &["stdin"]),
    ("mosquitto_passwd", &["stdin"]),
    ("htpasswd", &["-i"]),
    ("ssh-add", &[]),
    ("bw", &["unlock", "login"]),
    ("npm", &["token"]),
    ("doppler", &["secrets"]),
    ("heroku", &["config"]),
    ("sops", &["stdin"]),
    ("pulumi", &["--secret"]),
    ("vault", &["login"]),
    ("argocd", &["stdin"]),
    ("nmcli", &["--ask"]),
    ("zip", &["-e"]),
    ("ldapsearch", &["-y"]),
    ("saslpasswd2", &["-p"]),
    ("geth", &[" "]),
    ("elasticsearch-keystore", &["add"]),
    ("opensearch-keystore", &["add"]),
    ("kibana-keystore", &["add"]),
    ("logstash-keystore", &["add"]),
    ("kubeseal", &["--raw"]),
    ("zfs", &["load-key", "change-key", "create"]),
    ("zpool", &["create"]),
    ("systemd-creds", &["encrypt"]),
    ("systemd-cryptenroll", &[" "]),
];

/// Programs that write what they read in another form. A word that is piped into one is a secret only
/// where it looks like one.
const CODERS: &[&str] = &["base64", "md5sum", "sha1sum", "sha256sum", "sha512sum"];

/// What is piped or redirected into the program at `place`, when it reads a secret there.
fn piped(line: &[u8], place: usize, words: &[Word], spans: &mut Vec<Span>) {
    let length = cut(line, place, line.len())
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
        .count();
    let name = cut(line, place, place + length);
    if !CODERS.iter().any(|coder| name == coder.as_bytes()) {
        return read_in(line, place, words, spans);
    }
    let first = spans.len();
    read_in(line, place, words, spans);
    let mut found = spans.split_off(first);
    found.retain(|span| is_strong(cut(line, span.start, span.end)));
    spans.append(&mut found);
}

fn read_in(line: &[u8], place: usize, words: &[Word], spans: &mut Vec<Span>) {
    let text = |w: &Word| cut(line, w.start, w.end);
    let mut end = place;
    while at(line, end).is_ascii_alphanumeric() || matches!(at(line, end), b'-' | b'_') {
        end += 1;
    }
    let name = cut(line, place, end);
    let mut start = place;
    while start > 0 && !matches!(before(line, start), b' ' | b'|' | b'\t') {
        start -= 1;
    }
    let reads = if name == b"sudo" {
        words.iter().any(|w| {
            text(w) == b"--stdin"
                || text(w).starts_with(b"-")
                    && !text(w).starts_with(b"--")
                    && text(w).contains(&b'S')
        })
    } else {
        READERS.iter().any(|(reader, said)| {
            let told = |word: &str| {
                word == " " || words.iter().any(|w| contains(text(w), word.as_bytes()))
            };
            name.eq_ignore_ascii_case(reader.as_bytes())
                && (said.is_empty() || said.iter().any(|w| told(w)))
        })
    };
    if !reads && !CODERS.iter().any(|coder| name == coder.as_bytes()) {
        return;
    }
    let pair = name == b"chpasswd";
    if let Some(here) = words.iter().position(|w| text(w) == b"<<<") {
        if let Some(word) = words.get(here + 1) {
            said(line, word.bare(line), pair, spans);
        }
        return;
    }
    if let Some(word) = words.iter().find(|w| text(w).starts_with(b"<<<")) {
        let start = word.start + 3;
        said(line, Word { start, ..*word }.bare(line), pair, spans);
        return;
    }
    // `| sudo chpasswd`: the pipe may stand before another program.
    let lead = cut(line, 0, back_blanks(line, start));
    let lead = lead
        .strip_suffix(b"sudo")
        .map_or(lead, |lead| cut(line, 0, back_blanks(line, lead.len())));
    let Some(lead) = lead.strip_suffix(b"|") else {
        return;
    };
    // PowerShell: 'x' | ConvertTo-SecureString -AsPlainText
    if let Some((start, end)) = literal_at_end(lead) {
        push(line, start, end, spans);
        return;
    }
    // `(echo x; echo x) |` says it twice.
    let group = lead.trim_ascii_end().ends_with(b")");
    let mut last = None;
    for verb in ["echo ", "printf ", "yes "] {
        let mut i = 0;
        while let Some(n) = find(lead, i, verb.as_bytes()) {
            i = n + verb.len();
            if matches!(
                before(lead, n),
                0 | b' ' | b'(' | b';' | b'&' | b'|' | b'{' | b'\'' | b'"'
            ) {
                if group {
                    printed(line, lead, n, verb, pair, spans);
                } else {
                    last = last.max(Some((n, verb)));
                }
            }
        }
    }
    if let Some((n, verb)) = last {
        printed(line, lead, n, verb, pair, spans);
    }
}

/// The literal that is all of the command before a pipe.
fn literal_at_end(lead: &[u8]) -> Option<(usize, usize)> {
    let end = lead.trim_ascii_end().len();
    let quote = before(lead, end);
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let open = cut(lead, 0, end - 1).iter().rposition(|c| *c == quote)?;
    let first = cut(lead, 0, open).trim_ascii_end();
    let begins = matches!(
        before(first, first.len()),
        0 | b'(' | b'=' | b'>' | b'$' | b'#' | b'|' | b';'
    );
    (begins && open + 1 < end - 1).then_some((open + 1, end - 1))
}

/// Whether nobody would write `text` but as a password: three kinds of characters, no path, no
/// variable.
pub(super) fn is_strong(text: &[u8]) -> bool {
    let kinds = [
        text.iter().any(u8::is_ascii_digit),
        text.iter().any(u8::is_ascii_uppercase),
        text.iter().any(u8::is_ascii_lowercase),
        text.iter()
            .any(|c| c.is_ascii_punctuation() && !b"_-./:,".contains(c)),
    ];
    kinds.iter().filter(|kind| **kind).count() >= 3
        && text.len() >= 8
        && !text.iter().any(|c| b" /$%".contains(c))
}

/// What `echo`, `printf` or `yes` at `place` of `lead` prints.
pub(super) fn printed(
    line: &[u8],
    lead: &[u8],
    place: usize,
    verb: &str,
    pair: bool,
    spans: &mut Vec<Span>,
) {
    let words = super::words::words(lead, place + verb.len());
    let plain = words
        .iter()
        .map(|w| w.bare(line))
        .filter(|w| at(line, w.start) != b'-' || w.end - w.start > 3);
    let mut plain: Vec<Word> = plain.collect();
    // printf's format stands first.
    if verb == "printf " && plain.len() > 1 {
        plain.remove(0);
    } else if let Some(last) = plain.pop() {
        plain = vec![last];
    }
    for word in plain {
        said(line, word, pair, spans);
    }
}

/// A word that a program reads as its secret; of `user:secret`, the second part.
fn said(line: &[u8], word: Word, pair: bool, spans: &mut Vec<Span>) {
    // $'secret\nsecret': asked for twice
    if at(line, word.start) == b'$' && at(line, word.start + 1) == b'\'' {
        let mut start = word.start + 2;
        let end = word.end - usize::from(before(line, word.end) == b'\'');
        while start < end {
            let n = memchr::memmem::find(cut(line, start, end), b"\\n");
            let stop = n.map_or(end, |n| start + n);
            if start < stop {
                push(line, start, stop, spans);
            }
            start = stop + 2;
        }
        return;
    }
    let text = cut(line, word.start, word.end);
    let colon = text.iter().position(|c| *c == b':').filter(|_| pair);
    let from = word.start + colon.map_or(0, |n| n + 1);
    let end = word.end - if text.ends_with(b"\\n") { 2 } else { 0 };
    if at(line, from) != b'-' && from < end {
        push(line, from, end, spans);
    }
}
