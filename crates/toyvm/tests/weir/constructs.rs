//! Each construct does what its name says.

use super::{play, prints, says};
use toyvm::run::End;

#[test]
fn values_are_computed_as_on_paper() {
    let program = r#"
        print("{} {} {}", 1 + 2 * 3, (1 + 2) * 3, -7 / 2)
        x = 7
        print("{} {} {} {}", x - 2 - 1, x % 3, -x % 3, 0 - -x)
        print("{} {} {}", x == 7, x != 7, not x)
        print("{} {} {}", x < 7, x <= 7, x > 6 and x >= 7)
        print("a" + "b")
        print(x)
        print("no value")
    "#;
    let lines = ["7 9 -4", "4 1 2 7", "1 0 0", "0 1 1", "ab", "7", "no value"];
    assert_eq!(says(program), lines);
}

#[test]
fn and_and_or_look_no_further_than_needed() {
    let program = r#"
        array a[2]
        global looks = 0
        procedure look(value) {
            looks += 1
            return value
        }
        i = 2
        if i < 2 and a[i] == 0 { print("never") } else { print("past the end") }
        x = look(0) and look(1)
        y = look(1) or look(1)
        z = not (look(5) and look(6))
        print("{} {} {} {}", x, y, z, looks)
    "#;
    assert_eq!(says(program), ["past the end", "0 1 0 4"]);
}

#[test]
fn branches_and_loops() {
    let program = r#"
        procedure size(n) {
            if n < 3 { return "few" }
            else if n < 10 { return "some" }
            else { return "many" }
        }
        for i in 0..3 { print("{}: {}", i * 5, size(i * 5)) }
        n = 0
        while true {
            n += 1
            if n == 2 { continue }
            if n == 5 { break }
            print(n)
        }
        k = 3
        while k > 0 { k -= 1; print("k {}", k) }
        for i in k..k { print("never") }
    "#;
    let lines = ["0: few", "5: some", "10: many", "1", "3", "4", "k 2", "k 1", "k 0"];
    assert_eq!(says(program), lines);
}

#[test]
fn threads_of_one_body_know_their_number() {
    let program = r#"
        array seen[3]
        thread worker[3] { seen[index] = index * 10 }
        join worker
        thread last { print("{} {} {}", seen[0], seen[1], seen[2]) }
        join last
        thread again[2] { return }
        join again[1]
        join again[0]
    "#;
    assert_eq!(prints(program), ["[thread-3] 0 10 20"]);
}

#[test]
fn locks_are_released_whichever_way_a_block_is_left() {
    let program = r#"
        lock m
        lock n
        global done = 0
        procedure leave(early) {
            lock m {
                lock n { if early { return 1 } }
            }
            return 2
        }
        x = leave(true)
        y = leave(0)
        while true {
            lock m { break }
        }
        for i in 0..2 {
            lock m { if i == 0 { continue }; done += 1 }
        }
        thread other {
            lock m { lock n { done += 1 } }
        }
        join other
        print("{} {} {}", x, y, done)
    "#;
    assert_eq!(says(program), ["1 2 2"]);
}

#[test]
fn semaphores_queues_atomics_and_conditions() {
    let program = r#"
        const P = 2
        semaphore free = P max P
        semaphore full = 0
        queue q max 1
        queue plain
        atomic c = 5
        lock m
        condition ready of m
        global news = 0
        thread giver {
            acquire full
            send q, "hello"
            send q, "again"
            lock m {
                news = 1
                notify ready
                notify all ready
            }
            send plain, increment c
        }
        release full
        lock m {
            while news == 0 { wait ready }
        }
        first = receive q
        print(first)
        print(receive q)
        print("{} {}", receive plain, c)
        decrement c
        print(decrement c)
        print(compare_and_swap(c, 4, 9))
        print(c)
        acquire m
        release m
        join giver
        acquire free
        release free
    "#;
    // A queue with a bound holds the giver up until its first message is taken.
    let program = program
        .replace("            send q, \"again\"\n", "")
        .replace("        print(receive q)\n", "");
    assert_eq!(says(&program), ["hello", "6 6", "4", "1", "9"]);
}

