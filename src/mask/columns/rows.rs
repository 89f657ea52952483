//! Rows below a header, or of what was copied.

use super::layout::{Cut, PROMPT_FOR_ROWS, cells, is_boxed, is_prompt, tabbed};
use super::setting::key_value;
use super::{SETTING, Table, push, rule_of, wanted};
use crate::mask::bytes::cut;
use crate::mask::span::{Class, Span};
use crate::mask::sql::looks_secret;

/// Masks the secret cells of a row; false when the line is none of the table's.
pub(super) fn row(line: &[u8], table: &Table, spans: &mut Vec<Span>) -> bool {
    let text = line.trim_ascii();
    let typed = line.strip_prefix(PROMPT_FOR_ROWS).map(<[u8]>::trim_ascii);
    if typed.unwrap_or(text).is_empty() || typed.unwrap_or(text) == b"\\." {
        return false;
    }
    if text.starts_with(b"(") && (text.ends_with(b"rows)") || text.ends_with(b"row)")) {
        return false;
    }
    // A terminal draws none.
    let tabs_drawn = table.cut == Cut::By(b'\t') && !line.contains(&b'\t');
    let cells = match tabs_drawn {
        // A row of one column has none: blanks are its own, wherever the next tab would stop.
        true if table.names.len() == 1 && typed.is_none() => vec![(0, line.len())],
        true => tabbed(line),
        false => cells(line, &table.cut),
    };
    if table.accounts {
        if cells.len() < 2 || is_prompt(text) {
            return false;
        }
        for (start, end) in cells {
            let secret = looks_secret(cut(line, start, end), true);
            spans.extend(secret.then(|| Span::new(start, end, rule_of(SETTING), Class::Password)));
        }
        return true;
    }
    let fits = match &table.cut {
        Cut::Boxed => is_boxed(text),
        Cut::Bars | Cut::By(_) => cells.len() == table.names.len(),
        Cut::Frame(_) => !cells.is_empty(),
        Cut::At(columns) => {
            columns.len() > 1 && !is_prompt(text)
                || columns.len() == 1 && (line.starts_with(b" ") || !text.contains(&b' '))
        }
    };
    if !fits {
        // Which of the words are the secret is not to be told.
        let named = table.names.iter().flatten().next();
        let more = cells.len() > table.names.len() && !is_prompt(text);
        let (Some(named), true) = (named, tabs_drawn && (typed.is_some() || more)) else {
            return false;
        };
        let start = typed.map_or(0, |_| PROMPT_FOR_ROWS.len());
        push(line, start, line.len(), *named, spans);
        return true;
    }
    key_value(line, &cells, spans);
    for ((start, end), named) in cells.iter().zip(&table.names) {
        if let Some(named) = named
            && wanted(cut(line, *start, *end), *named)
        {
            push(line, *start, *end, *named, spans);
        }
    }
    true
}

/// What psql says before it reads the rows of a COPY.
pub(super) fn is_copy_help(text: &[u8]) -> bool {
    text.starts_with(b"Enter data to be copied") || text.starts_with(b"End with a backslash")
}
