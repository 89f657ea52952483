//! What is bound to a statement: the parameters of COM_STMT_EXECUTE and COM_STMT_BULK_EXECUTE, and
//! the attributes that MySQL 8's clients send along with COM_QUERY.
//!
//! First comes how many there are and of which types, then their values, in any pieces.

use super::charset::Charset;
use super::column::{known, parameter_type};
use super::fields::{Field, Fields};
use super::prepared::Long;
use super::read::Reader;
use super::value::Kind;
use crate::model::wire::{PARAMETERS_MAX, Parameter, TEXT_MAX, VALUE_MAX, Value};
use std::collections::BTreeMap;

/// What stands before the values is at most so long: 65,535 types with names of some length.
const HEAD_MAX: usize = 1 << 20;

/// Counted for each parameter beside its value, so that millions of NULLs are bounded too.
const EACH: usize = 16;

/// Set in the flags of COM_STMT_EXECUTE: the number of parameters follows.
const COUNT_AVAILABLE: u8 = 8;

/// Any of these in the flags of COM_STMT_EXECUTE asks for a cursor.
const CURSOR: u8 = 7;

/// Set in the flags of COM_STMT_BULK_EXECUTE: the types follow.
const SENDS_TYPES: u16 = 128;

/// Which command it is, and what must be known to read it.
pub enum Form {
    /// COM_QUERY with attributes: the statement's text is behind them.
    Query,
    /// COM_STMT_EXECUTE.
    Execute {
        /// Parameters of the statement.
        params: usize,
        /// What they were of when it was last executed.
        types: Vec<Kind>,
        /// CLIENT_QUERY_ATTRIBUTES was agreed upon.
        attributes: bool,
        /// What was sent ahead in pieces.
        long: BTreeMap<u16, Long>,
    },
    /// COM_STMT_BULK_EXECUTE: any number of rows of parameters.
    Bulk {
        /// Parameters of the statement.
        params: usize,
        /// What they were of when it was last executed.
        types: Vec<Kind>,
    },
}

/// Reads them.
pub struct Bound {
    form: Form,
    charset: Charset,
    stage: Stage,
    held: Vec<u8>,
    first: Option<u8>,
    /// The head is tried again when so much is there.
    again: usize,
    head: Head,
    fields: Fields,
    at: usize,
    read: Read,
}

/// What was bound.
#[derive(Default)]
pub struct Read {
    /// The parameters, of a bulk row after row.
    pub parameters: Vec<Parameter>,
    /// Their types, for the next time.
    pub types: Vec<Kind>,
    /// The text of a query, at most [`TEXT_MAX`] of it.
    pub text: Vec<u8>,
    /// How long that text is in all.
    pub length: u64,
    /// Some values were not kept.
    pub cut: bool,
    /// Something could not be read.
    pub broken: bool,
    /// The client asks for a cursor.
    pub cursor: bool,
    kept: usize,
}

#[derive(PartialEq)]
enum Stage {
    Head,
    Values,
    /// A bulk's indicator of what the value is.
    Indicator,
    Text,
    Broken,
}

#[derive(Default)]
struct Head {
    kinds: Vec<Kind>,
    names: Vec<String>,
    nulls: Vec<u8>,
}

impl Bound {
    /// Of this form; the client sends text in `charset`.
    pub fn new(form: Form, charset: Charset) -> Bound {
        Bound {
            form,
            charset,
            stage: Stage::Head,
            held: Vec::new(),
            first: None,
            again: 0,
            head: Head::default(),
            fields: Fields::default(),
            at: 0,
            read: Read::default(),
        }
    }

    /// Takes the next of it.
    pub fn push(&mut self, bytes: &[u8]) {
        self.first = self.first.or(bytes.first().copied());
        if self.stage != Stage::Head {
            self.values(bytes);
            return;
        }
        let room = HEAD_MAX.saturating_sub(self.held.len());
        if bytes.len() <= room {
            self.held.extend_from_slice(bytes);
            if self.held.len() >= self.again {
                self.begin();
            }
            return;
        }
        let (part, rest) = bytes.split_at(room);
        self.held.extend_from_slice(part);
        self.begin();
        if self.stage == Stage::Head {
            self.stage = Stage::Broken;
        }
        self.values(rest);
    }

