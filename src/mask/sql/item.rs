//! The items of a SELECT: what the columns of a result were made from.

use super::lex::{Kind, View, lex};
use crate::mask::bytes::cut;
use crate::mask::columns::Judge;
use crate::mask::names::{Named, Strength};

/// More of a statement is not read.
const READ_MAX: usize = 64 << 10;

/// One item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    /// What the names in its expression say.
    pub named: Option<Named>,
    /// How the result names it: its alias, or the last name of its expression.
    pub name: String,
    /// It is a number of rows: whatever it counts is not shown.
    counts: bool,
}

/// The items of the statement's first SELECT, when there are as many as `columns`; otherwise none: a
/// star, or a statement that was not understood, says nothing of any column.
pub(crate) fn items(statement: &[u8], columns: usize, judge: &Judge) -> Vec<Item> {
    let items = all(statement, judge);
    if items.len() == columns {
        items
    } else {
        Vec::new()
    }
}

/// The items of the first SELECT or RETURNING outside of parentheses; none when a star is one.
pub(crate) fn all(statement: &[u8], judge: &Judge) -> Vec<Item> {
    let text = cut(statement, 0, READ_MAX);
    let tokens = lex(text);
    let view = View {
        text,
        tokens: &tokens,
        judge,
    };
    let mut depth = 0usize;
    let mut items: Vec<Item> = Vec::new();
    let mut open = false;
    for i in 0..tokens.len() {
        let Some(token) = view.get(i) else { break };
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            Kind::Mark(b',') if depth == 0 && open => items.push(Item::default()),
            Kind::Mark(b'*') if depth == 0 && open && starts_item(&view, i) => return Vec::new(),
            Kind::Mark(b';') if depth == 0 => break,
            Kind::Word if depth == 0 && view.any(i, &["select", "returning"]) => {
                items = vec![Item::default()];
                open = true;
            }
            Kind::Word
                if depth == 0
                    && open
                    && view.any(
                        i,
                        &["from", "into", "where", "union", "limit", "order", "group"],
                    ) =>
            {
                break;
            }
            Kind::Word | Kind::Quoted if open => {
                if let Some(item) = items.last_mut() {
                    see(&view, i, depth, item);
                }
            }
            _ if open && depth == 1 => {
                if let Some(item) = items.last_mut() {
                    setting(&view, i, item);
                }
            }
            _ => {}
        }
    }
    items
}

/// `SELECT *`, `SELECT t.*`, `SELECT a, *`; elsewhere a star multiplies.
fn starts_item(view: &View<'_>, i: usize) -> bool {
    let Some(before) = i.checked_sub(1) else {
        return false;
    };
    view.mark(before, b',')
        || view.any(before, &["select", "distinct", "all", "returning"])
        || view
            .get(before)
            .is_some_and(|t| view.of(t).ends_with(b".") || t.kind == Kind::Mark(b'.'))
}

/// `current_setting('app.stripe_secret')`
fn setting(view: &View<'_>, i: usize, item: &mut Item) {
    let reads = i > 1 && view.mark(i - 1, b'(') && view.any(i - 2, &["current_setting"]);
    let Some(name) = view.text(i).filter(|_| reads) else {
        return;
    };
    let last = view.of(name).rsplit(|c| *c == b'.').next();
    let named = view.judge.column(last.unwrap_or_default());
    item.named = named.filter(|n| n.strength > Strength::Weak).or(item.named);
}

fn see(view: &View<'_>, i: usize, depth: usize, item: &mut Item) {
    let Some(token) = view.get(i) else { return };
    let word = view.of(token);
    let called = view.mark(i + 1, b'(');
    let last = word.rsplit(|c| *c == b'.').next().unwrap_or_default();
    if depth == 0 && !view.any(i, &["as", "distinct", "all"]) {
        item.name = String::from_utf8_lossy(last).into_owned();
    }
    if called {
        item.counts |= depth == 0 && view.any(i, &["count"]);
        return;
    }
    if item.counts && depth > 0 {
        return;
    }
    let counted = i > 1
        && view.mark(i - 1, b'(')
        && view.any(
            i - 2,
            &[
                "count",
                "length",
                "char_length",
                "octet_length",
                "pg_column_size",
            ],
        );
    let cast = i > 1 && view.mark(i - 1, b':') && view.mark(i - 2, b':');
    if counted || cast {
        return;
    }
    if let Some(named) = view
        .judge
        .column(last)
        .filter(|n| n.strength > Strength::Weak)
        && item
            .named
            .is_none_or(|known| known.strength < named.strength)
    {
        item.named = Some(named);
    }
}
