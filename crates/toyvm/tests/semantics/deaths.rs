//! Threads that are killed: what they leave behind.

use toyvm::machine::{Choice, Machine, Status, Stepped, ThreadId, World};

use crate::load;

/// Kills whoever steps, if it is told to.
#[derive(Default)]
struct Hand {
    kills: bool,
}

impl World for Hand {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, _: u64) -> u64 {
        0
    }

    fn dies(&mut self, _: &Machine, _: ThreadId) -> bool {
        self.kills
    }

    fn print(&mut self, _: &Machine, _: ThreadId, _: &str) {}
}

/// Threads `a`, `b` and `c` with these lists, stepped by hand.
struct Scene(Machine);

impl Scene {
    fn new(lists: [&str; 3]) -> Self {
        let [a, b, c] = lists;
        Self(Machine::new(load(&format!(
            "vm = ToyVM()\nm = vm.create_lock(\"m\")\nvm.create_condition(m, \"w\")\n\
             vm.create_semaphore(1, \"s\")\nvm.create_bounded_queue(1, \"q\")\n\
             vm.create_thread([{a}], \"a\")\nvm.create_thread([{b}], \"b\")\n\
             vm.create_thread([{c}], \"c\")\n"
        ))))
    }

    fn thread(&self, name: char) -> ThreadId {
        self.0.state().thread_at(name as usize - 'a' as usize).expect("there are three")
    }

    /// One of them makes so many steps.
    fn steps(&mut self, name: char, steps: usize) {
        let thread = self.thread(name);
        for _ in 0..steps {
            self.0.step(thread, &mut Hand::default());
        }
    }

    fn kill(&mut self, name: char) {
        let thread = self.thread(name);
        assert_eq!(self.0.step(thread, &mut Hand { kills: true }), Stepped::Died);
        assert_eq!(self.0.thread(thread).status(), &Status::Killed);
    }

    fn is_ready(&self, name: char) -> bool {
        self.0.state().ready().contains(self.thread(name))
    }
}

const ACQUIRE: &str = r#"("PUSH","m"),("LOCK_ACQUIRE",)"#;
const RELEASE: &str = r#"("PUSH","m"),("LOCK_RELEASE",)"#;

#[test]
fn what_they_hold_stays_held_but_for_who_asks_robustly() {
    let robust = r#"("PUSH","m"),("LOCK_ACQUIRE","robust"),("NOP",)"#;
    let mut scene = Scene::new([&format!("{ACQUIRE},{RELEASE}"), ACQUIRE, robust]);
    scene.steps('a', 2);
    scene.steps('b', 2);
    scene.steps('c', 2);
    scene.kill('a');
    assert!(!scene.is_ready('b') && scene.is_ready('c'));
    let c = scene.0.thread(scene.thread('c'));
    assert_eq!(c.stack(), [toyvm::value::Value::Int(1)]);
    assert_eq!(scene.0.state().locks()[0].owner, Some(scene.thread('c')));
}

#[test]
fn their_place_in_a_line_goes() {
    let waits = format!("{ACQUIRE},{RELEASE}");
    let mut scene = Scene::new([&waits, &waits, &waits]);
    scene.steps('a', 2);
    scene.steps('b', 2);
    scene.steps('c', 2);
    scene.kill('b');
    scene.steps('a', 2);
    assert!(scene.is_ready('c'));
    assert_eq!(scene.0.state().locks()[0].owner, Some(scene.thread('c')));
}

#[test]
fn units_that_they_took_are_lost() {
    let takes = r#"("PUSH","s"),("SEMAPHORE_ACQUIRE",),("PUSH","s"),("SEMAPHORE_RELEASE",)"#;
    let mut scene = Scene::new([takes, takes, r#"("NOP",)"#]);
    scene.steps('a', 2);
    scene.kill('a');
    scene.steps('b', 2);
    assert!(!scene.is_ready('b'));
    assert_eq!(scene.0.state().semaphores()[0].count, 0);
}

#[test]
fn a_message_without_room_is_lost_and_the_next_gets_the_room() {
    let sends = |message| format!(r#"("PUSH","q"),("PUSH",{message}),("QUEUE_SEND",)"#);
    let receives = r#"("PUSH","q"),("QUEUE_RECEIVE",),("NOP",)"#;
    let mut scene = Scene::new([&sends(1), &sends(2), &format!("{},{receives}", sends(3))]);
    scene.steps('c', 3);
    scene.steps('a', 3);
    scene.steps('b', 3);
    scene.kill('a');
    scene.steps('c', 2);
    let messages: Vec<_> = scene.0.state().queues()[0].messages.iter().copied().collect();
    assert_eq!(messages, [toyvm::value::Value::Int(2)]);
}

#[test]
fn who_was_notified_and_dies_is_in_nobody_s_way() {
    let waits = format!(r#"{ACQUIRE},("PUSH","w"),("WAIT",),{RELEASE}"#);
    let notifies = format!(r#"{ACQUIRE},("PUSH","w"),("NOTIFY",),{RELEASE},("NOP",)"#);
    let mut scene = Scene::new([&waits, &waits, &notifies]);
    scene.steps('a', 4);
    scene.steps('b', 4);
    scene.steps('c', 4);
    // It stands in the line of the lock now; nobody else was woken.
    scene.kill('a');
    scene.steps('c', 2);
    assert_eq!(scene.0.state().locks()[0].owner, None);
    assert_eq!(scene.0.state().conditions()[0].line, [scene.thread('b')]);
}

#[test]
fn who_joins_them_goes_on_and_who_sleeps_dies_too() {
    let joins = r#"("PUSH","b"),("THREAD_JOIN",),("NOP",)"#;
    let mut scene = Scene::new([joins, r#"("SLEEP",5)"#, r#"("PUSH","b"),("ALIVE",),("NOP",)"#]);
    scene.steps('a', 2);
    scene.steps('b', 1);
    scene.kill('b');
    assert!(scene.is_ready('a'));
    assert_eq!(scene.0.next_alarm(), None);
    scene.steps('c', 2);
    assert_eq!(scene.0.thread(scene.thread('c')).stack(), [toyvm::value::Value::Int(0)]);
    scene.steps('a', 1);
    scene.steps('c', 1);
    assert_eq!(scene.0.state().remaining(), 0);
}
