//! What is read through a lease cannot be kept past its answer.

fn main() {
    let (_producer, consumer) = forebay_threads::bounded::<String>(1);
    let lease = consumer.lease().unwrap();
    let text: &str = &lease;
    lease.nack().unwrap();
    println!("{text}");
}
