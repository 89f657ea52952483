//! What the name of a column says: secret, or personal. In several languages.

use crate::mask::bytes::Fnv;
use crate::mask::names::{Named, Strength, judge};
use crate::mask::own::{Column, Personal};
use crate::mask::span::Class;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// Names of columns, keys and labels that hold personal data, by its kind; what `rules/national.txt`
/// names is a column's name too.
const PERSONAL_NAMES: &str = include_str!("../rules/personal.txt");

/// Names of columns that hold a secret which only a table's column calls so: in a line of another kind
/// they would say too little.
const SECRET_NAMES: &str = include_str!("../rules/columns.txt");

/// Last words of a column's name that say enough, whatever stands before them.
const LAST_WORDS: &[(Personal, &str)] = &[
    (Personal::Email, "email courriel"),
    (
        Personal::Phone,
        "phone mobile telephone telefono telefone telefon telefoon celular handynummer mobilnummer msisdn",
    ),
    (Personal::Account, "iban"),
    (Personal::Card, "cvv cvc"),
    (
        Personal::Passport,
        "passport pasaporte passeport passaporte passaporto reisepass",
    ),
    (
        Personal::BirthDate,
        "dob birthdate birthday geburtsdatum nacimiento naissance",
    ),
    (
        Personal::NationalId,
        "ssn aadhaar cpf dni nif pan bsn pesel cuit cuil curp rut nir nino snils cedula",
    ),
    (
        Personal::Name,
        "surname nachname vorname apellido apellidos prenom cognome sobrenome voornaam achternaam",
    ),
    (
        Personal::Address,
        "address direccion endereco indirizzo anschrift",
    ),
];

/// Words that a personal column's name may have beside the one that decides: whose or which it is.
const BESIDE: &str = "
    movil mobil mobile fijo casa trabajo privat privado private particular home work office dienst contacto contact
    primary principal secondary alt cliente client customer kunde paciente patient patienten user usuario persona
    person employee emp empleado mitarbeiter titular fiscal personal portable";

/// Words of a name that say only that a number follows.
const NUMBERS: &str = "
    number num no nr nro numero nummer numer nomor nomer cislo stevilka szam broj numarasi numara de del da do du der
    номер";

/// Words between two things that one column holds.
const JOINTS: &[&[u8]] = &[b"and", b"und", b"et", b"og", b"och", b"oraz", b"ve"];

/// Words before `address` that make it a machine's.
const MACHINES: &str =
    "ip mac memory server host client local remote peer listen bind net source destination";

/// What the names of columns say: those of rec's owner first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    pub own: Vec<Column>,
}

/// The judge where no owner's columns are asked for.
pub(crate) static RECS_OWN: Judge = Judge { own: Vec::new() };

impl Judge {
    /// What a column of this name is.
    pub(crate) fn column(&self, name: &[u8]) -> Option<Named> {
        self.column_of(name, b"", b"")
    }

    /// The same where its table and type are known too; empty when they are not.
    pub(crate) fn column_of(&self, name: &[u8], table: &[u8], kind: &[u8]) -> Option<Named> {
        let own = self
            .own
            .iter()
            .find(|c| c.matches(name.trim_ascii(), table, kind));
        match own {
            Some(column) => column
                .class
                .map(|class| Named::secret(Strength::Strong, class)),
            None => judge_column(name),
        }
    }
}

/// Judges a column's name: secret, or personal.
fn judge_column(name: &[u8]) -> Option<Named> {
    let name = name.trim_ascii();
    // `Condition to pass`: a verb.
    if name.len() > 64 || name.ends_with(b" to pass") {
        return None;
    }
    let named = judge(name);
    if named.is_some_and(|n| n.strength > Strength::Weak) {
        return named;
    }
    listed(name).or(named)
}

/// Names of secret columns, and whether each is a keyword.
fn secret_names() -> impl Iterator<Item = (&'static str, bool)> {
    let lines = SECRET_NAMES.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| {
        let held = line.strip_prefix("= ");
        let names = held.unwrap_or(line).split_ascii_whitespace();
        names.map(move |name| (name, held.is_none()))
    })
}

