//! Result tables: columns whose header says that what stands below is secret or personal.
//!
//! psql aligned, expanded and unaligned, mysql boxed and `\G`, CSV and TSV, underlined columns
//! (sqlcmd, sqlplus), box drawing (DuckDB, ClickHouse), COPY blocks. A header opens a table, a
//! line that cannot be a row closes it.

use super::bytes::{at, cut, trim};
use super::names::{Named, Strength, judge};
use super::span::{Class, RuleId, Span};
use super::value::{is_plain_number, is_random, is_type};

const RULE: RuleId = RuleId::new("column");
const PERSONAL: RuleId = RuleId::new("personal-column");

/// A longer line is no header.
const HEADER_MAX: usize = 8 << 10;
/// More columns are not looked at.
const COLUMNS_MAX: usize = 512;

/// Names of columns that hold personal data, letters and digits only.
const PERSONAL_NAMES: &str = "
    email emailaddress mail mailaddress correo correoelectronico courriel epost eposta
    phone phonenumber phoneno mobile mobilenumber mobileno mobilephone cell cellphone tel telephone telefon telefono telefone
    telephonenumber handy msisdn homephone workphone fax faxnumber celular movil portable numtel telnr
    ssn socialsecuritynumber socialsecurity socialsecurityno sin socialinsurancenumber nino nationalinsurance nationalinsurancenumber
    nationalid nationalidnumber nationalidentifier personalid personnummer personalnumber personalcode cpf cnpj rg curp rfc dni nie nif cif
    pesel nip regon aadhaar aadhar aadhaarnumber aadhaarno pan panno pannumber codicefiscale codfiscale fiscalcode bsn burgerservicenummer steuerid steuernummer
    svnr ahv ahvnummer avs nir insee numsecu numerosecu taxid taxnumber taxidnumber tin itin ein vatid medicare medicareno nhs nhsnumber nhsno hkid
    mynumber rrn residentregistrationnumber idcard idcardnumber idnumber idcardno citizenid cnic nik nric fin egn cnp jmbg oib emso rodnecislo isikukood henkilotunnus hetu cpr cprnummer fodselsnummer kennitala tckimlik tckn
    passport passportnumber passportno passportnum passnummer reisepass pasaporte numeropasaporte driverlicense driverslicense driverlicence drivinglicence drivinglicense driverslicensenumber licensenumber dlnumber licenseno
    dob dateofbirth birthdate birthday birthdt bdate birth geburtsdatum geburtstag fechanacimiento fechadenacimiento datenaissance datedenaissance ddn datanascimento datadinascita datanascita geboortedatum dataurodzenia syntymaaika fodelsedatum yob placeofbirth birthplace
    iban bankaccount bankaccountnumber accountiban bankaccountno routingnumber abanumber sortcode bic bankacct acctnumber accountnumber accountno kontonummer numerocuenta clabe
    card cardnumber cardno cardnum ccnumber ccnum ccno ccn creditcard creditcardnumber creditcardno debitcard cardpan paymentcard kreditkarte kartennummer numerotarjeta tarjeta cartebancaire
    cvv cvc cvv2 cvc2 cid cardcvv cardcvc cvvcode securitycode cardsecuritycode csc cvn cardexpiry cardexp cardpin pinblock track1 track2 trackdata
    firstname lastname middlename fname lname surname familyname givenname maidenname forename mothermaidenname mothersmaidenname vorname nachname familienname nombre apellido apellidos prenom nomdefamille cognome sobrenome imie nazwisko cardholder cardholdername holdername accountholder fullname legalname patientname customername contactname
    address street streetaddress address1 address2 addressline1 addressline2 addr addr1 addr2 homeaddress postaladdress shippingaddress billingaddress mailingaddress strasse adresse direccion endereco indirizzo adres domicilio residentialaddress postcode zipcode postalcode zip plz
    mrn medicalrecordnumber patientid healthid insurancenumber insuranceno policyholder beneficiary diagnosis vin licenseplate plateno platenumber numberplate
    salary gender religion ethnicity bloodtype biometric fingerprinttemplate geolocation latlong";

