//! Expressions that are written at random come to what a small interpreter makes of them.

use std::fmt::Write as _;

use toyvm::machine::{Fault, Status};

use super::{load, play_with};

/// A stream of numbers; splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// What is written, and what it comes to: none if it fails. A number of the tightness with which it
/// binds says where it needs brackets.
struct Written {
    text: String,
    value: Option<i64>,
    binds: u8,
}

/// Variables of each sort, all of them known here.
const NAMES: [(&str, i64); 6] = [("x", 3), ("y", -2), ("g", 0), ("h", 7), ("K", 5), ("z", 1)];

fn bracketed(part: &Written, least: u8) -> String {
    if part.binds < least { format!("({})", part.text) } else { part.text.clone() }
}

fn floor(a: i64, b: i64) -> Option<(i64, i64)> {
    let quotient = a.checked_div_euclid(b)?;
    // Euclid's remainder is never negative; ours has the sign of the divisor.
    let remainder = a - b.checked_mul(quotient)?;
    if remainder != 0 && b < 0 {
        Some((quotient - 1, remainder + b))
    } else {
        Some((quotient, remainder))
    }
}

fn expression(chance: &mut Chance, depth: u32) -> Written {
    let atom = |text: String, value| Written { text, value: Some(value), binds: 9 };
    if depth == 0 || chance.below(6) == 0 {
        return match chance.below(3) {
            0 => {
                let int = chance.below(12) as i64;
                atom(int.to_string(), int)
            }
            1 => atom("true".into(), 1),
            _ => {
                let (name, value) = NAMES[chance.below(NAMES.len() as u64) as usize];
                atom(name.to_owned(), value)
            }
        };
    }
    let a = expression(chance, depth - 1);
    match chance.below(16) {
        0 => Written {
            text: format!("-{}", bracketed(&a, 7)),
            value: a.value.and_then(i64::checked_neg),
            binds: 7,
        },
        1 => Written {
            text: format!("not {}", bracketed(&a, 3)),
            value: a.value.map(|a| i64::from(a == 0)),
            binds: 3,
        },
        which => {
            let b = expression(chance, depth - 1);
            let both = || Some((a.value?, b.value?));
            // The sign, how tightly it binds, and both sides: the right one a little more.
            let (sign, binds, least, value) = match which {
                2 | 3 => ("+", 5, [5, 6], both().and_then(|(a, b)| a.checked_add(b))),
                4 | 5 => ("-", 5, [5, 6], both().and_then(|(a, b)| a.checked_sub(b))),
                6 => ("*", 6, [6, 7], both().and_then(|(a, b)| a.checked_mul(b))),
                7 => ("/", 6, [6, 7], both().and_then(|(a, b)| Some(floor(a, b)?.0))),
                8 => ("%", 6, [6, 7], both().and_then(|(a, b)| Some(floor(a, b)?.1))),
                9 => ("<", 4, [5, 5], both().map(|(a, b)| i64::from(a < b))),
                10 => ("<=", 4, [5, 5], both().map(|(a, b)| i64::from(a <= b))),
                11 => (">=", 4, [5, 5], both().map(|(a, b)| i64::from(a >= b))),
                12 => ("==", 4, [5, 5], both().map(|(a, b)| i64::from(a == b))),
                13 => ("!=", 4, [5, 5], both().map(|(a, b)| i64::from(a != b))),
                // What the first part decides, the second is not asked.
                14 => {
                    let value = match a.value {
                        Some(0) => Some(0),
                        Some(_) => b.value.map(|b| i64::from(b != 0)),
                        None => None,
                    };
                    ("and", 2, [2, 3], value)
                }
                _ => {
                    let value = match a.value {
                        Some(0) => b.value.map(|b| i64::from(b != 0)),
                        Some(_) => Some(1),
                        None => None,
                    };
                    ("or", 1, [1, 2], value)
                }
            };
            let text = format!("{} {sign} {}", bracketed(&a, least[0]), bracketed(&b, least[1]));
            Written { text, value, binds }
        }
    }
}

/// The value of an expression where it is a value, where it is a condition, in a procedure, in an array
/// and behind a message.
fn program(written: &Written) -> String {
    let mut text = String::from(
        "const K = 5\nglobal g = 0\nglobal h = 7\narray a[1]\nqueue q\n\
         procedure same(x, y, z) { return EXPRESSION }\nx = 3\ny = -2\nz = 1\n\
         if x + y == z { z = z }\n",
    );
    text = text.replace("EXPRESSION", &written.text);
    let _ = writeln!(text, "print({})", written.text);
    let _ = writeln!(text, "print(\"{{}}\", same(x, y, z))");
    let _ = writeln!(
        text,
        "a[0] = {}\nsend q, a[0]\nprint(\"{{}} {{}}\", receive q, a[0])",
        written.text
    );
    let _ = writeln!(text, "if {} {{ print(\"yes\") }} else {{ print(\"no\") }}", written.text);
    let _ = writeln!(text, "n = 0\nwhile not ({}) {{ n += 1; break }}\nprint(n)", written.text);
    text
}

#[test]
fn expressions_come_to_what_an_interpreter_makes_of_them() {
    let (mut failed, mut fine) = (0, 0);
    for seed in 0..1_000 {
        let mut chance = Chance(seed);
        let written = expression(&mut chance, 1 + (seed % 5) as u32);
        let text = program(&written);
        let played = play_with(&load(&text), toyvm::scheduler::Policy::Priority, 0);
        match written.value {
            Some(value) => {
                fine += 1;
                let truth = if value != 0 { "yes" } else { "no" };
                let said = [
                    value.to_string(),
                    value.to_string(),
                    format!("{value} {value}"),
                    truth.to_owned(),
                    i64::from(value == 0).to_string(),
                ];
                let said = said.map(|line| format!("[main] {line}"));
                assert_eq!(played.lines, said, "{:?}\n{text}", played.faults());
            }
            None => {
                failed += 1;
                let thread = played.outcome.failed.first().unwrap_or_else(|| panic!("{text}"));
                let status = played.machine.thread(*thread).status();
                let Status::Failed(failure) = status else { panic!("{status:?}") };
                assert!(matches!(failure.fault, Fault::DivisionByZero | Fault::Overflow), "{text}");
                assert_eq!(played.lines, Vec::<String>::new());
            }
        }
    }
    assert!(fine > 600 && failed > 20, "{fine} fine, {failed} failed");
}
