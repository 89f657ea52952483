//! What the name of a column says: secret, or personal. In several languages.

use crate::mask::bytes::Fnv;
use crate::mask::names::{Named, Strength, judge};
use crate::mask::own::{Column, Personal};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Names of columns that hold personal data, letters and digits only, by its kind.
const PERSONAL_NAMES: &[(Personal, &str)] = &[
    (Personal::Email, "
        почта электроннаяпочта 邮箱 电子邮件 メール メールアドレス youxiang email emailaddress mailaddress correo correoelectronico courriel epost eposta useremail contactemail"),
    (Personal::Phone, "
        phone phonenumber phoneno mobilenumber mobileno mobilephone cellphone tel telephone telefon telefono telefone
        mobiel telefoonnummer telefoon telefoonnr gsm gsmnumber telno ceptelefonu nrtelefonu nrtel nrkomorki numeromovil telmovil numeromobile mobilnummer mobil cep komorka numertelefonu numerotelefono cellulare numerodetelephone
        dianhua shouji shoujihao lianxidianhua denwa denwabango telefonnummer rufnr handy
        телефон номертелефона мобильный 电话 手机 手机号 电话号码 電話 電話番号 携帯電話 전화번호
        telephonenumber msisdn homephone workphone fax faxnumber celular movil numtel telnr handynummer rufnummer"),
    (Personal::NationalId, "
        ssn socialsecuritynumber socialsecurity socialsecurityno socialinsurancenumber nino nationalinsurance
        nationalinsurancenumber nationalid nationalidnumber nationalidentifier personalid personnummer personalnumber
        personalcode cpf cnpj curp rfc dni nie pesel regon aadhaar aadhar aadhaarnumber aadhaarno pan panno pannumber
        codicefiscale codfiscale fiscalcode bsn burgerservicenummer steuerid steuernummer svnr ahv ahvnummer avs insee
        numsecu numerosecu taxid taxnumber taxidnumber itin ein vatid medicare medicareno nhs nhsnumber nhsno hkid
        mynumber rrn residentregistrationnumber idcard idcardnumber idnumber idcardno citizenid cnic nric egn cnp jmbg
        oib emso rodnecislo isikukood henkilotunnus hetu cprnummer fodselsnummer kennitala tckimlik tckn ssnlast4
        snils снилс inn инн паспортныеданные rijksregisternummer rijksregister insz niss numeroregistrenational shenfenzheng
        shenfenzhenghao 身份证 身份证号 身份证号码 マイナンバー kojinbango 주민등록번호 ppsn pps nie nif dninie numerodni
        tckimlik kimlikno tcno numerosecuritesociale numerodesecuritesociale nss numidentidad cedulaidentidad ine
        svnummer sozialversicherungsnummer personalausweis ausweisnummer personalausweisnummer ahvnr numeroavs
        numerpesel nip dowodosobisty numerdowodu rg tituloeleitor matricule cartaidentita numerocartaidentita
        identiteitskaart rijbewijs nummerrijbewijs sehirkimlik idno identitynumber governmentid govid
        driverlicense driverslicense driverlicence drivinglicence drivinglicense driverslicensenumber licensenumber
        dlnumber licenseno fuehrerschein rutnumber cedula cuit cuil"),
    (Personal::Passport, "
        паспорт номерпаспорта passaporto numeropassaporto paspoort paspoortnummer paszport numerpaszportu pasaport
        pasaportno huzhao huzhaohao 护照 护照号码 パスポート ryokenbango passaporte
        passport passportnumber passportno passportnum passnummer reisepass pasaporte numeropasaporte passeport"),
    (Personal::BirthDate, "
        dob dateofbirth birthdate birthday birthdt bdate geburtsdatum geburtstag fechanacimiento fechadenacimiento
        datenaissance datedenaissance ddn datanascimento datadinascita datanascita geboortedatum dataurodzenia
        dogumtarihi dogumgunu dogumyeri geboortedag geborteplaats geboorteplaats rojstnidatum datanaşterii
        fechanac fecnac fechadenac datanasc datadenascimento dtnascimento narozeni dataur datumnarozeni fodselsdato fødselsdato fodelsedag shengri chushengriqi 生日 出生日期 生年月日 seinengappi tanjobi
        датарождения деньрождения dataroj lieunaissance lieudenaissance lugarnacimiento luogonascita datanasterii
        syntymaaika fodelsedatum yob placeofbirth birthplace"),
    (Personal::Account, "
        iban bankaccount bankaccountnumber accountiban bankaccountno routingnumber abanumber sortcode bic bankacct
        rekeningnummer numerokonta nrkonta conta contabancaria numeroconta compteiban numerocompte hesapno schet
        расчетныйсчет yinhangzhanghao yinhangka 银行卡号 银行账号 koza kozabango 口座番号
        acctnumber accountnumber accountno kontonummer numerocuenta clabe"),
    (Personal::Card, "
        cardnumber cardno cardnum ccnumber ccnum ccno ccn creditcard creditcardnumber creditcardno debitcard cardpan
        paymentcard kreditkarte kartennummer numerotarjeta tarjeta cartebancaire
        cvv cvc cvv2 cvc2 cardcvv cardcvc cvvcode securitycode cardsecuritycode csc cvn cardexpiry cardexp cardpin
        pinblock track1 track2 trackdata"),
    (Personal::Name, "
        firstname lastname middlename fname lname surname familyname givenname maidenname forename mothermaidenname
        mothersmaidenname vorname nachname familienname apellido apellidos prenom nomdefamille cognome sobrenome imie
        nazwisko achternaam voornaam tussenvoegsel roepnaam primernombre segundonombre primerapellido segundoapellido
        apellidopaterno apellidomaterno nombrecompleto nomecompleto ultimonome nomecognome nomprenom nomnaissance
        familiya imya otchestvo fio фамилия имя отчество фио soyad soyadi soyisim adsoyad adisoyadi jmeno prijmeni
        xingming xing mingzi 姓名 姓 名字 shimei sei mei namae 氏名 名前 kanji 이름 성명 etternavn fornavn efternamn
        fornamn efternavn sukunimi etunimi keresztnev vezeteknev ime prezime rodnepriezvisko
        cardholder cardholdername holdername accountholder nomfamille nomusage nomepouse nomnaissance kontoinhaber kontoinhaberin kontoinh titulaire
        titularcuenta intestatario rekeninghouder nombretitular nometitolare inhaber posiadacz fullname legalname patientname contactname"),
    (Personal::Address, "
        address street streetaddress address1 address2 addressline1 addressline2 addr1 addr2 homeaddress postaladdress
        shippingaddress billingaddress mailingaddress strasse adresse direccion endereco indirizzo adres domicilio
        rua logradouro bairro endereço calle domicilio codigopostal codepostal plz postleitzahl cap postnummer straat
        straatnaam huisnummer woonadres ulica kodpocztowy adreszamieszkania adresa ulitsa adres1 sokak mahalle ilce
        dizhi zhuzhi 地址 住址 住所 jusho juusho yubinbango 郵便番号 адрес улица почтовыйиндекс indirizzoresidenza
        wohnort anschrift hausnummer adresselivraison rueadresse
        residentialaddress postcode zipcode postalcode"),
    (Personal::Other, "
        mrn medicalrecordnumber patientid healthid insurancenumber insuranceno policyholder beneficiary licenseplate
        plateno platenumber numberplate bloodtype biometric fingerprinttemplate geolocation latlong"),
];

/// Last words of a column's name that say enough, whatever stands before them.
const LAST_WORDS: &[(Personal, &str)] = &[
    (Personal::Email, "email"),
    (Personal::Phone, "phone mobile telephone"),
    (Personal::Account, "iban"),
    (Personal::Card, "cvv cvc"),
    (Personal::Passport, "passport"),
    (Personal::BirthDate, "dob birthdate birthday"),
    (Personal::NationalId, "ssn aadhaar cpf dni nif pan"),
    (Personal::Name, "surname"),
    (Personal::Address, "address"),
];

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
    if name.len() > 64 {
        return None;
    }
    let named = judge(name);
    if named.is_some_and(|n| n.strength > Strength::Weak) {
        return named;
    }
    personal(name).map(Named::personal).or(named)
}

/// What personal data a column of this name holds.
pub(crate) fn personal(name: &[u8]) -> Option<Personal> {
    let known = |text: &[u8]| listed(PERSONAL_NAMES, &ALL).get(text).copied();
    let name = &plain_letters(name);
    // Letters of other scripts are bytes above ASCII.
    let word = |c: &u8| (c.is_ascii_alphanumeric() || *c >= 0x80).then(|| c.to_ascii_lowercase());
    let joined: Vec<u8> = name.iter().filter_map(word).collect();
    if let Some(kind) = known(&joined) {
        return Some(kind);
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
    let before: Vec<u8> = before.iter().filter_map(word).collect();
    let machine = MACHINES
        .split_ascii_whitespace()
        .any(|m| before == m.as_bytes());
    known(&[before.as_slice(), last.as_slice()].concat()).or_else(|| {
        let kind = listed(LAST_WORDS, &LAST).get(last.as_slice()).copied();
        kind.filter(|_| !machine)
    })
}

type Listed = HashMap<&'static [u8], Personal, Fnv>;

static ALL: OnceLock<Listed> = OnceLock::new();
static LAST: OnceLock<Listed> = OnceLock::new();

fn listed(
    lists: &'static [(Personal, &'static str)],
    once: &'static OnceLock<Listed>,
) -> &'static Listed {
    once.get_or_init(|| {
        let rows = lists.iter().flat_map(|(kind, words)| {
            let words = words.split_ascii_whitespace();
            words.map(|word| (word.as_bytes(), *kind))
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
    email mail phone mobile ssn social_sec birth dob iban account_n accountn routing card cvv cvc passport surname
    first_name last_name firstname lastname full_name fullname address street postal national_id aadhaar aadhar cpf pesel dni pan_ codice
    nombre apellid nacimiento naissance geboorte achternaam voornaam imie nazwisko urodz familiya imya_ otchestvo soyad
    dogum kimlik cognome nascita sobrenome nascimento postleitzahl anschrift personalausweis rijksregister snils
    ulica straat endereço logradouro cellulare rekeningnummer shenfenzheng shouji dianhua dizhi xingming denwa jusho
    seinengappi shimei фамилия имя телефон адрес паспорт снилс рожд почта 姓名 电话 手机 身份证 地址 邮箱 出生 生日 护照
    氏名 住所 電話 生年月日 マイナンバー prenom  nomprenom jmeno prijmeni fornavn efternavn fornamn efternamn
    syntyma telefoon kontoinhaber nom_famille nom_usage fecha_nac fec_nac nr_tel telefonu data_nasc titulaire titular_ intestatario 電話番号 手机号 cellular
    steuer security_code telefon correo teléfono telefone adresse dirección endereço prénom numéro geburt nachname vorname tax_id taxid nhs_ license_n driver_lic driving medicare personnummer family_name given_name maiden cardholder nino holder_name sort_code postcode";