/// Judges a column's name: secret, or personal.
pub(crate) fn judge_column(name: &[u8]) -> Option<Named> {
    let name = name.trim_ascii();
    if name.len() > 64 {
        return None;
    }
    let named = judge(name);
    if named.is_some_and(|n| n.strength > Strength::Weak) {
        return named;
    }
    if is_personal(name) {
        return Some(Named {
            strength: Strength::Strong,
            class: Class::Personal,
        });
    }
    named
}

/// Whether `name` is that of personal data.
pub(crate) fn is_personal(name: &[u8]) -> bool {
    use std::collections::HashSet;
    use std::sync::OnceLock;
    static NAMES: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let skipped = [
            "salary",
            "gender",
            "religion",
            "ethnicity",
            "zip",
            "cid",
            "fin",
            "rg",
            "sin",
            "tin",
            "nik",
            "card",
            "birth",
            "cell",
            "portable",
            "handy",
            "diagnosis",
            "nombre",
            "customername",
            "plz",
            "nip",
            "vin",
            "addr",
            "cif",
            "mail",
            "mobile",
            "cpr",
            "nir",
            "nif",
        ];
        PERSONAL_NAMES
            .split_ascii_whitespace()
            .filter(|n| !skipped.contains(n))
            .collect()
    });
    let word = |c: &u8| {
        if c.is_ascii_alphanumeric() {
            Some(c.to_ascii_lowercase())
        } else {
            None
        }
    };
    let joined: Vec<u8> = name.iter().filter_map(word).collect();
    let known = |text: &[u8]| std::str::from_utf8(text).is_ok_and(|t| names.contains(t));
    if known(&joined) {
        return true;
    }
    // `customer_email`, `billing_iban`, `home_phone`: the last one or two words decide.
    let mut parts = name
        .split(|c| matches!(c, b'_' | b' ' | b'-' | b'.'))
        .rev()
        .filter(|p| !p.is_empty());
    let (last, before) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let last: Vec<u8> = last.iter().filter_map(word).collect();
    let two: Vec<u8> = before
        .iter()
        .filter_map(word)
        .chain(last.iter().copied())
        .collect();
    known(&two)
        || matches!(last.as_slice(), b"email" | b"phone" | b"iban" | b"ssn" | b"dob" | b"cvv" | b"cvc" | b"passport" | b"aadhaar" | b"cpf" | b"surname" | b"birthdate" | b"birthday" | b"mobile" | b"telephone" | b"dni" | b"nif" | b"pan" | b"address" if !matches!(before, b"ip" | b"mac" | b"memory" | b"server" | b"host" | b"client" | b"local" | b"remote" | b"peer" | b"listen" | b"bind" | b"net" | b"IP" | b"client_net" | b"source" | b"destination"))
}

/// Words of personal columns, for the prefilter.
pub(crate) const TRIGGERS: &str = "
    email mail phone mobile ssn social_sec birth dob iban account_n accountn routing card cvv cvc passport surname
    first_name last_name firstname lastname full_name fullname address street postal national_id aadhaar aadhar cpf pesel dni pan_ codice
    steuer security_code telefon correo geburt nachname vorname tax_id taxid nhs_ license_n driver_lic driving medicare personnummer family_name given_name maiden cardholder nino holder_name sort_code postcode";

/// Which table the lines belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    table: Option<Table>,
    /// The line before, when it could be a header whose underline is still to come.
    header: Vec<u8>,
    /// A mysql or box border stood on the line before.
    border: bool,
    /// In expanded or vertical output.
    vertical: bool,
    /// The secret value of an expanded row may go on in the next line.
    open: Option<Class>,
}

#[derive(Clone, Debug)]
struct Table {
    cut: Cut,
    /// For each column what it is.
    names: Vec<Option<Named>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cut {
    /// By `|` or `│`, first and last column open (psql).
    Bars,
    /// By bars that also stand outside (mysql, boxes).
    Boxed,
    /// By one delimiter.
    By(u8),
    /// By position, in characters.
    At(Vec<(usize, usize)>),
}

impl Columns {
    pub(crate) fn is_idle(&self) -> bool {
        self.table.is_none()
            && self.header.is_empty()
            && !self.border
            && !self.vertical
            && self.open.is_none()
    }

