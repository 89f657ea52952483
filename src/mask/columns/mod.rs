//! Result tables: columns whose header says that what stands below is secret or personal.
//!
//! psql aligned, expanded and unaligned, mysql boxed and `\G`, CSV and TSV, underlined columns
//! (sqlcmd, sqlplus), box drawing (DuckDB, ClickHouse), COPY blocks. A header opens a table, a
//! line that cannot be a row closes it.

mod asked;
mod change;
mod checked;
mod frame;
mod idle;
mod known;
mod layout;
mod looks;
mod markup;
mod names;
mod people;
mod query;
mod rows;
mod setting;
mod typeset;
mod vertical;

use super::bytes::{at, cut, from, trim};
use super::names::{Named, Strength};
use super::own::Personal;
use super::span::{Class, RuleId, Span};
use super::sql::{Format, copy_options};
use super::value::{is_plain_number, is_random, is_type};
use known::Known;
use layout::{
    Cut, bar, cells, is_border, is_boxed, is_column_name, is_prompt, is_underline, runs, spaced,
};
pub(crate) use names::{Judge, RECS_OWN, TRIGGERS, keywords, words_of_texts};
use rows::{is_copy_help, row};
pub(crate) use setting::{SETTING, is_setting};
use setting::{key_value, one_token, unaligned};

const RULE: RuleId = RuleId::new("column");

/// A longer line is no header.
const HEADER_MAX: usize = 8 << 10;

/// Which table the lines belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    table: Option<Table>,
    /// The line before, when it could be a header whose underline is still to come.
    header: Vec<u8>,
    /// A mysql or box border stood on the line before.
    border: bool,
    /// The box that is open has had its header: what stands below its borders are rows.
    headed: bool,
    /// A table in the marks of a language.
    markup: markup::Markup,
    /// Expanded or vertical output.
    vertical: vertical::Vertical,
    /// What was asked for, where no header may name it.
    asked: asked::Asked,
    /// How many lines an answer without a header may still have.
    left: u32,
    /// The last table with a header, whose rows a pager may show again without it.
    known: Option<Known>,
}

/// An answer of more lines is no longer looked at where only a query told its columns.
const HEADERLESS_MAX: u32 = 500;

#[derive(Clone, Debug)]
struct Table {
    cut: Cut,
    /// For each column what it is.
    names: Vec<Option<Named>>,
    /// A query told them, and no header.
    headerless: bool,
    /// They are those of accounts, and nobody named them.
    accounts: bool,
}

