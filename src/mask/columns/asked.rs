//! The answer to a query whose columns are known by its own list of them: no header stands above it where
//! a client prints rows alone, and none that says where it ends where names stand beside the values.

use super::frame::words;
use super::layout::{Cut, bar, cells, is_column_name, next_bar};
use super::names::Judge;
use super::setting::{SETTING, key_value};
use super::vertical::boxed_pair;
use super::{checked, push, wanted};
use crate::mask::bytes::{at, contains, cut, find, trim, word_at};
use crate::mask::names::{Named, Strength};
use crate::mask::own::Personal;
use crate::mask::span::Span;
use crate::mask::sql::select_items;

/// An answer of more lines is not followed.
const LINES_MAX: u32 = 500;
/// What may stand before the rows, beginning so: what a server and a client say, and the first lines of
/// tables in marks.
const BEFORE: &[&str] = &[
    "notice",
    "warning",
    "expanded display",
    "tuples only",
    "output format",
    "[cols=",
    "[options=",
    ".lp",
    "<?xml",
    "<resultset",
];
/// No prompt is longer.
const PROMPT_MAX: usize = 80;
/// More columns are not looked at.
const COLUMNS_MAX: usize = 128;
/// A value has no more blanks, where only blanks part the cells.
const SPACED_MAX: usize = 6;

/// A column: its name in the answer, and what it holds.
pub(super) type Told = (Vec<u8>, Option<Named>);

/// The query that was asked last, if its answer may still come.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// Its columns; none where it asks for all there are.
    columns: Vec<Told>,
    /// So many lines may still be part of the answer.
    left: u32,
}

/// What a line is to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A row, or a piece of one.
    Row,
    /// Not part of it; it may still come.
    Other,
    /// Not part of it, and it will not come.
    Over,
}

impl Asked {
    pub(super) fn is_idle(&self) -> bool {
        self.left == 0
    }

    /// Whether nothing is remembered.
    pub(super) fn is_blank(&self) -> bool {
        self.is_idle() && self.columns.is_empty()
    }

    pub(super) fn columns(&self) -> &[Told] {
        &self.columns
    }

    /// Whether the query of `line` that begins at `select` asks for columns that are judged, or for all,
    /// at a client's prompt or on its command line.
    pub(super) fn asks(line: &[u8], select: usize, judge: &Judge) -> Option<Asked> {
        let lead = cut(line, 0, select);
        let text = if is_prompt_of_sql(lead) {
            cut(line, select, line.len())
        } else {
            // Only what stands behind the client's -c or -e is a query.
            let quote = lead.iter().rposition(|c| matches!(c, b'"' | b'\''))?;
            let client = [
                "psql", "mysql", "mariadb", "sqlite3", "usql", "pgcli", "mycli",
            ]
            .iter()
            .any(|name| contains(lead, name.as_bytes()));
            let close = memchr::memchr(at(lead, quote), cut(line, select, line.len()));
            if !client || quote + 1 != select {
                return None;
            }
            cut(line, select, close.map_or(line.len(), |n| select + n))
        };
        let columns: Vec<Told> = select_items(text, judge)
            .into_iter()
            .take(COLUMNS_MAX)
            .map(|item| {
                let name = item.name.trim_matches(['"', '`', '[', ']']).as_bytes();
                (name.to_vec(), judge.column(name).or(item.named))
            })
            .collect();
        let columns = asked_for(text, columns);
        let all = columns.is_empty() && memchr::memchr(b'*', text).is_some();
        let known = columns
            .iter()
            .any(|(name, named)| named.is_some() || is_value(name));
        (all || known).then_some(Asked {
            columns,
            left: LINES_MAX,
        })
    }

