//! No secret passes, however the terminal drew it: secrets of every class are planted at random in
//! random traffic, which is cut, coloured, edited and redrawn at random.
//!
//! A few thousand runs each time; `REC_MASK_RUNS=100000` runs longer, and `REC_MASK_SEED` repeats
//! what a failure names.

use rec::mask::{Rules, Scanner};
use rec::model::{Body, Exit, Micros, Size};
use rec::pipeline::Pipeline;
use std::time::{SystemTime, UNIX_EPOCH};

/// SplitMix64 (Steele, Lea, Flood, 2014): a stream that its seed repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        let byte = |random: &mut Self| char::from(alphabet[random.below(alphabet.len())]);
        (0..len).map(|_| byte(self)).collect()
    }
}

const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const ALNUM: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
const HEX: &[u8] = b"0123456789abcdef";

/// What a person would choose.
fn password(random: &mut Random) -> String {
    let words = [
        "amber", "cinder", "harvest", "lagoon", "quartz", "tundra", "velvet", "walnut",
    ];
    match random.below(4) {
        0 => (0..4)
            .map(|_| random.pick(&words))
            .collect::<Vec<_>>()
            .join("-"),
        1 => format!(
            "{}{}!{}",
            random.pick(&words),
            random.below(9999),
            random.text(LOWER, 3)
        ),
        2 => {
            let len = 10 + random.below(16);
            format!("{}7{}", random.text(LOWER, 2), random.text(ALNUM, len))
        }
        _ => format!(
            "{}.{}_{}9",
            random.text(ALNUM, 5),
            random.text(LOWER, 4),
            random.text(ALNUM, 4)
        ),
    }
}

/// A command or a line of output with a secret in it, and the secret.
fn planted(random: &mut Random) -> (String, String) {
    const PASSWORDS: &[&str] = &[
        "export PGPASSWORD={}",
        "PGPASSWORD='{}' psql -h db crm",
        "mysql -uroot -p{} shop",
        "sshpass -p {} ssh ops@10.0.0.7",
        "curl -u bot:{} https://h/api",
        "psql postgresql://app:{}@db:5432/crm",
        "psql 'host=db user=app password={} dbname=crm'",
        "ALTER ROLE app PASSWORD '{}';",
        "CREATE USER 'a'@'%' IDENTIFIED BY '{}';",
        "SELECT pgp_sym_encrypt(ssn, '{}') FROM people;",
        "SET PASSWORD FOR 'u'@'h' = PASSWORD('{}');",
        "ALTER LOGIN sa WITH PASSWORD = N'{}';",
        "redis-cli -h cache -a {} ping",
        "kubectl create secret generic x --from-literal=password={}",
        "docker login -u bob -p {} reg.example.net",
        "echo '{}' | sudo -S true",
        "openssl enc -aes-256-cbc -pass pass:{} -in a",
        "ldapsearch -x -D cn=a -w {} -b dc=x",
        "DB_PASSWORD={}",
        "  password: {}",
        "{\"user\":\"bob\",\"password\":\"{}\",\"ttl\":60}",
        "Server=h;User Id=sa;Password={};Database=d",
        "<password>{}</password>",
        "db.example.net:5432:crm:app:{}",
        "machine h login bob password {}",
        "requirepass {}",
    ];
    const TOKENS: &[&str] = &["echo {}", "x={} y", "select '{}' as v;", "tok {} end"];
    if random.one_in(3) {
        let token = match random.below(5) {
            0 => ["ghp_", &random.text(ALNUM, 36)].concat(),
            1 => ["glpat-", &random.text(ALNUM, 20)].concat(),
            2 => ["dop_v1_", &random.text(HEX, 64)].concat(),
            3 => ["npm_", &random.text(ALNUM, 36)].concat(),
            _ => [
                "AKIA",
                &random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
            ]
            .concat(),
        };
        (random.pick(TOKENS).replace("{}", &token), token)
    } else {
        let secret = password(random);
        (random.pick(PASSWORDS).replacen("{}", &secret, 1), secret)
    }
}

fn noise(random: &mut Random) -> String {
    let lines = [
        " id | status | total\r\n----+--------+-------\r\n  1 | paid   | 290.27\r\n(1 row)\r\n\r\n",
        "2026-05-04 11:22:33 UTC [991] LOG:  checkpoint complete: wrote 44 buffers\r\n",
        "drwxr-xr-x 2 root root 4096 May  4 11:22 bin\r\n",
        "\x1b[1;34mbin\x1b[0m  \x1b[01;32mrun.sh\x1b[0m  notes.txt\r\n",
        "commit 885221c25f6aaf76fdc6c369aad6b68b75b48e99\r\n",
        "größe: 12 µs — ok ✓\r\n",
    ];
    random.pick(&lines).to_owned()
}

