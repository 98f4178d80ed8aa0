//! `vm check --liveness`: the way there and round, what is said of it, and where it goes.

use crate::forebay::{Folder, vm_of};

/// One goes round for ever, and one wants in once.
const GREEDY: &str = "semaphore place = 1
thread greedy { while true { acquire place; release place } }
thread modest { acquire place; release place }
join modest
";

/// Those who give way to each other.
const POLITE: &str = "lock fork[2]
thread philosopher[2] {
    fed = 0
    while not fed {
        acquire fork[index]
        fed = try acquire fork[1 - index]
        if fed { release fork[1 - index] }
        release fork[index]
    }
}
join philosopher
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("greedy.weir", GREEDY);
    folder.write("polite.weir", POLITE);
    folder
}

#[test]
fn it_is_asked_for_and_told() {
    let folder = folder();
    let ended = folder.vm("check greedy.weir --weak").exits(0);
    assert!(ended.out.contains("not that it ends"), "{}", ended.out);
    let ended = folder.vm("check greedy.weir --weak --liveness").exits(1);
    for told in [
        "FAILED LIVENESS\n",
        "starvation: thread-1 may wait for ever at line 3 (SEMAPHORE_ACQUIRE) for semaphore place\n",
        "a way there, and once round: 7 steps, 3 context switches\n",
        "\n── from here on, round and round ──",
        "\n── and so on, for ever: again from step 14 ──",
        "\nways round: 21 states, 40 steps, ",
        "forebay vm check greedy.weir --weak --liveness --trace way.trace",
    ] {
        assert!(ended.out.contains(told), "{told}\n{}", ended.out);
    }
    let ended = folder.vm("check greedy.weir --weak --liveness --fair strong").exits(0);
    let told = "nobody waits for ever, under strong fairness of threads\n";
    assert!(ended.out.starts_with("PROVED\n") && ended.out.contains(told), "{}", ended.out);
    let ended = folder.vm("check polite.weir --liveness --fair strong").exits(1);
    let told = "no end: thread-0 may go on for ever and never end; after each round it is at line ";
    assert!(ended.out.contains(told), "{}", ended.out);
    assert!(ended.out.contains("--liveness --fair strong --trace"), "{}", ended.out);
}

#[test]
fn json_says_the_same() {
    let folder = folder();
    let json = folder.vm("check greedy.weir --weak --liveness --json").exits(1).json();
    assert_eq!((&json["verdict"], &json["kind"]), (&"FAILED".into(), &"LIVENESS".into()));
    let (from, steps) = (&json["way"]["repeats_from"], json["way"]["schedule"].as_array());
    assert_eq!((from, steps.map(Vec::len)), (&13.into(), Some(18)));
    assert_eq!(json["liveness"]["fairness"], "weak");
    assert_eq!(json["liveness"]["states"], 21);
    let json = folder.vm("check greedy.weir --json").exits(0).json();
    assert!(json["liveness"].is_null(), "{json}");
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let folder = folder();
    folder.write("many.weir", "atomic n = 0\nthread w[6] { for i in 0..6 { increment n } }");
    let ended = folder.vm("check many.weir --liveness --max-states 5000").exits(3);
    assert!(ended.out.starts_with("INCOMPLETE\nstopped: 5,000 states were not"), "{}", ended.out);
    let told = "no state is wrong; whether every thread gets on is not known\n";
    assert!(ended.out.contains(told), "{}", ended.out);
    folder.write("crowd.weir", "semaphore s = 0\nthread w[64] { x = 1; if x { } }\njoin w");
    let ended = folder.vm("check crowd.weir --liveness").exits(3);
    assert!(ended.out.contains("stopped: whether every thread gets on"), "{}", ended.out);
    folder.vm("check greedy.weir --fair weak").exits(2).says(&["--liveness"]);
    folder.vm("check greedy.weir --liveness --fair no").exits(2).says(&["there are weak, strong"]);
    let both = "check greedy.weir --liveness --bound-switches 2";
    folder.vm(both).exits(2).says(&["cannot be used with '--bound-switches <K>'"]);
    for verb in ["outcomes", "count", "sweep"] {
        let ended = folder.vm(&format!("{verb} greedy.weir --liveness"));
        assert!(ended.err.contains("unexpected argument '--liveness'"), "{verb}: {}", ended.err);
    }
}

