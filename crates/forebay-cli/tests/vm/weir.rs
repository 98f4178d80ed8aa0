//! Programs in Weir, by every verb: their suffix is enough, and on standard input a flag.

use crate::forebay::Folder;

const COUNTER: &str = "# verdict: RACE\nconst N = 2\nglobal n = 0\nthread w[N] {\n  n += 1\n}\njoin w\nprint(\"n = {} of {}\", n, N)\n";

#[test]
fn every_verb_reads_it() {
    let folder = Folder::new();
    folder.write("counter.weir", COUNTER);
    folder.vm("run counter.weir --scheduler priority").exits(0).prints(&["[main] n = 2 of 2"]);
    folder.vm("run counter.weir --races").exits(1).says(&["line 5"]);
    folder.vm("lint counter.weir").exits(0);
    let shown = folder.vm("show counter.weir").exits(0);
    assert!(shown.out.contains("GLOBAL_STORE \"n\""), "{}", shown.out);
    let tested = folder.vm("test .").exits(0);
    assert!(tested.out.contains("passed    RACE       ./counter.weir"), "{}", tested.out);
    let swept = folder.vm("run counter.weir --seeds 20 --const N=3").exits(0);
    assert!(swept.out.contains("of 3"), "{}", swept.out);
    assert!(swept.out.contains("again: forebay vm run counter.weir --const N=3"), "{}", swept.out);
    folder.vm("step counter.weir --plain").exits(0);
}

#[test]
fn standard_input_needs_a_flag_and_a_trace_remembers_it() {
    let folder = Folder::new();
    let flags = "run - --language weir --const N=1 --trace t";
    folder.vm_with(flags, COUNTER).exits(0).prints(&["[main] n = 1 of 1"]);
    folder.vm("show t").exits(0);
    folder.vm_with("run -", COUNTER).exits(255).says(&["this is no Python"]);
    folder.vm_with("run - --language ruby", COUNTER).exits(255).says(&["there are python, weir"]);
    folder
        .vm_with("run - --language weir --const M=1", COUNTER)
        .exits(255)
        .says(&["there is no constant `M` to set", "did you mean `N`?"]);
    folder.vm("run x --const N").exits(255).says(&["NAME=VALUE"]);
    folder.vm("run x --const N=many").exits(255).says(&["`many` is no integer"]);
}

#[test]
fn what_is_built_runs_like_what_it_was_built_of() {
    let folder = Folder::of_programs();
    let built = folder.vm("build bounded_buffer.weir").exits(0).tells(&[]).out;
    folder.write("built.toy", &built);
    for seed in 0..5 {
        let flags = format!("--scheduler random --seed {seed}");
        let one = folder.vm(&format!("run bounded_buffer.weir {flags}")).exits(0).out;
        assert_eq!(folder.vm(&format!("run built.toy {flags}")).exits(0).out, one);
    }
    let tested = folder.vm("test built.toy --seeds 5").exits(0);
    assert!(tested.out.contains("passed    PROVED"), "{}", tested.out);
    folder.vm("build nothing.weir").exits(255).says(&["cannot read nothing.weir"]);
}

#[test]
fn a_mistake_is_shown_with_its_line() {
    let folder = Folder::new();
    folder.write("wrong.weir", "global counter = 0\nprint(countre)\nlock m { }\n");
    let ended = folder.vm("run wrong.weir").exits(255).prints(&[]);
    let ended = ended.says(&["nothing is called `countre`; did you mean `counter`?"]);
    ended.says(&["wrong.weir:2:7"]).says(&["nothing is called `m`"]).says(&["wrong.weir:3:6"]);
}
