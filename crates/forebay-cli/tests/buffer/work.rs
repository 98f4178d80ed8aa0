//! `forebay work`.

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::forebay::{
    Folder, Going, assert_sums, buffer, figure, input, line, number, run, start, start_line, stat,
    until,
};

fn put(folder: &Folder, items: impl IntoIterator<Item = u32>) {
    run(folder, &["put", "-q", "b"], &input(items)).exits(0);
}

#[test]
fn items_that_are_there_are_done_once() {
    let folder = buffer("");
    put(&folder, 1..=50);
    let work = line(&folder, "work b --once -j3 --report-json report echo done").exits(0);
    let expected: BTreeSet<_> = (1..=50).map(|item| format!("done {item}")).collect();
    let lines = work.lines();
    assert_eq!(lines.len(), 50);
    assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), expected);
    let report = folder.report("report");
    assert_sums(&report);
    for (key, expected) in [("produced", 50.0), ("finished", 50.0), ("remaining", 0.0)] {
        assert!((number(&report, key) - expected).abs() < 0.5, "{report}");
    }
    assert_eq!((figure(&folder, "finished"), figure(&folder, "waiting")), (50, 0));
}

#[test]
fn those_who_wait_to_put_are_told_of() {
    let folder = buffer("--capacity 1");
    let put = start(&folder, &["put", "-q", "b"], b"1\n2\n3\n");
    until("full", || figure(&folder, "producers_waiting") == 1);
    let work = ["work", "b", "-j1", "-n1", "--report-json", "report", "--shell", "sleep 0.2; : {}"];
    let work = start(&folder, &work, b"");
    put.wait().exits(0);
    line(&folder, "close b").exits(0);
    work.wait().exits(0).says(&["the consumers were the bottleneck"]);
    assert!(number(&folder.report("report"), "producer_wait_seconds") > 0.1);
}

#[test]
fn it_goes_on_until_the_buffer_is_closed_and_drained() {
    let folder = buffer("");
    let work = start_line(&folder, "work b echo");
    put(&folder, [1]);
    work.until_printed("1\n");
    put(&folder, [2]);
    work.until_printed("2\n");
    line(&folder, "close b").exits(0);
    work.wait().exits(0).says(&["2 items: 2 finished, 0 failed, 0 remaining"]);
}

#[test]
fn how_long_it_has_waited_is_seen_while_it_waits() {
    let folder = buffer("");
    // All of it is one wait, whoever looks round meanwhile; of a run that has put all, too.
    put(&folder, [1]);
    let holds = "until [ -e go ]; do sleep 0.01; done; : {}";
    let other = start(&folder, &["work", "b", "-j1", "-n1", "--shell", holds], b"");
    until("at work", || figure(&folder, "leased") == 1);
    let work = start_line(&folder, "work b -j1 echo");
    let run = start(&folder, &["run", "--buffer", "b", "-j1", "echo"], b"1\n");
    until("long waits", || {
        let members = stat(&folder)["participants"].clone();
        let waits = members.as_array().expect("a list").iter().filter(|one| {
            one["waits_for"] == "an item" && one["waits_seconds"].as_f64() > Some(1.0)
        });
        waits.count() == 2
    });
    assert_eq!(figure(&folder, "consumers_waiting"), 2);
    folder.write("go", b"");
    run.wait().exits(0);
    line(&folder, "close b").exits(0);
    for going in [other, work] {
        going.wait().exits(0);
    }
}

#[test]
fn once_waits_for_its_own_tries_and_not_for_others() {
    let folder = buffer("");
    put(&folder, [1, 2]);
    let other = start(
        &folder,
        &["work", "b", "-j1", "-n1", "--shell", "until [ -e go ]; do sleep 0.01; done; : {}"],
        b"",
    );
    until("at work", || figure(&folder, "leased") == 1);
    let work = [
        "work",
        "b",
        "--once",
        "--retries",
        "3",
        "--backoff",
        "20ms",
        "--shell",
        "echo {} >> tries; [ $(wc -l < tries) = 3 ]",
    ];
    run(&folder, &work, b"").exits(0);
    assert_eq!(folder.lines("tries"), ["2"; 3]);
    folder.write("go", b"");
    line(&folder, "close b").exits(0);
    other.wait().exits(0);
}

