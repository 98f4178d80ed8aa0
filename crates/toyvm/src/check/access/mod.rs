//! What instructions do to what threads share, and which of that commutes.
//!
//! Requests are served first come first served, and a request is never refused: one who cannot be
//! served stands in line. So acquiring and releasing one lock commute, whichever comes first, and so do
//! lowering and raising a semaphore, sending and receiving; two who ask for the same do not. Whoever only
//! tries, or gives up after a while, commutes with nobody; nor do claims that are read after each step,
//! with anything that changes what they read.

mod conflict;

use std::collections::HashMap;

use super::Plan;
use super::bits::{Bits, add_bits, no_bits, set_bit, share_bits};
use super::flaw::{Flaw, flawed};
use super::flow::{Flow, Site, Thing, below_of, made, read_names};
use crate::instruction::Instruction as I;
use crate::machine::Service;
use crate::program::claim::Expression;
use crate::program::{ClaimId, NameId, Program};
use crate::value::{Handle, Kind};

/// Something that threads share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shared {
    Global(NameId),
    Thing(Thing),
    /// The numbers that new things of a kind get.
    Numbers(Kind),
    /// Which threads are over.
    Ends,
    /// What claims read.
    Claims,
    /// What is printed.
    Output,
    /// All of it: nothing is known.
    Everything,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Manner {
    Read,
    Write,
    /// A change that commutes with others of its kind, since nobody is told what came of it.
    Blind,
    /// What may have to wait: acquire, lower, receive.
    Ask,
    /// What others may wait for: release, raise, send.
    Give,
    /// Likewise, where the order of what is given matters.
    GiveInOrder,
    /// To be had at once, or within a time, or not at all.
    Try,
}

type Access = (Shared, Manner);

/// The accesses of all instructions.
#[derive(Debug)]
pub(super) struct Accesses {
    at: Vec<Vec<Bits>>,
    against: Vec<Vec<Bits>>,
    servers: Vec<Vec<Bits>>,
    /// Whether it matters to others that a thread gets past an instruction, whatever that does.
    noticed: Vec<Vec<bool>>,
    /// What the end of a thread does, if anybody asks for that.
    end: Bits,
    /// A claim reads where a thread is, or its variables.
    pub(super) claims_steps: bool,
    size: usize,
}

/// What is known when accesses are found.
struct Finder<'a> {
    program: &'a Program,
    flow: Option<&'a Flow>,
    service: Service,
    /// Who waits may die, and leave the line.
    deaths: bool,
    /// What is printed is seen.
    prints: bool,
    /// Some instruction asks whether a thread is over.
    asks_for_ends: bool,
    claimed_names: Vec<NameId>,
    claimed_things: Vec<Thing>,
    /// A claim reads where a thread is, or its variables: each step is seen.
    claims_steps: bool,
    stored: Vec<bool>,
}

