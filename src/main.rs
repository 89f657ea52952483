//! The binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rec::record::lean_libraries();
    rec::record::leave(rec::cli::main(std::env::args_os().collect()))
}
