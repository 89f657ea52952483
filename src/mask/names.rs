//! Which names say that their value is a secret: of variables, options, keys, headers, columns.
//!
//! A name is cut into words (`dbPassword`, `DB_PASSWORD`, `db.password` are the same two), read
//! from its end: what the thing *is* stands last, so `password_length` is a length and
//! `smtp.password.prod` a password. The lists are data; several languages stand in them.

use super::bytes::Fnv;
use super::grams::{Grams, Match};
use super::own::Personal;
use super::span::Class;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// How sure a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Only a value that looks random is a secret: `key`, `pass`, `pin`, `auth`.
    Weak,
    /// A value is a secret unless it is plainly something else: `token`, `credentials`.
    Medium,
    /// Any value is a secret: `password`, `client_secret`.
    Strong,
}

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub strength: Strength,
    pub class: Class,
    /// Of personal data, which.
    pub kind: Personal,
}

impl Named {
    pub(crate) const fn secret(strength: Strength, class: Class) -> Named {
        Named {
            strength,
            class,
            kind: Personal::Other,
        }
    }

    pub(crate) const fn personal(kind: Personal) -> Named {
        Named {
            strength: Strength::Strong,
            class: Class::Personal,
            kind,
        }
    }
}

/// Ends of a word that make it a password, also run together: `dbpassword`, `bindpw`.
const PASSWORDS: &str = "
    password pasword paswd passwd passwort passphrase passcode passwords pwd pword passwrd passwordhash
    passwordsalt pswd psswd newpw oldpw mypw apppw bindpw rootpw userpw adminpw dbpw requirepass masterauth userpass
    dbpass rootpass adminpass sshpass mypass smtppass ftppass keypass storepass authpass
    mailpass proxypass sslpass srcpass destpass contrasena contraseña contrasenya senha
    motdepasse mdp kennwort geheimwort parola parole пароль haslo hasło heslo lösenord
    losenord wachtwoord salasana adgangskode passord sifre şifre jelszo jelszó lozinka geslo
    authenticationstring authstring sstauth authpass authtok rediscliauth neo4jauth userpassword
    smtppw mailserverpass imappass ldappass wifipass vpnpass webpass loginpass imappw ldappw apppw spare4
    parolachiave parolasegreta parolaordine userpasswd plaintextpassword cleartextpassword parool slaptazodis 密码 密碼 口令 パスワード 비밀번호 kodeord hemligt κωδικός סיסמה passkey psk
    presharedkey wpapassphrase chpasswd masterpassword unlockcode palabraclave codigosecreto
    passplain pwplain pwdplain passclear symdecrypt pubdecrypt alarmcode doorcode gatecode
    codesecret wpapsk psksecret geheim geheimnis segreto sekret pincode cleartext clavesecreta chiavesegreta chavesecreta clesecrete
    clésecrète geheimerschluessel geheimesleutel tajnyklucz tajnyklic hemlignyckel hemmelignøgle salainenavain
    titkoskulcs gizlianahtar секретныйключ シークレットキー 秘密鍵 비밀키";

/// Ends of a word that make it an issued secret.
const TOKENS: &str = "
    secret secrets apikey apikeys secretkey accesskey authkey appkey authtoken accesstoken
    refreshtoken bearertoken apitoken idtoken bottoken sessiontoken usertoken servicetoken
    clientsecret appsecret apisecret consumersecret consumerkey webhooksecret signingsecret
    sharedsecret secretaccesskey accountkey storagekey sharedaccesskey sharedaccesssignature
    sastoken subscriptionkey licensekey licencekey integrationkey routingkey ingestkey
    insertkey authsecret jwtsecret csrftoken xsrftoken sessionsecret cookiesecret totpsecret
    otpsecret mfasecret totpseed otpseed secretkeybase deploykey writekey serverkey
    hubaccesskey notificationhubkey functionkey hostkeysecret apipassword apppassword joinkey
    joinsecret jointoken devicetoken pushtoken fcmtoken registrationtoken setupkey authcookie
    sessioncookie sessionid sessid phpsessid jsessionid connectsid botkey adminkey
    tokensecret apiauth patoken accesskeysecret webhookurl unsealkey recoverykey recoverycode
    recoverycodes backupcode backupcodes otpauth authorization xapikey xauthtoken keysecret
    keycontent npmauthident authident securitystamp chiaveapi claveapi cleapi chaveapi apischluessel apisleutel
    kluczapi apinyckel apianahtari tokenacceso tokenaccesso zugriffstoken";

