//! `vm explain`: each kind of mistake has its name and its remedy.

use crate::forebay::{Folder, vm_of};

fn things(text: &str) -> String {
    format!("{text}\nvm = ToyVM()\nvm.create_lock(\"m\")\nvm.create_semaphore(0, \"s\")\n")
        + "vm.create_message_queue(\"q\")\nvm.create_thread(a, \"a\")\nvm.create_thread(b, \"b\")\nvm.run()\n"
}

#[test]
fn each_kind_of_mistake_is_named() {
    let (lock, unlock) =
        (r#"("PUSH", "m"), ("LOCK_ACQUIRE",)"#, r#"("PUSH", "m"), ("LOCK_RELEASE",)"#);
    let wait = r#"("PUSH", "s"), ("SEMAPHORE_ACQUIRE",)"#;
    let receive = r#"("PUSH", "q"), ("QUEUE_RECEIVE",)"#;
    let release = r#"("PUSH", "s"), ("SEMAPHORE_RELEASE",)"#;
    for (kind, text) in [
        ("DEADLOCK: a lock is taken again", format!("a = [{lock}, {lock}]\nb = []")),
        ("DEADLOCK: a lock that the dead hold", format!("a = [{lock}]\nb = [{lock}, {unlock}]")),
        (
            "DEADLOCK: hold and wait",
            format!("a = [{lock}, {wait}, {unlock}]\nb = [{lock}, {release}, {unlock}]"),
        ),
        ("DEADLOCK: a semaphore is acquired", format!("a = [{wait}]\nb = [{wait}]")),
        ("DEADLOCK: a message is waited for", format!("a = [{receive}]\nb = [(\"NOP\",)]")),
        ("ASSERTION: ", "a = [(\"CHOOSE\", 2), (\"ASSERT\", \"it\")]\nb = [(\"NOP\",)]".to_owned()),
        ("ERROR: an instruction", "a = [(\"LOAD\", \"x\")]\nb = [(\"NOP\",)]".to_owned()),
        (
            "ERROR: an instruction is given",
            "a = [(\"PUSH\", 1), (\"PUSH\", 0), (\"DIV\",)]\nb = []".to_owned(),
        ),
        (
            "SPIN: endless loop",
            "a = [(\"LABEL\", \"l\"), (\"JUMP\", \"l\")]\nb = [(\"NOP\",)]".to_owned(),
        ),
    ] {
        let text = things(&text.replace("b = []", "b = [(\"NOP\",)]"));
        let ended = vm_of("explain -", &text).exits(1);
        assert!(ended.out.starts_with(&format!("FAILED {kind}")), "{kind}\n{}", ended.out);
        assert!(
            ended.out.contains("\nwhy    ") && ended.out.contains("\nremedy "),
            "{}",
            ended.out
        );
    }
    let folder = Folder::of_programs();
    for (file, kind) in [
        ("philosophers_deadlock.toy", "DEADLOCK: circular wait"),
        ("lost_wakeup.toy", "DEADLOCK: lost wakeup"),
        ("no_mutex.toy", "RACE: data race"),
    ] {
        let ended = folder.vm(&format!("explain {file}")).exits(1);
        assert!(ended.out.starts_with(&format!("FAILED {kind}\n")), "{file}\n{}", ended.out);
    }
}

#[test]
fn what_is_proved_needs_no_explanation() {
    let ended = vm_of("explain -", "main = [(\"PUSH\", 1)]").exits(0);
    assert!(ended.out.starts_with("PROVED: nothing is wrong"), "{}", ended.out);
    vm_of("explain", "").exits(2);
}