#[test]
fn an_item_in_backoff_holds_no_consumer_and_stays_leased() {
    let folder = buffer("");
    put(&folder, 1..=3);
    let work = start(
        &folder,
        &[
            "work",
            "b",
            "-j1",
            "--retries",
            "2",
            "--backoff",
            "1h",
            "--shell",
            "[ {} != 1 ] && echo {}",
        ],
        b"",
    );
    work.until_printed("2\n3\n");
    until("answered", || figure(&folder, "finished") == 2);
    let now = stat(&folder);
    assert_eq!((&now["leased"], &now["leases"][0]["position"]), (&1.into(), &1.into()), "{now}");
    // It stops: the failure counts, and the item is there at once.
    work.signal(Signal::INT);
    work.wait().exits(130).says(&["1 remaining"]);
    let work = ["work", "b", "--once", "--retries", "2", "--shell", "false {}"];
    run(&folder, &work, b"").exits(1);
    let dead = line(&folder, "dead b").text();
    let columns: Vec<_> = dead.trim_end().split('\t').collect();
    assert_eq!((columns[0], columns[2], columns[4]), ("1", "1", "1"), "{dead}");
    assert!(columns[3].contains("failed 2 times, last because: exit status 1"), "{dead}");
}

#[test]
fn several_share_what_there_is() {
    let folder = buffer("");
    let command = "echo {} >> $FOREBAY_TEST; sleep 0.02";
    let worker = |name: &str| {
        let env = format!("FOREBAY_TEST={name}");
        start(&folder, &["work", "b", "-q", "-j2", "--env", &env, "--shell", command], b"")
    };
    let workers = [worker("one"), worker("two")];
    until("both there", || figure(&folder, "consumers_waiting") == 2);
    put(&folder, 1..=60);
    line(&folder, "close b").exits(0);
    for worker in workers {
        worker.wait().exits(0);
    }
    let (one, two) = (folder.lines("one"), folder.lines("two"));
    assert!(one.len() >= 10 && two.len() >= 10, "{} and {}", one.len(), two.len());
    let all: BTreeSet<_> = one.iter().chain(&two).collect();
    assert_eq!((all.len(), one.len() + two.len()), (60, 60));
}

#[test]
fn a_slow_command_holds_nothing_that_others_could_do() {
    let folder = buffer("");
    put(&folder, 1..=5);
    let slow = start(
        &folder,
        &["work", "b", "-q", "-j1", "--shell", "until [ -e go ]; do sleep 0.01; done; : {}"],
        b"",
    );
    until("at work", || figure(&folder, "leased") == 1);
    assert_eq!(line(&folder, "work b -q --once -j1 echo").exits(0).text(), "2\n3\n4\n5\n");
    folder.write("go", b"");
    line(&folder, "close b").exits(0);
    slow.wait().exits(0);
}

#[test]
fn the_number_of_an_item_is_its_position() {
    let folder = buffer("");
    put(&folder, 11..=13);
    line(&folder, "take b").exits(0);
    let work = line(&folder, "work b --once -q -j1 --joblog log echo {#} {}").exits(0);
    assert_eq!(work.text(), "2 12\n3 13\n");
    let seqs: Vec<_> =
        folder.lines("log").iter().skip(1).map(|line| line[..2].to_owned()).collect();
    assert_eq!(seqs, ["2\t", "3\t"]);
    // Another one adds to it.
    put(&folder, [14]);
    line(&folder, "work b --once -q --joblog log echo {#} {}").exits(0);
    assert_eq!(folder.lines("log").len(), 4);
}

