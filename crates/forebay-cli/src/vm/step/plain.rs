//! Plain mode: commands on standard input, text on standard output. For scripts, for screen readers,
//! and for terminals that cannot show more.

use std::io::{self, BufRead, Write};
use std::path::Path;

use toyvm::machine::ThreadId;

use super::ink::Palette;
use super::panels;
use super::play::Play;
use super::save::{Unsaved, save};
use super::wording;

/// What the commands are, as `help` prints it.
pub(super) const COMMANDS: &str = "\
step THREAD            step a thread, by name or number
step THREAD choose N   likewise; its CHOOSE or RANDOM gives N
kill THREAD            kill a thread, wherever it is
next [N]               let the scheduler decide who steps, N times
run                    run on until something is printed or found
back [N]               N steps back
forward [N]            N steps forward again, along what was played
begin                  to the beginning
end                    to the end of what was played
goto N                 to a step; past the end of the play the scheduler plays on
save FILE              save all that was played as a trace
save! FILE             likewise, over an older trace
show [PART]            all, or: threads, source, instructions, lanes, shared, output, findings
select THREAD          whose source, stack and variables are shown
help                   this list
quit                   leave
";

/// Columns of what is shown.
const WIDE: usize = 120;

/// Someone who reads commands.
pub(super) struct Plain<W> {
    play: Play,
    selected: ThreadId,
    most: usize,
    out: W,
    /// Whether a command could not be done.
    failed: bool,
}

/// Why a command was not done, or that nobody listens any more.
enum Stop {
    Refused(String),
    Write(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl<W: Write> Plain<W> {
    pub(super) fn new(play: Play, most: usize, out: W) -> Self {
        let selected = play.machine().state().thread_at(0).expect("a program has a thread");
        Self { play, selected, most, out, failed: false }
    }

    /// Does what the lines say; whether all could be done. `prompt` is shown before each is read.
    pub(super) fn obey(mut self, lines: impl BufRead, prompt: &str) -> io::Result<bool> {
        writeln!(self.out, "{}", wording::place(&self.play))?;
        write!(self.out, "{prompt}")?;
        self.out.flush()?;
        for line in lines.lines() {
            let line = line?;
            let line = line.trim();
            if matches!(line, "quit" | "q" | "exit") {
                break;
            }
            match self.command(line) {
                Ok(()) => {}
                Err(Stop::Refused(why)) => {
                    self.failed = true;
                    writeln!(self.out, "cannot: {why}")?;
                }
                Err(Stop::Write(error)) => return Err(error),
            }
            write!(self.out, "{prompt}")?;
            self.out.flush()?;
        }
        Ok(!self.failed)
    }

    fn command(&mut self, line: &str) -> Result<(), Stop> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => {}
            word if word.starts_with('#') => {}
            "step" | "s" => {
                let (name, pick) = match rest.rsplit_once(" choose ") {
                    Some((name, number)) => (name.trim(), Some(count(number, 0)? as u64)),
                    None => (rest, None),
                };
                let thread = self.thread(name)?;
                self.check_pick(thread, pick)?;
                let before = self.before();
                self.selected = thread;
                let made = self.play.step(thread, pick)?;
                self.told(before, made.dropped)?;
            }
            "kill" => {
                let thread = self.thread(rest)?;
                let before = self.before();
                self.selected = thread;
                let made = self.play.kill(thread)?;
                self.told(before, made.dropped)?;
            }
            "next" | "n" => {
                for _ in 0..count(rest, 1)? {
                    let before = self.before();
                    let made = self.play.next()?;
                    self.selected = made.thread;
                    self.told(before, made.dropped)?;
                }
            }
            "run" | "r" => self.run()?,
            "back" | "b" => {
                let steps = count(rest, 1)?;
                if self.play.at() == 0 {
                    return Err("this is the beginning".to_owned().into());
                }
                self.play.go_back(self.play.at().saturating_sub(steps));
                self.here()?;
            }
            "forward" | "f" => {
                for _ in 0..count(rest, 1)? {
                    let before = self.before();
                    if !self.play.forward() {
                        return Err("this is the end of what was played".to_owned().into());
                    }
                    self.told(before, 0)?;
                }
            }
            "begin" => {
                self.play.go_back(0);
                self.here()?;
            }
            "end" => {
                while self.play.forward() {}
                self.here()?;
            }
            "goto" | "g" => {
                go_to(&mut self.play, count(rest, usize::MAX)?, self.most)?;
                self.here()?;
            }
            "save" | "save!" => self.save(rest, word == "save!")?,
            "select" => {
                self.selected = self.thread(rest)?;
                self.show("source")?;
            }
            "show" => self.show(rest)?,
            "help" | "?" => self.out.write_all(COMMANDS.as_bytes())?,
            _ => return Err(format!("there is no command `{word}`; see help").into()),
        }
        Ok(())
    }

    /// The thread of that name, or of that number in the list.
    fn thread(&self, name: &str) -> Result<ThreadId, String> {
        let machine = self.play.machine();
        let mut named = machine.state().thread_ids();
        let named = named.find(|thread| machine.show_thread(*thread) == name);
        let number = || name.parse::<usize>().ok()?.checked_sub(1);
        let numbered = || machine.state().thread_at(number()?);
        named.or_else(numbered).ok_or_else(|| {
            let names = machine.state().thread_ids().take(20);
            let names: Vec<String> = names.map(|it| wording::name(machine, it)).collect();
            format!("there is no thread `{name}`; there are {}", names.join(", "))
        })
    }