    /// All of it has come.
    pub fn end(mut self) -> Read {
        if self.stage == Stage::Head {
            self.begin();
        }
        let complete = match self.stage {
            Stage::Head | Stage::Broken => false,
            Stage::Values => self.at >= self.head.kinds.len(),
            Stage::Indicator => self.at == 0,
            Stage::Text => true,
        };
        self.read.broken = !complete;
        self.read.types = self.head.kinds;
        let executes = matches!(self.form, Form::Execute { .. });
        self.read.cursor = executes && self.first.is_some_and(|flags| flags & CURSOR != 0);
        self.read
    }

    /// Tries to read what stands before the values.
    fn begin(&mut self) {
        let held = std::mem::take(&mut self.held);
        let mut reader = Reader::new(&held);
        let head = match &self.form {
            Form::Query => query(&mut reader, self.charset),
            Form::Execute {
                params,
                types,
                attributes,
                ..
            } => execute(&mut reader, *params, types, *attributes, self.charset),
            Form::Bulk { params, types } => bulk(&mut reader, *params, types, self.charset),
        };
        match head {
            None => {
                self.again = held.len() * 2;
                self.held = held;
            }
            Some(None) => self.stage = Stage::Broken,
            Some(Some(head)) => {
                self.stage = match self.form {
                    Form::Bulk { .. } => Stage::Indicator,
                    _ => Stage::Values,
                };
                self.head = head;
                self.values(reader.rest());
            }
        }
    }

    fn values(&mut self, mut bytes: &[u8]) {
        loop {
            match self.stage {
                Stage::Head | Stage::Broken => return,
                Stage::Text => {
                    self.read.length += bytes.len() as u64;
                    let room = TEXT_MAX.saturating_sub(self.read.text.len());
                    let kept = bytes.get(..room).unwrap_or(bytes);
                    self.read.text.extend_from_slice(kept);
                    return;
                }
                Stage::Indicator => {
                    let Some((indicator, rest)) = bytes.split_first() else {
                        return;
                    };
                    bytes = rest;
                    match indicator {
                        0 => self.stage = Stage::Values,
                        1 => self.add(Value::Null),
                        2 => self.add(Value::Text("DEFAULT".to_owned())),
                        _ => self.add(Value::Text("IGNORE".to_owned())),
                    }
                }
                Stage::Values => {
                    let Some(kind) = self.head.kinds.get(self.at).copied() else {
                        if !matches!(self.form, Form::Query) {
                            return;
                        }
                        self.stage = Stage::Text;
                        continue;
                    };
                    if let Some(value) = self.elsewhere(&kind) {
                        self.add(value);
                        continue;
                    }
                    let keep = PARAMETERS_MAX.saturating_sub(self.read.kept).min(VALUE_MAX);
                    let value = match self.fields.next(kind.shape(), keep.max(8), &mut bytes) {
                        None => return,
                        Some(Field::Null) => Value::Null,
                        Some(Field::Bytes(bytes, length)) => kind.binary(bytes, length),
                    };
                    self.add(value);
                }
            }
        }
    }

    /// A value that does not stand among the others: NULL, or sent ahead in pieces.
    fn elsewhere(&mut self, kind: &Kind) -> Option<Value> {
        if let Form::Execute { long, .. } = &mut self.form {
            let sent = u16::try_from(self.at).ok().and_then(|at| long.remove(&at));
            if let Some(sent) = sent {
                return Some(kind.binary(&sent.kept, sent.length));
            }
        }
        let bits = self.head.nulls.get(self.at / 8).copied();
        let null = bits.is_some_and(|bits| bits >> (self.at % 8) & 1 == 1);
        null.then_some(Value::Null)
    }

