//! Measures how long rows make a command, one after another, so that no more are packed than fit.
//!
//! A row is filled in alone, and what it adds to the bare command is added up. Where a number names one
//! argument of many (`{1}`), each is counted as if it were the one: never too short, and seldom too long.

use std::ffi::OsString;
use std::slice;

use crate::run::command::limit::{Length, Limit};
use crate::run::command::line::{Kind, Line, Values};
use crate::run::command::piece::{Piece, Repeat};
use crate::run::command::placeholder::Part;
use crate::run::command::surroundings::Surroundings;
use crate::run::command::template::Template;

/// A command that rows are added to.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    limit: Limit,
    kind: Kind,
    pieces: Vec<Piece>,
    /// The bytes of each variable's name, and its value.
    variables: Vec<(usize, Vec<Part>)>,
    /// What each row after the first adds beside itself: what stands between.
    between: Length,
    bare: Length,
    length: Length,
    rows: usize,
    line: Line,
}

impl Measure {
    /// An error if not even the bare command may be so long.
    pub(crate) fn new(
        template: &Template,
        surroundings: &Surroundings,
        most_bytes: Option<usize>,
    ) -> Result<Self, String> {
        let kind = if template.is_script() { Kind::Script } else { Kind::Text };
        let as_item = |part: &Part| match part {
            Part::Nth(_, form) => Part::Item(*form),
            part => part.clone(),
        };
        let pieces: Vec<_> = template
            .pieces()
            .iter()
            .map(|piece| match piece.repeat {
                Repeat::EachRow => piece.clone(),
                repeat => Piece { parts: piece.parts.iter().map(as_item).collect(), repeat },
            })
            .collect();
        let variables: Vec<_> = surroundings
            .variables()
            .iter()
            .map(|(name, value)| {
                (name.len(), value.parts().iter().map(as_item).collect::<Vec<_>>())
            })
            .collect();
        let items =
            |parts: &[Part]| parts.iter().filter(|part| matches!(part, Part::Item(_))).count();
        let joints = pieces
            .iter()
            .map(|piece| if piece.repeat == Repeat::Once { items(&piece.parts) } else { 1 })
            .sum();
        let between = Length {
            bytes: joints,
            words: if kind == Kind::Script { 0 } else { joints },
            variables: variables.iter().map(|(_, value)| items(value)).collect(),
        };
        let mut measure = Self {
            limit: Limit::new(most_bytes, template.is_script()),
            kind,
            pieces,
            variables,
            between,
            bare: Length::default(),
            length: Length::default(),
            rows: 0,
            line: Line::new(kind, 0),
        };
        measure.bare = measure.with(&[]);
        measure.length = measure.bare.clone();
        if let Some(most) = most_bytes.filter(|most| measure.bare.bytes > *most) {
            return Err(format!(
                "-s {most}: the command has {} bytes even with an empty item",
                measure.bare.bytes
            ));
        }
        Ok(measure)
    }

    /// The length with one row, or with none.
    fn with(&mut self, row: &[OsString]) -> Length {
        // As long as a number can be.
        let values =
            |items, numbered| Values { items, numbered, seq: u64::MAX, consumer: u16::MAX.into() };
        let line = &mut self.line;
        line.clear();
        for piece in &self.pieces {
            match piece.repeat {
                Repeat::EachArgument => {
                    for (index, argument) in row.iter().enumerate() {
                        if index > 0 {
                            line.end_word();
                        }
                        line.push(&piece.parts, values(slice::from_ref(argument), row));
                    }
                }
                Repeat::EachRow if row.is_empty() => {}
                Repeat::EachRow | Repeat::Once => line.push(&piece.parts, values(row, row)),
            }
            if self.kind != Kind::Script {
                line.end_word();
            }
        }
        let (bytes, words) = match self.kind {
            Kind::Script => (line.text().len() + 1, 3),
            _ => (line.text().len(), line.ended()),
        };
        let mut variables = Vec::with_capacity(self.variables.len());
        for (name, value) in &self.variables {
            let mut line = Line::new(Kind::Text, 0);
            line.push(value, values(row, row));
            variables.push(name + line.text().len() + 2);
        }
        Length { bytes, words, variables }
    }