/// What a column of this name holds that the lists know: personal data, mostly. Of middling strength
/// where the name can mean other things too: then what stands below must look like it.
pub(super) fn listed(name: &[u8]) -> Option<Named> {
    let known = |text: &[u8]| all().get(text).copied();
    let words = words(name);
    let joined = words.concat();
    if let Some(named) = known(&joined) {
        return Some(named);
    }
    // `phone_2`, `telefono1`
    let end = joined
        .iter()
        .rposition(|c| !c.is_ascii_digit())
        .map_or(0, |n| n + 1);
    let counted = joined.get(..end).unwrap_or_default();
    if joined.len() - end == 1
        && let Some(named) = known(counted)
    {
        return Some(named);
    }
    // `customer_email`, `billing_iban`, `home_phone`: the last one or two words decide.
    let (last, lead) = words.split_last()?;
    let before = lead.last().map_or(&[][..], Vec::as_slice);
    let lists = lists();
    if let Some(named) = known(&[before, last.as_slice()].concat()) {
        return Some(named);
    }
    if let Some(kind) = last_words().get(last.as_slice()) {
        let machine = lists.machines.contains(before);
        return (!machine).then(|| Named::personal(*kind));
    }
    // `name_and_email`
    if words.len() > 2
        && let Some(joint) = words.iter().position(|w| JOINTS.contains(&w.as_slice()))
        && joint > 0
    {
        let first = words.get(..joint).unwrap_or_default().join(&b'_');
        return listed(&first);
    }
    // `numero_de_pasaporte_cliente`: what is left without whose it is and that it is a number.
    let is_number = |word: &Vec<u8>| lists.numbers.contains(word.as_slice());
    let telling = |word: &&Vec<u8>| !lists.beside.contains(word.as_slice()) && !is_number(word);
    let core: Vec<u8> = words.iter().filter(telling).flatten().copied().collect();
    if core.len() < 2 || core.len() == joined.len() {
        return None;
    }
    let numbered = words.iter().any(is_number);
    known(&core).filter(|named| match named.kind {
        Personal::NationalId | Personal::Passport | Personal::Phone => true,
        Personal::Account | Personal::Card | Personal::Other => numbered,
        Personal::Name | Personal::BirthDate => !numbered && named.strength == Strength::Strong,
        Personal::Email | Personal::Address => false,
    })
}

/// The words of a name in lower case, without accents: at signs and blanks, and where a capital
/// follows a small letter.
pub(super) fn words(name: &[u8]) -> Vec<Vec<u8>> {
    let mut humps = Vec::with_capacity(name.len() + 4);
    for (i, c) in name.iter().enumerate() {
        let small = i.checked_sub(1).and_then(|i| name.get(i));
        if c.is_ascii_uppercase() && small.is_some_and(u8::is_ascii_lowercase) {
            humps.push(b'_');
        }
        humps.push(*c);
    }
    // Letters of other scripts are bytes above ASCII.
    let word = |c: &u8| c.is_ascii_alphanumeric() || *c >= 0x80;
    let plain = plain_letters(&humps);
    let parts = plain.split(|c| matches!(c, b'_' | b' ' | b'-' | b'.'));
    let parts = parts.map(|part| part.iter().copied().filter(word).collect::<Vec<u8>>());
    parts.filter(|part| !part.is_empty()).collect()
}

