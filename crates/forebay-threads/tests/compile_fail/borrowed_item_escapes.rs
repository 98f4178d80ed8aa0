//! A borrowed item does not outlive what it was borrowed from, though its buffer does.

fn main() {
    let (producer, consumer) = forebay_threads::bounded::<&str>(1);
    {
        let text = String::from("short-lived");
        producer.put(&text).unwrap();
    }
    assert_eq!(consumer.take(), Ok("short-lived"));
}