    /// A table may open in this line: something in it is judged, or it draws a border.
    pub(crate) fn line(&mut self, line: &[u8], woken: bool, spans: &mut Vec<Span>) {
        let text = line.trim_ascii();
        let header = std::mem::take(&mut self.header);
        let border = std::mem::take(&mut self.border);
        if is_border(text) {
            self.border = true;
            // ClickHouse writes the names into the border.
            if woken && text.starts_with("┌".as_bytes()) {
                self.open_table(Cut::Boxed, names_in_border(text));
            }
            return;
        }
        if is_underline(text) {
            if !header.is_empty() {
                self.underlined(&header, line);
            }
            return;
        }
        if text.starts_with(b"-[ RECORD")
            || text.starts_with(b"* Record")
            || text.starts_with(b"*****") && super::bytes::contains(text, b". row")
            || text.starts_with("─[ RECORD".as_bytes())
        {
            self.vertical = true;
            self.open = None;
            self.table = None;
            return;
        }
        if let Some(table) = self.table.take()
            && row(line, &table, spans)
        {
            self.table = Some(table);
            return;
        }
        if self.vertical {
            if self.vertical_row(line, spans) {
                return;
            }
            self.vertical = false;
            self.open = None;
        }
        if woken {
            self.candidate(line, border);
            if self.table.is_none() && expanded_row(line, spans).is_some() {
                self.vertical = true;
            }
        }
    }

    fn open_table(&mut self, cut: Cut, names: Vec<Option<Named>>) {
        if names.iter().any(Option::is_some) {
            self.table = Some(Table { cut, names });
        }
    }

    /// `line` may be a header.
    fn candidate(&mut self, line: &[u8], border: bool) {
        let text = line.trim_ascii();
        let boxed = text.starts_with(b"|") || text.starts_with("│".as_bytes());
        if boxed && (border || text.ends_with(b"|") || text.ends_with("│".as_bytes())) {
            let names = cells(line, &Cut::Boxed)
                .into_iter()
                .map(|(a, b)| judge_column(cut(line, a, b)));
            self.open_table(Cut::Boxed, names.collect());
            return;
        }
        if super::bytes::contains(text, b"copy ") && super::bytes::contains(text, b"stdin") {
            if let (Some(open), Some(close)) =
                (memchr::memchr(b'(', text), memchr::memchr(b')', text))
            {
                let names = cut(text, open + 1, close).split(|c| *c == b',');
                self.open_table(
                    Cut::By(b'\t'),
                    names.map(|n| judge_column(n.trim_ascii())).collect(),
                );
            }
            return;
        }
        // Names of columns hold none of these; statements and log lines do.
        if line.len() > HEADER_MAX
            || text
                .iter()
                .any(|c| matches!(c, b'=' | b'\'' | b'<' | b'>' | b'{' | b'$'))
        {
            return;
        }
        self.header = line.to_vec();
        for delimiter in [b',', b'|', b'\t', b';'] {
            let cut_by = Cut::By(delimiter);
            let cells = cells(line, &cut_by);
            if cells.len() < 2
                || !cells
                    .iter()
                    .all(|(a, b)| is_column_name(cut(line, *a, *b), delimiter))
            {
                continue;
            }
            let names: Vec<_> = cells
                .iter()
                .map(|(a, b)| {
                    judge_column(cut(line, *a, *b)).filter(|n| n.strength > Strength::Weak)
                })
                .collect();
            if names.iter().any(Option::is_some) {
                self.open_table(cut_by, names);
                break;
            }
        }
    }

    /// `header` stands above an underline.
    fn underlined(&mut self, header: &[u8], underline: &[u8]) {
        let text = underline.trim_ascii();
        let bars = text.iter().any(|c| matches!(c, b'+' | b'|'))
            || super::bytes::contains(text, "┼".as_bytes());
        let style = if bars && header.trim_ascii().starts_with(b"|") {
            Cut::Boxed
        } else if bars {
            Cut::Bars
        } else {
            let runs = runs(underline);
            if runs.len() < 2 {
                Cut::At(vec![(0, usize::MAX)])
            } else {
                Cut::At(runs)
            }
        };
        let names = cells(header, &style)
            .into_iter()
            .map(|(a, b)| judge_column(cut(header, a, b)));
        let names: Vec<_> = names.collect();
        self.table = None;
        self.open_table(style, names);
    }