impl Accesses {
    pub(super) fn of(program: &Program, flow: Option<&Flow>, plan: &Plan<'_>) -> Self {
        let finder = Finder::new(program, flow, plan);
        let mut numbers: HashMap<Access, usize> = HashMap::new();
        let mut found: Vec<Vec<Vec<usize>>> = Vec::new();
        let mut waits: Vec<Vec<Vec<Thing>>> = Vec::new();
        let mut noticed: Vec<Vec<bool>> = Vec::new();
        for code in program.code_ids() {
            let sites =
                (0..program.code(code).instructions.len() as u32).map(|pc| Site { code, pc });
            found.push(
                sites
                    .clone()
                    .map(|site| {
                        let accesses = finder.accesses(site).into_iter();
                        let next = |numbers: &mut HashMap<Access, usize>, access| {
                            let next = numbers.len();
                            *numbers.entry(access).or_insert(next)
                        };
                        accesses.map(|access| next(&mut numbers, access)).collect()
                    })
                    .collect(),
            );
            waits.push(sites.clone().map(|site| finder.waited_for(site)).collect());
            noticed.push(sites.map(|site| finder.is_noticed(site)).collect());
        }
        let size = numbers.len();
        let conflicts = |a: Access| {
            let mut bits = no_bits(size);
            for (b, number) in &numbers {
                if finder.conflict(a, *b) {
                    set_bit(&mut bits, *number);
                }
            }
            bits
        };
        let mut by_number: Vec<(Access, usize)> = numbers.iter().map(|(a, n)| (*a, *n)).collect();
        by_number.sort_by_key(|(_, number)| *number);
        let conflicts: Vec<Bits> = by_number.iter().map(|(access, _)| conflicts(*access)).collect();
        let each = |of: &dyn Fn(&mut Bits, usize)| -> Vec<Vec<Bits>> {
            let site = |numbers: &Vec<usize>| {
                let mut bits = no_bits(size);
                for number in numbers {
                    of(&mut bits, *number);
                }
                bits
            };
            found.iter().map(|sites| sites.iter().map(site).collect()).collect()
        };
        let at = each(&|bits, number| set_bit(bits, number));
        let against = each(&|bits, number| {
            add_bits(bits, &conflicts[number]);
        });
        let servers = waits.iter().map(|sites| {
            let on = |things: &Vec<Thing>| {
                let mut bits = no_bits(size);
                for ((shared, _), number) in &numbers {
                    let serves = match shared {
                        Shared::Thing(thing) => things.contains(thing),
                        Shared::Everything => true,
                        _ => false,
                    };
                    if serves {
                        set_bit(&mut bits, *number);
                    }
                }
                bits
            };
            sites.iter().map(on).collect()
        });
        let servers = servers.collect();
        let mut end = no_bits(size);
        if let Some(number) = numbers.get(&(Shared::Ends, Manner::Blind)) {
            set_bit(&mut end, *number);
        }
        let claims_steps = finder.claims_steps;
        Self { at, against, servers, noticed, end, claims_steps, size }
    }

    /// How many there are.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether the instruction there does anything that others may notice.
    pub(super) fn is_any(&self, site: Site) -> bool {
        self.at(site).iter().any(|word| *word != 0)
    }

    /// Whether others may notice that a thread gets past the instruction there, whatever that does.
    pub(super) fn is_noticed(&self, site: Site) -> bool {
        self.noticed[site.code.index()][site.pc as usize]
    }

    /// Whether the instructions there commute, of different threads.
    pub(super) fn commute(&self, one: Site, other: Site) -> bool {
        !share_bits(self.against(one), self.at(other))
    }

    /// What the instruction there does.
    pub(super) fn at(&self, site: Site) -> &[u64] {
        &self.at[site.code.index()][site.pc as usize]
    }

    /// What does not commute with the instruction there.
    pub(super) fn against(&self, site: Site) -> &[u64] {
        &self.against[site.code.index()][site.pc as usize]
    }

    /// What the end of a thread does.
    pub(super) fn end(&self) -> &[u64] {
        &self.end
    }

    /// What may serve one who waits there.
    pub(super) fn servers(&self, site: Site) -> &[u64] {
        &self.servers[site.code.index()][site.pc as usize]
    }
}

impl<'a> Finder<'a> {
    fn new(program: &'a Program, flow: Option<&'a Flow>, plan: &Plan<'_>) -> Self {
        let instructions = || program.codes().iter().flat_map(|code| &code.instructions);
        let mut stored = vec![false; program.names().len()];
        for instruction in instructions() {
            if let I::GlobalStore(name) = instruction {
                stored[name.id.index()] = true;
            }
        }
        let mut claimed_names = Vec::new();
        let mut claims_steps = false;
        for claim in (0..program.claims.len() as u32).map(|at| program.claim(ClaimId(at))) {
            claimed_names.extend(claim.while_free);
            read_names(&claim.holds, &mut claimed_names);
            claim.holds.visit(&mut |part| {
                claims_steps |= matches!(part, Expression::Variable(..) | Expression::Pc(_));
            });
        }
        let mut claimed_things = Vec::new();
        for name in claimed_names.iter().copied() {
            if let Some(flow) = flow {
                claimed_things.extend(flow.global_things(name));
                claimed_things
                    .extend(program.object_named(name).map(|handle| flow.declared(handle)));
            }
        }
        let asks = |it: &I| matches!(it, I::Alive | I::ThreadJoinFor(_) | I::LockAcquireRobust);
        let robust = instructions().any(|it| matches!(it, I::LockAcquireRobust));
        Self {
            program,
            flow,
            service: plan.service,
            deaths: plan.deaths.most > 0,
            prints: plan.outcomes,
            asks_for_ends: instructions().any(asks),
            claims_steps: claims_steps || (robust && !claimed_names.is_empty()),
            claimed_names,
            claimed_things,
            stored,
        }
    }

