//! The instruction set: one table, from which come the instructions themselves, their decoder and
//! disassembler, their effect on the stack, and the reference page. They cannot disagree.
//!
//! A row reads: the variant and the type of its argument, the name in programs and the word that
//! selects this form of it, what it takes from the stack and what it gives back (the top is to the
//! right), and what it does.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::notation::{Notation, string};
use crate::program::argument::{
    Address, Argument, Bodies, Claim, Decode, Form, Instead, Literal, Mark, Name, Operand, Phrase,
    Reading, Saying,
};
use crate::program::{CodeId, Program};

/// Chapters of the instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the titles of the chapters")]
pub enum Group {
    Stack,
    Arithmetic,
    Comparison,
    Variables,
    Control,
    Output,
    Threads,
    Locks,
    Semaphores,
    Atomics,
    Messages,
    Conditions,
    Arrays,
    Chance,
    Claims,
    Time,
}

/// Whether an instruction is of the set that programs are commonly written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Of the common set.
    Core,
    /// An extension of this machine.
    Extension,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The name in programs, as `LOCK_ACQUIRE`.
    pub name: &'static str,
    /// The word after the name that selects this form, as `"mod"` in `("MUL", "mod")`.
    pub word: Option<&'static str>,
    /// Its chapter.
    pub group: Group,
    /// Core or extension.
    pub origin: Origin,
    /// What may stand after the name.
    pub form: Form,
    /// What it takes from the stack, the top last.
    pub takes: &'static [&'static str],
    /// What it gives to the stack, the top last.
    pub gives: &'static [&'static str],
    /// What it does.
    pub about: &'static str,
}

macro_rules! instructions {
    ($( $group:ident, $origin:ident { $(
        $variant:ident $(($argument:ty))? = $name:literal $($word:literal)?
        ($($takes:literal)*) -> ($($gives:literal)*) $about:literal;
    )+ } )+) => {
        /// One instruction, decoded.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each row of the table says what it does")]
        pub enum Instruction {
            $($( $variant $(($argument))?, )+)+
        }

        /// An instruction without its argument: the number of its row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each row of the table says what it does")]
        pub enum Opcode {
            $($( $variant, )+)+
        }

        impl Opcode {
            /// Every one, in the order of the table.
            pub const ALL: &[Self] = &[$($( Self::$variant, )+)+];

            fn decode(
                self,
                operands: &[Operand],
                reading: &mut dyn Reading,
            ) -> Result<Instruction, String> {
                Ok(match self {
                    $($( Self::$variant => Instruction::$variant $((
                        <$argument as Decode>::decode(operands, reading)?
                    ))?, )+)+
                })
            }
        }

        /// The table.
        pub static TABLE: &[Row] = &[$($( Row {
            name: $name,
            word: { let _word: Option<&str> = None; $( let _word = Some($word); )? _word },
            group: Group::$group,
            origin: Origin::$origin,
            form: { let _form = Form::NONE; $( let _form = <$argument as Decode>::FORM; )? _form },
            takes: &[$($takes),*],
            gives: &[$($gives),*],
            about: $about,
        }, )+)+];

        impl Instruction {
            /// Its row, by number.
            pub fn opcode(&self) -> Opcode {
                match self {
                    $($( instructions!(@any $variant $($argument)?) => Opcode::$variant, )+)+
                }
            }

            fn argument(&self) -> Option<&dyn Argument> {
                match self {
                    $($( instructions!(@bind argument $variant $($argument)?) =>
                        instructions!(@some argument $($argument)?), )+)+
                }
            }
        }
    };
    (@any $variant:ident) => { Self::$variant };
    (@any $variant:ident $argument:ty) => { Self::$variant(_) };
    (@bind $a:ident $variant:ident) => { Self::$variant };
    (@bind $a:ident $variant:ident $argument:ty) => { Self::$variant($a) };
    (@some $a:ident) => { None };
    (@some $a:ident $argument:ty) => { Some($a) };
}