impl Columns {
    /// A table may open in this line: something in it is judged, or it draws a border.
    pub(crate) fn line(&mut self, line: &[u8], woken: bool, judge: &Judge, spans: &mut Vec<Span>) {
        let unmarked = layout::unmarked(line);
        let line = unmarked.as_deref().unwrap_or(line);
        let text = line.trim_ascii();
        let header = std::mem::take(&mut self.header);
        let border = std::mem::take(&mut self.border);
        if self.markup.line(line, judge, spans) {
            self.asked = asked::Asked::default();
            return;
        }
        if self.vertical.heading(text) {
            self.asked = asked::Asked::default();
            self.table = None;
            return;
        }
        if is_border(text) {
            // One that opens a box stands under nothing.
            let opens = ["┌", "┏", "╔", "╒", "╓"]
                .iter()
                .any(|c| text.starts_with(c.as_bytes()));
            if !header.is_empty() && !opens {
                self.underlined(&header, line, judge);
                self.asked = asked::Asked::default();
                return;
            }
            self.border = !self.headed;
            // ClickHouse writes the names into the border.
            if woken && text.starts_with("┌".as_bytes()) {
                self.open_table(Cut::Boxed, names_in_border(text, judge));
            }
            return;
        }
        let boxed = is_boxed(text);
        self.headed = boxed && (self.headed || border);
        if is_underline(text) {
            if !header.is_empty() {
                self.underlined(&header, line, judge);
            }
            self.asked = asked::Asked::default();
            return;
        }
        if let Some(table) = self.table.take() {
            if matches!(table.cut, Cut::By(_)) && is_copy_help(text) {
                self.table = Some(table);
                return;
            }
            self.left = self.left.saturating_sub(u32::from(table.headerless));
            let over = table.headerless && (self.left == 0 || is_prompt(text))
                || matches!(table.cut, Cut::At(_)) && layout::is_next_header(line);
            if !over && row(line, &table, spans) {
                self.table = Some(table);
                return;
            }
        }
        if !known::is_header(line, judge) && self.again(line, unmarked.is_some(), spans) {
            // One of another table may be as wide: its underline tells.
            self.header = line.to_vec();
            return;
        }
        // Nor does a header without a word that is known tell of itself.
        if self.known.is_some() && memchr::memchr(b'|', line).is_some() {
            self.header = line.to_vec();
        }
        if !self.vertical.is_idle() && self.vertical.row(line, judge, spans) {
            return;
        }
        // The query above says what a header's words do not.
        let told = !self.asked.is_idle() && self.asked.columns().iter().any(|(_, n)| n.is_some());
        if !self.asked.is_idle() && self.answered(line, judge, spans) {
            return;
        }
        if woken || told {
            change::changes(line, judge, spans);
            people::pairs(line, judge, spans);
            if let Some(select) = query::select(line)
                && self.asks(line, select, judge)
            {
                return;
            }
            if text.starts_with("│".as_bytes()) && one_token(line, &cells(line, &Cut::Boxed), spans)
            {
                return;
            }
            people::labelled(line, judge, spans);
            if unaligned(line, spans) {
                return;
            }
            self.candidate(line, border, judge);
            if self.table.is_none() && memchr::memmem::find(line, b" | ").is_some() {
                let boxed = text.starts_with(b"|");
                let cells = cells(line, if boxed { &Cut::Boxed } else { &Cut::Bars });
                key_value(line, &cells, spans);
            }
            if self.table.is_none() {
                self.vertical.begins(line, judge, spans);
            }
        } else if border {
            self.candidate(line, border, judge);
        }
    }

    /// Reads the query of `line` that begins at `select`; whether its answer has no header.
    fn asks(&mut self, line: &[u8], select: usize, judge: &Judge) -> bool {
        if let Some((cut, names)) = query::headerless(line, select, judge) {
            self.table = Some(Table {
                cut,
                names,
                headerless: true,
                accounts: false,
            });
            self.left = HEADERLESS_MAX;
            return true;
        }
        if let Some(asked) = asked::Asked::asks(line, select, judge) {
            self.markup.tell(asked.columns().to_vec());
            self.asked = asked;
        }
        false
    }

    /// Whether `line` is part of the answer to what was asked, and is read.
    fn answered(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let part = self.asked.line(line, judge, spans);
        if self.asked.is_idle() {
            self.markup.tell(Vec::new());
        }
        part == asked::Part::Row
    }

    /// `COPY t (a, b) FROM stdin`: the lines that follow are its rows.
    pub(crate) fn copy(&mut self, line: &[u8], judge: &Judge) {
        let Some(start) = super::bytes::find(line, 0, b"copy ") else {
            return;
        };
        let copy = copy_options(from(line, start));
        // A header of its own tells what the columns are.
        if copy.format != Format::Binary && !copy.header {
            self.open_table(Cut::By(copy.delimiter), copy.judged(judge));
            if copy.accounts.is_some() {
                self.table = Some(Table {
                    cut: Cut::By(copy.delimiter),
                    names: Vec::new(),
                    headerless: false,
                    accounts: true,
                });
            }
        }
    }

    fn open_table(&mut self, cut: Cut, names: Vec<Option<Named>>) {
        if names.iter().any(Option::is_some) {
            self.table = Some(Table {
                cut,
                names,
                headerless: false,
                accounts: false,
            });
        }
    }

