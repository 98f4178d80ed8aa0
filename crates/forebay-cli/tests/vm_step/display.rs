//! What a terminal shows of what is written to it: as much of one as the command makes use of.

/// Rows of characters, and where the next one goes.
pub(crate) struct Display {
    rows: Vec<Vec<char>>,
    at: (usize, usize),
    /// A sequence that is not complete yet.
    begun: String,
}

impl Display {
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        Self { rows: vec![vec![' '; columns]; rows], at: (0, 0), begun: String::new() }
    }

    /// Its lines.
    pub(crate) fn text(&self) -> String {
        let line = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned() + "\n";
        self.rows.iter().map(line).collect()
    }

    pub(crate) fn write(&mut self, text: &str) {
        for char in text.chars() {
            if self.begun.is_empty() && char != '\x1b' {
                self.put(char);
                continue;
            }
            self.begun.push(char);
            let is_over = match self.begun.chars().nth(1) {
                Some('[') => self.begun.len() > 2 && char.is_ascii_alphabetic(),
                Some(_) => true,
                None => false,
            };
            if is_over {
                let sequence = std::mem::take(&mut self.begun);
                self.obey(&sequence);
            }
        }
    }

    fn put(&mut self, char: char) {
        match char {
            '\n' => return self.at.0 += 1,
            '\r' => return self.at.1 = 0,
            _ => {}
        }
        let (row, column) = self.at;
        if let Some(place) = self.rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *place = char;
        }
        self.at.1 += 1;
    }

    /// Moves and clears; colours are not shown.
    fn obey(&mut self, sequence: &str) {
        let Some(arguments) = sequence.strip_prefix("\x1b[") else { return };
        if let Some(place) = arguments.strip_suffix('H') {
            let mut numbers = place.split(';').map(|number| number.parse().unwrap_or(1));
            let mut next = || numbers.next().unwrap_or(1usize) - 1;
            self.at = (next(), next());
        } else if arguments == "2J" {
            self.rows.iter_mut().for_each(|row| row.fill(' '));
        }
    }
}