instructions! {
    Stack, Core {
        Push(Literal) = "PUSH" () -> ("v")
            "Pushes v.";
        Pop = "POP" ("a") -> ()
            "Drops the top.";
        Dup = "DUP" ("a") -> ("a" "a")
            "Pushes the top once more.";
    }

    Arithmetic, Core {
        Add = "ADD" ("a" "b") -> ("a+b")
            "Adds two integers, or joins two strings.";
        Sub = "SUB" ("a" "b") -> ("a−b")
            "Subtracts the top from what lies below it.";
        Mul = "MUL" ("a" "b") -> ("a·b")
            "Multiplies.";
        Mod = "MUL" "mod" ("a" "b") -> ("a mod b")
            "The remainder a − b·⌊a/b⌋; no multiplication. As in Python: −7 mod 3 is 2.";
        Div = "DIV" ("a" "b") -> ("⌊a/b⌋")
            "Divides, rounding down. As in Python: −7 DIV 2 is −4.";
    }

    Comparison, Extension {
        Eq = "EQ" ("a" "b") -> ("0|1")
            "1 if both are the same value, else 0.";
        Ne = "NE" ("a" "b") -> ("0|1")
            "1 if they differ, else 0.";
        Lt = "LT" ("a" "b") -> ("0|1")
            "1 if a < b, else 0; integers.";
        Le = "LE" ("a" "b") -> ("0|1")
            "1 if a ≤ b, else 0; integers.";
        Gt = "GT" ("a" "b") -> ("0|1")
            "1 if a > b, else 0; integers.";
        Ge = "GE" ("a" "b") -> ("0|1")
            "1 if a ≥ b, else 0; integers.";
        And = "AND" ("a" "b") -> ("0|1")
            "1 if neither is 0, else 0.";
        Or = "OR" ("a" "b") -> ("0|1")
            "0 if both are 0, else 1.";
        Not = "NOT" ("a") -> ("0|1")
            "1 if a is 0, else 0.";
    }

    Variables, Core {
        Load(Name) = "LOAD" () -> ("v")
            "Pushes this thread's variable of that name, else the global, else the object of that name.";
        Store(Name) = "STORE" ("v") -> ()
            "Sets this thread's variable.";
        GlobalStore(Name) = "GLOBAL_STORE" ("v") -> ()
            "Sets the global.";
    }

    Control, Core {
        Jump(Address) = "JUMP" () -> ()
            "Goes on at that address; the first instruction of a list has address 0.";
        JumpIf(Address) = "JUMP_IF" ("a") -> ()
            "Goes on at that address if a ≥ 0.";
        Nop = "NOP" () -> ()
            "Does nothing.";
    }

    Control, Extension {
        JumpIfTrue(Address) = "JUMP_IF_TRUE" ("a") -> ()
            "Goes on at that address unless a is 0.";
        JumpIfFalse(Address) = "JUMP_IF_FALSE" ("a") -> ()
            "Goes on at that address if a is 0.";
        Label(Mark) = "LABEL" () -> ()
            "Does nothing; its address may be called by that name in jumps of the same list.";
    }

    Output, Core {
        Print(Saying) = "PRINT" () -> ()
            "Writes `[thread] text`, each `{}` in it replaced by the top; without a text it writes the \
             top. Takes nothing. On an empty stack `{}` stays as it is, and PRINT without a text is an \
             underflow.";
    }

    Output, Extension {
        PrintEach(Phrase) = "PRINT_EACH" ("…") -> ()
            "Takes as many values as the text has `{}`, and writes `[thread] text` with each value in its \
             place, the top in the last.";
    }

    Threads, Core {
        ThreadCreate(Bodies) = "THREAD_CREATE" ("index") -> ("thread")
            "Starts a thread that runs the index-th of its lists, with an empty stack, no variables, and \
             its parent's priority + 1.";
        ThreadJoin = "THREAD_JOIN" ("thread") -> ()
            "Waits until that thread has ended or failed.";
    }

    Threads, Extension {
        DaemonCreate(Bodies) = "THREAD_CREATE" "daemon" ("index") -> ("thread")
            "Starts a thread that may still wait when the run ends.";
        ThreadJoinFor(Instead) = "THREAD_JOIN_FOR" ("thread" "ms") -> ("0|1")
            "Waits so long at most; 1 if the thread has ended.";
        Alive = "ALIVE" ("thread") -> ("0|1")
            "0 if that thread has ended or failed, else 1.";
    }

    Locks, Core {
        LockCreate = "LOCK_CREATE" () -> ("lock")
            "Makes a lock.";
        LockAcquire = "LOCK_ACQUIRE" ("lock") -> ()
            "Waits until the lock is this thread's. Not reentrant: whoever holds it waits for ever.";
        LockRelease = "LOCK_RELEASE" ("lock") -> ()
            "Gives the lock to the first who waits for it. Only its holder may.";
    }

    Locks, Extension {
        LockAcquireRobust = "LOCK_ACQUIRE" "robust" ("lock") -> ("0|1")
            "Also gets a lock whose holder ended or failed, and tells: 1 if so.";
        TryLockAcquire = "TRY_LOCK_ACQUIRE" ("lock") -> ("0|1")
            "Takes the lock if it is free, and tells whether.";
        LockAcquireFor(Instead) = "LOCK_ACQUIRE_FOR" ("lock" "ms") -> ("0|1")
            "Waits so long at most, and tells whether the lock was had.";
    }

    Semaphores, Core {
        SemaphoreCreate = "SEMAPHORE_CREATE" ("count") -> ("semaphore")
            "Makes a semaphore of that count, 0 or more, without an upper bound.";
        SemaphoreAcquire = "SEMAPHORE_ACQUIRE" ("semaphore") -> ()
            "Waits until the count is above 0, and lowers it by 1.";
        SemaphoreRelease = "SEMAPHORE_RELEASE" ("semaphore") -> ()
            "Raises the count by 1, or lets the first who waits go on.";
    }

    Semaphores, Extension {
        BoundedSemaphoreCreate(Instead) = "BOUNDED_SEMAPHORE_CREATE" ("count" "bound") -> ("semaphore")
            "Makes a semaphore whose count may not pass the bound: a release too many is an error.";
        TrySemaphoreAcquire = "TRY_SEMAPHORE_ACQUIRE" ("semaphore") -> ("0|1")
            "Lowers the count if it is above 0, and tells whether.";
        SemaphoreAcquireFor(Instead) = "SEMAPHORE_ACQUIRE_FOR" ("semaphore" "ms") -> ("0|1")
            "Waits so long at most, and tells whether the count was lowered.";
    }

    Atomics, Core {
        AtomicCreate(Instead) = "ATOMIC_CREATE" ("initial") -> ("counter")
            "Makes a counter.";
        AtomicIncrement = "ATOMIC_INCREMENT" ("counter") -> ("value")
            "Adds 1 and pushes the new value, in one step.";
        AtomicDecrement = "ATOMIC_DECREMENT" ("counter") -> ("value")
            "Subtracts 1 and pushes the new value, in one step.";
        AtomicGet = "ATOMIC_GET" ("counter") -> ("value")
            "Pushes the value.";
    }

    Atomics, Extension {
        AtomicCompareAndSwap = "ATOMIC_COMPARE_AND_SWAP" ("counter" "old" "new") -> ("0|1")
            "Sets the counter to new if it is old, in one step, and tells whether.";
    }

    Messages, Core {
        QueueCreate = "QUEUE_CREATE" () -> ("queue")
            "Makes a queue without an upper bound.";
        QueueSend = "QUEUE_SEND" ("queue" "message") -> ()
            "Puts a message into a queue. The top is the message, unless only the top is a queue.";
        QueueReceive = "QUEUE_RECEIVE" ("queue") -> ("message")
            "Waits for a message and takes the oldest.";
    }

    Messages, Extension {
        BoundedQueueCreate(Instead) = "BOUNDED_QUEUE_CREATE" ("capacity") -> ("queue")
            "Makes a queue in which at most that many messages wait; a send waits for room.";
        TryQueueSend = "TRY_QUEUE_SEND" ("queue" "message") -> ("0|1")
            "Sends if there is room, and tells whether.";
        QueueSendFor(Instead) = "QUEUE_SEND_FOR" ("queue" "message" "ms") -> ("0|1")
            "Waits so long at most for room, and tells whether it sent.";
        TryQueueReceive = "TRY_QUEUE_RECEIVE" ("queue") -> ("message" "0|1")
            "Takes the oldest message and 1; if there is none, 0 and 0.";
        QueueReceiveFor(Instead) = "QUEUE_RECEIVE_FOR" ("queue" "ms") -> ("message" "0|1")
            "Waits so long at most; the message and 1, or 0 and 0.";
    }

    Conditions, Extension {
        ConditionCreate = "CONDITION_CREATE" ("lock") -> ("condition")
            "Makes a condition for those who hold that lock.";
        Wait = "WAIT" ("condition") -> ()
            "Releases the lock, waits to be notified, and waits for the lock again. Only its holder may.";
        WaitFor(Instead) = "WAIT_FOR" ("condition" "ms") -> ("0|1")
            "Waits so long at most to be notified, then for the lock; 1 if notified.";
        Notify = "NOTIFY" ("condition") -> ()
            "Lets the first who waits go for the lock. If nobody waits, nothing happens.";
        NotifyAll = "NOTIFY_ALL" ("condition") -> ()
            "Lets all who wait go for the lock.";
    }

    Arrays, Extension {
        ArrayCreate(Instead) = "ARRAY_CREATE" ("length") -> ("array")
            "Makes an array of so many zeros. Every thread that has its handle shares it; each access is \
             one step, and does not race.";
        ArrayGet = "ARRAY_GET" ("array" "index") -> ("value")
            "Pushes the value at the index, from 0.";
        ArraySet = "ARRAY_SET" ("array" "index" "value") -> ()
            "Sets the value at the index.";
        ArrayLength = "ARRAY_LENGTH" ("array") -> ("length")
            "Pushes the length.";
    }

    Chance, Extension {
        Choose(Instead) = "CHOOSE" ("n") -> ("0…n−1")
            "A number below n that the schedule chooses: it is part of a recorded run, and whoever steps \
             by hand is asked.";
        Random(Instead) = "RANDOM" ("n") -> ("0…n−1")
            "A random number below n.";
    }

    Claims, Extension {
        Assert(Saying) = "ASSERT" ("a") -> ()
            "Ends the run if a is 0.";
        Invariant(Claim) = "INVARIANT" () -> ()
            "From here on the claim must hold after every step, or the run ends. A claim is written as in \
             Python, over globals and objects: a semaphore stands for its count, a counter for its value, \
             a queue for its length, a lock for 1 while it is held. `… when NAME free` holds only while \
             that lock is free. `THREAD.name` is a variable of a named thread, `THREAD.pc` where it stands.";
    }

    Time, Core {
        Sleep(Instead) = "SLEEP" ("ms") -> ()
            "Sleeps so many milliseconds; 0 lets others go first.";
    }
}

