//! What to do about the bottleneck, by the same facts as the report's verdict.

use crate::run::observer::Ending;
use crate::run::report::bottleneck::{Advice, Bottleneck};

/// One or two sentences.
pub(super) fn remedy(ending: &Ending<'_>) -> String {
    let (report, measured) = (ending.report, ending.measured);
    let ran = report.consumers as u64;
    match (report.bottleneck, measured.advice()) {
        (Bottleneck::Consumers, Advice::Number(number)) => format!(
            "Run it with -j {number}: so many consumers would keep up with the input, unless their commands \
             slow each other down."
        ),
        (Bottleneck::Consumers, Advice::AsManyAsRun) => {
            "Run as many consumers (-j) as the machine can carry, or make the command faster: the input is \
             far ahead of any number."
                .to_owned()
        }
        (Bottleneck::Consumers, Advice::Unknown) => {
            "Run more consumers (-j), or make the command faster. How many would do cannot be told: that takes \
             a run to the end of at least a second, ten items for each consumer, and an input that is read \
             while it goes."
                .to_owned()
        }
        (Bottleneck::Producers, Advice::Number(number)) if number < ran => format!(
            "Make the input come faster; more consumers would only wait more. As it is, -j {number} would \
             do."
        ),
        (Bottleneck::Producers, _) => {
            "Make the input come faster; more consumers would only wait more.".to_owned()
        }
        (Bottleneck::Balanced, _) => {
            "There is nothing to mend. To be faster still, both must be: the input and the consumers."
                .to_owned()
        }
        (Bottleneck::Bursts, _) if report.would_room_help(measured) => {
            "Give it a larger --capacity, so that the buffer carries the consumers from one burst to the next."
                .to_owned()
        }
        (Bottleneck::Bursts, _) => {
            "Make the input come more evenly: consumers have too much to do at times, and nothing at others."
                .to_owned()
        }
        (Bottleneck::Rate, _) => {
            "Raise the limit that was asked for, if whoever is to be spared can bear more.".to_owned()
        }
    }
}