#[test]
fn a_trace_says_where_the_round_begins() {
    let folder = folder();
    folder.vm("check greedy.weir --weak --liveness --trace way.trace").exits(1);
    let trace = std::fs::read_to_string(folder.path("way.trace")).expect("it is written");
    assert!(trace.lines().next().is_some_and(|it| it.contains("\"repeats_from\":13,")), "{trace}");
    let shown = folder.vm("show way.trace").exits(0).out;
    let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text}: {shown}"));
    assert!(at("\n  13  ") < at("── from here on") && at("── from here on") < at("\n  14  "));
    assert!(
        at("\n  18  ") < at("── and so on") && at("── and so on") < at("round and round after 18")
    );
    let (from, again) =
        ("from here on, round and round", "and so on, for ever: again from step 14");
    folder
        .vm("show way.trace --as mermaid")
        .exits(0)
        .has(&["from here on#44; round and round", "again from step 14"]);
    folder.vm("show way.trace --as perfetto").exits(0).has(&[from, again]);
    folder.vm("show way.trace --as shiviz").exits(0).has(&[&format!(" ({from})\n")]);
    let commands = "goto 13\nforward\nend\nsave other.trace\nback\nstep thread-1\nshow\n";
    let told = folder.vm_with("step way.trace --plain --at 12", commands).exits(1).out;
    for text in [
        "step 13 of 18 · 0.013 ms · played next: thread-0 · here it begins to go round, for ever;",
        "once round: and so on, for ever, as after step 13;",
        "played next: thread-0 · on a round that began after step 13;",
    ] {
        assert!(told.contains(text), "{text}\n{told}");
    }
    // What was saved is the same play; once somebody played otherwise, it goes round no more.
    let saved = std::fs::read_to_string(folder.path("other.trace")).expect("it is saved");
    assert!(saved.contains("\"repeats_from\":13,"), "{saved}");
    let commands = "goto 15\nstep thread-1\nshow lanes\nback 1\nsave third.trace\n";
    let told = folder.vm_with("step way.trace --plain", commands).exits(0).out;
    assert!(told.contains("a new branch"), "{told}");
    let saved = std::fs::read_to_string(folder.path("third.trace")).expect("it is saved");
    assert!(!saved.contains("repeats_from"), "{saved}");
}

#[test]
fn each_kind_is_explained() {
    let waits = "queue q\natomic n = 0
thread w { while true { increment n; decrement n } }
receive q";
    let readers = "semaphore room = 1
lock counting
global readers = 0
thread reader[2] {
    while true {
        lock counting { readers += 1; if readers == 1 { acquire room } }
        lock counting { readers -= 1; if readers == 0 { release room } }
    }
}
acquire room
release room";
    let looks = "atomic n = 0\nwhile n == 0 { }";
    for (kind, flags, text) in [
        ("starvation by overtaking", "--weak", GREEDY),
        ("starvation: what it waits for never comes free", "", readers),
        ("livelock", "--fair strong", POLITE),
        ("endless by choice", "", "while choose(2) { }"),
        ("starvation: nobody has to tell who waits", "", waits),
        ("a loop that waits for what need not come", "", looks),
    ] {
        let ended = vm_of(&format!("explain - --language weir --liveness {flags}"), text).exits(1);
        let first = format!("FAILED LIVENESS: {kind}\n");
        assert!(ended.out.starts_with(&first), "{first}{}", ended.out);
        assert!(ended.out.contains("\nwhy    ") && ended.out.contains("\nremedy "));
        let again = format!(
            "--liveness{}` shows",
            match flags {
                "--fair strong" => " --fair strong",
                _ => "",
            }
        );
        assert!(ended.out.contains(&again), "{again}\n{}", ended.out);
    }
}

