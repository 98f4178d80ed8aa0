//! Any bytes as a program in Weir: it is read or refused; what was read is linted, and what is built of it is
//! read again as the same instructions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toyvm::lint::lint;
use toyvm::notation::python;
use toyvm::source::{Selection, Source, load};

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::new("fuzz.weir", bytes.to_vec()) else { return };
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
    let built = Source::new("fuzz.toy", python(program).into_bytes()).expect("it is text");
    let again = load(built, &Selection::default()).expect("what is built is a program");
    for (one, other) in program.codes().iter().zip(again.program.codes()) {
        assert_eq!(one.instructions.len(), other.instructions.len());
    }
});
