//! What the client has prepared and bound, by name.
//!
//! The client's messages take effect here when they are sent: what it sends next builds on them.
//! A message that the server then refuses or skips is undone.

use super::shorten::NAME_MAX;
use crate::model::wire::{Column, Parameter};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes of texts and parameters that are held for later use. Servers hold them too; what is
/// prepared or bound beyond this is known only to exist.
const HELD_MAX: usize = 16 << 20;
/// Names in use at a time, of each kind.
const NAMES_MAX: usize = 16_384;
/// What one is counted as besides its text.
const OVERHEAD: usize = NAME_MAX;

/// A statement that was prepared.
pub(super) struct Prepared {
    pub name: String,
    pub text: String,
    /// Bytes of text that were not kept.
    pub cut: u64,
    /// The parameters' types, as far as the client said them.
    pub types: Vec<u32>,
    /// The parameters' types, as the server said them.
    pub server_types: OnceLock<Vec<u32>>,
    pub described: OnceLock<Described>,
    /// It was told of: executed, or as only prepared.
    pub told: AtomicBool,
    /// Its text is SQL that only manages prepared statements, or may be.
    pub managing: bool,
    _share: Option<Share>,
}

/// A portal: a prepared statement with its parameters.
pub(super) struct Portal {
    pub name: String,
    /// `None` where it was prepared before anybody read along.
    pub prepared: Option<Arc<Prepared>>,
    parameters: Mutex<Vec<Parameter>>,
    /// Which columns it gives in the binary format: all or none where there is one, else each.
    pub binary: Vec<bool>,
    pub described: OnceLock<Described>,
    /// The statement that executes it.
    pub statement: OnceLock<u32>,
    /// How many requests that end a transaction had been sent before it.
    pub epoch: u64,
    /// The client has done with it.
    pub gone: AtomicBool,
    _share: Option<Share>,
}

/// The columns of a result to come.
pub(super) struct Described {
    pub columns: Vec<Column>,
    pub cells: Arc<[Cell]>,
}

/// How a cell is read.
#[derive(Clone, Copy, Default)]
pub(super) struct Cell {
    pub oid: u32,
    pub binary: bool,
}

impl Portal {
    /// Its parameters, for the statement that is told of now.
    pub fn take_parameters(&self) -> Vec<Parameter> {
        let mut parameters = self
            .parameters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut parameters)
    }

    /// Whether the column at `index` comes in the binary format.
    pub fn is_binary(&self, index: usize) -> bool {
        is_binary(&self.binary, index)
    }
}

/// Formats are none (all text), one for all, or one each.
pub(super) fn is_binary(formats: &[bool], index: usize) -> bool {
    match formats {
        [all] => *all,
        each => each.get(index).copied().unwrap_or(false),
    }
}

/// Bytes held, given back when dropped.
struct Share {
    of: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Relaxed);
    }
}

/// Names in use.
#[derive(Default)]
pub(super) struct Names {
    held: Arc<AtomicUsize>,
    unnamed: Option<Arc<Prepared>>,
    statements: HashMap<String, Arc<Prepared>>,
    unnamed_portal: Option<Arc<Portal>>,
    portals: HashMap<String, Arc<Portal>>,
}

impl Names {
    fn share(&self, bytes: usize) -> Option<Share> {
        let bytes = bytes + OVERHEAD;
        let before = self.held.fetch_add(bytes, Relaxed);
        let share = Share {
            of: self.held.clone(),
            bytes,
        };
        (before + bytes <= HELD_MAX).then_some(share)
    }

    /// A prepared statement, not yet under its name.
    pub fn prepared(
        &self,
        name: String,
        mut text: String,
        mut cut: u64,
        types: Vec<u32>,
        managing: bool,
    ) -> Arc<Prepared> {
        let share = self.share(text.len() + 4 * types.len());
        if share.is_none() {
            cut += text.len() as u64;
            text = String::new();
        }
        Arc::new(Prepared {
            name,
            text,
            cut,
            types,
            server_types: OnceLock::new(),
            described: OnceLock::new(),
            told: AtomicBool::new(false),
            managing,
            _share: share,
        })
    }

    /// A portal, not yet under its name.
    pub fn portal(
        &self,
        name: String,
        prepared: Option<Arc<Prepared>>,
        mut parameters: Vec<Parameter>,
        binary: Vec<bool>,
        epoch: u64,
    ) -> Arc<Portal> {
        let size = |p: &Parameter| size_of::<Parameter>() + p.value.text().map_or(0, str::len);
        let share = self.share(parameters.iter().map(size).sum::<usize>() + binary.len());
        if share.is_none() {
            parameters = Vec::new();
        }
        Arc::new(Portal {
            name,
            prepared,
            parameters: Mutex::new(parameters),
            binary,
            described: OnceLock::new(),
            statement: OnceLock::new(),
            epoch,
            gone: AtomicBool::new(false),
            _share: share,
        })
    }

    /// The statement of that name.
    pub fn statement(&self, name: &str) -> Option<Arc<Prepared>> {
        match name {
            "" => self.unnamed.clone(),
            _ => self.statements.get(name).cloned(),
        }
    }

    /// Puts a statement under `name`, or nothing; gives what was there.
    pub fn set_statement(
        &mut self,
        name: &str,
        statement: Option<Arc<Prepared>>,
    ) -> Option<Arc<Prepared>> {
        match (name, statement) {
            ("", statement) => std::mem::replace(&mut self.unnamed, statement),
            (_, None) => self.statements.remove(name),
            (_, Some(_)) if self.statements.len() >= NAMES_MAX => None,
            (_, Some(statement)) => self.statements.insert(name.to_owned(), statement),
        }
    }

    /// Takes every statement away.
    pub fn take_statements(&mut self) -> Vec<Arc<Prepared>> {
        let named = self.statements.drain().map(|(_, statement)| statement);
        let mut all: Vec<_> = named.chain(self.unnamed.take()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The portal of that name.
    pub fn find_portal(&self, name: &str) -> Option<Arc<Portal>> {
        match name {
            "" => self.unnamed_portal.clone(),
            _ => self.portals.get(name).cloned(),
        }
    }

    /// Puts a portal under `name`, or nothing; gives what was there.
    pub fn set_portal(&mut self, name: &str, portal: Option<Arc<Portal>>) -> Option<Arc<Portal>> {
        match (name, portal) {
            ("", portal) => std::mem::replace(&mut self.unnamed_portal, portal),
            (_, None) => self.portals.remove(name),
            (_, Some(_)) if self.portals.len() >= NAMES_MAX => None,
            (_, Some(portal)) => self.portals.insert(name.to_owned(), portal),
        }
    }

    /// A transaction ended: the portals that were bound in it are no more.
    pub fn drop_portals(&mut self, up_to: u64) {
        self.unnamed_portal.take_if(|portal| portal.epoch <= up_to);
        if !self.portals.is_empty() {
            self.portals.retain(|_, portal| portal.epoch > up_to);
        }
    }
}
