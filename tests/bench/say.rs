//! What made-up sessions say: statements with their result tables, shell commands with listings
//! and logs. Words are as frequent as in text (Zipf's law over sixty thousand), numbers mostly
//! differ, states and names repeat.

use rec::model::wire::Column;
use std::fmt::Write;

/// A repeatable stream of numbers (splitmix64).
pub struct Dice(u64);

impl Dice {
    /// Each seed has its own.
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// From 0 on, below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// A made-up word; the nth most frequent is n times as rare as the most frequent.
    pub fn word(&mut self) -> String {
        const WORDS: f64 = 60_000.0;
        let share = self.roll(1 << 32) as f64 / (1_u64 << 32) as f64;
        word(WORDS.powf(share) as u64)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }
}

fn word(rank: u64) -> String {
    let mut n = rank.wrapping_mul(2_654_435_761) % 6_000_000 + 100;
    let mut word = String::new();
    while n > 0 {
        word.push(char::from(b"bcdfghjklmnpqrstvwxz"[(n % 20) as usize]));
        word.push(char::from(b"aeiou"[(n / 20 % 5) as usize]));
        n /= 100;
    }
    word
}

/// The one word that only some sessions hold.
pub const NEEDLE: &str = "needleinhaystack";

const TABLES: &[&str] = &[
    "orders",
    "customers",
    "payments",
    "invoices",
    "shipments",
    "products",
    "sessions",
    "events",
];
const STATES: &[&str] = &["new", "paid", "sent", "stuck", "done", "failed", "retry"];
const LEVELS: &[&str] = &["INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"];
const UNITS: &[&str] = &["nginx", "kubelet", "postgres", "sshd", "cron", "systemd"];

/// A command and what came of it.
pub struct Said {
    /// The prompt before it.
    pub prompt: &'static str,
    /// As typed; lines are parted by `\n`.
    pub typed: String,
    /// As printed.
    pub output: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// SQLSTATE and message, where a server refused it.
    pub error: Option<(&'static str, String)>,
    /// Of the result set.
    pub columns: Vec<Column>,
    /// Of the result set.
    pub rows: Vec<Vec<String>>,
}

impl Said {
    /// The next command of a session of this number, whose client follows from it.
    pub fn new(dice: &mut Dice, session: u64) -> Said {
        let mut said = match session % 3 {
            0 => sql(dice, "orders=> "),
            1 => sql(dice, "mysql> "),
            _ => shell(dice),
        };
        if session % 100 == 7 && dice.roll(100) == 0 {
            let _ = writeln!(said.output, "{NEEDLE} {}", dice.word());
        }
        said
    }
}

fn sql(dice: &mut Dice, prompt: &'static str) -> Said {
    let table = dice.one_of(TABLES);
    let id = dice.roll(1_000_000);
    let state = dice.one_of(STATES);
    let mut said = Said {
        prompt,
        typed: match dice.roll(5) {
            0 => format!("select * from {table} where id = {id};"),
            1 => format!("select id, state, note from {table} where state = '{state}' limit 20;"),
            2 => format!(
                "select id, state, total, note\nfrom {table}\nwhere note like '%{}%'\norder by id;",
                dice.word()
            ),
            3 => format!("update {table} set state = '{state}' where id = {id};"),
            _ => format!("select count(*) from {table} where {} > {id};", dice.word()),
        },
        output: String::new(),
        outcome: None,
        error: None,
        columns: Vec::new(),
        rows: Vec::new(),
    };
    if dice.roll(40) == 0 {
        let message = format!("relation \"{table}_{}\" does not exist", dice.word());
        said.output = format!("ERROR:  {message}\n");
        said.outcome = Some(format!("ERROR:  {message}"));
        said.error = Some(("42P01", message));
        return said;
    }
    let names = ["id", "state", "total", "created_at", "note"];
    said.columns = names
        .iter()
        .map(|name| Column {
            name: (*name).into(),
            type_name: "text".into(),
            table: table.into(),
        })
        .collect();
    for n in 0..1 + dice.roll(17) {
        let note: Vec<String> = (0..2 + dice.roll(5)).map(|_| dice.word()).collect();
        said.rows.push(vec![
            (id + n).to_string(),
            dice.one_of(STATES).to_owned(),
            format!("{}.{:02}", dice.roll(5000), dice.roll(100)),
            moment(dice),
            note.join(" "),
        ]);
    }
    said.output = drawn(&names, &said.rows, prompt == "mysql> ");
    said.outcome = Some(format!("SELECT {}", said.rows.len()));
    said
}

fn moment(dice: &mut Dice) -> String {
    format!(
        "2025-{:02}-{:02} {:02}:{:02}:{:02}",
        1 + dice.roll(12),
        1 + dice.roll(28),
        dice.roll(24),
        dice.roll(60),
        dice.roll(60)
    )
}

/// A table as psql or mysql draws it.
fn drawn(names: &[&str], rows: &[Vec<String>], boxed: bool) -> String {
    let width = |n: usize| {
        let cells = rows.iter().map(|row| row[n].len());
        cells.chain([names[n].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let rule: Vec<String> = widths.iter().map(|w| "-".repeat(w + 2)).collect();
    let rule = rule.join("+");
    let line = |cells: Vec<&str>| {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, w)| format!(" {cell:w$} "));
        cells.collect::<Vec<_>>().join("|")
    };
    let head = line(names.to_vec());
    let body = rows
        .iter()
        .map(|row| line(row.iter().map(String::as_str).collect()));
    let mut out = String::new();
    if boxed {
        let _ = writeln!(out, "+{rule}+\n|{head}|\n+{rule}+");
        body.for_each(|row| out.extend(["|", &row, "|\n"]));
        let _ = writeln!(out, "+{rule}+\n{} rows in set (0.01 sec)\n", rows.len());
    } else {
        let _ = writeln!(out, "{head}\n{rule}");
        body.for_each(|row| out.extend([row.trim_end(), "\n"]));
        let _ = writeln!(out, "({} rows)\n", rows.len());
    }
    out
}

fn shell(dice: &mut Dice) -> Said {
    let unit = dice.one_of(UNITS);
    let typed = match dice.roll(4) {
        0 => format!("journalctl -u {unit} --since '{} min ago'", dice.roll(60)),
        1 => format!("grep -n {} /var/log/{unit}.log", dice.word()),
        2 => format!("ls -l /srv/{}", dice.word()),
        _ => format!("kubectl get pods -n {}", dice.word()),
    };
    let listing = typed.starts_with("ls");
    let mut output = String::new();
    for _ in 0..1 + dice.roll(17) {
        let _ = if listing {
            let (size, when) = (dice.roll(1_000_000), moment(dice));
            writeln!(
                output,
                "-rw-r--r-- 1 deploy deploy {size:>8} {when} {}.conf",
                dice.word()
            )
        } else {
            let words: Vec<String> = (0..3 + dice.roll(6)).map(|_| dice.word()).collect();
            let (level, when, pid) = (dice.one_of(LEVELS), moment(dice), dice.roll(32_000));
            writeln!(output, "{when} {unit}[{pid}]: {level} {}", words.join(" "))
        };
    }
    Said {
        prompt: "deploy@web:~$ ",
        typed,
        output,
        outcome: (dice.roll(30) == 0).then(|| "exit 1".to_owned()),
        error: None,
        columns: Vec::new(),
        rows: Vec::new(),
    }
}