/// Ends of a word that make it key material.
const KEYS: &str = "
    privatekey encryptionkey signingkey masterkey decryptionkey privkey secretkeyring
    chiaveprivata claveprivada cleprivee cléprivée chaveprivada privatschluessel privatnyckel kluczprywatny
    закрытыйключ приватныйключ 私钥 私鑰 개인키 symmetrickey aeskey rsakey sshkey sshprivatekey hmackey cryptkey cipherkey datakey
    rootkey walletkey mnemonic seedphrase privatekeydata encryptkey fernetkey kek dek signkey keysource instrumentationkey
    jwtkey jwtsigningkey keystorekey keydata ppk privateexponent macsecret wgkey tlskey
    sslkey cookiekey sessionkey saltkey hashidssalt pepper noncesalt authsalt loggedinsalt secureauthsalt
    signingsalt passwordsalt hashsalt";

/// Last words after which only a value that looks random is a secret.
const WEAK: &str = "
    key keys pass pw pin auth code creds cred clave cookie seed salt sid access private
    signature sig sas jwt bearer hash credential pat nonce session appid dsn
    skey akey otp puk oauth hmac cle clé schluessel schlüssel chave chiave ключ klucz passe";

/// Last words after which a value is a secret unless it is plainly something else.
const MEDIUM: &str = "
    token tokens credentials authtok jeton токен 令牌 トークン 토큰 秘钥 密钥 pwhash passhash pwdhash";

/// Words that only qualify what stands before them.
const QUALIFIERS: &str = "
    hash hashed digest value val text plain plaintext clear enc encrypted encoded b64 base64
    hex old new current confirm confirmation confirmed repeat again prod production dev test
    staging stage qa uat live default root admin primary secondary main backup replica master
    base str string data raw md5 sha1 sha256 bcrypt argon2 salt salted crypt verify
    verification stdout in out a b previous prev temp tmp initial shared unencrypted bytes";

/// Words that turn what stands before them into something harmless.
const HARMLESS: &str = "
    encryption policy length len expires expiry expiration expire expired lifetime reset file
    path dir directory name names id ids type types url uri count required enabled disabled
    enable disable min max prompt command cmd hint field column ttl algorithm algo alg
    strength rotation history age at on date time format version versions size source method provider
    status error errors manager label user username endpoint host port ref arn query store
    storage mode attempts retries changed updated created last used usage limit auth
    authentication authenticator plugin validation validator check timeout interval duration
    is has set changed_at rule rules scope scopes group table index number num ver prefix
    suffix pattern regex class family parts usages bits idx spec description comment title
    placeholder icon button input form page link email owner kind space namespace map list
    fingerprint lock locks agent helper exists rounds cost iterations mount exchange verify
    ring environment stretch board down up press word words sniff ref keyref";

/// What stands before `key` and makes it no secret.
const HARMLESS_KEYS: &str = "
    primary foreign public pub sort partition cache unique row natural surrogate shard group
    object index routing message config map json redis lookup possible used range hash
    composite candidate idempotency dedup deduplication join parent child record storage s3
    dict sorted cluster clustering distribution order search the any a this arrow function
    host hot short from registry translation i18n locale label meta tag event topic kms ssh gpg
    pgp signing_key_id answer item attribute context environment env field column secondary
    super path nice bucket issue project jira recv send delete list search fetch edit";

/// What stands before `token` and makes it no secret.
const HARMLESS_TOKENS: &str = "
    next page pagination continuation max min num count total prompt completion stop pad eos
    bos unk input output cursor sync lex unexpected expected starting the a invalid expired
    new this change nextpage forward backward position cached remaining word time";

/// What the lists say of a word, as bits: one look answers for all of them.
mod list {
    pub(super) const PASSWORD: u16 = 1;
    pub(super) const TOKEN: u16 = 1 << 1;
    pub(super) const KEY: u16 = 1 << 2;
    pub(super) const WEAK: u16 = 1 << 3;
    pub(super) const MEDIUM: u16 = 1 << 4;
    pub(super) const QUALIFIER: u16 = 1 << 5;
    pub(super) const HARMLESS: u16 = 1 << 6;
    pub(super) const HARMLESS_KEY: u16 = 1 << 7;
    pub(super) const HARMLESS_TOKEN: u16 = 1 << 8;
    /// The lists whose words are also known at the end of a run-together word.
    pub(super) const ENDINGS: u16 = PASSWORD | TOKEN | KEY;
}