/// What names a person or their address beside a column that is surely one of their names or
/// addresses: the columns of a table whose own names say too little.
pub(super) fn beside(named: &mut [Option<Named>], names: &[&[u8]]) {
    const FIRST: &str = "
        nombre name nome nom naam navn namn nimi nev jmeno ime first last middle initials imie";
    const PLACE: &str = "
        zip plz cp cap postal city town ciudad ville ort stadt wohnort citta cidade miasto stad plaats by kommune poststed
        gemeinde localidad municipio poblacion mesto obec varos oras sehir kaupunki город місто 市 城市 도시";
    let has = |named: &[Option<Named>], kind| {
        let mut named = named.iter().zip(names);
        named.any(|(n, name)| {
            n.is_some_and(|n| n.class == Class::Personal && n.kind == kind)
                && !matches!(words(name).concat().as_slice(), b"address" | b"addr")
        })
    };
    for (kind, list) in [(Personal::Name, FIRST), (Personal::Address, PLACE)] {
        if !has(named, kind) {
            continue;
        }
        for (named, name) in named.iter_mut().zip(names) {
            let joined = words(name).concat();
            let listed = list
                .split_ascii_whitespace()
                .any(|w| joined == w.as_bytes());
            if listed && named.is_none() {
                *named = Some(Named::personal(kind));
            }
        }
    }
}

/// Takes a column `pin` for a person's where another tells whose: those of a board and a parcel stand
/// beside other names.
pub(super) fn pins(named: &mut [Option<Named>], names: &[&[u8]]) {
    const WHOSE: &str = "
        badge badgeid badgeno card cardid cardno cardholder login user username userid employee employeeid
        employeeno staff staffid member memberid extension ext mailbox operator holder owner account accountid
        personnel personnelno mitarbeiter benutzer usuario utilisateur utente";
    let is = |name: &[u8], list: &str| {
        let joined = words(name).concat();
        list.split_ascii_whitespace()
            .any(|w| joined == w.as_bytes())
    };
    if !names.iter().any(|name| is(name, WHOSE)) {
        return;
    }
    for (named, name) in named.iter_mut().zip(names) {
        if is(name, "pin pincode codepin pinhash") {
            *named = Some(Named::secret(Strength::Strong, Class::Password));
        }
    }
}

/// Takes the `token` of a text's parser for none: what `ts_parse` and `ts_debug` of PostgreSQL tell
/// beside it says that it is a word of a text.
pub(crate) fn words_of_texts(named: &mut [Option<Named>], names: &[&[u8]]) {
    let has = |name: &[u8]| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    if !(has(b"tokid") || has(b"lexemes") || has(b"dictionaries") && has(b"alias")) {
        return;
    }
    for (named, name) in named.iter_mut().zip(names) {
        // What its owner says of a column is said strongly.
        if name.eq_ignore_ascii_case(b"token")
            && named.is_some_and(|named| named.strength < Strength::Strong)
        {
            *named = None;
        }
    }
}

/// Kinds, names, and whether each can mean other things too.
fn rows() -> impl Iterator<Item = (Personal, &'static str, bool)> {
    let lines = PERSONAL_NAMES.lines().filter(|line| !line.starts_with('#'));
    let split = lines.filter_map(|line| line.split_once(" : "));
    let own = split.flat_map(|(kind, names)| {
        let kind = Personal::ALL.into_iter().find(|k| k.word() == kind);
        kind.into_iter()
            .flat_map(|kind| names.split_ascii_whitespace().map(move |name| (kind, name)))
    });
    let own = own.map(|(kind, name)| {
        let bare = name.strip_suffix('?');
        (kind, bare.unwrap_or(name), bare.is_some())
    });
    own.chain(crate::mask::national::columns())
}

/// The names as they may be written, for the prefilter.
pub(crate) fn keywords() -> impl Iterator<Item = String> {
    let own = PERSONAL_NAMES.lines().filter(|line| !line.starts_with('#'));
    let own = own.filter_map(|line| line.split_once(" : "));
    let names = own.flat_map(|(_, names)| names.split_ascii_whitespace());
    // What is asked for by no name may be anything.
    let secrets = secret_names().filter_map(|(name, keyword)| keyword.then_some(name));
    let names = names.chain(secrets).chain(["select * "]);
    names.flat_map(|name| {
        let spelled = name.trim_end_matches('?');
        let joined = spelled.contains('_').then(|| spelled.replace('_', ""));
        [Some(spelled.to_owned()), joined].into_iter().flatten()
    })
}

