//! A machine on its way through the states of a program, one *macro-step* at a time: one instruction
//! that others may notice, and all that follow of which it does not matter when they run.
//!
//! An instruction of a thread is *free* if it commutes with all that any other thread may still do: as
//! things stand, that is, since what others may do depends on where they are, on the locks that the
//! thread holds while they need them, and on whether they join it. (Lipton, 1975, calls such instructions movers.)

use std::sync::Arc;

use super::analysis::{Analysis, Traits};
use super::finding::Finding;
use super::flaw::soundly;
use super::flow::{Site, Thing};
use super::moves::Move;
use super::pack::{Before, Origins, Packer};
use super::stage::Stage;
use super::touched::Touched;
use super::unpack::{Parts, undo, unpack};
use super::{Order, Plan};
use crate::instruction::Instruction as I;
use crate::machine::{Event, Limits, Machine, Ready, Status, Stepped, ThreadId, Time};
use crate::program::Program;
use crate::trace::Decision;
use crate::value::{Handle, Kind, Value};

/// Steps of one thread on its own before it is looked whether it goes round in circles.
const PATIENCE: u32 = 10_000;

/// Steps of one thread on its own that are too many.
const MOST_STEPS: u32 = 10_000_000;

/// How a macro-step went.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Some thread went back to an instruction.
    pub(super) goes_back: bool,
    /// A circle was closed by a thread that joins others, of which it is not known who is first.
    pub(super) is_doubtful: bool,
    pub(super) finding: Option<Finding>,
}

/// The machine, and what it does not keep.
#[derive(Debug)]
pub(super) struct Explorer {
    pub(super) analysis: Arc<Analysis>,
    pub(super) machine: Machine,
    pub(super) origins: Origins,
    packer: Packer,
    pub(super) stage: Stage,
    /// The state that was unpacked last: where its parts lie, who can go on, how many have yet to end.
    parts: Parts,
    ready: Ready,
    remaining: u32,
    /// Who stepped last is part of the state.
    knows_last: bool,
    /// By thread, who was last seen to be in its way.
    pub(super) in_the_way: Vec<ThreadId>,
    /// Threads that have gone back in this macro-step, and go no further.
    paused: Vec<ThreadId>,
    /// Threads that may choose no more in this macro-step.
    chosen: Vec<ThreadId>,
    /// What is chosen behind a step is part of it.
    may_choose: bool,
    /// Single steps, if somebody wants to know them.
    pub(super) steps: Option<Vec<Single>>,
    /// By list and address: whether it was ever executed.
    pub(super) executed: Vec<Vec<bool>>,
}

/// One instruction of one thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single {
    pub(super) thread: ThreadId,
    pub(super) chosen: Option<u64>,
    /// It was killed there.
    pub(super) dies: bool,
    /// A macro-step begins with it; those after it are made when it does not matter when.
    pub(super) leads: bool,
}

impl Explorer {
    /// At the beginning of a program; whatever is free there has been done.
    pub(super) fn new(program: &Arc<Program>, analysis: &Arc<Analysis>, plan: &Plan) -> Self {
        let machine = Machine::with(Arc::clone(program), plan.service, Limits::default());
        let entries = 0..program.entries().len();
        let groups = entries.map(|entry| analysis.group_of_entry(entry)).collect();
        let mut instructions = program.codes().iter().flat_map(|code| &code.instructions);
        let is_robust = instructions.any(|it| matches!(it, I::LockAcquireRobust));
        Self {
            machine: machine.in_time(Time::Any),
            origins: Origins { groups, ..Origins::default() },
            analysis: Arc::clone(analysis),
            packer: Packer::default(),
            stage: Stage {
                is_robust,
                touched: Touched::ALL,
                keeps_prints: plan.outcomes,
                ..Stage::default()
            },
            parts: Parts::default(),
            ready: Ready::default(),
            remaining: 0,
            knows_last: plan.order == Order::Switches,
            in_the_way: Vec::new(),
            paused: Vec::new(),
            chosen: Vec::new(),
            may_choose: analysis.reduces,
            steps: None,
            executed: program
                .codes()
                .iter()
                .map(|code| vec![false; code.instructions.len()])
                .collect(),
        }
    }