    /// The next parameter is this.
    fn add(&mut self, mut value: Value) {
        let bulk = matches!(self.form, Form::Bulk { .. });
        let kind = self.head.kinds.get(self.at);
        let type_name = kind.map_or("", parameter_type).to_owned();
        let name = self.head.names.get(self.at).filter(|name| !name.is_empty());
        if let (Some(name), Value::Text(text) | Value::Cut { text, .. }) = (name, &mut value) {
            text.insert_str(0, &format!("{name}="));
        }
        self.at += 1;
        if bulk {
            self.stage = Stage::Indicator;
            if self.at == self.head.kinds.len() {
                self.at = 0;
            }
        }
        if self.read.kept >= PARAMETERS_MAX {
            self.read.cut = true;
            return;
        }
        self.read.kept += EACH + value.text().map_or(0, str::len);
        self.read.parameters.push(Parameter { type_name, value });
    }
}

/// `None`: more is needed. Within, `None`: it cannot be read.
type Tried = Option<Option<Head>>;

fn query(reader: &mut Reader<'_>, charset: Charset) -> Tried {
    let count = usize::try_from(reader.lenenc()?).ok()?;
    let _sets = reader.lenenc()?;
    let mut head = Head::default();
    if count > 0 {
        if count > usize::from(u16::MAX) {
            return Some(None);
        }
        head.nulls = reader.bytes(count.div_ceil(8))?.to_vec();
        let _types_follow = reader.u8()?;
        types(reader, count, true, charset, &mut head)?;
    }
    Some(Some(head))
}

fn execute(
    reader: &mut Reader<'_>,
    params: usize,
    known: &[Kind],
    attributes: bool,
    charset: Charset,
) -> Tried {
    let flags = reader.u8()?;
    let _iterations = reader.u32()?;
    let mut count = params;
    if attributes && flags & COUNT_AVAILABLE != 0 {
        count = usize::try_from(reader.lenenc()?).ok()?;
    }
    let mut head = Head::default();
    if count == 0 {
        return Some(Some(head));
    }
    if count > usize::from(u16::MAX) {
        return Some(None);
    }
    head.nulls = reader.bytes(count.div_ceil(8))?.to_vec();
    if reader.u8()? == 0 {
        // As when it was executed before.
        head.kinds = known.to_vec();
        return Some((known.len() == count).then_some(head));
    }
    types(reader, count, attributes, charset, &mut head)?;
    // Only what is beyond the statement's own parameters are attributes.
    head.names.iter_mut().take(params).for_each(String::clear);
    Some(Some(head))
}

fn bulk(reader: &mut Reader<'_>, params: usize, known: &[Kind], charset: Charset) -> Tried {
    let flags = reader.u16()?;
    let mut head = Head::default();
    if flags & SENDS_TYPES == 0 {
        head.kinds = known.to_vec();
    } else {
        types(reader, params, false, charset, &mut head)?;
    }
    Some((params > 0 && head.kinds.len() == params).then_some(head))
}

