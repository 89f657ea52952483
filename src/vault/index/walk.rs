//! Documents that a plan finds, newest first: from shard to shard, by the full-text tables where
//! words are asked for, and never outside of the sessions that can match.

use super::shard::Shard;
use super::sql::{Clause, Drive, Plan};
use super::{Index, IndexError};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, Rows, Statement, params_from_iter};

/// The documents of one session.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: i64,
    last: i64,
    session: i64,
}

/// A search through the index.
pub(super) struct Walk<'p> {
    conn: &'p Connection,
    plan: &'p Plan,
    shards: Vec<Shard>,
    /// Of the sessions that can match, newest first; `None` for all of them.
    spans: Option<Vec<Span>>,
}

impl<'p> Walk<'p> {
    pub(super) fn new(index: &'p Index, plan: &'p Plan) -> Result<Walk<'p>, IndexError> {
        let conn = &index.conn;
        know(conn, plan)?;
        let spans = plan.sessions.as_ref().map(|which| spans(conn, which));
        Ok(Walk {
            conn,
            plan,
            shards: index.shards()?,
            spans: spans.transpose()?,
        })
    }

    /// Gives the rows `columns` of `moments m` and `sessions s` that meet the plan's conditions,
    /// until `each` says that it is enough.
    pub(super) fn rows<E: From<IndexError>>(
        &self,
        columns: &str,
        each: &mut dyn FnMut(&Row<'_>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut spans = Cursor::new(self.spans.as_deref());
        for shard in &self.shards {
            let rows = match &self.plan.drive {
                Some(drive) => self.driven(shard, drive, columns, &mut spans, each)?,
                None => self.walked(shard, columns, each)?,
            };
            if !rows {
                break;
            }
        }
        Ok(())
    }

    /// The sessions with at least one row, newest first, until `each` says that it is enough.
    pub(super) fn sessions(&self, each: &mut dyn FnMut(i64) -> bool) -> Result<(), IndexError> {
        let all;
        let spans = match &self.spans {
            Some(spans) => spans,
            None => {
                let every = Clause {
                    sql: "1".to_owned(),
                    values: Vec::new(),
                };
                all = spans(self.conn, &every)?;
                &all
            }
        };
        let always = self.plan.rows.is_always();
        let Some(drive) = &self.plan.drive else {
            for shard in &self.shards {
                let mut some = self.select("1", shard, self.between(), "LIMIT 1")?;
                for span in within(spans, shard) {
                    let found = always || {
                        let values = self.values([span.first, span.last]);
                        some.exists(params_from_iter(values))?
                    };
                    if found && !each(span.session) {
                        return Ok(());
                    }
                }
            }
            return Ok(());
        };
        let mut cursor = Cursor::new(Some(spans));
        let mut told = None;
        for shard in &self.shards {
            let mut row = self.select("1", shard, "m.doc = ?A", "")?;
            let mut docs = self.docs(shard, drive)?;
            let mut docs = docs.query([&drive.ask]).map_err(IndexError::from)?;
            let mut failed = self.failed(shard)?;
            let mut failed = Among::new(failed.as_mut())?;
            while let Some(doc) = docs.next()? {
                let doc: i64 = doc.get(0)?;
                if !failed.holds(doc)? {
                    continue;
                }
                let Some(session) = cursor.at(doc) else {
                    continue;
                };
                if told == Some(session)
                    || !always && !row.exists(params_from_iter(self.values([doc])))?
                {
                    continue;
                }
                told = Some(session);
                if !each(session) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn driven<E: From<IndexError>>(
        &self,
        shard: &Shard,
        drive: &Drive,
        columns: &str,
        spans: &mut Cursor<'_>,
        each: &mut dyn FnMut(&Row<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut row = self.select(columns, shard, "m.doc = ?A", "")?;
        let mut docs = self.docs(shard, drive)?;
        let mut docs = docs.query([&drive.ask]).map_err(IndexError::from)?;
        let mut failed = self.failed(shard)?;
        let mut failed = Among::new(failed.as_mut())?;
        while let Some(doc) = docs.next().map_err(IndexError::from)? {
            let doc: i64 = doc.get(0).map_err(IndexError::from)?;
            if !spans.holds(doc) || !failed.holds(doc)? {
                continue;
            }
            let values = params_from_iter(self.values([doc]));
            let mut rows = row.query(values).map_err(IndexError::from)?;
            if let Some(row) = rows.next().map_err(IndexError::from)?
                && !each(row)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn walked<E: From<IndexError>>(
        &self,
        shard: &Shard,
        columns: &str,
        each: &mut dyn FnMut(&Row<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut select = self.select(columns, shard, self.between(), "ORDER BY m.doc DESC")?;
        let whole = [Span {
            first: shard.first,
            last: shard.last,
            session: 0,
        }];
        let spans = match &self.spans {
            Some(spans) => within(spans, shard),
            None => &whole,
        };
        for span in spans {
            let values = params_from_iter(self.values([span.first, span.last]));
            let mut rows = select.query(values).map_err(IndexError::from)?;
            while let Some(row) = rows.next().map_err(IndexError::from)? {
                if !each(row)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn docs(&self, shard: &Shard, drive: &Drive) -> Result<Statement<'p>, IndexError> {
        let table = format!("{}_{}", drive.table, shard.number);
        let sql = format!("SELECT rowid FROM {table} WHERE {table} MATCH ?1 ORDER BY rowid DESC");
        Ok(self.conn.prepare(&sql)?)
    }

    /// The documents that failed, newest first, where no others are asked for.
    fn failed(&self, shard: &Shard) -> Result<Option<Statement<'p>>, IndexError> {
        if !self.plan.failed {
            return Ok(None);
        }
        let mut failed = self.conn.prepare(
            "SELECT doc FROM moments INDEXED BY moments_failed
             WHERE failed = 1 AND doc BETWEEN ?1 AND ?2 ORDER BY doc DESC",
        )?;
        failed.raw_bind_parameter(1, shard.first)?;
        failed.raw_bind_parameter(2, shard.last)?;
        Ok(Some(failed))
    }

    /// What is looked through where no words are asked for.
    fn between(&self) -> &'static str {
        match self.plan.failed {
            true => "m.failed = 1 AND m.doc BETWEEN ?A AND ?B",
            false => "m.doc BETWEEN ?A AND ?B",
        }
    }

    /// `?A` and `?B` in `which` stand for the values that [`Walk::values`] puts at the end.
    fn select(
        &self,
        columns: &str,
        shard: &Shard,
        which: &str,
        end: &str,
    ) -> Result<Statement<'p>, IndexError> {
        let rows = &self.plan.rows;
        let known = rows.values.len();
        let which = which
            .replace("?A", &format!("?{}", known + 1))
            .replace("?B", &format!("?{}", known + 2));
        let condition = rows.sql.replace('#', &shard.number.to_string());
        let by = match which.starts_with("m.failed") {
            true => "INDEXED BY moments_failed",
            false => "",
        };
        let sql = format!(
            "SELECT {columns} FROM moments m {by} JOIN sessions s ON s.number = m.session
             WHERE {which} AND {condition} {end}"
        );
        Ok(self.conn.prepare(&sql)?)
    }

    fn values<const N: usize>(&self, more: [i64; N]) -> impl Iterator<Item = Value> {
        let known = self.plan.rows.values.iter().cloned();
        known.chain(more.into_iter().map(Value::Integer))
    }
}

/// Teaches the connection what `pattern_in(n, text)` and `name_in(n, names)` look for.
fn know(conn: &Connection, plan: &Plan) -> Result<(), IndexError> {
    let (patterns, names) = (plan.patterns.clone(), plan.names.clone());
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("pattern_in", 2, flags, move |call| {
        let n: i64 = call.get(0)?;
        let pattern = usize::try_from(n).ok().and_then(|n| patterns.get(n));
        // An absent or an empty text holds nothing, not even an empty match.
        let text = call
            .get_raw(1)
            .as_str_or_null()
            .ok()
            .flatten()
            .unwrap_or_default();
        Ok(!text.is_empty() && pattern.is_some_and(|pattern| pattern.is_in(text)))
    })?;
    conn.create_scalar_function("name_in", 2, flags, move |call| {
        let n: i64 = call.get(0)?;
        let like = usize::try_from(n).ok().and_then(|n| names.get(n));
        let told = call.get_raw(1).as_str_or_null().ok().flatten();
        let mut told = told.into_iter().flat_map(|names| names.split('|'));
        Ok(like.is_some_and(|like| told.any(|name| like.matches(name))))
    })?;
    Ok(())
}

/// The documents of the sessions that meet `which`, newest first.
fn spans(conn: &Connection, which: &Clause) -> Result<Vec<Span>, IndexError> {
    let mut spans = conn.prepare(&format!(
        "SELECT s.base, s.docs, s.number FROM sessions s WHERE s.base > 0 AND s.docs > 0 AND {}
         ORDER BY s.base DESC",
        which.sql
    ))?;
    let spans = spans.query_map(params_from_iter(&which.values), |row| {
        let (first, docs): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(Span {
            first,
            last: first.saturating_add(docs).saturating_sub(1),
            session: row.get(2)?,
        })
    })?;
    Ok(spans.collect::<rusqlite::Result<_>>()?)
}

/// Those of a shard.
fn within<'s>(spans: &'s [Span], shard: &Shard) -> &'s [Span] {
    let begin = spans.partition_point(|span| span.first > shard.last);
    let end = spans.partition_point(|span| span.first >= shard.first);
    spans.get(begin..end).unwrap_or_default()
}

/// Goes down along some documents beside others that go down.
struct Among<'s> {
    rows: Option<Rows<'s>>,
    /// The next of them.
    next: Option<i64>,
}

impl<'s> Among<'s> {
    /// Those that the statement gives; without one, all there are.
    fn new(some: Option<&'s mut Statement<'_>>) -> Result<Among<'s>, IndexError> {
        let mut among = Among {
            rows: some.map(Statement::raw_query),
            next: None,
        };
        among.step()?;
        Ok(among)
    }

    fn step(&mut self) -> Result<(), IndexError> {
        if let Some(rows) = &mut self.rows {
            let row = rows.next()?;
            self.next = row.map(|row| row.get(0)).transpose()?;
        }
        Ok(())
    }

    /// Whether the document is one of them.
    fn holds(&mut self, doc: i64) -> Result<bool, IndexError> {
        if self.rows.is_none() {
            return Ok(true);
        }
        while self.next.is_some_and(|next| next > doc) {
            self.step()?;
        }
        Ok(self.next == Some(doc))
    }
}

/// Goes down along spans beside documents that go down.
struct Cursor<'s> {
    spans: Option<&'s [Span]>,
}

impl<'s> Cursor<'s> {
    fn new(spans: Option<&'s [Span]>) -> Cursor<'s> {
        Cursor { spans }
    }

    /// Whether the document is one of those to look at.
    fn holds(&mut self, doc: i64) -> bool {
        self.spans.is_none() || self.at(doc).is_some()
    }

    /// The session of the document.
    fn at(&mut self, doc: i64) -> Option<i64> {
        while let Some((first, rest)) = self.spans?.split_first() {
            if first.first > doc {
                self.spans = Some(rest);
                continue;
            }
            return (doc <= first.last).then_some(first.session);
        }
        None
    }
}