    /// Does what is free at the beginning.
    pub(super) fn begin(&mut self) -> Passed {
        let mut passed = Passed::default();
        self.paused.clear();
        self.may_choose = false;
        self.run_on(&mut passed);
        self.may_choose = self.analysis.reduces;
        passed
    }

    pub(super) fn pack(&mut self, out: &mut Vec<u8>) {
        self.packer.pack(&self.analysis, &self.machine, &self.origins, None, out);
    }

    /// Likewise, after a macro-step from the state that was unpacked last, of which the bytes are known.
    pub(super) fn pack_after(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.stage.touched.note_lines(&self.machine);
        let before = Before { bytes, parts: &self.parts, touched: self.stage.touched };
        self.packer.pack(&self.analysis, &self.machine, &self.origins, Some(before), out);
        #[cfg(debug_assertions)]
        {
            let mut whole = Vec::new();
            self.pack(&mut whole);
            assert_eq!(*out, whole, "nothing else was touched than {:?}", self.stage.touched);
        }
    }

    /// The bytes of the state by other knowledge.
    pub(super) fn pack_by(&mut self, analysis: &Analysis) -> Vec<u8> {
        let mut origins = self.origins.clone();
        let entries = self.machine.program().entries().len();
        let made = &self.origins.made[Kind::Thread as usize];
        origins.groups = (0..entries).map(|entry| analysis.group_of_entry(entry)).collect();
        origins.groups.extend(made.iter().map(|thing| analysis.group_of(*thing)));
        let mut bytes = Vec::new();
        soundly(|| self.packer.pack(analysis, &self.machine, &origins, None, &mut bytes));
        bytes
    }

    pub(super) fn unpack(&mut self, bytes: &[u8]) {
        let Self { analysis, machine, origins, parts, .. } = self;
        unpack(bytes, analysis, machine, origins, parts);
        for at in 0..self.origins.joining.len() {
            let thread = self.origins.joining[at];
            while self.is_in_run(thread) {
                self.note_executed(thread);
                self.machine.step(thread, &mut self.stage);
            }
        }
        self.ready.copy_from(self.machine.state().ready());
        self.remaining = self.machine.state().remaining();
        self.stage.touched = Touched::default();
    }

    /// Goes back to the state that was unpacked last.
    pub(super) fn undo(&mut self, bytes: &[u8]) {
        let touched = self.stage.touched;
        let joins = self.origins.joining.iter().any(|thread| touched.thread(thread.index()));
        if touched.is_all() || joins {
            return self.unpack(bytes);
        }
        let Self { analysis, machine, origins, parts, .. } = self;
        undo(bytes, analysis, machine, origins, parts, &touched);
        self.machine.can_go_on(&self.ready, self.remaining);
        self.stage.touched = Touched::default();
        #[cfg(debug_assertions)]
        {
            let mut whole = Vec::new();
            self.pack(&mut whole);
            assert_eq!(bytes, whole, "nothing else was touched than {touched:?}");
        }
    }

    /// Whether it can go on in a run of JOINs.
    fn is_in_run(&self, thread: ThreadId) -> bool {
        let it = self.machine.thread(thread);
        matches!(it.status(), Status::Runnable)
            && self.analysis.symmetry.run_of(it.code(), it.pc()).is_some()
    }