/// Rows by name; most names have one.
static BY_NAME: LazyLock<HashMap<&'static str, Vec<Opcode>>> = LazyLock::new(|| {
    let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
    for opcode in Opcode::ALL {
        by_name.entry(opcode.row().name).or_default().push(*opcode);
    }
    by_name
});

impl Opcode {
    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The forms that an instruction of this name has; none if there is no such instruction.
    pub fn named(name: &str) -> &'static [Self] {
        BY_NAME.get(name).map_or(&[], Vec::as_slice)
    }

    /// The name that comes nearest to a mistyped one.
    pub fn nearest(name: &str) -> Option<&'static str> {
        crate::nearest::nearest(name, BY_NAME.keys().copied())
    }
}

impl Instruction {
    /// Reads what stands after the name of an instruction.
    pub(crate) fn decode(
        name: &str,
        operands: &[Operand],
        reading: &mut dyn Reading,
    ) -> Result<Self, String> {
        let forms = Opcode::named(name);
        let Some(plain) = forms.first() else {
            let near = Opcode::nearest(name).map(|near| format!("; did you mean `{near}`?"));
            return Err(format!("there is no instruction `{name}`{}", near.unwrap_or_default()));
        };
        // The word that selects a form stands last.
        let by_word = operands.split_last().and_then(|(last, rest)| {
            let Operand::Text(word) = last else { return None };
            let form = forms.iter().find(|form| form.row().word == Some(word))?;
            Some((*form, rest))
        });
        let (opcode, operands) = by_word.unwrap_or((*plain, operands));
        let row = opcode.row();
        if !row.form.takes(operands.len()) {
            return Err(format!("{} takes {}, not {}", row.name, row.form.told(), operands.len()));
        }
        opcode.decode(operands, reading)
    }

