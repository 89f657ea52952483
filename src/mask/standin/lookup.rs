//! What asks for a value that is kept elsewhere.

use crate::mask::bytes::word_at;

/// Code or configuration that fetches the value from somewhere else.
pub(super) fn is_lookup(value: &[u8]) -> bool {
    // Get-Secret of PowerShell
    let cmdlet = [
        &b"Get-"[..],
        b"Read-",
        b"ConvertTo-",
        b"ConvertFrom-",
        b"New-",
    ]
    .iter()
    .find_map(|verb| value.strip_prefix(*verb));
    if cmdlet.is_some_and(|noun| {
        noun.first().is_some_and(u8::is_ascii_uppercase) && noun.iter().all(u8::is_ascii_alphabetic)
    }) {
        return true;
    }
    const STARTS: &[&[u8]] = &[
        b"os.environ",
        b"$_post[",
        b"$_get[",
        b"$_env[",
        b"$_server[",
        b"$_request[",
        b"os.getenv",
        b"getenv(",
        b"process.env",
        b"env(",
        b"env.",
        b"env[",
        b"system.getenv",
        b"system.fetch_env",
        b"system.get_env",
        b"application.get_env",
        b"application.fetch_env",
        b"var.",
        b"local.",
        b"data.",
        b"module.",
        b"!ref",
        b"!sub",
        b"!getatt",
        b"vault:",
        b"secretkeyref",
        b"valuefrom",
        b"getpass",
        b"input(",
        b"prompt(",
        b"config(",
        b"config.",
        b"settings.",
        b"options.",
        b"args.",
        b"arguments.",
        b"self.",
        b"this.",
        b"req.",
        b"request.",
        b"params[",
        b"params.",
        b"ctx.",
        b"arn:aws",
        b"ref+",
        b"op://",
        b"ssm://",
        b"awsssm://",
        b"aws-ssm://",
        b"awssm://",
        b"aws-sm://",
        b"secretsmanager://",
        b"gcpsm://",
        b"gcp-sm://",
        b"sm://",
        b"azurekv://",
        b"azkv://",
        b"akv://",
        b"keyvault://",
        b"vault://",
        b"keyring://",
        b"keychain://",
        b"bws://",
        b"doppler://",
        b"infisical://",
        b"file(",
        b"file://",
        b"readfile(",
        b"lookup(",
        b"random_password.",
        b"aws_",
        b"google_",
        b"azurerm_",
        b"secrets.",
        b"null,",
        b"nil,",
        b"function",
        b"func(",
        b"(string)",
        b"models.",
        b"serializers.",
        b"forms.",
        b"types.",
        b"schema.",
        b"z.string",
        b"joi.",
        b"yup.",
        b"sa.column",
        b"column(",
        b"charfield",
        b"optional[",
        b"/run/secrets/",
        b"/etc/",
        b"/var/run/secrets",
        b"~/",
    ];
    // Words that a password may begin with, too.
    const CALLS: &[&[u8]] = &[b"new ", b"async ", b"await "];
    const CMDLETS: &[&[u8]] = &[b"convertto-securestring", b"get-credential", b"read-host"];
    let begins = |start: &&[u8]| word_at(value, 0, start);
    let bare = value.strip_prefix(b"(").unwrap_or(value);
    let cmdlet = |name: &&[u8]| {
        let more = bare.get(name.len());
        word_at(bare, 0, name) && more.is_none_or(|c| matches!(c, b' ' | b')'))
    };
    STARTS.iter().any(begins)
        || CALLS.iter().any(begins) && value.contains(&b'(')
        || CMDLETS.iter().any(cmdlet)
}
