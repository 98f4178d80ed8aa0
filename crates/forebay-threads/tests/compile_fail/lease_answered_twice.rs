//! A lease is answered once, and a permit used once.

fn main() {
    let (producer, consumer) = forebay_threads::bounded::<u8>(1);
    let lease = consumer.lease().unwrap();
    lease.nack().unwrap();
    lease.ack().unwrap();
    let permit = producer.reserve().unwrap();
    permit.put(1).unwrap();
    permit.put(2).unwrap();
}