    /// Whose step, or death, it is up to the search to choose.
    pub(super) fn enabled(&self) -> impl Iterator<Item = ThreadId> + '_ {
        self.machine.state().ready().iter().chain(self.dying())
    }

    /// Lets a thread make a macro-step, or die, with the numbers that the stage chooses.
    pub(super) fn step(&mut self, thread: ThreadId, how: Move) -> Passed {
        let mut passed = Passed::default();
        self.paused.clear();
        self.origins.last = self.knows_last.then_some(thread);
        self.chosen.clear();
        self.stage.asked.clear();
        let goes_on = match how {
            Move::Steps => self.step_once(thread, &mut passed),
            Move::Dies => self.die(thread, &mut passed),
        };
        if let Some(first) = self.steps.as_mut().and_then(|steps| steps.last_mut()) {
            first.leads = true;
        }
        if !goes_on || self.knows_last {
            self.stage.touched = Touched::ALL;
        }
        if goes_on {
            self.run_on(&mut passed);
        }
        passed
    }

    /// One instruction of one thread, and nothing that is free.
    pub(super) fn step_alone(&mut self, decision: &Decision) {
        self.stage.numbers = decision.chosen.into_iter().collect();
        self.stage.asked.clear();
        self.stage.dies = decision.dies;
        self.stage.is_dead = false;
        self.machine.step(ThreadId(decision.thread), &mut self.stage);
        self.note_made();
    }

    /// One instruction of one thread; false if something was found.
    fn step_once(&mut self, thread: ThreadId, passed: &mut Passed) -> bool {
        let it = self.machine.thread(thread);
        let (code, pc) = (it.code(), it.pc());
        let traits = match it.status() {
            Status::Runnable => self.analysis.traits(code, pc),
            _ => Traits::default(),
        };
        self.note_executed(thread);
        self.stage.is_dead = traits.has(Traits::DEAD_CHOICE);
        self.stage.last = None;
        self.stage.touched.note_thread(thread);
        if traits.has(Traits::CONTENTS) {
            self.stage.touched.note_contents();
        }
        let stepped = self.machine.step(thread, &mut self.stage);
        if let Some(steps) = &mut self.steps {
            steps.push(Single { thread, chosen: self.stage.last, dies: false, leads: false });
        }
        if traits.has(Traits::BACK) && self.machine.thread(thread).pc() <= pc {
            passed.goes_back = true;
            if !self.paused.contains(&thread) {
                self.paused.push(thread);
            }
        }
        self.note_made();
        self.note_printed();
        passed.finding = match stepped {
            Stepped::Failed => Some(self.failed(thread)),
            Stepped::Asserted => Some(Finding::Assertion { thread }),
            Stepped::Broken(claim) => Some(Finding::Invariant { thread, claim }),
            _ => self.circle(passed),
        };
        passed.finding.is_none()
    }

    /// A thread is killed; false if something was found.
    fn die(&mut self, thread: ThreadId, passed: &mut Passed) -> bool {
        self.stage.dies = true;
        let stepped = self.machine.step(thread, &mut self.stage);
        if let Some(steps) = &mut self.steps {
            steps.push(Single { thread, chosen: None, dies: true, leads: false });
        }
        if let Stepped::Broken(claim) = stepped {
            passed.finding = Some(Finding::Invariant { thread, claim });
        }
        passed.finding.is_none()
    }

    fn note_executed(&mut self, thread: ThreadId) {
        let it = self.machine.thread(thread);
        if let Some(executed) = self.executed[it.code().index()].get_mut(it.pc() as usize) {
            *executed = true;
        }
    }

    fn note_printed(&mut self) {
        if let Some(outputs) = &self.analysis.outputs {
            for line in self.stage.printed.drain(..) {
                self.origins.output = outputs.after(self.origins.output, &line);
            }
        }
    }

    fn note_made(&mut self) {
        for (event, thread, at) in self.stage.made.drain(..) {
            let code = self.machine.thread(thread).code();
            let flow = self.analysis.flow.as_ref();
            let thing =
                flow.and_then(|flow| flow.made_at(Site { code, pc: at })).unwrap_or(Thing(0));
            match event {
                Event::Started(_) => {
                    self.origins.groups.push(self.analysis.group_of(thing));
                    self.origins.made[Kind::Thread as usize].push(thing);
                }
                Event::Created(Handle { kind, .. }) => {
                    self.origins.made[kind as usize].push(thing);
                }
                _ => {}
            }
        }
    }

    pub(super) fn instruction(&self, thread: ThreadId) -> I {
        let it = self.machine.thread(thread);
        self.machine.program().code(it.code()).instructions[it.pc() as usize]
    }

    /// Does all that is free, of all threads.
    fn run_on(&mut self, passed: &mut Passed) {
        loop {
            let mut goes_on = false;
            let mut next = self.machine.state().thread_at(0);
            while let Some(thread) = next {
                // What is free depends on what others do; what is a thread's own, on it alone.
                let may_go_on = self.analysis.reduces || self.stage.touched.thread(thread.index());
                if may_go_on && self.machine.state().ready().contains(thread) {
                    match self.run_thread(thread, passed) {
                        None => return,
                        Some(went) => goes_on |= went,
                    }
                }
                next = self.machine.state().thread_at(thread.index() + 1);
            }
            if !goes_on {
                return;
            }
        }
    }

    /// Likewise, of one. Whether it went on, so that others may have more to do; none if something was
    /// found.
    fn run_thread(&mut self, thread: ThreadId, passed: &mut Passed) -> Option<bool> {
        let mut steps = 0;
        let mut snapshot = None;
        while self.machine.state().ready().contains(thread) {
            let it = self.machine.thread(thread);
            if !matches!(it.status(), Status::Runnable) {
                break;
            }
            let is_own = self.is_own(thread) || self.chooses(thread);
            if !is_own && (!self.analysis.reduces || self.paused.contains(&thread)) {
                break;
            }
            if !is_own && !self.is_free(thread) {
                break;
            }
            if !self.step_once(thread, passed) {
                return None;
            }
            steps += 1;
            if steps >= PATIENCE && passed.goes_back {
                if snapshot.as_ref() == Some(&self.own_state(thread)) {
                    passed.finding = Some(Finding::Spin { thread });
                    return None;
                }
                if steps.is_power_of_two() || steps == PATIENCE {
                    snapshot = Some(self.own_state(thread));
                }
                if steps >= MOST_STEPS {
                    let Site { code, pc } = self.site(thread);
                    passed.finding = Some(Finding::Endless { code, pc });
                    return None;
                }
            }
        }
        Some(steps > 0)
    }

    /// What a thread has of its own: where it is, its stack, its variables.
    fn own_state(&self, thread: ThreadId) -> (u32, Vec<Value>, Vec<Option<Value>>) {
        let it = self.machine.thread(thread);
        (it.pc, it.stack.clone(), it.variables.clone())
    }

    /// Whether the next instruction of a thread is its own business: nobody else ever notices it. A choice
    /// that matters is, but comes to several states.
    fn is_own(&self, thread: ThreadId) -> bool {
        let it = self.machine.thread(thread);
        let traits = self.analysis.traits(it.code(), it.pc());
        traits.has(Traits::OWN) || (traits.has(Traits::LOADS) && self.loads_own(thread))
    }

    /// Whether it chooses next, for the first time in this macro-step: then it chooses at once, so that the state
    /// before is none.
    fn chooses(&mut self, thread: ThreadId) -> bool {
        let it = self.machine.thread(thread);
        let chooses = self.may_choose
            && self.analysis.traits(it.code(), it.pc()).has(Traits::CHOOSES)
            && !self.chosen.contains(&thread);
        if chooses {
            self.chosen.push(thread);
        }
        chooses
    }

    /// Whether it loads a variable of its own.
    pub(super) fn loads_own(&self, thread: ThreadId) -> bool {
        let it = self.machine.thread(thread);
        match self.instruction(thread) {
            I::Load(name) => it.variables().get(name.slot as usize).is_some_and(Option::is_some),
            _ => false,
        }
    }

    /// Where a thread does next what others may notice.
    pub(super) fn site(&self, thread: ThreadId) -> Site {
        let it = self.machine.thread(thread);
        Site { code: it.code(), pc: it.at() }
    }
}
