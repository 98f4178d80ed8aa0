//! Tasks and threads on one buffer: the same handles have both forms, and both stand in one line.
//!
//! ```sh
//! cargo run -p forebay-examples --example async_and_threads
//! ```
//!
//! Look for: every number arrives once, although a take is given up again and again in the middle of its wait;
//! what each consumer got.

use std::thread;
use std::time::Duration;

use forebay::{Consumer, Producer, TakeError, bounded};
use tokio::time::{sleep, timeout};

/// How many numbers each producer puts.
const EACH: u64 = 500;

#[tokio::main]
async fn main() {
    let (producer, consumer) = bounded(5);

    // Consumers first: two threads and two tasks.
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let consumer = consumer.clone();
            thread::spawn(move || take_in_a_thread(&consumer))
        })
        .collect();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let consumer = consumer.clone();
            tokio::spawn(async move { take_in_a_task(&consumer).await })
        })
        .collect();

    // A thread and a task that produce; the last handle dropped closes the buffer.
    let in_a_thread = producer.clone();
    thread::spawn(move || put_in_a_thread(&in_a_thread));
    tokio::spawn(async move { put_in_a_task(&producer).await });

    let mut numbers = Vec::new();
    for task in tasks {
        let (got, given_up) = task.await.expect("no task panics");
        println!("a task took {} numbers, and gave up {given_up} waits", got.len());
        numbers.extend(got);
    }
    for thread in threads {
        // By now the buffer is drained, so this holds up no other task.
        let got = thread.join().expect("no thread panics");
        println!("a thread took {} numbers", got.len());
        numbers.extend(got);
    }
    numbers.sort_unstable();
    let complete = numbers.iter().copied().eq(0..2 * EACH);
    println!("{} numbers, each of them once: {complete}", numbers.len());
}

fn put_in_a_thread(producer: &Producer<u64>) {
    for number in 0..EACH {
        producer.put(number).expect("consumers stay to the end");
    }
}

/// Waits for a place first, and makes the number then: so a task that is cancelled loses none.
async fn put_in_a_task(producer: &Producer<u64>) {
    for number in EACH..2 * EACH {
        let place = producer.reserve_async().await.expect("consumers stay to the end");
        if number % 100 == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        place.put(number).expect("nobody closes the buffer");
    }
}

fn take_in_a_thread(consumer: &Consumer<u64>) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Ok(number) = consumer.take() {
        numbers.push(number);
    }
    numbers
}

/// Gives up each wait after a moment, as a `select!` would; a take that is given up has taken nothing.
async fn take_in_a_task(consumer: &Consumer<u64>) -> (Vec<u64>, u64) {
    let (mut numbers, mut given_up) = (Vec::new(), 0);
    loop {
        match timeout(Duration::from_millis(1), consumer.take_async()).await {
            Ok(Ok(number)) => numbers.push(number),
            Ok(Err(TakeError::Closed)) => return (numbers, given_up),
            Ok(Err(error)) => unreachable!("a take without a deadline: {error}"),
            Err(_) => given_up += 1,
        }
    }
}
