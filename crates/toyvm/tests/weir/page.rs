//! docs/toyvm/weir.md and the grammar for editors say what is so.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use toyvm::exam::examine;
use toyvm::expectation::Expectation;
use toyvm::weir::{BUILT_IN, KEYWORDS, SOFT_KEYWORDS};

use super::read;

const PAGE: &str = include_str!("../../../../docs/toyvm/weir.md");
const COLOURS: &str = include_str!("../../../../docs/toyvm/weir.tmLanguage.json");

#[test]
fn the_examples_do_what_they_say() {
    let mut examples = 0;
    for part in PAGE.split("```weir\n").skip(1) {
        let text = part.split("```").next().unwrap();
        let (program, told) = read(text);
        assert_eq!(told, Vec::<String>::new(), "{text}");
        let program = Arc::new(program.unwrap());
        let expectation = Expectation::read(program.source()).unwrap();
        assert!(expectation.verdict.is_some() && !expectation.lines.is_empty(), "{text}");
        let marks = examine(&program, &expectation, 20);
        assert!(marks.complaints.is_empty(), "{:#?}\n{text}", marks.complaints);
        examples += 1;
    }
    assert!(examples >= 2);
}

/// Every instruction that a table speaks of is one.
#[test]
fn the_tables_name_instructions_that_there_are() {
    let mut named = 0;
    for line in PAGE.lines().filter(|line| line.starts_with('|')) {
        for word in line.split(|c: char| c != '_' && !c.is_ascii_uppercase()) {
            if word.len() > 2 {
                assert!(!toyvm::instruction::Opcode::named(word).is_empty(), "{word} in {line}");
                named += 1;
            }
        }
    }
    assert!(named > 40, "{named}");
}

/// Every word between bars in a pattern like `\b(a|b)\b`, with the scope that it gets.
fn coloured(value: &Value, words: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            let pattern = fields.get("match").and_then(Value::as_str).unwrap_or_default();
            let inner = pattern.strip_prefix(r"\b(").and_then(|rest| rest.strip_suffix(r")\b"));
            if let Some(inner) = inner {
                let scope = fields["name"].as_str().expect("a scope");
                words.extend(inner.split('|').map(|word| (word.to_owned(), scope.to_owned())));
            }
            fields.values().for_each(|value| coloured(value, words));
        }
        Value::Array(values) => values.iter().for_each(|value| coloured(value, words)),
        _ => {}
    }
}

#[test]
fn every_word_of_the_language_has_a_colour() {
    let grammar: Value = serde_json::from_str(COLOURS).expect("it is JSON");
    assert_eq!(grammar["scopeName"], "source.weir");
    for included in grammar["patterns"].as_array().unwrap() {
        let name = included["include"].as_str().unwrap().strip_prefix('#').unwrap();
        assert!(grammar["repository"][name].is_object(), "{name}");
    }
    let mut words = Vec::new();
    coloured(&grammar, &mut words);
    assert!(
        words.iter().all(|(_, scope)| scope.rsplit('.').next() == Some("weir") && scope.len() > 10)
    );
    let coloured: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    let distinct: BTreeSet<&str> = coloured.iter().copied().collect();
    assert_eq!(coloured.len(), distinct.len(), "each has one colour");
    let known = KEYWORDS.iter().chain(SOFT_KEYWORDS).chain(BUILT_IN).copied();
    assert_eq!(distinct, known.collect::<BTreeSet<&str>>());
}

#[test]
fn the_page_names_every_word() {
    for word in KEYWORDS.iter().chain(SOFT_KEYWORDS) {
        assert!(PAGE.contains(&format!("\"{word}\"")), "{word} is not in the grammar");
    }
    for word in BUILT_IN {
        assert!(PAGE.contains(&format!("`{word}")), "{word} is not on the page");
    }
}