    /// Adds a row, if it fits beside those before it; the first one is always added. Says whether
    /// it was.
    pub(crate) fn add(&mut self, row: &[OsString]) -> bool {
        let alone = self.with(row);
        let is_first = self.rows == 0;
        let sum = |length: usize, alone: usize, bare: usize, between: usize| {
            length + alone - bare + if is_first { 0 } else { between }
        };
        let (length, bare, between) = (&self.length, &self.bare, &self.between);
        let variables = alone.variables.iter().enumerate().map(|(at, alone)| {
            sum(length.variables[at], *alone, bare.variables[at], between.variables[at])
        });
        let longer = Length {
            bytes: sum(length.bytes, alone.bytes, bare.bytes, between.bytes),
            words: sum(length.words, alone.words, bare.words, between.words),
            variables: variables.collect(),
        };
        if !is_first && !self.limit.allows(&longer) {
            return false;
        }
        self.length = longer;
        self.rows += 1;
        true
    }

    /// Begins with the bare command again.
    pub(crate) fn restart(&mut self) {
        self.length.clone_from(&self.bare);
        self.rows = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::arguments::Arguments;
    use crate::run::command::limit::bytes_of;
    use crate::run::command::template::Reading;
    use crate::run::intake::source::Columns;
    use crate::run::item::Item;

    /// What is measured is what comes out.
    #[test]
    fn lengths_are_those_of_the_commands() {
        let packed = Reading { most_rows: None, ..Reading::PLAIN };
        let repeat = Reading { repeat: true, by_row: true, ..packed };
        let two = Reading { columns: Columns::Known(2), ..repeat };
        for (command, reading, is_exact) in [
            ("echo", packed, true),
            ("echo x{}y{.} {/}", packed, true),
            ("echo x{}y{.} z {/}", repeat, true),
            ("echo {1}-{2} {}", two, true),
            ("echo {}=", two, true),
            ("echo x{1} {}", packed, false),
            ("echo x{}y;ls {} {//}", Reading { shell: true, ..packed }, true),
            ("echo x{}y {/.};ls", Reading { shell: true, ..repeat }, true),
            ("echo {2}:{1} >{1}", Reading { shell: true, ..two }, true),
        ] {
            let words: Vec<_> = command.split(' ').map(OsString::from).collect();
            let template = Template::new(&words, reading).unwrap();
            let mut measure = Measure::new(&template, &Surroundings::default(), None).unwrap();
            let (mut list, mut ends) = (Vec::new(), Vec::new());
            for row in [["d/a b.c", "1"], ["", "it's"], ["longer", "/"]] {
                let row = if reading.columns.is_one() { &row[..1] } else { &row[..] };
                let row: Vec<_> = row.iter().map(OsString::from).collect();
                assert!(measure.add(&row));
                list.extend(row);
                ends.push(list.len());
                let args = Arguments::rows_of(list.clone(), ends.clone());
                let argv = template.argv(&Item { seq: 1, place: 0, args, duty: None }, 1);
                let bytes = bytes_of(&argv, reading.shell);
                let measured = &measure.length;
                if is_exact {
                    assert_eq!((measured.bytes, measured.words), (bytes, argv.len()), "{argv:?}");
                } else {
                    assert!(measured.bytes >= bytes && measured.words >= argv.len(), "{argv:?}");
                }
            }
        }
    }

    #[test]
    fn variables_are_measured_too() {
        let reading = Reading { most_rows: None, ..Reading::PLAIN };
        let template = Template::new(&["true".into()], reading).unwrap();
        let variables = [OsString::from("ALL={}")];
        let surroundings = Surroundings::new(None, &variables, reading).unwrap();
        let mut measure = Measure::new(&template, &surroundings, None).unwrap();
        let row = [OsString::from("x".repeat(60_000))];
        assert!(measure.add(&row) && measure.add(&row) && !measure.add(&row));
        assert_eq!(measure.length.variables, ["ALL=".len() + 2 * 60_000 + 1 + 1]);
        measure.restart();
        assert!(measure.add(&row));
    }

    #[test]
    fn a_bound_below_the_bare_command_is_refused() {
        let template = Template::new(&["echo".into()], Reading::PLAIN).unwrap();
        let refused = Measure::new(&template, &Surroundings::default(), Some(5)).unwrap_err();
        assert!(refused.contains("-s 5") && refused.contains("6 bytes"), "{refused}");
        assert!(Measure::new(&template, &Surroundings::default(), Some(6)).is_ok());
    }
}
