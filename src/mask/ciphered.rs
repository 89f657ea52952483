//! Values that only another key opens, or that tell of a secret without holding it.

use super::bytes::contains;

/// What holds a secret that only another key opens, or tells of one: a value that SOPS, hiera-eyaml or
/// Sealed Secrets encrypted, the digest of an audit log, the length that a diff shows, what a template is
/// to look up.
pub(super) fn is_ciphered(value: &[u8]) -> bool {
    let digest = value
        .strip_prefix(b"hmac-sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.iter().all(u8::is_ascii_hexdigit));
    // The length of what RSA encrypted, in two bytes, goes before it.
    let sealed = value.len() >= 120
        && value.starts_with(b"Ag")
        && matches!(value.get(2), Some(b'A'..=b'D'))
        && value
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'='));
    let counted = (value.starts_with(b"---") || value.starts_with(b"+++"))
        && value.ends_with(b" bytes)")
        && contains(value, b" # (");
    digest
        || sealed
        || counted
        || value.starts_with(b"ENC[AES256_GCM")
        || matches!(value, b"auth_string" | b"DATA+OMITTED")
        || value.starts_with(b"{{resolve:")
        || value.starts_with(b"!Sub '{{resolve:")
        || value.starts_with(b"!Sub \"{{resolve:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_or_counted_holds_no_secret() {
        let digest = format!("hmac-sha256:{}", "0f".repeat(32));
        let sealed = format!("AgB{}==", "x9".repeat(60));
        for value in [
            digest.as_str(),
            sealed.as_str(),
            "ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:eA==,type:str]",
            "-------- # (24 bytes)",
            "{{resolve:secretsmanager:db:SecretString:password}}",
        ] {
            assert!(is_ciphered(value.as_bytes()), "{value}");
        }
        for value in ["AgBoat-71", "hmac-sha256:x", "---# (24 bytes", "ENC-9x!"] {
            assert!(!is_ciphered(value.as_bytes()), "{value}");
        }
    }
}