#[test]
fn a_file_may_ask_for_it() {
    let folder = folder();
    folder.write("a.weir", format!("# verdict: PROVED\n# liveness: weak\n{GREEDY}"));
    folder.write("b.weir", format!("# verdict: LIVENESS\n# liveness: strong\n{POLITE}"));
    folder.write("c.weir", format!("# verdict: PROVED\n# liveness: weak\n{POLITE}"));
    folder.write("d.weir", format!("# verdict: LIVENESS\n{GREEDY}"));
    folder.write("e.weir", format!("# verdict: PROVED\n{GREEDY}"));
    folder.vm("test a.weir b.weir --seeds 3").exits(0);
    let ended = folder.vm("test c.weir --seeds 3").exits(1);
    let told = "of all schedules, one shows LIVENESS, not PROVED";
    assert!(ended.out.contains(told), "{}", ended.out);
    let again = "again: forebay vm check c.weir --liveness --fair weak\n";
    assert!(ended.out.contains(again), "{}", ended.out);
    let ended = folder.vm("test d.weir --seeds 3").exits(1);
    let told = "PROVED: none of all schedules shows LIVENESS";
    assert!(ended.out.contains(told), "{}", ended.out);
    // Without the header, to go on for ever is no step left.
    let ended = folder.vm("test e.weir --seeds 3").exits(1);
    assert!(ended.out.contains("9 of 9 runs: no step was left"), "{}", ended.out);
}

#[test]
fn a_graph_marks_the_way_there_and_round() {
    let folder = folder();
    folder.vm("check greedy.weir --weak --liveness --graph states.dot").exits(1);
    let drawn = std::fs::read_to_string(folder.path("states.dot")).expect("it is written");
    let marked = |line: &&str| line.contains(" -> ") && line.contains("color=red");
    assert_eq!(drawn.lines().filter(marked).count(), 7, "{drawn}");
    assert_eq!(drawn.matches("LIVENESS: from here, round and round").count(), 1, "{drawn}");
    folder.vm("check greedy.weir --weak --graph states.dot").exits(0);
    let drawn = std::fs::read_to_string(folder.path("states.dot")).expect("it is written");
    assert!(!drawn.contains("color=red"), "{drawn}");
}

#[test]
fn a_graph_says_who_is_dead() {
    let folder = folder();
    folder.vm("check polite.weir --kill-of philosopher --graph states.dot").exits(1);
    let drawn = std::fs::read_to_string(folder.path("states.dot")).expect("it is written");
    assert!(drawn.contains("philosopher[0] (1) was killed"), "{drawn}");
}

#[test]
fn no_more_states_are_looked_at_than_there_may_be() {
    let folder = folder();
    let json =
        folder.vm("check greedy.weir --weak --liveness --max-states 20 --json").exits(3).json();
    assert_eq!((&json["stopped"], &json["liveness"]["states"]), (&"states".into(), &21.into()));
    folder.vm("check greedy.weir --weak --liveness --max-states 21").exits(1);
}

#[test]
fn whose_choice_it_is_and_whose_not_is_explained() {
    let folder = folder();
    let pauses =
        POLITE.replace("acquire fork[index]\n", "acquire fork[index]\n        sleep choose(2)\n");
    folder.write("pauses.weir", &pauses);
    folder.write("choosy.weir", "thread a { while choose(2) == 0 { sleep 1 } }\njoin a\n");
    folder.vm("explain pauses.weir --liveness").exits(1).has(&["FAILED LIVENESS: livelock\n"]);
    let ended = folder.vm("explain choosy.weir --liveness").exits(1);
    ended.has(&["FAILED LIVENESS: endless by choice\n"]);
}