/// A shorter word is not known at the end of a run-together one.
const ENDING_MIN: usize = 6;

/// The lists, ready to be asked.
struct Lists {
    words: HashMap<&'static str, u16, Fnv>,
    /// The longest word of those that are known at the end of another.
    longest: usize,
    /// The last two bytes of each of them: most words end otherwise.
    tails: HashSet<[u8; 2], Fnv>,
}

impl Lists {
    fn get() -> &'static Lists {
        static LISTS: OnceLock<Lists> = OnceLock::new();
        LISTS.get_or_init(|| {
            let all = [
                (PASSWORDS, list::PASSWORD),
                (TOKENS, list::TOKEN),
                (KEYS, list::KEY),
                (WEAK, list::WEAK),
                (MEDIUM, list::MEDIUM),
                (QUALIFIERS, list::QUALIFIER),
                (HARMLESS, list::HARMLESS),
                (HARMLESS_KEYS, list::HARMLESS_KEY),
                (HARMLESS_TOKENS, list::HARMLESS_TOKEN),
            ];
            let mut words: HashMap<_, u16, Fnv> = HashMap::default();
            let mut longest = 0;
            let mut tails = HashSet::default();
            for (text, bit) in all {
                for word in text.split_ascii_whitespace() {
                    *words.entry(word).or_default() |= bit;
                    if bit & list::ENDINGS != 0 && word.len() >= ENDING_MIN {
                        longest = longest.max(word.len());
                        tails.extend(word.as_bytes().last_chunk::<2>());
                    }
                }
            }
            Lists {
                words,
                longest,
                tails,
            }
        })
    }

    fn of(&self, word: &str) -> u16 {
        self.words.get(word).copied().unwrap_or(0)
    }

    fn has(&self, word: &str, list: u16) -> bool {
        self.of(word) & list != 0
    }

    /// The lists that hold a word that `word` ends with.
    fn of_endings(&self, word: &str) -> u16 {
        let tail = word.as_bytes().last_chunk::<2>();
        if !tail.is_some_and(|tail| self.tails.contains(tail)) {
            return 0;
        }
        let most = word.len().min(self.longest);
        let tails = (ENDING_MIN..=most).filter_map(|len| word.get(word.len() - len..));
        tails.fold(0, |found, tail| found | self.of(tail)) & list::ENDINGS
    }
}

/// The words of a name, in lower case and run together, so that several in a row are one text too.
struct Words {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Words {
    fn of(name: &str) -> Words {
        let mut words = Words {
            text: String::with_capacity(name.len()),
            ends: Vec::with_capacity(8),
        };
        let mut previous = ' ';
        let mut chars = name.chars().peekable();
        while let Some(c) = chars.next() {
            let next_lower = chars.peek().is_some_and(|n| n.is_lowercase());
            let hump = c.is_uppercase()
                && (previous.is_lowercase() || previous.is_uppercase() && next_lower);
            if !c.is_alphanumeric() || hump {
                words.end();
            }
            if c.is_ascii_alphanumeric() {
                words.text.push(c.to_ascii_lowercase());
            } else if c.is_alphanumeric() {
                words.text.extend(c.to_lowercase());
            }
            previous = c;
        }
        words.end();
        words
    }

    fn end(&mut self) {
        if self.text.len() > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(self.text.len());
        }
    }

