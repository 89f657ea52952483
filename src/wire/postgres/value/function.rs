//! The server's functions that libpq calls by number: those of large objects (`pg_proc.dat`).

/// A function whose types are known.
#[derive(Clone, Copy)]
pub(in super::super) struct Function {
    pub name: &'static str,
    /// The types of its arguments.
    pub arguments: &'static [u32],
    /// The type of what it gives.
    pub result: u32,
}

const INT4: u32 = 23;
const INT8: u32 = 20;
const OID: u32 = 26;
const BYTEA: u32 = 17;
const TEXT: u32 = 25;

/// The function of that number, if it is one of a large object.
pub(in super::super) fn function(oid: u32) -> Option<Function> {
    let (name, arguments, result): (_, &'static [u32], _) = match oid {
        715 => ("lo_create", &[OID], OID),
        764 => ("lo_import", &[TEXT], OID),
        765 => ("lo_export", &[OID, TEXT], INT4),
        767 => ("lo_import", &[TEXT, OID], OID),
        952 => ("lo_open", &[OID, INT4], INT4),
        953 => ("lo_close", &[INT4], INT4),
        954 => ("loread", &[INT4, INT4], BYTEA),
        955 => ("lowrite", &[INT4, BYTEA], INT4),
        956 => ("lo_lseek", &[INT4, INT4, INT4], INT4),
        957 => ("lo_creat", &[INT4], OID),
        958 => ("lo_tell", &[INT4], INT4),
        964 => ("lo_unlink", &[OID], INT4),
        1004 => ("lo_truncate", &[INT4, INT4], INT4),
        3170 => ("lo_lseek64", &[INT4, INT8, INT4], INT8),
        3171 => ("lo_tell64", &[INT4], INT8),
        3172 => ("lo_truncate64", &[INT4, INT8], INT4),
        _ => return None,
    };
    Some(Function {
        name,
        arguments,
        result,
    })
}