    /// Its row of the table.
    pub fn row(&self) -> &'static Row {
        self.opcode().row()
    }

    /// How many values it takes from the stack.
    pub fn takes(&self) -> usize {
        let replaced = self.argument().is_some_and(Argument::replaces_the_top);
        match self {
            Self::PrintEach(phrase) => phrase.places as usize,
            _ => self.row().takes.len() - usize::from(replaced),
        }
    }

    /// How many values it gives to the stack.
    pub fn gives(&self) -> usize {
        self.row().gives.len()
    }

    /// How many values must lie on the stack for it not to underflow.
    pub fn needs(&self) -> usize {
        match self {
            Self::Print(Saying(None)) => 1,
            _ => self.takes(),
        }
    }

    /// Where it may jump to, if it is a jump.
    pub fn target(&self) -> Option<i64> {
        match self {
            Self::Jump(Address(to))
            | Self::JumpIf(Address(to))
            | Self::JumpIfTrue(Address(to))
            | Self::JumpIfFalse(Address(to)) => Some(*to),
            _ => None,
        }
    }

    /// As a tuple of Python's.
    pub(crate) fn python(&self, notation: &Notation<'_>) -> String {
        let row = self.row();
        let argument = self.argument().and_then(|argument| argument.python(notation));
        let word = row.word.map(string);
        let parts: Vec<String> =
            [Some(string(row.name)), argument, word].into_iter().flatten().collect();
        let comma = if parts.len() == 1 { "," } else { "" };
        format!("({}{comma})", parts.join(", "))
    }

    /// As it is written in a program, without the brackets: `PUSH 5`, `THREAD_CREATE [producer]`.
    pub fn show(&self, program: &Program, code: CodeId) -> String {
        let row = self.row();
        let mut text = row.name.to_owned();
        if let Some(argument) = self.argument() {
            let shown = argument.show(program, code);
            if !shown.is_empty() {
                text.push(' ');
                text.push_str(&shown);
            }
        }
        if let Some(word) = row.word {
            let _ = write!(text, " \"{word}\"");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_name_but_the_first_has_a_word() {
        for opcode in Opcode::ALL {
            let forms = Opcode::named(opcode.row().name);
            for (number, form) in forms.iter().enumerate() {
                assert_eq!(number > 0, form.row().word.is_some(), "{}", form.row().name);
            }
        }
    }

    #[test]
    fn what_replaces_an_operand_has_an_operand_to_replace() {
        for row in TABLE.iter().filter(|row| row.form.replaces) {
            assert!(!row.takes.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn an_instruction_stays_small() {
        assert!(size_of::<Instruction>() <= 24);
    }
}