    fn check_pick(&self, thread: ThreadId, pick: Option<u64>) -> Result<(), String> {
        let Some(pick) = pick else { return Ok(()) };
        let can_step =
            self.play.end().is_none() && self.play.machine().state().ready().contains(thread);
        match self.play.asks(thread).filter(|_| can_step) {
            Some((_, below)) if pick < below => Ok(()),
            Some((_, below)) => Err(format!("a number from 0 to {} can be chosen", below - 1)),
            None => {
                let name = wording::name(self.play.machine(), thread);
                Err(format!("{name} chooses no number in its next step"))
            }
        }
    }

    /// How much was printed and found.
    fn before(&self) -> (usize, usize) {
        (self.play.log().printed().len(), self.play.log().findings().len())
    }

    /// Tells the last step, and what was printed and found since.
    fn told(&mut self, before: (usize, usize), dropped: usize) -> io::Result<()> {
        let play = &self.play;
        let (step, time) = (play.at(), wording::time(play.machine().state().clock()));
        writeln!(self.out, "step {step}, {time}: {}", wording::last_step(play))?;
        self.news(before, dropped)
    }

    fn news(&mut self, (printed, findings): (usize, usize), dropped: usize) -> io::Result<()> {
        let play = &self.play;
        for (_, line) in &play.log().printed()[printed..] {
            writeln!(self.out, "  printed: {}", wording::clean(line))?;
        }
        for finding in &play.log().findings()[findings..] {
            for line in &finding.lines {
                writeln!(self.out, "  {}", wording::clean(line))?;
            }
        }
        if let Some(dropped) = wording::dropped(dropped) {
            writeln!(self.out, "  {dropped}")?;
        }
        if let Some(end) = play.end() {
            writeln!(self.out, "  {}", wording::run_is_over(end))?;
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), Stop> {
        let before = self.before();
        let mut dropped = 0;
        for made in 0.. {
            if self.before() != before {
                break;
            }
            if made == self.most {
                return Err(format!("nothing to see after {}", wording::steps(made)).into());
            }
            match self.play.next() {
                Ok(made) => dropped += made.dropped,
                Err(why) if made == 0 => return Err(why.into()),
                Err(_) => break,
            }
        }
        self.selected = self.play.last().unwrap_or(self.selected);
        Ok(self.told(before, dropped)?)
    }

    fn save(&mut self, path: &str, over: bool) -> Result<(), Stop> {
        if path.is_empty() {
            return Err("save it in which file?".to_owned().into());
        }
        match save(&mut self.play, Path::new(path), over) {
            Ok(()) => {
                Ok(writeln!(self.out, "saved {} in {path}", wording::steps(self.play.len()))?)
            }
            Err(Unsaved::Exists) => {
                Err(format!("{path} is there already; `save! {path}` writes over it").into())
            }
            Err(Unsaved::Failed(why)) => Err(why.into()),
        }
    }

    /// Where one is.
    fn here(&mut self) -> io::Result<()> {
        let play = &self.play;
        writeln!(self.out, "{}; {}", wording::place(play), wording::last_step(play))
    }

    fn show(&mut self, part: &str) -> Result<(), Stop> {
        const PARTS: [&str; 7] =
            ["threads", "source", "instructions", "lanes", "shared", "output", "findings"];
        if part.is_empty() || part == "all" {
            self.here()?;
            for part in PARTS.iter().filter(|part| **part != "instructions") {
                writeln!(self.out, "\n{part}:")?;
                self.show(part)?;
            }
            return Ok(());
        }
        let (play, selected) = (&self.play, self.selected);
        let palette = Palette { colored: false };
        let mut lines = match part {
            "threads" => panels::threads(play, selected, WIDE, palette).lines,
            "source" => panels::source(play, selected, usize::MAX, palette).lines,
            "instructions" => panels::listing(play, selected, palette).lines,
            "shared" => panels::shared(play, palette).lines,
            "output" => panels::output(play, palette).lines,
            "findings" => panels::findings(play, palette).lines,
            "lanes" => {
                let (names, mut lanes) = panels::lanes(play, selected, WIDE, palette);
                lanes.lines.insert(0, names);
                lanes.lines
            }
            _ => return Err(format!("`{part}` cannot be shown: {}", PARTS.join(", ")).into()),
        };
        if matches!(part, "source" | "instructions") {
            lines.extend(panels::belongings(play, selected, palette));
        }
        if lines.is_empty() {
            writeln!(self.out, "none")?;
        }
        Ok(self.out.write_all(panels::plain(&lines).as_bytes())?)
    }
}

/// Goes to a step: along what was played, then as the scheduler decides, `most` steps at most.
pub(super) fn go_to(play: &mut Play, to: usize, most: usize) -> Result<(), String> {
    play.go_back(to);
    while play.at() < to && play.forward() {}
    let end = play.at();
    while play.at() < to {
        if play.at() - end == most {
            return Err(format!("{} were made, no more at once", wording::steps(most)));
        }
        play.next()?;
    }
    Ok(())
}

/// A number, or the usual one if there is none.
fn count(text: &str, usual: usize) -> Result<usize, String> {
    match text.trim() {
        "" if usual == usize::MAX => Err("to which step?".to_owned()),
        "" => Ok(usual),
        text => text.parse().map_err(|_| format!("`{text}` is no number")),
    }
}