    /// Drops the last word.
    fn pop(&mut self) {
        self.ends.pop();
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where the last words begin, so many of them.
    fn start(&self, count: usize) -> usize {
        let before = self.ends.len().checked_sub(count + 1);
        before.and_then(|n| self.ends.get(n)).copied().unwrap_or(0)
    }

    /// What stands between two of these places.
    fn between(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }
}

/// What `name` says of its value; `None` when nothing.
pub(crate) fn judge(name: &[u8]) -> Option<Named> {
    // Longer names are no names; the bound keeps hostile input cheap.
    if name.is_empty() || name.len() > 128 || !(triggers().any(name) || ends_in_pw(name)) {
        return None;
    }
    let mut words = Words::of(&String::from_utf8_lossy(name));
    // `PASSWORD2`, `key_1`, `Key 2`: numbers only count.
    let is_number = |word: &str| word.bytes().all(|c| c.is_ascii_digit());
    while words.len() > 1 && is_number(words.between(words.start(1), words.text.len())) {
        words.pop();
    }
    let found = |strength, class| Some(Named::secret(strength, class));
    let lists = Lists::get();
    let mut qualified = false;
    loop {
        let (one, two, three) = (words.start(1), words.start(2), words.start(3));
        let raw = words.between(one, words.text.len());
        if raw.is_empty() {
            return None;
        }
        let last = raw.trim_end_matches(|c: char| c.is_ascii_digit());
        let last = if last.is_empty() || lists.has(raw, list::QUALIFIER) {
            raw
        } else {
            last
        };
        let before = words.between(two, one);
        let end = one + last.len();
        let own = lists.of(last);
        let ends = own
            | lists.of(words.between(two, end))
            | lists.of(words.between(three, end))
            | lists.of_endings(last);
        // A library's name, not a value's; sudo's NOPASSWD; an object that holds the value; a link. A
        // wrong or missing password is one, and mostly nearly the right one.
        if last.starts_with("libsecret")
            || last == "nopasswd"
            || matches!(before, "no" | "has" | "have" | "without" | "random" | "allow" | "empty" | "num")
            // with_password of a query, but withPassword("x") of code
            || before == "with" && !name.get(4).is_some_and(u8::is_ascii_uppercase)
            // MYSQL_RANDOM_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: switches
            || before == "root" && ["random", "empty"].iter().any(|w| words.text.contains(w))
            || before == "existing" && last == "secret"
            || matches!(before, "forgot" | "forgotten")
            // Of SQL: who one is.
            || before == "session" && last == "authorization"
        {
            return None;
        }
        if ends & list::PASSWORD != 0 {
            return found(Strength::Strong, Class::Password);
        }
        if ends & list::KEY != 0 {
            return found(Strength::Strong, Class::Key);
        }
        if (last.ends_with("token") || last == "tokens") && lists.has(before, list::HARMLESS_TOKEN)
        {
            return None;
        }
        if ends & list::TOKEN != 0 {
            return found(Strength::Strong, Class::Token);
        }
        if own & list::MEDIUM != 0
            || last.ends_with("token")
            || last.ends_with("pwd") && last.len() > 3
        {
            return found(Strength::Medium, Class::Token);
        }
        if let Some(stem) = last.strip_suffix('s').unwrap_or(last).strip_suffix("key")
            && (lists.of(before) | lists.of(stem)) & list::HARMLESS_KEY != 0
        {
            return None;
        }
        if own & list::WEAK != 0 && !qualified
            || last.ends_with("pass")
                && last.len() > 4
                && !matches!(
                    last,
                    "bypass"
                        | "buypass"
                        | "askpass"
                        | "getpass"
                        | "compass"
                        | "trespass"
                        | "surpass"
                        | "encompass"
                )
        {
            let class =
                if last.ends_with("pass") || matches!(last, "pw" | "pin" | "passe" | "clave") {
                    Class::Password
                } else {
                    Class::Token
                };
            // `hash`, `code` and their like say little alone; what they hash is said before them.
            if own & list::QUALIFIER != 0 && words.len() > 1 {
                qualified = true;
                words.pop();
                continue;
            }
            if last == "hash" || last == "signature" && words.len() == 1 {
                return None;
            }
            // `smtp_pw` is nothing else.
            let strength = if last == "pw" && words.len() > 1 {
                Strength::Strong
            } else {
                Strength::Weak
            };
            return found(strength, class);
        }
        if own & list::HARMLESS != 0 && own & list::QUALIFIER == 0 {
            return None;
        }
        if own & list::QUALIFIER != 0 && words.len() > 1 {
            qualified = true;
            words.pop();
            continue;
        }
        // `key_coze`, `token_github`: the provider stands last.
        if words.len() == 2 && !qualified {
            let first = before;
            if matches!(
                first,
                "key"
                    | "apikey"
                    | "token"
                    | "secret"
                    | "password"
                    | "passwd"
                    | "pass"
                    | "pwd"
                    | "pat"
                    | "senha"
                    | "clave"
            ) {
                let class = if first.starts_with("pa") {
                    Class::Password
                } else {
                    Class::Token
                };
                return found(Strength::Weak, class);
            }
        }
        return None;
    }
}

/// The triggers, filed: most names hold none of them.
fn triggers() -> &'static Grams {
    static TRIGGERED: OnceLock<Grams> = OnceLock::new();
    TRIGGERED.get_or_init(|| {
        let words = trigger_words().map(|word| word.trim_matches(['=', ':', '"', '_', '-']));
        Grams::new(words.map(|word| (word.as_bytes(), Match::Folded)))
    })
}

