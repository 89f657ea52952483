//! Whether what a path leads to lies on a file system that may keep whoever asks it waiting without
//! end: another machine's, or one that a process serves.
//!
//! The kernel's table of mounts is asked (`/proc/self/mountinfo`, described in proc_pid_mountinfo(5)),
//! never the file system: even statfs(2) waits with it.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// Those that answer from this machine's own memory and disks. Any other may wait for somebody: a
/// list of those would never be whole.
const LOCAL: &[&str] = &[
    "aufs", "bcachefs", "btrfs", "devtmpfs", "ecryptfs", "erofs", "exfat", "ext2", "ext3", "ext4",
    "f2fs", "hfsplus", "iso9660", "jffs2", "jfs", "nilfs2", "ntfs3", "overlay", "proc", "ramfs",
    "reiserfs", "rootfs", "squashfs", "sysfs", "tmpfs", "ubifs", "udf", "vfat", "xfs", "zfs",
];

/// As many links are followed in a path as the kernel follows.
const LINKS_MAX: usize = 40;

/// Whether `path` may. Where the table cannot be read, as on another system than Linux, none does.
pub fn may_hang(path: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else {
        return false;
    };
    mounted().is_ok_and(|table| {
        leads_away(&table, &path, &mut |link| {
            std::fs::read_link(link).ok().map(PathBuf::into_os_string)
        })
    })
}

/// The table. It has no size to go by, and each read of it has the kernel write some of it anew.
fn mounted() -> io::Result<Vec<u8>> {
    let mut table = Vec::with_capacity(16 << 10);
    File::open("/proc/self/mountinfo")?.read_to_end(&mut table)?;
    Ok(table)
}

/// Walks the path from the root, so that `link`, which gives what a link holds, is never asked of
/// what may hang.
fn leads_away(table: &[u8], path: &Path, link: &mut dyn FnMut(&Path) -> Option<OsString>) -> bool {
    let mut at = PathBuf::from("/");
    let mut left: VecDeque<OsString> = words(path);
    let mut links = 0;
    if is_foreign(table, &at) {
        return true;
    }
    while let Some(word) = left.pop_front() {
        if word == ".." {
            at.pop();
            continue;
        }
        at.push(&word);
        if is_foreign(table, &at) {
            return true;
        }
        let Some(to) = link(&at) else { continue };
        links += 1;
        if links > LINKS_MAX {
            return false;
        }
        let to = PathBuf::from(to);
        if to.is_absolute() {
            at = PathBuf::from("/");
        } else {
            at.pop();
        }
        let mut words = words(&to);
        words.append(&mut left);
        left = words;
    }
    false
}

fn words(path: &Path) -> VecDeque<OsString> {
    let words = path.components().filter_map(|part| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    words.collect()
}

/// Whether a file system that is not local is mounted right there; of several, the last counts.
fn is_foreign(table: &[u8], at: &Path) -> bool {
    let mut kinds = table.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b' ');
        let point = fields.nth(4)?;
        let mut rest = fields.skip_while(|field| *field != b"-");
        let kind = rest.nth(1)?;
        (unescaped(point) == at.as_os_str()).then_some(kind)
    });
    let last = kinds.next_back();
    last.is_some_and(|kind| !LOCAL.iter().any(|local| local.as_bytes() == kind))
}

/// The table writes a space, a tab, a line's end and a backslash as three octal digits.
fn unescaped(field: &[u8]) -> OsString {
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.first_chunk::<3>().filter(|_| byte == b'\\');
        let code =
            code.and_then(|digits| u8::from_str_radix(OsStr::from_bytes(digits).to_str()?, 8).ok());
        match code {
            Some(code) => {
                path.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                path.push(byte);
                rest = after;
            }
        }
    }
    OsString::from_vec(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = br"27 1 254:0 / / rw,relatime - ext4 /dev/root rw
24 27 0:23 / /dev/shm rw,relatime shared:4 - tmpfs tmpfs rw
40 27 0:50 / /home/ada rw,relatime shared:9 master:1 - nfs4 files:/ada rw,vers=4.2
41 40 254:1 / /home/ada/scratch rw - xfs /dev/sdb rw
42 27 0:51 / /mnt/a\040share rw - fuse.sshfs host:/ rw
43 27 0:52 / /mnt/over rw - cifs //host/over rw
44 43 0:53 / /mnt/over rw - tmpfs tmpfs rw
45 27 0:54 / /srv rw - autofs /etc/auto.srv rw
";

    #[test]
    fn another_machines_and_a_processs_file_systems_are_told_from_local_ones() {
        let table = [
            ("/root/.local/share/rec", false),
            ("/dev/shm/rec", false),
            ("/home/ada/.local/share/rec", true),
            ("/home/adam/rec", false),
            // The way there leads over another's.
            ("/home/ada/scratch/rec", true),
            ("/mnt/a share/rec", true),
            ("/mnt/a/rec", false),
            ("/mnt/over/rec", false),
            ("/srv/rec", true),
            ("/home/ada/../rec", true),
            ("/tmp/../srv", true),
            // What links lead to.
            ("/link/rec", true),
            ("/up/rec", true),
            ("/loop/rec", false),
            ("/near/rec", false),
        ];
        for (path, away) in table {
            let asked = &mut |at: &Path| {
                let at = at.to_str().unwrap();
                assert!(!at.starts_with("/home/ada/"), "{path}: {at} was asked");
                let to = match at {
                    "/link" => "/srv/x",
                    "/up" => "../home/./ada",
                    "/loop" => "/loop",
                    "/near" => "tmp",
                    _ => return None,
                };
                Some(to.into())
            };
            assert_eq!(leads_away(TABLE, Path::new(path), asked), away, "{path}");
        }
        let root = b"27 1 0:4 / / rw - nfs files:/root rw\n";
        assert!(leads_away(root, Path::new("/rec"), &mut |_| None));
        assert!(!leads_away(b"", Path::new("/rec"), &mut |_| None));
    }

    #[test]
    fn a_directory_of_this_machines_does_not_hang() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!may_hang(dir.path()));
    }
}