    /// Reads a line that may be part of the answer.
    pub(super) fn line(&mut self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> Part {
        let part = self.part(line, judge, spans);
        self.left = self.left.saturating_sub(1);
        if part == Part::Over {
            self.left = 0;
        }
        part
    }

    fn part(&self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> Part {
        let text = line.trim_ascii();
        let said = BEFORE.iter().any(|word| word_at(text, 0, word.as_bytes()));
        // Any line is a row of one cell, so one that has none ends them.
        if text.is_empty() && self.columns.len() == 1 {
            return Part::Over;
        }
        if text.is_empty() || said || goes_on(line) {
            return Part::Other;
        }
        let ends = text.starts_with(b"(") && text.ends_with(b")")
            || is_prompt(line)
            || ["error", "fatal", "psql:", "query", "empty set", "time:"]
                .iter()
                .any(|word| word_at(text, 0, word.as_bytes()))
            // FEHLER: and its kin
            || text.split(|c| *c == b' ').next().is_some_and(|word| word.ends_with(b":"))
            // A log of statements.
            || contains(text, b"select ");
        if ends {
            return Part::Over;
        }
        let row = self.cells(line);
        // A header tells more.
        if row
            .as_ref()
            .is_some_and(|cells| self.is_header(line, cells))
        {
            return Part::Over;
        }
        if self.pair(line, judge, spans) {
            return Part::Row;
        }
        if self.columns.is_empty() {
            return unnamed(line, spans);
        }
        let Some(cells) = row else {
            return Part::Over;
        };
        key_value(line, &cells, spans);
        for ((start, end), (_, named)) in cells.into_iter().zip(&self.columns) {
            if let Some(named) = named
                && wanted(cut(line, start, end), *named)
            {
                push(line, start, end, *named, spans);
            }
        }
        Part::Row
    }

    /// The cells of `line` where it has as many as columns were asked for.
    fn cells(&self, line: &[u8]) -> Option<Vec<Place>> {
        let count = self.columns.len();
        let parted = styles(line).find_map(|style| {
            let cells = cells(line, &style);
            // Prose has a blank behind its commas.
            let spoken = matches!(style, Cut::By(b',' | b';'))
                && cells.iter().any(|(a, _)| at(line, *a) == b' ');
            (cells.len() == count && !spoken).then_some(cells)
        });
        if parted.is_some() && count > 1 {
            return parted;
        }
        // Border 0: blanks alone part the cells.
        let words = words(line);
        if count > 1 && next_bar(line, 0).is_none() {
            return self.spaced(words);
        }
        // A value alone: psql sets a blank before it, or it has none.
        let (start, end) = trim(line, 0, line.len());
        let boxed = bar(line, start) > 0;
        let alone = if boxed {
            words.len() > 2
        } else {
            next_bar(line, 0).is_none() && (start == 1 || start == 0 && words.len() == 1)
        };
        if count != 1 || !alone {
            return None;
        }
        if boxed {
            return Some(cells(line, &Cut::Boxed)).filter(|cells| cells.len() == 1);
        }
        Some(vec![(start, end)])
    }

    /// Cells of which blanks make `words`: those of columns that are judged may have blanks of their own.
    fn spaced(&self, words: Vec<Place>) -> Option<Vec<Place>> {
        let more = words.len().checked_sub(self.columns.len())?;
        if more == 0 {
            return Some(words);
        }
        let judged = |(_, named): &Told| named.is_some();
        let first = self.columns.iter().position(judged)?;
        let last = self.columns.iter().rposition(judged)?;
        if more > SPACED_MAX {
            return None;
        }
        // From the first of them to the last all is one.
        let whole = (words.get(first)?.0, words.get(last + more)?.1);
        let cells = (0..self.columns.len()).map(|n| match n {
            _ if n < first => words.get(n).copied(),
            _ if n == first => Some(whole),
            _ if n <= last => Some((whole.1, whole.1)),
            _ => words.get(n + more).copied(),
        });
        cells.collect()
    }

    fn is_header(&self, line: &[u8], cells: &[Place]) -> bool {
        let heads = cells.iter().zip(&self.columns);
        let heads = heads.filter(|((a, b), (name, _))| {
            let head = cut(line, *a, *b).trim_ascii();
            // Cassandra says of which system a function is: system.token(id).
            let called = head.ends_with(b")") && find_word(head, name);
            called || head.eq_ignore_ascii_case(name)
        });
        heads.count() * 2 >= cells.len()
    }

    /// The name of a column and its value: expanded output, in any format.
    fn pair(&self, line: &[u8], judge: &Judge, spans: &mut Vec<Span>) -> bool {
        let Some(((a, b), (start, end))) = pair(line) else {
            return false;
        };
        let name = cut(line, a, b).trim_ascii();
        let value = cut(line, start, end).trim_ascii();
        let named = if self.columns.is_empty() {
            let named = judge.column(name);
            // Names beside names are a header.
            let plain = |c: &u8| c.is_ascii_lowercase() || *c == b'_';
            if named.is_none()
                || !is_column_name(name, b'|')
                || value.iter().all(plain)
                || judge.column(value).is_some()
            {
                return false;
            }
            named
        } else {
            let found = self
                .columns
                .iter()
                .find(|(known, _)| name.eq_ignore_ascii_case(known));
            let Some((_, named)) = found else {
                return false;
            };
            let other = |(known, _): &Told| value.eq_ignore_ascii_case(known);
            if self.columns.iter().any(other) {
                return false;
            }
            *named
        };
        if let Some(named) = named
            && wanted(value, named)
        {
            push(line, start, end, named, spans);
        }
        true
    }
}

type Place = (usize, usize);

/// What the value of a setting is called in a table of them.
fn is_value(name: &[u8]) -> bool {
    [
        &b"value"[..],
        b"val",
        b"setting",
        b"setting_value",
        b"option_value",
        b"config_value",
        b"meta_value",
        b"valeur",
        b"valor",
        b"wert",
        b"param_value",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

/// `columns`, and whether a value is that of a secret: `select value from settings where name = 'smtp_password'`.
fn asked_for(text: &[u8], mut columns: Vec<Told>) -> Vec<Told> {
    let condition = find(text, 0, b" where ").map(|n| cut(text, n, text.len()));
    let mut literals = condition
        .unwrap_or_default()
        .split(|c| *c == b'\'')
        .skip(1)
        .step_by(2);
    // What a server is set to is asked for by patterns.
    let plain = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
    let server = contains(text, b"pg_settings");
    let secret = literals.any(|name| {
        !server
            && name.iter().all(plain)
            && crate::mask::names::judge(name).is_some_and(|n| n.strength == Strength::Strong)
    });
    if secret {
        for (name, named) in &mut columns {
            if named.is_none() && is_value(name) {
                *named = Some(SETTING);
            }
        }
    }
    columns
}

/// A row of the answer to `select *` without names: what is known by its own check digits.
fn unnamed(line: &[u8], spans: &mut Vec<Span>) -> Part {
    let row = styles(line).find_map(|style| {
        let cells = cells(line, &style);
        (cells.len() > 1).then_some(cells)
    });
    let Some(cells) = row else {
        return Part::Over;
    };
    let id = Named::personal(Personal::NationalId);
    let before = spans.len();
    for (start, end) in cells {
        if checked::is_checked_id(cut(line, start, end).trim_ascii()) {
            push(line, start, end, id, spans);
        }
    }
    // It may be a header too.
    if spans.len() > before {
        Part::Row
    } else {
        Part::Other
    }
}

/// Where a name and its value stand: `a,b`, `a|b`, `| a | b |`, `a<tab>b`, `a   b`.
fn pair(line: &[u8]) -> Option<(Place, Place)> {
    let (start, end) = trim(line, 0, line.len());
    if bar(line, start) > 0 {
        return boxed_pair(line);
    }
    let name = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'?') || *c >= 0x80;
    let wide = next_bar(line, start).filter(|(_, len)| *len == 3);
    let stop = wide.map_or(line.len(), |(at, _)| at);
    let plain = cut(line, start, stop)
        .iter()
        .take_while(|c| name(c))
        .count();
    let close = start + plain;
    let mut value = close;
    while at(line, value) == b' ' {
        value += 1;
    }
    let len = match at(line, value) {
        b',' | b';' | b'|' | b'\t' => 1,
        _ if bar(line, value) > 0 => bar(line, value),
        0 => return None,
        _ if value > close => 0,
        _ => return None,
    };
    value += len;
    let quoted = at(line, value) == b'"' && end > value + 1 && at(line, end - 1) == b'"';
    let quote = usize::from(quoted);
    (plain > 0 && value < end).then_some(((start, close), (value + quote, end - quote)))
}

/// Whether `name` stands in `head`, in any case.
fn find_word(head: &[u8], name: &[u8]) -> bool {
    !name.is_empty()
        && head
            .windows(name.len())
            .any(|w| w.eq_ignore_ascii_case(name))
}

/// The styles in which `line` may be a row.
fn styles(line: &[u8]) -> impl Iterator<Item = Cut> + use<> {
    let (start, _) = trim(line, 0, line.len());
    let has = |c: u8| memchr::memchr(c, line).is_some();
    let barred = next_bar(line, 0).is_some();
    let styles = [
        (bar(line, start) > 0).then_some(Cut::Boxed),
        barred.then_some(Cut::Bars),
        has(b'\t').then_some(Cut::By(b'\t')),
        has(b',').then_some(Cut::By(b',')),
        has(b';').then_some(Cut::By(b';')),
    ];
    styles.into_iter().flatten()
}

/// Whether a statement goes on in this line: a client's second prompt stands before it.
fn goes_on(line: &[u8]) -> bool {
    let lead = cut(line, 0, PROMPT_MAX);
    let text = lead.trim_ascii_start();
    text.starts_with(b"-> ")
        || [&b"-> "[..], b"-# "]
            .iter()
            .any(|sign| find(lead, 0, sign).is_some_and(|at| !cut(lead, 0, at).contains(&b' ')))
}

/// Whether `lead` is the prompt of a client of a database, and all of it.
fn is_prompt_of_sql(lead: &[u8]) -> bool {
    let text = lead.trim_ascii_end();
    lead.len() > text.len()
        && text.len() < PROMPT_MAX
        && (text.ends_with(b"=>") || text.ends_with(b"=#") || text.ends_with(b">"))
        && !text.iter().any(|c| matches!(c, b'"' | b'\'' | b'<' | b'$'))
}

/// Whether a prompt, of a database or a shell, stands at the start of `line`.
fn is_prompt(line: &[u8]) -> bool {
    if matches!(at(line, 0), b' ' | b'\t' | b'|') {
        return false;
    }
    let lead = cut(line, 0, PROMPT_MAX);
    let signs = [&b"=> "[..], b"=# ", b"> ", b"$ ", b"# "];
    let sign = signs.iter().filter_map(|sign| find(lead, 0, sign)).min();
    sign.is_some_and(|at| {
        !cut(lead, 0, at)
            .iter()
            .any(|c| matches!(c, b'|' | b',' | b'\t'))
    }) || [&b"=>"[..], b"=#", b"$"]
        .iter()
        .any(|sign| line.trim_ascii_end().ends_with(sign))
        && next_bar(line, 0).is_none()
        && !is_pair(line.trim_ascii_end())
}

/// `ana:Sommer2008$`: a name and what ends as a prompt does.
pub(super) fn is_pair(text: &[u8]) -> bool {
    let colon = memchr::memchr(b':', text).unwrap_or(0);
    let name = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
    colon > 0
        && cut(text, 0, colon).iter().all(name)
        && !text.iter().any(|c| matches!(c, b'~' | b'/' | b' '))
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, RECS_OWN};

    fn masked(text: &str) -> Vec<String> {
        let mut columns = Columns::default();
        let mut found = Vec::new();
        for line in text.lines() {
            let mut spans = Vec::new();
            columns.line(line.as_bytes(), true, &RECS_OWN, &mut spans);
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        found
    }

    #[test]
    fn rows_without_a_header_are_those_of_the_query_above() {
        let rows = [
            " 161 | Ünal | x",
            "161|Ünal|x",
            "161\tÜnal\tx",
            "161,Ünal,x",
            "161;Ünal;x",
            "161 Ünal x",
            "| 161 | Ünal | x |",
            "║ 161 │ Ünal │ x ║",
            ".TS\nl | l | l.\n161\tÜnal\tx\n.TE",
            "\\begin{tabular}{l | l | l}\n161 & Ünal & x \\\\\n\\end{tabular}",
            "\n[cols=\"<l,<l,<l\",frame=\"none\"]\n|====\n|161 |Ünal |x\n|====",
            "<table>\n<tr>\n<td>161</td>\n<td>Ünal</td>\n<td>x</td>\n</tr>\n</table>",
            "id,161\nlast_name,Ünal\nkind,x",
            "id|161\nlast_name|Ünal\nkind|x\n",
            "id        161\nlast_name Ünal\nkind      x",
            "┌───┬───┐\n│ id        │ 161  │\n│ last_name │ Ünal │\n└───┴───┘",
        ];
        for row in rows {
            let text = format!("crm=> select id, last_name, kind from staff;\n{row}");
            assert_eq!(masked(&text), ["Ünal"], "{text}");
        }
        let text = "crm=# select password from u;\n hunter two\n\n(1 row)\n hunter";
        assert_eq!(masked(text), ["hunter two"]);
        let text = "$ psql -x --csv -c \"select * from u\"\nid,7\nlast_name,Ünal";
        assert_eq!(masked(text), ["Ünal"]);
        let text = "crm=> select * from u;\n 420 | 21106933879 | x\n 421 | 21106933878 | y";
        assert_eq!(masked(text), ["21106933879"]);
    }

    #[test]
    fn what_is_no_answer_stays() {
        for text in [
            "crm=> select id, last_name from staff;\nERROR:  no such\nx | y",
            "crm=> select id, last_name from staff;\nFEHLER: nichts",
            "crm=> select id, last_name from staff;\ncrm=> select a, b",
            "crm=> select password from u limit 0;\n10.1.2.3 - - [4/May] \"GET (a; b)\" 200",
            "crm=> select password from u limit 0;\n     ‘C-b d’ key strokes)",
            "cur.execute(\"select name, email from users\")\nfor name, email in cur:",
            "crm=> select count(*), max(id) from users;\n 4 | 7",
            "crm=> select * from t;\npassword,created\n",
            "crm=> select * from t;\n 1 | 20260504111 | x",
        ] {
            assert_eq!(masked(text), [""; 0], "{text}");
        }
    }
}
