//! One result as CSV (RFC 4180), for a spreadsheet.

use super::Encoder;
use super::moments::{Moment, Moments};
use crate::model::{Event, Size};
use crate::timeline::{Statement, Table, tables};

/// Encodes the one result of a piece.
pub struct Csv {
    moments: Moments,
    /// The first result, and the command that gave it.
    result: Option<(u32, Table)>,
    /// The commands that gave results, as far as a person wants to read.
    with: Vec<u32>,
    results: u32,
    /// Rows of the first result that the recording does not hold.
    missing: u64,
}

/// Commands with results that are named when there is a choice.
const NAMED_MAX: usize = 8;

impl Csv {
    /// On a terminal of this size.
    pub fn new(size: Size) -> Csv {
        Csv {
            moments: Moments::new(size),
            result: None,
            with: Vec::new(),
            results: 0,
            missing: 0,
        }
    }

    fn take(&mut self, found: Vec<(u32, u64, Table)>) {
        for (number, missing, table) in found {
            self.results = self.results.saturating_add(1);
            if self.with.len() < NAMED_MAX && number > 0 && self.with.last() != Some(&number) {
                self.with.push(number);
            }
            if self.result.is_none() {
                self.missing = missing;
                self.result = Some((number, table));
            }
        }
    }
}

fn results(moment: Moment<'_>) -> Vec<(u32, u64, Table)> {
    match moment {
        Moment::Command(command, output, statements) => {
            let sent: Vec<_> = statements.iter().flat_map(of_statement).collect();
            if !sent.is_empty() {
                return sent
                    .into_iter()
                    .map(|(missing, table)| (command.number, missing, table))
                    .collect();
            }
            let found = tables(&output.text).into_iter();
            found
                .map(|found| (command.number, 0, found.table))
                .collect()
        }
        Moment::Statement(statement) => of_statement(statement)
            .map(|(missing, table)| (0, missing, table))
            .collect(),
        Moment::Aside(..) | Moment::Marker(..) | Moment::Gap(_) => Vec::new(),
    }
}

/// The results with columns, each with the number of its rows that are not there.
fn of_statement(statement: &Statement) -> impl Iterator<Item = (u64, Table)> {
    statement.results.iter().filter_map(|result| {
        let table = Table::of_result(result)?;
        let sent = result.complete.as_ref().map_or(0, |complete| complete.rows);
        let here = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
        Some((sent.saturating_sub(here), table))
    })
}

impl Encoder for Csv {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn event(&mut self, event: &Event, _out: &mut Vec<u8>) {
        let mut found = Vec::new();
        self.moments
            .push(event, &mut |moment| found.extend(results(moment)));
        self.take(found);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let mut found = Vec::new();
        self.moments
            .finish(&mut |moment| found.extend(results(moment)));
        self.take(found);
        if self.results == 1
            && let Some((_, table)) = &self.result
        {
            write(table, out);
        }
    }

    fn remark(&self) -> Option<String> {
        let missing = self.missing;
        (missing > 0).then(|| format!("rows that were not recorded: {missing}"))
    }

    fn lacks(&self) -> Option<String> {
        match self.results {
            0 => Some("no command in it gave a table".to_owned()),
            1 => None,
            count => {
                let with: Vec<String> = self.with.iter().map(u32::to_string).collect();
                let more = if with.len() == NAMED_MAX { ", …" } else { "" };
                let with = match with.is_empty() {
                    true => String::new(),
                    false => format!(" (commands {}{more})", with.join(", ")),
                };
                let choose = "CSV holds one: choose it with --command, or by --from and --to";
                Some(format!("it has {count} results{with}, and {choose}"))
            }
        }
    }
}

/// The header and the rows; NULL is the empty field, an empty text is quoted.
pub fn write(table: &Table, out: &mut Vec<u8>) {
    let names: Vec<String> = table.columns.iter().map(|name| field(name)).collect();
    out.extend_from_slice(names.join(",").as_bytes());
    out.extend_from_slice(b"\r\n");
    for row in &table.rows {
        let cells = row.iter().map(|cell| match cell {
            None => String::new(),
            Some(text) if text.is_empty() => "\"\"".to_owned(),
            Some(text) => field(text),
        });
        let cells: Vec<String> = cells.collect();
        out.extend_from_slice(cells.join(",").as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let text = |text: &str| Some(text.to_owned());
        let table = Table {
            columns: vec!["id".into(), "a,b".into()],
            rows: vec![
                vec![text("1"), None],
                vec![text("say \"hi\""), text("")],
                vec![text("two\nlines"), text("x")],
            ],
        };
        let mut out = Vec::new();
        write(&table, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "id,\"a,b\"\r\n1,\r\n\"say \"\"hi\"\"\",\"\"\r\n\"two\nlines\",x\r\n"
        );
    }
}