    fn accesses(&self, site: Site) -> Vec<Access> {
        let code = self.program.code(site.code);
        let instruction = code.instructions[site.pc as usize];
        let Some(flow) = self.flow else {
            let is_own = is_threads_own(instruction) && !self.is_noticed(site);
            let is_own = is_own && !(self.prints && prints(instruction));
            return if is_own { Vec::new() } else { vec![(Shared::Everything, Manner::Write)] };
        };
        if !flow.is_reached(site) {
            return Vec::new();
        }
        let mut all = self.of_instruction(flow, site, instruction);
        let touches = all.iter().any(|(shared, manner)| match shared {
            Shared::Global(name) => *manner == Manner::Write && self.claimed_names.contains(name),
            Shared::Thing(thing) => *manner != Manner::Read && self.claimed_things.contains(thing),
            _ => false,
        });
        if touches || self.claims_steps || matches!(instruction, I::Invariant(_)) {
            all.push((Shared::Claims, Manner::Write));
        }
        if self.asks_for_ends && (!all.is_empty() || self.is_noticed(site)) {
            all.push((Shared::Ends, Manner::Blind));
        }
        all
    }

    /// Whether it is noticed that a thread gets past the instruction there.
    fn is_noticed(&self, site: Site) -> bool {
        self.claims_steps || (self.asks_for_ends && self.is_last(site))
    }

    /// Whether a thread may come to its end by the instruction there.
    fn is_last(&self, site: Site) -> bool {
        let code = self.program.code(site.code);
        let instruction = code.instructions[site.pc as usize];
        let end = code.instructions.len() as i64;
        i64::from(site.pc) + 1 == end || instruction.target() == Some(end)
    }