    /// `line` may be a header.
    fn candidate(&mut self, line: &[u8], border: bool, judge: &Judge) {
        let text = line.trim_ascii();
        let boxed = bar(text, 0) > 0;
        if boxed && !border {
            // A header of Markdown; its underline is still to come.
            self.header = line.to_vec();
            return;
        }
        if boxed {
            let names = self.told(line, &Cut::Boxed, judged(line, &Cut::Boxed, judge));
            self.open_table(Cut::Boxed, names);
            self.keep(line);
            return;
        }
        // Names of columns hold none of these; statements and log lines do.
        if line.len() > HEADER_MAX
            || memchr::memchr3(b'=', b'\'', b'<', text).is_some()
            || memchr::memchr3(b'>', b'{', b'$', text).is_some()
        {
            return;
        }
        self.header = line.to_vec();
        for delimiter in [b',', b'|', b'\t', b';'] {
            let cut_by = Cut::By(delimiter);
            let cells = cells(line, &cut_by);
            if cells.len() < 2
                || !cells
                    .iter()
                    .all(|(a, b)| is_column_name(cut(line, *a, *b), delimiter))
            {
                continue;
            }
            let names = judged(line, &cut_by, judge).into_iter();
            let names: Vec<_> = names
                .map(|named| named.filter(|n| n.strength > Strength::Weak))
                .collect();
            if names.iter().any(Option::is_some) {
                self.open_table(cut_by, names);
                return;
            }
        }
        if let Some((style, names)) = frame::header(line, judge) {
            self.open_table(style, names);
            return;
        }
        // NAME   TTL   TOKEN
        let spaced = spaced(line);
        if spaced.len() > 1 {
            let style = Cut::At(spaced);
            let names = judged(line, &style, judge);
            let strong =
                |named: Named| named.strength > Strength::Weak && named.class != Class::Personal;
            let names = names.into_iter().map(|name| name.filter(|n| strong(*n)));
            self.open_table(style, names.collect());
        }
    }

    /// `header` stands above an underline.
    fn underlined(&mut self, header: &[u8], underline: &[u8], judge: &Judge) {
        let text = underline.trim_ascii();
        let bars = String::from_utf8_lossy(text).contains(layout::is_crossing);
        let style = if is_border(text) || bars && bar(header.trim_ascii(), 0) > 0 {
            Cut::Boxed
        } else if bars {
            Cut::Bars
        } else {
            let runs = runs(underline);
            if runs.len() < 2 {
                Cut::At(vec![(0, usize::MAX)])
            } else {
                Cut::At(runs)
            }
        };
        let names = self.told(header, &style, judged(header, &style, judge));
        self.table = None;
        self.open_table(style, names);
        self.keep(header);
    }

    /// `names` of a header's columns, and what the query above says of those that have none: what they
    /// were made from.
    fn told(
        &self,
        header: &[u8],
        style: &Cut,
        mut names: Vec<Option<Named>>,
    ) -> Vec<Option<Named>> {
        let told = self.asked.columns();
        let cells = cells(header, style);
        if told.len() != names.len() || cells.len() != names.len() {
            return names;
        }
        for ((named, (name, asked)), (a, b)) in names.iter_mut().zip(told).zip(cells) {
            if named.is_none() && name.eq_ignore_ascii_case(cut(header, a, b).trim_ascii()) {
                *named = *asked;
            }
        }
        names
    }
}

/// What the cells of a header say. The value beside the name of a key may be one.
fn judged(header: &[u8], style: &Cut, judge: &Judge) -> Vec<Option<Named>> {
    let cells = cells(header, style);
    let name = |cell: &(usize, usize)| cut(header, cell.0, cell.1).trim_ascii();
    let is = |cell: &(usize, usize), words: &[&str]| {
        words
            .iter()
            .any(|word| name(cell).eq_ignore_ascii_case(word.as_bytes()))
    };
    let keys = cells.iter().any(|cell| {
        is(
            cell,
            &["keyname", "key name", "secretname", "secret name", "secret"],
        )
    });
    let value = Named::secret(Strength::Weak, Class::Token);
    let column = |cell: &(usize, usize)| match judge.column(name(cell)) {
        None if keys && is(cell, &["value", "val"]) => Some(value),
        named => named,
    };
    let mut named: Vec<_> = cells.iter().map(column).collect();
    let names: Vec<_> = cells.iter().map(name).collect();
    names::beside(&mut named, &names);
    names::pins(&mut named, &names);
    words_of_texts(&mut named, &names);
    named
}

