//! C11: what makes no sense is refused at once, in words that help.

use forebay_contract::{Consume, Patience, Produce};

use crate::ensure::{ensure, ensure_eq};
use crate::{Factory, Settings, Subject};

/// A capacity of 0 is refused, and the error names it.
pub fn c11_capacity_zero_is_refused<F: Factory>(factory: &F) {
    match factory.build(&Settings::new(0)) {
        Ok(_) => panic!("C11 bad input: a buffer of capacity 0 was built"),
        Err(why) => {
            let names_it = why.to_lowercase().contains("capacity");
            ensure!(BadInput, names_it, "the error should name the capacity: {why:?}");
        }
    }
}

/// The smallest sensible settings are accepted.
pub fn c11_the_smallest_settings_work<F: Factory>(factory: &F) {
    let mut settings = Settings::new(1).max_leased(1).max_failures(1).max_deliveries(1);
    settings.weight_capacity = F::BOUNDS_WEIGHT.then_some(1);
    let subject = Subject::new(factory, settings);
    subject.fill([0]);
    ensure_eq!(BadInput, subject.try_take(), Ok(0), "an item through the smallest buffer");
    subject.ensure_accounted();
}

/// A refusal tells in words what was wrong.
pub fn c11_refusals_speak<F: Factory>(factory: &F) {
    let mut settings = Settings::new(1);
    settings.weight_capacity = F::BOUNDS_WEIGHT.then_some(2);
    let subject = Subject::new(factory, settings);
    let empty = subject.consumer.try_take().err().map(|error| error.to_string());
    ensure_eq!(BadInput, empty.as_deref(), Some("the buffer is empty"), "a take when empty");
    subject.fill([0]);
    let full = subject.producer.try_put(subject.item(1)).map_err(|e| e.to_string());
    let words = Err("not put: the buffer is full".to_owned());
    ensure_eq!(BadInput, full, words, "a put when full");
    if F::BOUNDS_WEIGHT {
        let heavy = subject.producer.try_put(subject.weighing(1, 3)).map_err(|e| e.to_string());
        let words = Err("not put: the item is heavier than the buffer may hold".to_owned());
        ensure_eq!(BadInput, heavy, words, "a put that could never be placed");
    }
    let many = (1..3).map(|id| subject.item(id)).collect();
    let many = subject.producer.put_many_within(many, Patience::Try).map_err(|e| e.to_string());
    let words = Err("the last 2 not put: the buffer is full".to_owned());
    ensure_eq!(BadInput, many, words, "a batch when full");
    let permit = subject.producer.try_reserve().err().map(|refusal| refusal.to_string());
    ensure_eq!(BadInput, permit.as_deref(), Some("the buffer is full"), "a reserve when full");
}
