//! The sessions that a query finds, newest first, as far as a list shows them: none is read beyond
//! that.

use super::super::walk::Walk;
use super::super::{IndexError, list};
use super::scan;
use super::*;
use rusqlite::params_from_iter;
use std::collections::{HashMap, HashSet};

impl Library {
    /// The newest sessions that match, or in which a moment does; `limit` at most.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn matching(&self, query: &Query, limit: usize) -> Result<Vec<Listed>, Error> {
        if let Some(index) = &self.index {
            let found = self.by_index(index, query, limit);
            match found {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(Trouble::Vault(error)) => return Err(error),
                Err(Trouble::Index(_)) if self.halt.asked() => return Ok(Vec::new()),
                Err(Trouble::Index(error)) => {
                    tracing::warn!(%error, "listing without the index");
                }
            }
        }
        let mut found = Vec::new();
        if query.is_of_sessions() {
            found = self.sessions()?;
            found.retain(|listed| query.matches_session(&listed.facts()));
        }
        if !query.is_of_sessions() || query.asks_for_places() {
            let mut seen: HashSet<SessionId> = found.iter().map(Listed::id).collect();
            let search = Search {
                query,
                limit: usize::MAX,
                with_text: false,
            };
            self.search(&search, &mut |hit| {
                if seen.insert(hit.session.id()) {
                    found.push(Listed::clone(&hit.session));
                }
                true
            })?;
            found.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
        }
        found.truncate(limit);
        Ok(found)
    }

    /// `None` where the index alone cannot tell.
    fn by_index(
        &self,
        index: &Index,
        query: &Query,
        limit: usize,
    ) -> Result<Option<Vec<Listed>>, Trouble> {
        if !query.is_of_sessions() {
            return self.by_moments(index, query, limit);
        }
        let mut found = self.by_themselves(index, query, limit)?;
        if query.asks_for_places() {
            let Some(more) = self.by_moments(index, query, limit)? else {
                return Ok(None);
            };
            let known: HashSet<SessionId> = found.iter().map(Listed::id).collect();
            found.extend(
                more.into_iter()
                    .filter(|listed| !known.contains(&listed.id())),
            );
            found.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
            found.truncate(limit);
        }
        Ok(Some(found))
    }

    /// Those that match by what is known of them.
    fn by_themselves(
        &self,
        index: &Index,
        query: &Query,
        limit: usize,
    ) -> Result<Vec<Listed>, Trouble> {
        let condition = sql::of_listed(query);
        let mut sessions = index.conn.prepare(&format!(
            "SELECT {} FROM sessions s WHERE s.status = 0 OR {}
             ORDER BY s.started DESC, s.number DESC",
            list::COLUMNS,
            condition.sql
        ))?;
        let mut rows = sessions.query(params_from_iter(condition.values))?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let listed = self.of_now(list::read(row)?)?;
            if query.matches_session(&listed.facts()) {
                found.push(listed);
            }
        }
        Ok(found)
    }

    /// Those in which a moment is found; `None` where the index alone cannot tell.
    fn by_moments(
        &self,
        index: &Index,
        query: &Query,
        limit: usize,
    ) -> Result<Option<Vec<Listed>>, Trouble> {
        let plan = sql::plan(query);
        if !plan.exact {
            return Ok(None);
        }
        let mut found = Vec::new();
        for loose in self.loose(index)? {
            if self.halt.asked() {
                break;
            }
            let read = scan::read(&self.unlocked, query, &loose, &self.halt)?;
            self.damaged
                .set(self.damaged.get().saturating_add(read.damaged));
            if !read.seen.is_empty() {
                found.push(Arc::unwrap_or_clone(loose));
            }
        }
        let mut numbers = Vec::new();
        Walk::new(index, &plan)?.sessions(&mut |number| {
            numbers.push(number);
            numbers.len() < limit && !self.halt.asked()
        })?;
        for number in numbers {
            found.push(index.session(number)?);
        }
        found.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
        found.truncate(limit);
        Ok(Some(found))
    }

    /// The ids of the sessions in which a moment is found, as far as the newest `limit` moments go
    /// where the index alone cannot tell.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn ids_matching(&self, query: &Query, limit: usize) -> Result<HashSet<SessionId>, Error> {
        if let Some(index) = &self.index {
            match self.ids_by_moments(index, query) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(Trouble::Vault(error)) => return Err(error),
                Err(Trouble::Index(_)) if self.halt.asked() => return Ok(HashSet::new()),
                Err(Trouble::Index(error)) => {
                    tracing::warn!(%error, "searching without the index");
                }
            }
        }
        let search = Search {
            query,
            limit,
            with_text: false,
        };
        let mut found = HashSet::new();
        self.search(&search, &mut |hit| {
            found.insert(hit.session.id());
            true
        })?;
        Ok(found)
    }

    fn ids_by_moments(
        &self,
        index: &Index,
        query: &Query,
    ) -> Result<Option<HashSet<SessionId>>, Trouble> {
        let plan = sql::plan(query);
        if !plan.exact {
            return Ok(None);
        }
        let mut found = HashSet::new();
        for loose in self.loose(index)? {
            if self.halt.asked() {
                break;
            }
            let read = scan::read(&self.unlocked, query, &loose, &self.halt)?;
            if !read.seen.is_empty() {
                found.insert(loose.id());
            }
        }
        let ids: HashMap<i64, SessionId> = index.ids()?;
        Walk::new(index, &plan)?.sessions(&mut |number| {
            found.extend(ids.get(&number));
            !self.halt.asked()
        })?;
        Ok(Some(found))
    }

    /// Sessions that are not in the index yet, newest first.
    pub(super) fn loose(&self, index: &Index) -> Result<Vec<Arc<Listed>>, Trouble> {
        let mut statement = index.conn.prepare_cached(&format!(
            "SELECT {} FROM sessions s WHERE s.base IS NULL",
            list::COLUMNS
        ))?;
        let rows: Vec<Listed> = statement
            .query_map([], list::read)?
            .collect::<rusqlite::Result<_>>()?;
        let mut loose = Vec::new();
        for listed in rows {
            loose.push(Arc::new(self.of_now(listed)?));
        }
        loose.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
        Ok(loose)
    }

    /// A session that is recorded grows: what it is now stands in the vault.
    fn of_now(&self, listed: Listed) -> Result<Listed, Error> {
        match listed.status {
            Status::Recording => self.listed(self.unlocked.find(&listed.id().hex())?),
            Status::Closed | Status::Interrupted => Ok(listed),
        }
    }
}

impl Index {
    fn ids(&self) -> Result<HashMap<i64, SessionId>, IndexError> {
        let mut ids = self
            .conn
            .prepare_cached("SELECT number, id FROM sessions")?;
        let rows = ids.query_map([], |row| Ok((row.get(0)?, SessionId(row.get(1)?))))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
