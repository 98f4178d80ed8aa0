//! Traces that are broken, or mean harm.

use std::io::{BufReader, Read};

use toyvm::machine::Service;
use toyvm::trace::{ReadError, Recording, ReplayError};

use crate::programs::{self, lines, random_run};

fn error(trace: &[u8]) -> ReadError {
    match Recording::read(trace) {
        Err(error) => error,
        Ok(_) => panic!("it is read: {}", String::from_utf8_lossy(trace)),
    }
}

/// A trace of one step, each of whose pieces may be replaced.
fn small() -> String {
    let run = random_run("main = [('CHOOSE', 3), ('NOP',)]", Service::InOrder, 0);
    String::from_utf8(run.trace).unwrap()
}

fn with(from: &str, to: &str) -> Vec<u8> {
    let small = small();
    assert!(small.contains(from), "{small}");
    small.replace(from, to).into_bytes()
}

#[test]
fn a_trace_that_stops_anywhere_is_read_as_far_as_it_goes() {
    let run = random_run(programs::WAITS, Service::Weak, 3);
    let whole = run.recording();
    let header = lines(&run.trace).next().unwrap().len();
    for length in (header..run.trace.len()).step_by(7) {
        let recording = Recording::read(&run.trace[..length]).unwrap();
        let steps = recording.schedule().len();
        assert_eq!(recording.schedule(), &whole.schedule()[..steps]);
        assert!(recording.end().is_none() || length == run.trace.len() - 1, "at {length}");
        if length % 35 == 0 {
            recording.replay(()).unwrap();
        }
    }
    for length in 0..header - 1 {
        assert_eq!(error(&run.trace[..length]).line, 1);
    }
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let message = |trace: Vec<u8>| error(&trace).to_string();
    assert_eq!(
        message(with("\"toyvm-trace\":1", "\"toyvm-trace\":2")),
        "line 1 of the trace: this is a trace of version 2; only version 1 is read here"
    );
    assert_eq!(
        message(with("\"toyvm-trace\":1", "\"toyvm-trace\":\"1\"")),
        "line 1 of the trace: this is a trace of version \"1\"; only version 1 is read here"
    );
    assert_eq!(
        message(with("\"toyvm-trace\":1,", "")),
        "line 1 of the trace: this is no trace of ToyVM"
    );
    assert_eq!(message(Vec::new()), "line 1 of the trace: it is empty");
    for other in ["[1]", "main = []\n", "\u{feff}{}", "null", "{}", "\0\0\0"] {
        assert!(message(other.into()).contains("this is no trace of ToyVM"), "{other}");
    }
}

#[test]
fn wrong_types_and_wrong_numbers_are_errors_with_their_line() {
    for (from, to, line, says) in [
        ("\"n\":1,", "\"n\":\"one\",", 2, "invalid type: string \"one\""),
        ("\"n\":1,", "\"n\":-1,", 2, "invalid value"),
        ("\"n\":1,", "\"n\":1e300,", 2, "invalid type: floating point"),
        ("\"n\":1,", "\"n\":99999999999999999999,", 2, "expected u64"),
        ("\"n\":2,", "\"n\":3,", 3, "step 2 is due, not step 3"),
        ("\"n\":2,", "\"n\":1,", 3, "step 2 is due, not step 1"),
        ("\"n\":1,", "\"n\":1,\"n\":1,", 2, "duplicate field `n`"),
        ("\"thread\":0,\"pc\":0", "\"thread\":4294967296,\"pc\":0", 2, "invalid value"),
        ("\"thread\":0,\"pc\":0", "\"pc\":0", 2, "does not say whose it is"),
        ("\"chose\":", "\"chose\":-", 2, "invalid value"),
        ("\"pc\":1", "\"pc\":[1]", 3, "invalid type: sequence"),
        ("\"end\":", "\"end\":1,\"x\":", 4, "invalid type: integer"),
        ("\"status\":0", "\"status\":256", 4, "invalid value"),
        ("\"service\":\"in order\"", "\"service\":\"fair\"", 1, "there is no service `fair`"),
        ("\"max_steps\":2000", "\"max_steps\":null", 1, "invalid type: null"),
        ("\"seed\":0", "\"seed\":-1", 1, "invalid value"),
        ("\"text\":\"main", "\"text\":\"mean", 1, "its hash is another"),
        ("{\"n\":2", "{\"n\":2\n", 3, "EOF"),
        ("{\"n\":2", "\n{\"n\":2", 3, "it is no JSON object"),
        ("{\"end\"", "\u{0}{\"end\"", 4, "it is no JSON object"),
    ] {
        let error = error(&with(from, to));
        assert_eq!(error.line, line, "{to}: {error}");
        assert!(error.message.contains(says), "{to}: {error}");
    }
    let mut twice = small().into_bytes();
    twice.extend_from_slice(lines(small().as_bytes()).last().unwrap());
    assert_eq!(error(&twice).to_string(), "line 5 of the trace: the trace has ended before");
    let mut broken = small().into_bytes();
    let at = broken.iter().rposition(|byte| *byte == b'e').unwrap();
    broken[at] = 0xff;
    assert!(error(&broken).line == 4);
}