/// `pw` is too short to be filed.
fn ends_in_pw(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let name = super::bytes::cut(name, 0, name.len() - digits);
    name.len() >= 2 && super::bytes::word_at(name, name.len() - 2, b"pw")
}

/// The triggers as they stand in text.
pub(crate) fn trigger_words() -> impl Iterator<Item = &'static str> {
    TRIGGERS
        .split_ascii_whitespace()
        .chain(["backup code", "pw =", "?code=", "&code="])
}

/// Words that must stand in a line before any name in it is worth judging; found by the prefilter.
const TRIGGERS: &str = "
    pass pasw paswd pwd pword pswd psswd secret token key credential cred auth psk contrase senha mdp
    kennwort geheim parol пароль Пароль ПАРОЛЬ haslo hasło heslo senord wachtwoord salasana adgangskode
    sifre şifre Şifre jelsz lozinka geslo 密码 密碼 口令 パスワード 비밀번호 kodeord κωδικός סיסמה clave bindpw
    rootpw userpw adminpw dbpw mnemonic seedphrase seed_phrase pepper jwt bearer signature
    otp recovery backup_code session sessid cookie connect.sid webhook sekret
    segreto chave chiave ключ Ключ токен Токен 令牌 密钥 トークン jeton codigo licen _pat -pat passe unlock_code
    spare4 authident _pw -pw pw= pw: pw\" pin= pin: pin\" _pin -pin slaptazodis totp seed salt sig= _sid kek puk
    alarm_code _hmac _private _dek securitystamp security_stamp schluessel sleutel klucz nyckel nøgle avain anahtar
    klic_ kulcs 私钥 私鑰 秘密鍵 シークレット 비밀키 개인키";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_their_values_are() {
        let strong = [
            "password",
            "PGPASSWORD",
            "dbPassword",
            "DB_PASSWORD",
            "smtp.password.prod",
            "MYSQL_PWD",
            "client_secret",
            "ldapbindpasswd",
            "AWS_SECRET_ACCESS_KEY",
            "aws_secret_access_key",
            "api_key",
            "apiKey",
            "X-Api-Key",
            "private_key",
            "SECRET_KEY_BASE",
            "password_hash",
            "contraseña",
            "mot_de_passe",
            "PASSWORD2",
            "Unseal Key 2",
            "tracking api key",
            "totp_secret",
            "JWT_SECRET",
            "hubAccessKey",
            "fileio.PRIVATE.KEY",
            "psk",
            "requirepass",
            "wrong_password",
            "existingPassword",
            "missing_secret",
        ];
        for name in strong {
            let named = judge(name.as_bytes());
            assert_eq!(named.map(|n| n.strength), Some(Strength::Strong), "{name}");
        }
        let weaker = [
            "token",
            "GITLAB_TOKEN",
            "vercel-key",
            "key",
            "key_coze",
            "APP_KEY",
            "db_pass",
        ];
        for name in weaker {
            assert!(judge(name.as_bytes()).is_some(), "{name}");
        }
        let harmless = [
            "password_encryption",
            "password_length",
            "key_length",
            "primary_key",
            "sort_key",
            "next_token",
            "max_tokens",
            "token_type",
            "possible_keys",
            "used_key_parts",
            "bypass",
            "validate_password.policy",
            "default_password_lifetime",
            "auth_query",
            "id",
            "name",
            "secret_name",
            "key_id",
            "user",
            "monkey_business",
            "compass",
            "password_reset_at",
            "existingSecret",
            "forgot_password",
        ];
        for name in harmless {
            assert_eq!(judge(name.as_bytes()), None, "{name}");
        }
    }
}
