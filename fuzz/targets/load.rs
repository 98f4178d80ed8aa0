//! Any bytes as a program: it is read or refused, and what was read is linted and shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toyvm::lint::lint;
use toyvm::source::{Selection, Source, load};

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::new("fuzz.toy", bytes.to_vec()) else { return };
    let loaded = match load(source, &Selection::default()) {
        Ok(loaded) => loaded,
        Err(rejected) => {
            assert!(!rejected.diagnostics.is_empty(), "a refusal says why");
            for diagnostic in &rejected.diagnostics {
                diagnostic.line(&rejected.source);
            }
            return;
        }
    };
    let program = &loaded.program;
    for diagnostic in loaded.notes.iter().chain(&lint(program)) {
        diagnostic.line(program.source());
    }
    for code in program.code_ids() {
        for instruction in &program.code(code).instructions {
            instruction.show(program, code);
        }
    }
});
