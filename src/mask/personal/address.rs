//! Addresses of mail that are no person's.

use crate::mask::bytes::contains;

/// Whether no person reads what is sent there: a mailing list, and the names of SSH's own algorithms
/// (RFC 4251, section 6).
pub(super) fn is_nobodys(user: &[u8], host: &[u8]) -> bool {
    let algorithm = user.contains(&b'-') || user.iter().any(u8::is_ascii_digit);
    let ssh = [&b"openssh.com"[..], b"libssh.org", b"lysator.liu.se"].contains(&host);
    // What programs send, and programs themselves: a service's account, `users.noreply.github.com`.
    let machine = host.ends_with(b".gserviceaccount.com")
        || contains(host, b"noreply")
        || user
            .split(|c| *c == b'+')
            .any(|name| [&b"noreply"[..], b"no-reply"].contains(&name));
    // The lists of projects: bug-bash@, pgsql-hackers@
    let list = user.starts_with(b"bug-")
        || [
            &b"-bugs"[..],
            b"-list",
            b"-users",
            b"-user",
            b"-devel",
            b"-dev",
            b"-announce",
            b"-hackers",
            b"-discuss",
        ]
        .iter()
        .any(|end| user.ends_with(end))
        || [
            &b"bugs"[..],
            b"security",
            b"postmaster",
            b"hostmaster",
            b"abuse",
            b"mailer-daemon",
        ]
        .contains(&user);
    list || ssh && algorithm || host.starts_with(b"lists.") || machine
}

#[cfg(test)]
mod tests {
    use super::is_nobodys;

    #[test]
    fn programs_have_addresses_too() {
        for (user, host) in [
            ("ci", "shop-1.iam.gserviceaccount.com"),
            ("12345+kim", "users.noreply.github.com"),
            ("no-reply", "shop.example"),
            ("bug-bash", "gnu.org"),
            ("postmaster", "post.example"),
            ("dev", "lists.postgresql.org"),
        ] {
            assert!(is_nobodys(user.as_bytes(), host.as_bytes()), "{user}");
        }
        assert!(!is_nobodys(b"kim", b"post.example"));
    }
}