    /// A row of expanded or vertical output; false when it is none.
    fn vertical_row(&mut self, line: &[u8], spans: &mut Vec<Span>) -> bool {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"(") {
            return false;
        }
        if let Some(class) = expanded_row(line, spans) {
            self.open = class;
            return true;
        }
        if let Some(bar) = memchr::memchr(b'|', line) {
            if cut(line, 0, bar).trim_ascii().is_empty() {
                if let Some(class) = self.open {
                    push(line, bar + 1, line.len(), class, spans);
                }
                return true;
            }
            self.open = None;
            return true;
        }
        // mysql \G: `name: value`
        if let Some(colon) = line.windows(2).position(|w| w == b": ") {
            let name = cut(line, 0, colon).trim_ascii();
            if !name.contains(&b' ') {
                if let Some(named) = judge_column(name)
                    && wanted(cut(line, colon + 2, line.len()), named)
                {
                    push(line, colon + 2, line.len(), named.class, spans);
                }
                return true;
            }
        }
        line.ends_with(b":") && !text.contains(&b' ')
    }
}

/// `name | value` with a name that is judged: its class when it was masked. `None`: no such row.
#[allow(clippy::option_option)]
fn expanded_row(line: &[u8], spans: &mut Vec<Span>) -> Option<Option<Class>> {
    let bar = memchr::memchr(b'|', line).or_else(|| memchr::memmem::find(line, "│".as_bytes()))?;
    let name = cut(line, 0, bar).trim_ascii();
    if name.is_empty()
        || name.contains(&b' ')
        || !is_column_name(name, b'|')
        || at(line, bar.wrapping_sub(1)) != b' '
    {
        return None;
    }
    let value = bar + if at(line, bar) == b'|' { 1 } else { 3 };
    // More bars: a row of several columns, or a \d listing.
    if cut(line, value, line.len()).windows(3).any(|w| w == b" | ") {
        return None;
    }
    let named = judge_column(name)?;
    if !wanted(cut(line, value, line.len()), named) {
        return None;
    }
    push(line, value, line.len(), named.class, spans);
    Some(Some(named.class))
}

/// Whether a cell of this column is to be masked.
fn wanted(cell: &[u8], named: Named) -> bool {
    let cell = cell.trim_ascii();
    if cell.is_empty()
        || matches!(
            cell,
            b"NULL"
                | b"null"
                | b"(null)"
                | b"\\N"
                | b"<null>"
                | b"-"
                | b"t"
                | b"f"
                | b"true"
                | b"false"
        )
        || is_type(cell)
            && cell
                .iter()
                .all(|c| !c.is_ascii_uppercase() && !c.is_ascii_digit() || matches!(c, b'(' | b')'))
    {
        return false;
    }
    if cell.iter().all(|c| matches!(c, b'*' | b'-' | b'=')) {
        return false;
    }
    match named.strength {
        Strength::Strong => true,
        Strength::Medium => !(is_plain_number(cell) && cell.len() < 10),
        Strength::Weak => {
            is_random(cell)
                || named.class == Class::Password && !is_plain_number(cell) && cell.len() >= 4
        }
    }
}

fn push(line: &[u8], start: usize, end: usize, class: Class, spans: &mut Vec<Span>) {
    let (start, mut end) = trim(line, start, end);
    // psql marks a line break in a cell, mysql ends the row.
    if at(line, end.wrapping_sub(1)) == b'+' && at(line, end.wrapping_sub(2)) == b' ' {
        end = trim(line, start, end - 1).1;
    }
    if start < end {
        let rule = if class == Class::Personal {
            PERSONAL
        } else {
            RULE
        };
        spans.push(Span::new(start, end, rule, class).in_cell());
    }
}

