use crate::process::{numbers, run};

#[test]
fn the_slowest_stage_is_named_and_the_advice_is_taken() {
    let told = run("pipeline");
    let second = told.lines.iter().position(String::is_empty).expect("there are two runs");
    let threads = |lines: &[String]| {
        let line = lines.iter().find(|line| line.contains("resize ×")).expect("it is told");
        numbers(line)[0]
    };
    let first = &told.lines[..second];
    assert_eq!(threads(first), 2);
    let verdict = first.last().expect("there is a verdict");
    let advice = verdict.strip_prefix("bottleneck: resize; ").expect(verdict);
    // Which of the others is the next slowest, a busy machine decides.
    assert!(advice.contains("threads would keep up with "), "{advice}");
    assert!(numbers(advice)[0] > 2, "{advice}");
    assert_eq!(threads(&told.lines[second..]), numbers(advice)[0]);
}
