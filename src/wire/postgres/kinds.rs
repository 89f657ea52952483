//! Which types columns have, as the results of a connection have shown.

use super::names::Described;
use std::collections::VecDeque;

/// So many results are remembered. What is copied was described just before, if at all.
const RESULTS_MAX: usize = 32;
/// Wider results, and those of longer names, are not.
const COLUMNS_MAX: usize = 256;
const NAMES_MAX: usize = 8 << 10;

/// The names and types of results.
#[derive(Default)]
pub(super) struct Kinds(VecDeque<Vec<(String, u32)>>);

impl Kinds {
    /// Remembers a result.
    pub fn note(&mut self, described: &Described) {
        let columns = described.columns.iter().zip(described.cells.iter());
        let columns = columns.map(|(column, cell)| (&*column.name, cell.oid));
        let count = described.columns.len();
        let known = |old: &Vec<(String, u32)>| {
            let mut both = old.iter().zip(columns.clone());
            old.len() == count && both.all(|((name, oid), (n, o))| name == n && *oid == o)
        };
        // Most results come again and again.
        if self.0.iter().any(known)
            || count > COLUMNS_MAX
            || columns.clone().map(|(name, _)| name.len()).sum::<usize>() > NAMES_MAX
        {
            return;
        }
        if self.0.len() >= RESULTS_MAX {
            self.0.pop_front();
        }
        let columns = columns.map(|(name, oid)| (name.to_owned(), oid));
        self.0.push_back(columns.collect());
    }

    /// The types of the columns `names`: those of results that had these columns and no others. 0
    /// for a column of which such results do not say the same.
    pub fn of(&self, names: &[String]) -> Vec<u32> {
        let mut types: Option<Vec<u32>> = None;
        for result in &self.0 {
            if !result.iter().map(|(name, _)| name).eq(names) {
                continue;
            }
            let oids = result.iter().map(|(_, oid)| *oid);
            match &mut types {
                None => types = Some(oids.collect()),
                Some(types) => {
                    for (known, oid) in types.iter_mut().zip(oids) {
                        if *known != oid {
                            *known = 0;
                        }
                    }
                }
            }
        }
        types.unwrap_or_default()
    }
}