#[test]
fn groups_columns_and_whole_inputs() {
    let folder = buffer("");
    put(&folder, 1..=5);
    let work = line(&folder, "work b --once -q -j1 -n2 echo").exits(0);
    assert_eq!(work.text(), "1 2\n3 4\n5\n");
    run(&folder, &["put", "b", "a,b", "c,d"], b"").exits(0);
    assert_eq!(
        line(&folder, "work b --once -q -j1 -C , echo {2} {1}").exits(0).text(),
        "b a\nd c\n"
    );
    run(&folder, &["put", "b", "line\nanother"], b"").exits(0);
    assert_eq!(line(&folder, "work b --once -q --pipe wc -l").exits(0).text().trim(), "1");
    // All of a group fail together.
    put(&folder, 6..=7);
    run(&folder, &["work", "b", "--once", "-q", "-n2", "--shell", "false {}"], b"").exits(1);
    assert_eq!(figure(&folder, "dead"), 2);
}

#[test]
fn workers_answer_line_by_line() {
    let folder = buffer("--capacity 5000");
    put(&folder, 1..=5000);
    let work =
        run(&folder, &["work", "b", "--once", "-q", "-j2", "-k", "--worker", "cat"], b"").exits(0);
    assert_eq!(work.stdout, input(1..=5000));
    assert_eq!(figure(&folder, "finished"), 5000);
}

#[test]
fn a_worker_that_dies_loses_nothing() {
    let folder = buffer("");
    put(&folder, 1..=100);
    // It answers seven, and dies with what it has been given beside.
    let worker =
        "n=0; while [ $n -lt 7 ] && read -r item; do echo $item; n=$((n + 1)); done; kill -9 $$";
    let work = [
        "work",
        "b",
        "--once",
        "-q",
        "-j2",
        "--retries",
        "50",
        "--backoff",
        "1ms",
        "--worker",
        "--shell",
        worker,
    ];
    let work = run(&folder, &work, b"").exits(0);
    assert_eq!(work.lines().len(), 100);
    assert_eq!(figure(&folder, "finished"), 100);
}

#[test]
fn an_interruption_gives_back_what_was_not_begun() {
    let folder = buffer("");
    put(&folder, 1..=10);
    let work = start(
        &folder,
        &["work", "b", "-j2", "--shell", "until [ -e go ]; do sleep 0.01; done; echo {}"],
        b"",
    );
    until("at work", || figure(&folder, "leased") == 2);
    work.signal(Signal::INT);
    work.until_said("again stops it now");
    folder.write("go", b"");
    let work = work.wait().exits(130);
    assert_eq!(work.lines(), ["1", "2"]);
    let now = stat(&folder);
    assert_eq!(
        (&now["waiting"], &now["leased"], &now["finished"]),
        (&8.into(), &0.into(), &2.into())
    );
}

#[test]
fn a_second_interruption_gives_back_what_runs() {
    let folder = buffer("");
    put(&folder, 1..=3);
    let work = start(&folder, &["work", "b", "-j2", "--shell", "sleep 300; : {}"], b"");
    until("at work", || figure(&folder, "leased") == 2);
    work.signal(Signal::TERM);
    work.until_said("again stops it now");
    work.signal(Signal::TERM);
    work.wait().exits(143).says(&["2 remaining"]);
    let now = stat(&folder);
    assert_eq!((&now["waiting"], &now["leased"]), (&3.into(), &0.into()));
}

#[test]
fn a_command_that_can_never_run_loses_nothing() {
    let folder = buffer("");
    put(&folder, 1..=3);
    line(&folder, "work b --once ./none").exits(127).says(&["not found"]);
    let now = stat(&folder);
    assert_eq!((&now["waiting"], &now["leased"], &now["dead"]), (&3.into(), &0.into(), &0.into()));
}