/// Whether `line` begins with a prompt: what stands there was typed.
pub(crate) fn is_typed(line: &[u8]) -> bool {
    is_prompt(line.trim_ascii())
}

/// Whether a cell of this column is to be masked.
pub(crate) fn wanted(cell: &[u8], named: Named) -> bool {
    let cell = cell.trim_ascii();
    if cell.is_empty()
        || matches!(
            cell,
            b"NULL"
                | b"null"
                | b"(null)"
                | b"\\N"
                | b"<null>"
                | b"n/a"
                | b"N/A"
                | b"-"
                | b"t"
                | b"f"
                | b"true"
                | b"false"
                | b"TRUE"
                | b"FALSE"
                | b"True"
                | b"False"
        )
        || super::standin::is_stand_in(cell)
            && (matches!(cell.first(), Some(b'[' | b'(' | b'<')) || cell.ends_with("…".as_bytes()))
        || is_type(cell)
            && cell
                .iter()
                .all(|c| !c.is_ascii_uppercase() && !c.is_ascii_digit() || matches!(c, b'(' | b')'))
    {
        return false;
    }
    if cell.iter().all(|c| matches!(c, b'*' | b'-' | b'='))
        || named.class == Class::Personal && looks::is_masked(cell)
    {
        return false;
    }
    // ☎ is no number.
    if !String::from_utf8_lossy(cell).contains(char::is_alphanumeric) {
        return false;
    }
    // A table that counts words calls them tokens.
    if named.class == Class::Token
        && cell.len() < 6
        && (cell.iter().all(u8::is_ascii_lowercase) || cell.iter().all(u8::is_ascii_digit))
    {
        return false;
    }
    // ts_stat() calls words so, lexers what they read.
    if named.class == Class::Token
        && named.strength == Strength::Medium
        && cell.len() < 16
        && cell.iter().all(u8::is_ascii_lowercase)
    {
        return false;
    }
    if named.class == Class::Personal && named.strength < Strength::Strong {
        return looks::like(cell, named.kind);
    }
    // A machine's address.
    let numeric = |c: &u8| c.is_ascii_hexdigit() || matches!(c, b'.' | b':' | b'/');
    let ip = cell.iter().all(numeric) && cell.iter().any(|c| matches!(c, b'.' | b':'));
    if named.kind == Personal::Address && ip {
        return false;
    }
    match named.strength {
        Strength::Strong => true,
        Strength::Medium => !(is_plain_number(cell) && cell.len() < 10),
        Strength::Weak => {
            is_random(cell) && !super::assign::is_worded(cell)
                || named.class == Class::Password && !is_plain_number(cell) && cell.len() >= 4
        }
    }
}

fn push(line: &[u8], start: usize, end: usize, named: Named, spans: &mut Vec<Span>) {
    let (start, mut end) = trim(line, start, end);
    // psql marks a line break in a cell, mysql ends the row.
    if at(line, end.wrapping_sub(1)) == b'+' && at(line, end.wrapping_sub(2)) == b' ' {
        end = trim(line, start, end - 1).1;
    }
    if start < end {
        spans.push(Span::new(start, end, rule_of(named), named.class).in_cell());
    }
}

/// The rule that masks cells of such a column.
pub(crate) fn rule_of(named: Named) -> RuleId {
    if named.class == Class::Personal {
        named.kind.column()
    } else {
        RULE
    }
}