/// A name's letters and digits, and what it says.
type Listed<T> = HashMap<Vec<u8>, T, Fnv>;

/// Lists of words, for looking them up: the names of all that a statement names are.
struct Lists {
    beside: HashSet<&'static [u8], Fnv>,
    numbers: HashSet<&'static [u8], Fnv>,
    machines: HashSet<&'static [u8], Fnv>,
}

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    let set = |list: &'static str| list.split_ascii_whitespace().map(str::as_bytes).collect();
    LISTS.get_or_init(|| Lists {
        beside: set(BESIDE),
        numbers: set(NUMBERS),
        machines: set(MACHINES),
    })
}

fn all() -> &'static Listed<Named> {
    static ALL: OnceLock<Listed<Named>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Listed::default();
        for (kind, name, weak) in rows() {
            let mut named = Named::personal(kind);
            if weak {
                named.strength = Strength::Medium;
            }
            all.entry(joined(name)).or_insert(named);
        }
        for (name, _) in secret_names() {
            let named = Named::secret(Strength::Strong, Class::Password);
            all.entry(joined(name)).or_insert(named);
        }
        all
    })
}

/// The letters and digits of a name in a list: mostly they need no look at each.
fn joined(name: &str) -> Vec<u8> {
    let plain = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'_';
    if !name.bytes().all(|c| plain(&c)) {
        return words(name.as_bytes()).concat();
    }
    name.bytes().filter(|c| *c != b'_').collect()
}

fn last_words() -> &'static Listed<Personal> {
    static LAST: OnceLock<Listed<Personal>> = OnceLock::new();
    LAST.get_or_init(|| {
        let rows = LAST_WORDS.iter().flat_map(|(kind, words)| {
            let words = words.split_ascii_whitespace();
            words.map(|word| (word.as_bytes().to_vec(), *kind))
        });
        rows.collect()
    })
}

/// `name` with accents taken off its letters.
fn plain_letters(name: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(name);
    let plain = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'ů' => 'u',
        'ç' | 'č' | 'ć' => 'c',
        'ñ' | 'ń' => 'n',
        'ś' | 'š' => 's',
        'ł' => 'l',
        'ž' | 'ź' | 'ż' => 'z',
        'ý' => 'y',
        _ => c,
    };
    text.to_lowercase()
        .chars()
        .map(plain)
        .collect::<String>()
        .into_bytes()
}

/// Words of personal columns, for the prefilter.
pub(crate) const TRIGGERS: &str = "
    columnnames keynames email mail phone mobile ssn social_sec birth dob iban account_n accountn routing card cvv cvc passport surname
    first_name last_name firstname lastname full_name fullname address street postal national_id aadhaar aadhar cpf pesel dni pan_ codice
    nombre apellid nacimiento naissance geboorte achternaam voornaam imie nazwisko urodz familiya imya_ otchestvo soyad
    dogum kimlik cognome nascita sobrenome nascimento postleitzahl anschrift personalausweis rijksregister snils
    ulica straat endereço logradouro cellulare rekeningnummer shenfenzheng shouji dianhua dizhi xingming denwa jusho
    seinengappi shimei фамилия имя телефон адрес паспорт снилс рожд почта 姓名 电话 手机 身份证 地址 邮箱 出生 生日 护照
    氏名 住所 電話 生年月日 マイナンバー prenom  nomprenom jmeno prijmeni fornavn efternavn fornamn efternamn
    syntyma telefoon kontoinhaber nom_famille nom_usage fecha_nac fec_nac nr_tel telefonu data_nasc titulaire titular_ intestatario 電話番号 手机号 cellular
    steuer security_code telefon correo teléfono telefone adresse dirección endereço prénom numéro geburt nachname vorname tax_id taxid nhs_ license_n driver_lic driving medicare personnummer family_name given_name maiden cardholder nino holder_name sort_code postcode";