/// `line` as readline echoes what is typed: one character at a time, with slips taken back.
fn typed(random: &mut Random, line: &str) -> String {
    let mut out = String::new();
    for (n, c) in line.chars().enumerate() {
        // At the edge readline would move the cursor in other ways.
        if n < 60 && random.one_in(12) {
            let slip = random.text(LOWER, 1);
            out.push_str(&slip);
            out.push_str("\x08\x1b[K");
        }
        out.push(c);
    }
    out
}

/// `line` as programs print it, with colours inside.
fn coloured(random: &mut Random, line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        if random.one_in(6) {
            out.push_str(random.pick(&["\x1b[01;31m", "\x1b[m", "\x1b[K", "\x1b[0m"]));
        }
        out.push(c);
    }
    out.push_str("\x1b[0m");
    out
}

/// A session with one secret: what the terminal got.
fn session(random: &mut Random) -> (Vec<u8>, String) {
    let (line, secret) = planted(random);
    let mut out = String::new();
    for _ in 0..random.below(4) {
        out.push_str(&noise(random));
    }
    match random.below(5) {
        0 => {
            out.push_str("user@db1:~$ ");
            out.push_str(&typed(random, &line));
        }
        1 => out.push_str(&coloured(random, &line)),
        // A window title, then the line.
        2 => {
            out.push_str(&format!("\x1b]0;{line}\x07{line}"));
        }
        // Drawn, and drawn over.
        3 => {
            out.push_str(&line);
            out.push_str("\r\x1b[K");
            out.push_str(&line);
        }
        _ => out.push_str(&line),
    }
    out.push_str("\r\n");
    for _ in 0..random.below(3) {
        out.push_str(&noise(random));
    }
    // What was learned is masked when it comes again.
    if random.one_in(3) && secret.len() >= 8 {
        out.push_str(&format!("again {secret} here\r\n"));
    }
    out.push_str("done\r\n");
    (out.into_bytes(), secret)
}

/// What the recording holds: the output's bytes, and the texts beside it.
fn recorded(random: &mut Random, bytes: &[u8]) -> (Vec<u8>, String) {
    let scanner = Scanner::new(Rules::builtin());
    let door = scanner.door();
    let size = Size { cols: 80, rows: 24 };
    let mut pipeline = Pipeline::with_limit(scanner, door, size, u64::MAX);
    let mut rest = bytes;
    let mut now = 0;
    let largest = [1, 3, 16, 400, 5000][random.below(5)];
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((1 + random.below(largest)).min(rest.len()));
        now += random.below(2000) as u64;
        pipeline.output(Micros(now), chunk);
        rest = after;
    }
    let (code, signal) = (0, None);
    pipeline.exit(Micros(now), Exit { code, signal });
    let mut output = Vec::new();
    let mut texts = String::new();
    for event in pipeline.take() {
        match &event.body {
            Body::Output(data) => output.extend_from_slice(data),
            other => texts.push_str(&format!("{other:?}\n")),
        }
    }
    (output, texts)
}

/// `bytes` as a viewer reads them: without escape sequences, wraps and line ends.
fn read(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        match c {
            0x1b => match rest.split_first() {
                Some((b'[', after)) => {
                    let end = after.iter().position(|c| (0x40..=0x7e).contains(c));
                    rest = &after[end.map_or(after.len(), |n| n + 1)..];
                }
                Some((_, after)) => rest = after,
                None => {}
            },
            b'\r' | b'\n' | 0x07 => {}
            0x08 => {
                out.pop();
            }
            _ => out.push(c),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether `secret`, or half of it, can be read in `text`.
fn leaks(text: &str, secret: &str) -> bool {
    let piece = (secret.len() / 2).max(8).min(secret.len());
    let bytes = secret.as_bytes();
    // Half of a passphrase is one of the few words it is made of; only all of it counts.
    let words =
        secret.split('-').count() == 4 && secret.chars().all(|c| c == '-' || c.is_lowercase());
    if words {
        return text.contains(secret);
    }
    bytes
        .windows(piece)
        .any(|w| text.contains(&*String::from_utf8_lossy(w)))
}

#[test]
fn no_planted_secret_is_recorded() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(1, |d| d.as_nanos() as u64);
    let seed = number("REC_MASK_SEED").unwrap_or(clock);
    let runs = number("REC_MASK_RUNS").unwrap_or(3000);
    for run in 0..runs {
        let mut random = Random(seed.wrapping_add(run));
        let (bytes, secret) = session(&mut random);
        let (output, texts) = recorded(&mut random, &bytes);
        let raw = String::from_utf8_lossy(&output).into_owned();
        for (what, text) in [("bytes", raw), ("text", read(&output)), ("events", texts)] {
            assert!(
                !leaks(&text, &secret),
                "{secret:?} leaks in the {what} (REC_MASK_SEED={} REC_MASK_RUNS=1):\n{:?}\nbecame\n{text:?}",
                seed.wrapping_add(run),
                String::from_utf8_lossy(&bytes),
            );
        }
        assert!(read(&output).contains("done"), "the rest stays");
    }
}
