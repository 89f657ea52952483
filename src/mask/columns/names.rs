//! What the name of a column says: secret, or personal. In several languages.

use crate::mask::names::{Named, Strength, judge};
use crate::mask::span::Class;

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
    let name = &plain_letters(name);
    let word = |c: &u8| c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase());
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
    email mail phone mobile ssn social_sec birth dob iban account_n accountn routing card cvv cvc passport surname
    first_name last_name firstname lastname full_name fullname address street postal national_id aadhaar aadhar cpf pesel dni pan_ codice
    steuer security_code telefon correo teléfono telefone adresse dirección endereço prénom numéro geburt nachname vorname tax_id taxid nhs_ license_n driver_lic driving medicare personnummer family_name given_name maiden cardholder nino holder_name sort_code postcode";