    fn of_instruction(&self, flow: &Flow, site: Site, instruction: I) -> Vec<Access> {
        use Manner::{Ask, Blind, Give, GiveInOrder, Read, Try, Write};
        let on = |manner, kind| {
            let things = flow.operand_things(site, below_of(instruction)).into_iter();
            let things = things.filter(|thing| flow.kind_of(*thing) == kind);
            things.map(|thing| (Shared::Thing(thing), manner)).collect::<Vec<_>>()
        };
        let on_lock = |manner| {
            let mut conditions = on(manner, Kind::Condition);
            conditions.retain(|_| !flawed(Flaw::LockOfCondition));
            let locks = conditions.iter().flat_map(|(shared, _)| match shared {
                Shared::Thing(condition) => self.locks_of(flow, *condition),
                _ => Vec::new(),
            });
            locks.map(|lock| (Shared::Thing(lock), manner)).collect::<Vec<_>>()
        };
        let with = |mut all: Vec<Access>, more: Vec<Access>| {
            all.extend(more);
            all
        };
        match instruction {
            _ if self.prints && prints(instruction) => vec![(Shared::Output, Write)],
            I::Load(name) if self.stored[name.id.index()] => vec![(Shared::Global(name.id), Read)],
            I::GlobalStore(name) => vec![(Shared::Global(name.id), Write)],
            I::ThreadJoinFor(_) | I::Alive => vec![(Shared::Ends, Read)],
            I::LockAcquire => on(Ask, Kind::Lock),
            I::LockAcquireRobust => with(on(Try, Kind::Lock), vec![(Shared::Ends, Read)]),
            I::TryLockAcquire | I::LockAcquireFor(_) => on(Try, Kind::Lock),
            I::LockRelease => on(Give, Kind::Lock),
            I::SemaphoreAcquire => on(Ask, Kind::Semaphore),
            I::TrySemaphoreAcquire | I::SemaphoreAcquireFor(_) => on(Try, Kind::Semaphore),
            I::SemaphoreRelease => on(Give, Kind::Semaphore),
            I::AtomicIncrement | I::AtomicDecrement => {
                let is_told = flow.given_matters(site, 0) && !flawed(Flaw::Counted);
                let manner = if is_told { Write } else { Blind };
                on(manner, Kind::Counter)
            }
            // Nobody is told what it reads.
            I::AtomicGet | I::ArrayGet if !flow.given_matters(site, 0) => Vec::new(),
            I::AtomicGet => on(Read, Kind::Counter),
            I::AtomicCompareAndSwap => on(Write, Kind::Counter),
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) => {
                let below = below_of(instruction);
                let mut things = flow.operand_things(site, below);
                things.extend(flow.operand_things(site, below + 1));
                things.retain(|thing| flow.kind_of(*thing) == Kind::Queue);
                let tries = !matches!(instruction, I::QueueSend);
                let manner = |thing: Thing| match tries {
                    true => Try,
                    false if flow.contents_matter(thing) => GiveInOrder,
                    false => Give,
                };
                things.into_iter().map(|thing| (Shared::Thing(thing), manner(thing))).collect()
            }
            I::QueueReceive => on(Ask, Kind::Queue),
            I::TryQueueReceive | I::QueueReceiveFor(_) => on(Try, Kind::Queue),
            // Whoever dies while it goes for the lock leaves that line.
            I::Wait if !self.deaths => with(on(Write, Kind::Condition), on_lock(Give)),
            I::Wait | I::WaitFor(_) => {
                with(with(on(Write, Kind::Condition), on_lock(Give)), on_lock(Ask))
            }
            I::Notify | I::NotifyAll => with(on(Write, Kind::Condition), on_lock(Ask)),
            I::ArrayGet => on(Read, Kind::Array),
            I::ArraySet => on(Write, Kind::Array),
            _ => made(instruction).map(|kind| (Shared::Numbers(kind), Write)).into_iter().collect(),
        }
    }

    /// The locks that whoever waits for a condition gives back.
    fn locks_of(&self, flow: &Flow, condition: Thing) -> Vec<Thing> {
        let declared = self.program.declared().iter().filter(|it| it.kind == Kind::Condition);
        for (index, declared) in declared.enumerate() {
            let handle = Handle { kind: Kind::Condition, index: index as u32 };
            if flow.declared(handle) == condition {
                let index = declared.initial as u32;
                return vec![flow.declared(Handle { kind: Kind::Lock, index })];
            }
        }
        let site = flow.site_of(condition);
        site.map(|site| flow.operand_things(site, 0)).unwrap_or_default()
    }

    /// What one who waits at an instruction waits for, threads and locks left out: who can end such
    /// a wait is known.
    fn waited_for(&self, site: Site) -> Vec<Thing> {
        let Some(flow) = self.flow else { return Vec::new() };
        let instruction = self.program.code(site.code).instructions[site.pc as usize];
        let below = below_of(instruction);
        match instruction {
            I::SemaphoreAcquire
            | I::SemaphoreAcquireFor(_)
            | I::QueueReceive
            | I::QueueReceiveFor(_)
            | I::Wait
            | I::WaitFor(_) => flow.operand_things(site, below),
            I::QueueSend | I::QueueSendFor(_) => {
                let mut things = flow.operand_things(site, below);
                things.extend(flow.operand_things(site, below + 1));
                things
            }
            _ => Vec::new(),
        }
    }
}

fn prints(instruction: I) -> bool {
    matches!(instruction, I::Print(_) | I::PrintEach(_))
}

/// Whether an instruction is of no account to other threads, whatever the program is.
pub(super) fn is_threads_own(instruction: I) -> bool {
    matches!(
        instruction,
        I::Push(_)
            | I::Pop
            | I::Dup
            | I::Add
            | I::Sub
            | I::Mul
            | I::Mod
            | I::Div
            | I::Eq
            | I::Ne
            | I::Lt
            | I::Le
            | I::Gt
            | I::Ge
            | I::And
            | I::Or
            | I::Not
            | I::Store(_)
            | I::Jump(_)
            | I::JumpIf(_)
            | I::JumpIfTrue(_)
            | I::JumpIfFalse(_)
            | I::Nop
            | I::Label(_)
            | I::Print(_)
            | I::PrintEach(_)
            | I::Choose(_)
            | I::Random(_)
            | I::Assert(_)
            | I::Sleep(_)
    )
}
