//! What hands something back is not to be overlooked.
#![deny(unused_must_use)]

fn main() {
    let (producer, consumer) = forebay_threads::bounded::<u8>(1);
    producer.put(1);
    producer.reserve().unwrap();
    producer.put_async(1);
    consumer.take_async();
    consumer.lease().unwrap();
    producer.clone().with_overflow(forebay_threads::Overflow::Refuse);
    forebay_threads::Builder::<u8>::bounded(1);
}
