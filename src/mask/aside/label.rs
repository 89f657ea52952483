//! Labels of fields and messages about them, in many languages: what secrets are called, and what is
//! said of them.

/// What labels call secrets.
pub(super) const THINGS: &str = "
    password passwords passphrase passcode token tokens secret secrets key keys api pin code credentials passwort passwörter
    passworts kennwort kennwörter kennworts mot passe contraseña contrasena contraseñas clave senha senhas
    wachtwoord wachtwoorden hasło hasła haslo lösenord lösenordet adgangskode adgangskoden passord passordet
    salasana salasanat heslo hesla jelszó jelszót şifre şifreniz parola пароль пароля пароли паролем 密码 密碼
    パスワード 비밀번호 jeton palavra-passe schlüssel geheimnis geheim hersteltoken chiave segreta chiavi segrete clé
    secrète frase пин-код ключ секретный ключи apiキー トークン 令牌 访问令牌 密钥 api密钥 秘密鍵 sleutel klucz nyckel nøgle klíč kulcs anahtar";

/// What they and messages say beside them.
const SAID: &str = "
    new old current your my the a an is are must not be to of for and or in at no too enter confirm confirmation
    repeat again retype re-enter type change changed changing reset forgot forgotten forget show hide set update updated
    save generate create choose required invalid incorrect wrong missing expired expires mismatch match matches
    weak short long strong empty blank unchanged verify please can't cannot characters least minimum user users
    admin access refresh client private public public/private account email mail settings strength field value valid login last
    generated copied revoked deleted copy revoke delete add remove manage
    neues neuen neue neuer altes altem alten aktuelles aktuellen dein deine ihr ihre das der die den ein eingeben wiederholen
    bestätigen ändern vergessen zurücksetzen geändert falsch ist nicht zu kurz abgelaufen ungültig speichern
    anzeigen erforderlich wählen festlegen stimmen überein muss leer sein
    de le la votre nouveau nouvel ancien actuel confirmer confirmez répéter entrer saisir saisissez modifier oublié
    changer réinitialiser requis incorrecte expiré invalide afficher
    nueva nuevo actual tu su confirmar repetir introduce introduzca cambiar olvidada olvidaste olvidé restablecer
    incorrecta inválida antigua
    nova novo atual sua repita digite alterar esqueceu redefinir antiga
    nuova nuovo attuale conferma ripeti inserisci cambia dimenticata modifica vecchia
    nowe nowy obecne powtórz potwierdź zmień wpisz podaj stare
    nieuw nieuwe huidig huidige herhaal bevestig wijzig vergeten voer oud
    nytt nuvarande upprepa bekräfta ändra glömt ange ny gentag bekræft skift gjenta bekreft endre
    ce cette est du des un une et au pour invalide muss müssen mindestens zeichen lang sein haben wurde wird war werden
    il lo della non deve almeno debe tener al menos caracteres deve ter pelo menos por favor moet minimaal tekens zijn
    musi mieć co najmniej znaków måste vara minst tecken skal være mindst
    uusi vanha vahvista toista vaihda nové staré potvrďte zopakujte új régi yeni eski tekrar
    новый новые старый текущий повторите подтвердите введите изменить забыли ваш неверный";

/// Single words that say how a secret is.
const STATES: &str = "
    required invalid incorrect wrong missing expired mismatch unchanged changed updated empty revoked deleted
    forbidden unauthorized unavailable unsupported unspecified set unset ok hashed confirmed include omit same-origin
    absent present configured unconfigured mandatory optional
    erforderlich pflichtfeld obligatoire requis requise facultatif obligatoria obligatorio requerida requerido opcional
    obbligatoria obbligatorio richiesta richiesto obrigatória obrigatório verplicht wymagane wymagany обязательно
    обязательное обязателен требуется обов'язково povinné povinný vyžadováno krävs obligatoriskt påkrævet påkrevd
    pakollinen vaaditaan gerekli zorunlu kötelező 必須 必填 必需 필수 обязательный";

/// What fields of forms are called beside what they hold.
const FIELDS: &str = "veld поле alan campo champ feld pole mező fält felt kenttä";

pub(super) fn has(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|w| w == word)
}

/// `Passwort wiederholen`, `Confirm password`, `must match`: the label of a field, or a message about it.
pub(super) fn is_label(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let text = text.trim().to_lowercase();
    let edge = |c: char| matches!(c, '.' | ',' | ':' | '!' | '?' | '…' | '¿' | '(' | ')' | '*');
    let words = text.split_whitespace().map(|word| word.trim_matches(edge));
    let count = words.clone().count();
    if count < 2 {
        let word = text.trim_matches(edge);
        return !text.is_ascii() && has(THINGS, &text) || has(STATES, word);
    }
    // Contraseña: obligatoria. Clave: …
    let mut first = text.split_whitespace();
    let stated = first.next().filter(|word| word.ends_with('.'));
    if stated.is_some_and(|word| has(STATES, word.trim_matches(edge))) {
        return true;
    }
    // Das Passwort muss mindestens 8 Zeichen lang sein
    let thing = words.clone().any(|word| has(THINGS, word));
    let said = words.clone().filter(|word| has(SAID, word)).count();
    if thing && said >= 2 && count >= 4 && said * 2 >= count {
        return true;
    }
    // People make passphrases of small words, too, but none that says what a message says.
    let known = words
        .clone()
        .all(|word| has(THINGS, word) || has(SAID, word) || has(STATES, word) || has(FIELDS, word));
    known
        && count <= 8
        && words.clone().any(|word| {
            has(THINGS, word) || has(STATES, word) || matches!(word, "must" | "match" | "short")
        })
}
