//! The grammar on the page is that of the parser: whatever it derives can be read.

use std::collections::{BTreeMap, BTreeSet};

use super::parser::parse;
use super::token::tokens;
use crate::chance::Chance;

const PAGE: &str = include_str!("../../../../docs/toyvm/weir.md");

/// The right side of a rule.
#[derive(Debug)]
enum Rule {
    Word(String),
    Name(String),
    All(Vec<Rule>),
    One(Vec<Rule>),
    Any(Box<Rule>),
    Perhaps(Box<Rule>),
}

/// Words in quotes, names, and signs.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => 2 + rest[1..].find(first).expect("a quote that closes"),
            'a'..='z' => rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len()),
            _ => 1,
        };
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}

fn choice(words: &mut std::slice::Iter<'_, String>, until: &str) -> Rule {
    let (mut ways, mut all) = (Vec::new(), Vec::new());
    loop {
        let word = words.next().expect("rules have an end").as_str();
        match word {
            _ if word == until => break,
            "|" => ways.push(Rule::All(std::mem::take(&mut all))),
            "{" => all.push(Rule::Any(choice(words, "}").into())),
            "[" => all.push(Rule::Perhaps(choice(words, "]").into())),
            "(" => all.push(choice(words, ")")),
            _ if word.starts_with(['"', '\'']) => {
                all.push(Rule::Word(word[1..word.len() - 1].to_owned()));
            }
            _ => all.push(Rule::Name(word.to_owned())),
        }
    }
    ways.push(Rule::All(all));
    Rule::One(ways)
}

fn rules() -> BTreeMap<String, Rule> {
    let text = PAGE.split("```ebnf\n").nth(1).and_then(|rest| rest.split("```").next());
    let words = words(text.expect("the page has a grammar"));
    let (mut rules, mut at) = (BTreeMap::new(), words.iter());
    while let Some(name) = at.next() {
        assert_eq!(at.next().map(String::as_str), Some("="), "{name}");
        assert!(rules.insert(name.clone(), choice(&mut at, ";")).is_none(), "{name}");
    }
    rules
}

fn mentioned(rule: &Rule, names: &mut BTreeSet<String>) {
    match rule {
        Rule::Word(_) => {}
        Rule::Name(name) => drop(names.insert(name.clone())),
        Rule::All(parts) | Rule::One(parts) => parts.iter().for_each(|it| mentioned(it, names)),
        Rule::Any(part) | Rule::Perhaps(part) => mentioned(part, names),
    }
}

struct Writer<'r> {
    rules: &'r BTreeMap<String, Rule>,
    chance: Chance,
    text: String,
}

impl Writer<'_> {
    fn of(&mut self, options: &[&str]) {
        let at = self.chance.below(options.len() as u64) as usize;
        self.text.push_str(options[at]);
        self.text.push(' ');
    }

    fn write(&mut self, rule: &Rule, depth: u32) {
        let depth = if self.text.len() > 3_000 { depth.max(50) } else { depth };
        match rule {
            Rule::Word(word) => self.of(&[word]),
            Rule::Name(name) => match name.as_str() {
                "name" => self.of(&["a", "n", "free", "max", "of", "all", "when", "_x1"]),
                "integer" => self.of(&["0", "7", "1_000"]),
                "string" => self.of(&["\"text\"", "\"{} \\\" \\n\"", "\"\""]),
                "newline" => self.text.push('\n'),
                name => {
                    // Deep down, what is short is taken.
                    if depth > 40 && matches!(name, "sign" | "expression" | "negation") {
                        return self.of(&["1"]);
                    }
                    let rules = self.rules;
                    self.write(&rules[name], depth + 1);
                }
            },
            Rule::All(parts) => parts.iter().for_each(|part| self.write(part, depth)),
            Rule::One(ways) => {
                let at = self.chance.below(ways.len() as u64) as usize;
                self.write(&ways[at], depth);
            }
            Rule::Any(part) => {
                let most = if depth > 40 { 1 } else { 4 };
                for _ in 0..self.chance.below(most) {
                    self.write(part, depth);
                }
            }
            Rule::Perhaps(part) => {
                if depth < 30 && self.chance.below(2) == 0 {
                    self.write(part, depth);
                }
            }
        }
    }
}

#[test]
fn every_name_is_a_rule_and_every_rule_is_used() {
    let rules = rules();
    let mut names = BTreeSet::from(["file".to_owned()]);
    for rule in rules.values() {
        mentioned(rule, &mut names);
    }
    for known in ["newline", "letter", "digit", "character"] {
        assert!(names.remove(known), "{known}");
    }
    assert_eq!(names, rules.keys().cloned().collect());
}

#[test]
fn whatever_the_grammar_derives_is_read() {
    let rules = rules();
    let mut longest = 0;
    for seed in 0..1_000 {
        let mut writer =
            Writer { rules: &rules, chance: Chance::new(seed, 0), text: String::new() };
        writer.write(&rules["file"], 0);
        let (tokens, wrong) = tokens(&writer.text);
        assert!(wrong.is_empty(), "{wrong:?}\n{}", writer.text);
        let (_, errors) = parse(&writer.text, tokens);
        let deep = errors.iter().any(|error| error.message.contains("nest deeper"));
        assert!(errors.is_empty() || deep, "{errors:#?}\n{}", writer.text);
        longest = longest.max(writer.text.len());
    }
    assert!(longest > 2_000, "{longest}");
}
