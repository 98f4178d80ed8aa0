//! Dead letters.

use crate::engine::Engine;
use crate::place::Place;

on_each_engine! {
    what_failed_for_good_is_set_aside_tried_again_and_given_up
}

fn what_failed_for_good_is_set_aside_tried_again_and_given_up(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.line("put @ good bad worse").exits(0);
    let work = ["work", "@", "--once", "-k", "--retries", "2", "--backoff", "10ms", "--shell"];
    let command = "echo {} >> ledger; case {} in good) ;; *) exit 3;; esac";
    place
        .run(&[&work[..], &[command]].concat(), b"")
        .exits(2)
        .says(&["failed: 'bad': exit status 3"]);
    let mut ledger = place.folder.lines("ledger");
    ledger.sort();
    assert_eq!(ledger, ["bad", "bad", "good", "worse", "worse"]);

    let list = place.line("dead @").exits(0).text();
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 2, "{list}");
    let of = |item: &str| rows.iter().find(|row| row[4] == item).expect(item)[0].to_owned();
    let (bad, worse) = (of("bad"), of("worse"));
    for row in &rows {
        assert_eq!(
            (row[1], row[3]),
            ("2", "rejected: failed 2 times, last because: exit status 3")
        );
    }
    assert_eq!(place.figure("dead"), 2);

    place.line("dead @ retry").exits(255).says(&["say which", &place.shown()]);
    place.run(&["dead", "@", "purge", &worse], b"").exits(0).says(&["1 item purged"]);
    place.run(&["dead", "@", "purge", &worse], b"").exits(1).says(&["no dead letter", &worse]);
    place.run(&["dead", "@", "retry", &bad], b"").exits(0).says(&["1 item retried"]);
    assert_eq!(place.line("work @ --once -q echo now").exits(0).text(), "now bad\n");
    let now = place.stat();
    for (key, expected) in [("dead", 0), ("dropped", 1), ("finished", 2), ("produced", 3)] {
        assert_eq!(now[key], expected, "{key} in {now}");
    }
}