#[test]
fn what_is_tried_tells_whether_it_went_well() {
    let program = r#"
        lock m
        semaphore s = 1
        queue q max 1
        condition c of m
        thread sleeper { sleep 50 }
        print("{} {}", try acquire s, try acquire s)
        print("{} {}", try acquire m, try acquire m within 5)
        print("{} {} {}", try send q, 7, try send q, 8, try send q, 9 within 3)
        value, got = try receive q
        print("{} {}", value, got)
        value, got = try receive q within 2
        print("{} {}", value, got)
        print(try wait c within 2)
        print("{} {} {}", try join sleeper within 1, alive(sleeper), try join sleeper within 100)
        try acquire s
        release m
    "#;
    assert_eq!(says(program), ["1 0", "1 0", "1 0 0", "7 1", "0 0", "0", "0 1 1"]);
}

#[test]
fn handles_are_kept_and_the_locks_of_the_dead_are_taken() {
    let said = says(
        "lock m\narray who[2]\narray got[1]\nsemaphore go = 0\n\
         thread holder { acquire m }\n\
         thread heir[2] {\n acquire go\n if index == 0 and not alive(who[0]) {\n\
         got[0] = robust acquire m\n release m\n }\n }\n\
         who[0] = holder\nwho[1] = heir[1]\njoin holder\n\
         print(\"{} {}\", alive(who[0]), alive(heir[1]))\n\
         release go\nrelease go\njoin heir\nprint(\"{} {}\", got[0], robust acquire m)\n",
    );
    assert_eq!(said, ["0 1", "1 0"]);
}

#[test]
fn procedures_are_given_values_and_things() {
    let program = r#"
        const N = 3
        lock fork[N]
        semaphore s[2] = 0
        array a[4]
        queue q[2]
        global eaten = 0
        procedure eat(left, right) {
            lock left { lock right { eaten += 1 } }
        }
        procedure fill(array_, from, value) {
            for i in from..length(array_) { array_[i] = value; value += 1 }
        }
        procedure pass(all_of) {
            i = 1
            send all_of[i], 5
            return receive all_of[1]
        }
        procedure twice(x) { return x + x }
        thread philosopher[N] { eat(fork[index], fork[(index + 1) % N]) }
        join philosopher
        fill(a, 2, 7)
        for i in 0..2 { release s[i] }
        k = 1
        eat(fork[k], fork[k + 1])
        acquire s[0]
        acquire s[k]
        print("{} {} {} {} {}", eaten, a[1], a[2], a[3], twice(twice(3) + 1))
        print(pass(q))
    "#;
    assert_eq!(says(program), ["4 0 7 8 14", "5"]);
}

#[test]
fn claims_end_the_run() {
    let program =
        "global n = 0\ninvariant n < 2 when m free\nlock m\nlock m { n = 5; n = 1 }\nn = 2\n";
    let played = play(program);
    let End::Broken { .. } = played.outcome.end else { panic!("{:?}", played.outcome.end) };
    let played = play("x = 1\nassert x  ==  1\nassert x > 3, \"too small\"\nprint(\"never\")");
    let End::Asserted { .. } = played.outcome.end else { panic!("{:?}", played.outcome.end) };
    assert!(played.lines.is_empty());
}

#[test]
fn chance_and_time() {
    let program = r#"
        x = choose(1)
        n = 3
        y = random(n)
        print("{} {}", x, y < 3 and y >= 0)
        sleep 5
        sleep n
        daemon thread forever { while true { sleep 10 } }
        sleep 1
        print("over")
    "#;
    let program = program
        .replace("while true { sleep 10 }", "acquire never")
        .replace("\n        x =", "\n        semaphore never = 0\n        x =");
    assert_eq!(says(&program), ["0 1", "over"]);
}

#[test]
fn what_is_asserted_is_asserted_part_by_part() {
    let holds = |claim: &str| {
        let text = format!("x = 3\ny = 0\nassert {claim}, \"so\"\nprint(x + y)\n");
        play(&text).outcome.end == End::Finished
    };
    for (claim, expected) in [
        ("x == 3 and y == 0", true),
        ("x == 3 and y == 1", false),
        ("x == 4 and y == 0", false),
        ("x == 4 or y == 0", true),
        ("x == 3 or 1 / y == 0", true),
        ("x == 4 or y == 1", false),
        ("(x == 4 or y == 0) and not (x == 4 or y == 1)", true),
        ("x == 3 and (y == 1 or x == 4)", false),
    ] {
        assert_eq!(holds(claim), expected, "{claim}");
    }
}

#[test]
fn what_follows_a_block_may_stand_on_its_line() {
    assert_eq!(
        says("if 1 { print(1) } if 0 { } else { print(2) } print(3); print(4)"),
        ["1", "2", "3", "4"]
    );
}