/// Masks the secret cells of a row; false when the line is none of the table's.
fn row(line: &[u8], table: &Table, spans: &mut Vec<Span>) -> bool {
    let text = line.trim_ascii();
    if text.is_empty() || text == b"\\." {
        return false;
    }
    if text.starts_with(b"(") && (text.ends_with(b"rows)") || text.ends_with(b"row)")) {
        return false;
    }
    let cells = cells(line, &table.cut);
    let fits = match &table.cut {
        Cut::Boxed => text.starts_with(b"|") || text.starts_with("│".as_bytes()),
        Cut::Bars | Cut::By(_) => cells.len() == table.names.len(),
        Cut::At(columns) => {
            columns.len() > 1 && !is_prompt(text)
                || columns.len() == 1 && (line.starts_with(b" ") || !text.contains(&b' '))
        }
    };
    if !fits {
        return false;
    }
    for ((start, end), named) in cells.iter().zip(&table.names) {
        if let Some(named) = named
            && wanted(cut(line, *start, *end), *named)
        {
            push(line, *start, *end, named.class, spans);
        }
    }
    true
}

fn is_prompt(text: &[u8]) -> bool {
    text.contains(&b'>') && text.starts_with(b"SQL>")
        || text.windows(2).any(|w| matches!(w, b"=>" | b"=#" | b"$ "))
}

/// Where the cells of `line` stand.
fn cells(line: &[u8], style: &Cut) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    match style {
        Cut::Bars | Cut::Boxed => {
            let mut start = 0;
            let mut i = 0;
            while i < line.len() && cells.len() < COLUMNS_MAX {
                let wide = cut(line, i, i + 3) == "│".as_bytes();
                if at(line, i) == b'|' || wide {
                    cells.push((start, i));
                    i += if wide { 3 } else { 1 };
                    start = i;
                } else {
                    i += 1;
                }
            }
            if *style == Cut::Boxed {
                if !cells.is_empty() {
                    cells.remove(0);
                }
                if !cut(line, start, line.len()).trim_ascii().is_empty() {
                    cells.push((start, line.len()));
                }
            } else {
                cells.push((start, line.len()));
            }
        }
        Cut::By(delimiter) => {
            let mut start = 0;
            let mut quoted = false;
            for (i, c) in line.iter().enumerate() {
                if *c == b'"' {
                    quoted = !quoted;
                } else if c == delimiter && !quoted && cells.len() < COLUMNS_MAX {
                    cells.push((start, i));
                    start = i + 1;
                }
            }
            cells.push((start, line.len()));
            for (start, end) in &mut cells {
                if at(line, *start) == b'"' && *end > *start + 1 && at(line, *end - 1) == b'"' {
                    *start += 1;
                    *end -= 1;
                }
            }
        }
        Cut::At(columns) => {
            let byte_of = |chars: usize| {
                let starts = line.iter().enumerate().filter(|(_, c)| **c & 0xC0 != 0x80);
                starts.map(|(i, _)| i).nth(chars).unwrap_or(line.len())
            };
            for (n, (start, end)) in columns.iter().enumerate() {
                let start = byte_of(*start);
                // The last column, and numbers that lean left, may reach beyond the underline.
                let end = if n + 1 == columns.len() {
                    line.len()
                } else {
                    byte_of(*end)
                };
                cells.push((start, end.max(start)));
            }
        }
    }
    cells
}

fn is_column_name(cell: &[u8], delimiter: u8) -> bool {
    let cell = if delimiter == b'|' || delimiter == b'\t' {
        cell
    } else {
        cell.trim_ascii()
    };
    !cell.is_empty()
        && cell.len() < 64
        && (at(cell, 0).is_ascii_alphabetic()
            || matches!(at(cell, 0), b'_' | b'"' | b'#' | b'@')
            || at(cell, 0) >= 0x80)
        && cell.iter().all(|c| {
            c.is_ascii_alphanumeric()
                || matches!(c, b'_' | b'.' | b'-' | b'"' | b'/' | b'#' | b'@')
                || *c == b' ' && delimiter != b'|'
                || *c >= 0x80
        })
        && cell.iter().filter(|c| **c == b' ').count() < 3
}