#[test]
fn a_round_that_begins_where_no_step_is_left_is_none() {
    let from = |from: &str| {
        let trace = with("\"max_steps\":", &format!("\"repeats_from\":{from},\"max_steps\":"));
        Recording::read(trace.as_slice()).unwrap().repeats_from()
    };
    assert_eq!(["0", "1", "2", "18446744073709551615"].map(from), [Some(0), Some(1), None, None]);
    assert_eq!(Recording::read(small().as_bytes()).unwrap().repeats_from(), None);
    error(&with("\"max_steps\":", "\"repeats_from\":-1,\"max_steps\":"));
}

#[test]
fn deep_nesting_takes_no_stack() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let passed_over = with("\"n\":1,", &format!("\"n\":1,\"x\":{deep},"));
    assert_eq!(Recording::read(passed_over.as_slice()).unwrap().schedule().len(), 2);
    let version = with("\"toyvm-trace\":1", &format!("\"toyvm-trace\":{deep}"));
    assert!(error(&version).message.contains("recursion limit"));
    assert_eq!(error(&with("\"n\":1,", &format!("\"n\":{deep},"))).line, 2);
}

#[test]
fn what_is_not_known_is_passed_over() {
    let trace = with("\"n\":1,", "\"n\":1,\"later\":{\"a\":[1,2]},");
    let trace = String::from_utf8(trace).unwrap();
    let trace = trace.replacen('\n', "\n{\"from a later version\":true}\n", 2);
    let recording = Recording::read(trace.as_bytes()).unwrap();
    assert_eq!(recording.schedule().len(), 2);
    recording.replay(()).unwrap();
}

#[test]
fn a_program_that_is_none_is_told_when_it_is_run() {
    let text = "this is no program (";
    let hash = "d29b18a487c5ff477b87b976cca1917f37a7f59e9aaebcaa47b9c2dfddf0c51a";
    let trace = format!(
        "{{\"toyvm-trace\":1,\"program\":{{\"name\":\"x\",\"sha256\":\"{hash}\",\
         \"text\":\"{text}\"}},\"service\":\"weak\",\"max_steps\":1}}\n"
    );
    let recording = Recording::read(trace.as_bytes()).unwrap();
    let Err(ReplayError::Rejected(rejected)) = recording.replay(()) else { panic!("it runs") };
    assert!(!rejected.diagnostics.is_empty());
}

#[test]
fn threads_that_are_not_there_are_divergences() {
    for thread in ["1", "63", "64", "4294967295"] {
        let trace = with("\"thread\":0,\"pc\":1", &format!("\"thread\":{thread},\"pc\":1"));
        let recording = Recording::read(trace.as_slice()).unwrap();
        let Err(ReplayError::Diverged(divergence)) = recording.replay(()) else { panic!("no") };
        assert_eq!(divergence.step, 2);
    }
}

#[test]
fn a_line_without_end_is_not_kept() {
    let endless = BufReader::new(std::io::repeat(b' '));
    let error = Recording::read(endless).unwrap_err();
    assert!(error.message.starts_with("it is longer than"), "{error}");
    let small = small();
    let first = lines(small.as_bytes()).next().unwrap();
    let error = Recording::read(BufReader::new(first.chain(std::io::repeat(b' ')))).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.message.starts_with("it is longer than"), "{error}");
}
