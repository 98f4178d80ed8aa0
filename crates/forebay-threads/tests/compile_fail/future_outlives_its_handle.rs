//! A call that waits borrows its handle: the handle cannot go first.

fn main() {
    let (producer, consumer) = forebay_threads::bounded::<u8>(1);
    let take = consumer.take_async();
    drop(consumer);
    drop(take);
    let put = producer.put_async(1);
    drop(producer);
    drop(put);
}
