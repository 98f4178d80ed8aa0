use std::fs;

use tempfile::TempDir;

use crate::process::{Ended, Example};

struct Queue {
    folder: TempDir,
}

impl Queue {
    fn new() -> Self {
        let queue = Self { folder: tempfile::tempdir().expect("a folder") };
        queue.run("create", &[]);
        queue
    }

    fn start(&self, verb: &str, jobs: &[&str]) -> Example {
        let path = self.folder.path().join("jobs.fb");
        Example::start("job_queue", &[&[verb, path.to_str().expect("text")], jobs].concat())
    }

    fn run(&self, verb: &str, jobs: &[&str]) -> Ended {
        self.start(verb, jobs).end()
    }

    fn worker(&self) -> Example {
        let worker = self.start("work", &[]);
        assert_eq!(worker.line(), format!("worker {} is ready", worker.pid()));
        worker
    }
}

/// How jobs ended that workers told of, without their numbers, sorted.
fn told(workers: impl IntoIterator<Item = Example>) -> Vec<String> {
    let lines = workers.into_iter().flat_map(|worker| worker.end().lines);
    let mut told: Vec<String> =
        lines.map(|line| line.split_once(": ").expect("a worker tells it").1.to_owned()).collect();
    told.retain(|line| !line.ends_with(": begins"));
    told.sort();
    told
}

#[test]
fn jobs_are_tried_again_and_what_cannot_be_done_is_set_aside_with_its_reason() {
    let queue = Queue::new();
    let workers = [queue.worker(), queue.worker()];
    queue.run("submit", &["cat.png:640", "flaky.png:320"]);
    queue.run("submit", &["corrupt.png:200", "dog.png:0", "cow.png:80"]);
    queue.run("wait", &[]);
    let dead = [
        "corrupt.png to 200: failed too often, last because: not a picture",
        "dog.png to 0: rejected: a picture has some width",
    ];
    let mut lines = queue.run("dead", &[]).lines;
    lines.sort();
    assert_eq!(lines, dead);
    // Once more, as if never tried.
    queue.run("retry", &[]);
    queue.run("wait", &[]);
    assert_eq!(queue.run("dead", &[]).lines.len(), 2);
    queue.run("close", &[]);
    let corrupt = (1..=3).flat_map(|failure| {
        let line = format!("corrupt.png to 200: failure {failure}: not a picture");
        [line.clone(), line]
    });
    let rest = [
        "cat.png to 640: done",
        "cow.png to 80: done",
        "dog.png to 0: rejected: a picture has some width",
        "dog.png to 0: rejected: a picture has some width",
        "flaky.png to 320: done",
        "flaky.png to 320: failure 1: the disk was busy",
    ];
    let mut all: Vec<String> = rest.into_iter().map(str::to_owned).chain(corrupt).collect();
    all.sort();
    assert_eq!(told(workers), all);
}

#[test]
fn the_job_of_a_killed_worker_is_done_by_another() {
    let queue = Queue::new();
    // The second takes so long that nobody can miss it.
    queue.run("submit", &["cat.png:640", "huge.png:20000", "cow.png:80"]);
    let killed = queue.worker();
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &String| !last.ends_with("huge.png to 20000: begins")) {
        heard.push(killed.line());
    }
    assert!(heard[1].ends_with("cat.png to 640: done"), "{heard:?}");
    killed.kill();
    let worker = queue.worker();
    queue.run("wait", &[]);
    queue.run("close", &[]);
    let rest = [
        "cow.png to 80: done",
        "huge.png to 20000: begins, left by a worker that died",
        "huge.png to 20000: done",
    ];
    assert_eq!(told([worker]), rest);
}

#[test]
fn a_job_is_json_in_the_file() {
    let queue = Queue::new();
    queue.run("submit", &["cat.png:640"]);
    let bytes = fs::read(queue.folder.path().join("jobs.fb")).expect("read");
    let json = br#"{"picture":"cat.png","width":640}"#;
    assert!(bytes.windows(json.len()).any(|part| part == json));
}