/// The names in ClickHouse's `┌─id─┬─password─┐`.
fn names_in_border(text: &[u8], judge: &Judge) -> Vec<Option<Named>> {
    let text = String::from_utf8_lossy(text);
    let names = text.split('┬').map(|part| {
        part.trim_matches(|c: char| matches!(c, '┌' | '┐' | '─' | ' '))
            .to_owned()
    });
    let names: Vec<_> = names.collect();
    let names: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
    let mut named: Vec<_> = names.iter().map(|name| judge.column(name)).collect();
    names::beside(&mut named, &names);
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> Vec<String> {
        let mut columns = Columns::default();
        let mut found = Vec::new();
        for line in text.lines() {
            let mut spans = Vec::new();
            columns.line(line.as_bytes(), true, &RECS_OWN, &mut spans);
            if line.contains("stdin") || line.contains("STDOUT") {
                columns.copy(line.as_bytes(), &RECS_OWN);
            }
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        found
    }

    #[test]
    fn cells_below_a_secret_header_are_found() {
        for (text, cells) in [
            (
                " id | api_key | x\n----+---------+---\n  1 | R64W5P  | a\n  2 | Q7      | b\n(2 rows)\n 3 | no | c",
                vec!["R64W5P", "Q7"],
            ),
            (
                "+----+----------+\n| id | card_cvv |\n+----+----------+\n| 36 | 042      |\n+----+----------+\nplain",
                vec!["042"],
            ),
            (
                "-[ RECORD 1 ]---\nid    | 84\ncvv   | 650\n\ncvv 123",
                vec!["650"],
            ),
            (
                "*************************** 1. row ***************************\n   id: 1\n  dob: 1990-01-02",
                vec!["1990-01-02"],
            ),
            (
                "id,name,signing_secret\n55,web,26jTDE\n\nx,y,z",
                vec!["26jTDE"],
            ),
            ("id|api_key\n22|w6a6ap\n(1 row)", vec!["w6a6ap"]),
            (
                "name       password\n---------- ----------\nbob        hunter2",
                vec!["hunter2"],
            ),
            (
                "┌─id─┬─password─┐\n│  1 │ hunter2  │\n└────┴──────────┘",
                vec!["hunter2"],
            ),
            (
                "│ id │ email │\n├────┼───────┤\n│ 1  │ a@b.c │",
                vec!["a@b.c"],
            ),
            (
                "COPY u (id, password) FROM stdin;\n1\thunter2\n\\.\n2\tx",
                vec!["hunter2"],
            ),
            // A word may begin where a tab would have stopped.
            (
                "COPY u (password) TO STDOUT;\nfour-by-four fox\nseven by seven  x",
                vec!["four-by-four fox", "seven by seven  x"],
            ),
            (
                "COPY u (id, password) TO STDOUT;\n1       seven b cats\n2       x",
                vec!["1       seven b cats", "x"],
            ),
            // As a terminal shows it.
            (
                "COPY u (id, password) FROM stdin;\n>> 1    hunter2\n>> \\.\n>> 2    x",
                vec!["hunter2"],
            ),
            (
                "COPY u (a, password) FROM stdin;\n>> a b  c d     hunter2",
                vec!["a b  c d     hunter2"],
            ),
            (
                "COPY u (id, password) TO STDOUT;\n1       hunter2\nCOPY 1\nx       y",
                vec!["hunter2"],
            ),
            (
                "COPY users TO STDOUT;\n1\tann\thunter2\n2\tbob\tx9y8z7\nCOPY 2\n3\tno\ts3cret",
                vec!["hunter2", "x9y8z7"],
            ),
            (
                "COPY users FROM stdin;\n>> 1    ann     hunter2\n>> \\.\n3       no      s3cret",
                vec!["hunter2"],
            ),
            (" password \n----------\n hunter2\n(1 row)", vec!["hunter2"]),
            (
                "login  password\n-----  --------\nbob    hunter2\nsqlite> .mode line",
                vec!["hunter2"],
            ),
            (
                "login  password\n-----  --------\nbob    hunter2\nann    <none>\nMariaDB [crm]> select 1",
                vec!["hunter2"],
            ),
        ] {
            assert_eq!(masked(text), cells, "{text}");
        }
    }

    #[test]
    fn tables_without_secrets_stay() {
        for text in [
            " Column   | Type | Nullable \n----------+------+---\n password | text | not null\n",
            " password_encryption \n---------------------\n scram-sha-256\n(1 row)",
            "id,name\n1,bob",
            "-[ RECORD 1 ]---\nid | 1\nsha | 6b86b273ff34",
        ] {
            assert_eq!(masked(text), [""; 0], "{text}");
        }
    }
}