/// `+----+----+`, `┌──┬──┐`
fn is_border(text: &[u8]) -> bool {
    let ascii = text.starts_with(b"+-") && text.iter().all(|c| matches!(c, b'+' | b'-' | b'='));
    ascii
        || ["┌", "├", "└", "┏", "┡", "╔", "╠", "╞", "┞"]
            .iter()
            .any(|c| text.starts_with(c.as_bytes()))
}

/// `----+----`, `---- ----`, `|---|---|`
fn is_underline(text: &[u8]) -> bool {
    if text.len() < 3 {
        return false;
    }
    let ascii = text
        .iter()
        .all(|c| matches!(c, b'-' | b'+' | b' ' | b'|' | b':' | b'='))
        && text.iter().filter(|c| matches!(c, b'-' | b'=')).count() >= 3;
    ascii
        || text.starts_with("─".as_bytes())
            && std::str::from_utf8(text)
                .is_ok_and(|t| t.chars().all(|c| matches!(c, '─' | '┼' | '+')))
}

/// The runs of dashes of an underline, in characters.
fn runs(line: &[u8]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = None;
    for (i, c) in line.iter().enumerate().chain([(line.len(), &b' ')]) {
        match (c, start) {
            (b'-' | b'=', None) => start = Some(i),
            (b'-' | b'=', Some(_)) | (_, None) => {}
            (_, Some(from)) => {
                runs.push((from, i));
                start = None;
            }
        }
    }
    runs
}

/// The names in ClickHouse's `┌─id─┬─password─┐`.
fn names_in_border(text: &[u8]) -> Vec<Option<Named>> {
    let text = String::from_utf8_lossy(text);
    let names = text.split('┬').map(|part| {
        part.trim_matches(|c: char| matches!(c, '┌' | '┐' | '─' | ' '))
            .to_owned()
    });
    names.map(|name| judge_column(name.as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> Vec<String> {
        let mut columns = Columns::default();
        let mut found = Vec::new();
        for line in text.lines() {
            let mut spans = Vec::new();
            columns.line(line.as_bytes(), true, &mut spans);
            found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
        }
        found
    }

    #[test]
    fn cells_below_a_secret_header_are_found() {
        for (text, cells) in [
            (
                " id | api_key | x\n----+---------+---\n  1 | R64W5P  | a\n  2 | Q7      | b\n(2 rows)\n 3 | no | c",
                vec!["R64W5P", "Q7"],
            ),
            (
                "+----+----------+\n| id | card_cvv |\n+----+----------+\n| 36 | 042      |\n+----+----------+\nplain",
                vec!["042"],
            ),
            (
                "-[ RECORD 1 ]---\nid    | 84\ncvv   | 650\n\ncvv 123",
                vec!["650"],
            ),
            (
                "*************************** 1. row ***************************\n   id: 1\n  dob: 1990-01-02",
                vec!["1990-01-02"],
            ),
            (
                "id,name,signing_secret\n55,web,26jTDE\n\nx,y,z",
                vec!["26jTDE"],
            ),
            ("id|api_key\n22|w6a6ap\n(1 row)", vec!["w6a6ap"]),
            (
                "name       password\n---------- ----------\nbob        hunter2",
                vec!["hunter2"],
            ),
            (
                "┌─id─┬─password─┐\n│  1 │ hunter2  │\n└────┴──────────┘",
                vec!["hunter2"],
            ),
            (
                "│ id │ email │\n├────┼───────┤\n│ 1  │ a@b.c │",
                vec!["a@b.c"],
            ),
            (
                "COPY u (id, password) FROM stdin;\n1\thunter2\n\\.\n2\tx",
                vec!["hunter2"],
            ),
            (" password \n----------\n hunter2\n(1 row)", vec!["hunter2"]),
        ] {
            assert_eq!(masked(text), cells, "{text}");
        }
    }

    #[test]
    fn tables_without_secrets_stay() {
        for text in [
            " Column   | Type | Nullable \n----------+------+---\n password | text | not null\n",
            " password_encryption \n---------------------\n scram-sha-256\n(1 row)",
            "id,name\n1,bob",
            "-[ RECORD 1 ]---\nid | 1\nsha | 6b86b273ff34",
        ] {
            assert_eq!(masked(text), [""; 0], "{text}");
        }
    }
}
