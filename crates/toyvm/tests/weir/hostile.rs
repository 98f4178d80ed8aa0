//! Any text is read or refused: no panic, and an answer soon.

use toyvm::programs::CLASSICS;

use super::read;

fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Programs that ship, with pieces of them cut out, put elsewhere or written twice.
#[test]
fn programs_that_were_cut_to_pieces() {
    let words = [
        "{", "}", "(", ")", "[", "]", "\"", "#", "\n", ";", "=", "..", "lock ", "try ", "index",
        "ä", "9",
    ];
    let mut state = 7;
    let (mut right, mut wrong) = (0, 0);
    for shipped in CLASSICS.iter().filter(|it| it.name.ends_with("weir")) {
        for _ in 0..250 {
            let mut text: Vec<char> = shipped.text.chars().filter(|c| *c != '\r').collect();
            for _ in 0..=next(&mut state) % 3 {
                let at = next(&mut state) as usize % text.len();
                let to = (at + next(&mut state) as usize % 40).min(text.len());
                match next(&mut state) % 4 {
                    0 => drop(text.drain(at..to)),
                    1 => {
                        let piece = text[at..to].to_vec();
                        let there = next(&mut state) as usize % text.len();
                        text.splice(there..there, piece);
                    }
                    2 => {
                        let word = words[next(&mut state) as usize % words.len()];
                        text.splice(at..at, word.chars());
                    }
                    _ => text.truncate(at.max(1)),
                }
            }
            let text: String = text.into_iter().collect();
            match read(&text) {
                (Some(_), _) => right += 1,
                (None, told) => {
                    wrong += 1;
                    assert!(!told.is_empty(), "{text}");
                }
            }
        }
    }
    assert!(right > 100 && wrong > 1_000, "{right} right, {wrong} wrong");
}

#[test]
fn texts_that_are_large_in_one_way() {
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for piece in [
        "(",
        "[",
        "{",
        "a",
        "a ",
        "\"",
        "# \n",
        "\n",
        ";",
        "- ",
        "x = y\n",
        "lock ",
        "thread t {",
        "f(",
        "if 1 {}",
        "global n = 0\n",
        "procedure p() {\n",
        "else if 1 {",
        "x, y = ",
        "lock m[1000]\n",
        "array a[1000000]\n",
    ] {
        let (program, told) = read(&many(piece));
        assert!(program.is_some() || !told.is_empty(), "{piece}");
        assert!(told.len() <= 1001, "{piece}: {}", told.len());
    }
    let (program, told) = read(&(many("x") + "x"));
    assert!(program.is_none() && told[0].contains("at most 1024 KiB"), "{told:?}");
}
