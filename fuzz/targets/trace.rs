//! Any bytes as a trace: it is read or refused, and what was read is replayed and drawn.
#![no_main]

use std::io::sink;

use libfuzzer_sys::fuzz_target;
use toyvm::trace::lanes::Style;
use toyvm::trace::{ExportError, Recording, dot, lanes, mermaid, perfetto, shiviz};

fuzz_target!(|bytes: &[u8]| {
    let Ok(recording) = Recording::read(bytes) else { return };
    let replayed = recording.replay(());
    let drawn = [
        lanes::export(&recording, Style::default(), sink()).is_ok(),
        mermaid::export(&recording, 100, sink()).is_ok(),
        perfetto::export(&recording, sink()).is_ok(),
        !matches!(shiviz::export(&recording, sink()), Err(ExportError::Replay(_))),
        dot::export(&recording, None, sink()).is_ok(),
    ];
    assert_eq!(drawn, [replayed.is_ok(); 5], "what can be replayed can be drawn");
});
