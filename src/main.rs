//! The binary: everything is in the library.

use std::process::ExitCode;

// What the tap's thread reads along, the recorder's lets go. The system's allocator has the two wait for
// each other at every value; with this one a busy recorder takes a third less.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    rec::record::lean_libraries();
    rec::record::leave(rec::cli::main(std::env::args_os().collect()))
}