#[test]
fn long_work_keeps_its_lease() {
    let folder = buffer("--lease-time 150ms");
    put(&folder, [1]);
    let work = start(
        &folder,
        &["work", "b", "-q", "--once", "--shell", "echo >> begun; sleep 1; echo {}"],
        b"",
    );
    until("begun", || folder.lines("begun").len() == 1);
    let other = line(&folder, "take b --timeout 600ms").exits(1);
    assert_eq!(other.text(), "");
    assert_eq!(work.wait().exits(0).text(), "1\n");
    assert_eq!(figure(&folder, "finished"), 1);
}

/// Stops the process, and takes what it holds when its lease is over.
fn taken_while_stopped(folder: &Folder, work: &Going) -> String {
    loop {
        work.signal(Signal::STOP);
        let take = line(folder, "take b --timeout 5s");
        if take.code() == 0 {
            return take.text();
        }
        // It was stopped in the midst of a turn: nobody else has one before it goes on.
        take.exits(255).says(&["stopped"]);
        work.signal(Signal::CONT);
    }
}

#[test]
fn a_lease_that_ran_out_ends_its_command() {
    let folder = buffer("--lease-time 150ms");
    put(&folder, [1]);
    let command = "echo $$ >> numbers; exec sleep 300; : {}";
    let work = start(&folder, &["work", "b", "--shell", command], b"");
    until("begun", || folder.lines("numbers").len() == 1);
    work.signal(Signal::STOP);
    // The item is somebody else's.
    assert_eq!(line(&folder, "take b").exits(0).text(), "1\n");
    work.signal(Signal::CONT);
    work.until_said("ran out");
    until("stopped", || !is_running(&folder.lines("numbers")[0]));
    line(&folder, "close b").exits(0);
    work.wait().exits(0);
}

#[test]
fn a_lease_that_ran_out_ends_its_worker_and_nothing_else() {
    let folder = buffer("--lease-time 150ms");
    put(&folder, [1]);
    let worker = "while read -r item; do echo $$ >> numbers; [ $item != 1 ] || sleep 300; echo done $item; done";
    let work = start(&folder, &["work", "b", "-q", "-k", "--worker", "--shell", worker], b"");
    until("begun", || folder.lines("numbers").len() == 1);
    assert_eq!(taken_while_stopped(&folder, &work), "1\n");
    work.signal(Signal::CONT);
    work.until_said("ran out");
    until("stopped", || !is_running(&folder.lines("numbers")[0]));
    // Another one goes on, and nobody waits for the turn of what is gone.
    put(&folder, [2]);
    work.until_printed("done 2\n");
    line(&folder, "close b").exits(0);
    assert_eq!(work.wait().exits(0).text(), "done 2\n");
    assert_eq!((figure(&folder, "finished"), figure(&folder, "dead")), (2, 0));
}

#[test]
fn an_item_whose_lease_ran_out_before_it_was_begun_is_not_begun() {
    for worker in ["", "--worker --shell "] {
        let folder = buffer("--lease-time 150ms");
        put(&folder, [1, 2]);
        let begins = "while read -r item; do echo $item >> begun; echo $item; done";
        let command = if worker.is_empty() { "echo {} >> begun" } else { begins };
        let mut arguments: Vec<_> = "work b -k -j1 --delay 1s".split(' ').collect();
        arguments.extend(worker.split_terminator(' '));
        if worker.is_empty() {
            arguments.push("--shell");
        }
        arguments.push(command);
        let work = start(&folder, &arguments, b"");
        // The second waits for its turn to start, and has its lease.
        until("leased", || folder.lines("begun").len() == 1 && figure(&folder, "leased") == 1);
        assert_eq!(taken_while_stopped(&folder, &work), "2\n");
        work.signal(Signal::CONT);
        put(&folder, [3]);
        until("third", || folder.lines("begun").len() == 2);
        line(&folder, "close b").exits(0);
        let report = "2 items: 2 finished, 0 failed, 0 remaining";
        work.wait().exits(0).says(&["ran out"]).says(&[report]);
        assert_eq!(folder.lines("begun"), ["1", "3"]);
    }
}

/// Whether the process is there, and has not ended.
pub(crate) fn is_running(process: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}