fn types(
    reader: &mut Reader<'_>,
    count: usize,
    named: bool,
    charset: Charset,
    head: &mut Head,
) -> Option<()> {
    for _ in 0..count {
        let code = known(reader.u8()?);
        let unsigned = reader.u8()? & 0x80 != 0;
        head.kinds.push(Kind::of(code, unsigned, charset));
        if named {
            let name = charset.text(reader.string()?, false);
            head.names.push(name.into_owned());
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: impl Fn() -> Form, bytes: &[u8]) -> Read {
        let mut whole = Bound::new(form(), Charset::Utf8);
        whole.push(bytes);
        let whole = whole.end();
        for step in 1..bytes.len() {
            let mut bound = Bound::new(form(), Charset::Utf8);
            bytes.chunks(step).for_each(|part| bound.push(part));
            let pieces = bound.end();
            assert_eq!(pieces.parameters, whole.parameters, "in steps of {step}");
            assert_eq!((&pieces.text, pieces.broken), (&whole.text, whole.broken));
        }
        whole
    }

    fn texts(read: &Read) -> Vec<&str> {
        let values = read.parameters.iter();
        values.map(|p| p.value.text().unwrap_or("NULL")).collect()
    }

    fn execute_form(params: usize, types: &[Kind], attributes: bool) -> Form {
        Form::Execute {
            params,
            types: types.to_vec(),
            attributes,
            long: BTreeMap::new(),
        }
    }

    #[test]
    fn parameters_are_read_with_their_types_or_those_of_before() {
        // flags, iterations, nulls: the second; types follow: int, string, bigint unsigned
        let first =
            b"\0\x01\0\0\0\x02\x01\x03\0\xfd\0\x08\x80\x07\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff";
        let done = read(|| execute_form(3, &[], false), first);
        assert_eq!(texts(&done), ["7", "NULL", "18446744073709551615"]);
        assert_eq!(done.parameters[0].type_name, "int");
        assert!(!done.broken);

        let again = b"\0\x01\0\0\0\x05\0\x05again";
        let done = read(|| execute_form(3, &done.types, false), again);
        assert_eq!(texts(&done), ["NULL", "again", "NULL"]);
        assert!(read(|| execute_form(3, &[], false), again).broken);
        assert!(read(|| execute_form(3, &[], false), &first[..20]).broken);
    }

    #[test]
    fn attributes_have_a_count_and_names() {
        let bytes = b"\x08\x01\0\0\0\x02\0\x01\x03\0\0\xfe\0\x02id\x05\0\0\0\x03xyz";
        let done = read(|| execute_form(1, &[], true), bytes);
        assert_eq!(texts(&done), ["5", "id=xyz"]);

        let bytes = b"\x01\x01\0\x01\xfe\0\x05trace\x02abselect 1";
        let done = read(|| Form::Query, bytes);
        assert_eq!(texts(&done), ["trace=ab"]);
        assert_eq!((&*done.text, done.length), (&b"select 1"[..], 8));
        let done = read(|| Form::Query, b"\0\x01select 2");
        assert_eq!(done.text, b"select 2");
        assert!(done.parameters.is_empty() && !done.broken);
    }

    #[test]
    fn a_bulk_has_an_indicator_before_each_value() {
        let bytes = b"\x80\0\x03\0\xfd\0\0\x01\0\0\0\0\x01a\0\x02\0\0\0\x01\x02\x03";
        let form = || Form::Bulk {
            params: 2,
            types: Vec::new(),
        };
        let done = read(form, bytes);
        assert_eq!(texts(&done), ["1", "a", "2", "NULL", "DEFAULT", "IGNORE"]);
        assert!(!done.broken);
        assert!(read(form, &bytes[..bytes.len() - 1]).broken);
    }

    #[test]
    fn parameters_sent_ahead_are_absent_from_the_values() {
        let form = || Form::Execute {
            params: 2,
            types: Vec::new(),
            attributes: false,
            long: BTreeMap::from([(
                0,
                Long {
                    kept: b"long".to_vec(),
                    length: 4,
                },
            )]),
        };
        let done = read(form, b"\0\x01\0\0\0\0\x01\xfc\0\x03\0\x09\0\0\0");
        assert_eq!(texts(&done), ["long", "9"]);
    }

    #[test]
    fn all_parameters_together_are_bounded() {
        let mut bytes = b"\x80\0\xfc\0".to_vec();
        for _ in 0..5 {
            bytes.extend(b"\0\xfd\0\0\x08");
            bytes.extend(vec![b'x'; 0x8_0000]);
        }
        let form = Form::Bulk {
            params: 1,
            types: Vec::new(),
        };
        let mut bound = Bound::new(form, Charset::Utf8);
        bound.push(&bytes);
        let done = bound.end();
        assert!(done.cut && !done.broken);
        let kept: usize = texts(&done).iter().map(|text| text.len()).sum();
        assert!(kept <= PARAMETERS_MAX);
    }
}
