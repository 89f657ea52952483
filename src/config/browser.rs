//! How the views look and what their keys do.

use super::Fault;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// How the views look and what their keys do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser {
    /// `mouse`: whether it is taken from the terminal, which then selects text with shift held.
    pub mouse: bool,
    /// `theme`: which colours.
    pub theme: Colours,
    /// `keys`: other keys for an action, by its name. Names are looked up when the views open.
    pub keys: BTreeMap<String, Rebound>,
}

impl Default for Browser {
    fn default() -> Self {
        BrowserTable::default().placed("")
    }
}

/// Other keys for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebound {
    /// The keys, as they are spelt.
    pub keys: Vec<String>,
    /// The line of the file, from 1, for who is told that one of them is not known.
    pub line: usize,
}

/// The colours of the views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// The terminal's own sixteen.
    #[default]
    Default,
    /// Those of them that are legible on white.
    Light,
    /// None.
    Mono,
}

/// The section as it is laid out.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BrowserTable {
    mouse: Option<bool>,
    theme: Colours,
    keys: BTreeMap<String, Spanned<Spelt>>,
}

/// One key, or several.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a key, such as \"ctrl-y\", or a list of keys"
)]
enum Spelt {
    One(String),
    Several(Vec<String>),
}

impl BrowserTable {
    /// With the places that they have in `text`.
    pub(super) fn placed(self, text: &str) -> Browser {
        let rebound = |(action, spelt): (String, Spanned<Spelt>)| {
            let line = Fault::at(text, spelt.span().start, "", false).line;
            let keys = match spelt.into_inner() {
                Spelt::One(key) => vec![key],
                Spelt::Several(keys) => keys,
            };
            (action, Rebound { keys, line })
        };
        Browser {
            mouse: self.mouse.unwrap_or(true),
            theme: self.theme,
            keys: self.keys.into_iter().map(rebound).collect(),
        }
    }
}
