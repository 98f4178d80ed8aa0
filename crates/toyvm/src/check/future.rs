//! What a thread may still do to what threads share, and those it may start; and what of it while
//! somebody else holds a certain lock, or while a certain thread is not over.

use super::access::Accesses;
use super::bits::{Bits, add_bits, no_bits};
use super::flaw::{Flaw, flawed};
use super::flow::{Flow, Site, Thing};
use crate::instruction::Instruction as I;
use crate::program::{CodeId, Program};
use crate::value::Kind;

/// More guards than this are not looked at.
const MOST_GUARDS: usize = 64;

/// By list and address: all accesses that may follow, that of the instruction there included.
type Following = Vec<Vec<Bits>>;

/// What may follow.
#[derive(Debug)]
pub(super) struct Futures {
    all: Following,
    /// Likewise, up to where the thread needs that lock, or the end of that thread: a *guard*.
    without: Vec<Following>,
    /// By thing, its number among the guards, if it is one.
    guards: Vec<Option<u8>>,
}

impl Futures {
    pub(super) fn of(program: &Program, flow: Option<&Flow>, accesses: &Accesses) -> Self {
        let all = following(program, flow, accesses, None);
        let mut found = flow.map(|flow| guards(program, flow)).unwrap_or_default();
        found.truncate(MOST_GUARDS);
        let mut guards = vec![None; flow.map_or(0, Flow::things)];
        for (number, guard) in found.iter().enumerate() {
            guards[guard.0 as usize] = Some(number as u8);
        }
        let without = found.into_iter().map(|guard| {
            let needs = |site| flow.is_some_and(|flow| needs(program, flow, site, guard));
            following(program, flow, accesses, Some(&needs))
        });
        Self { all, without: without.collect(), guards }
    }

    /// What a thread may do that goes on there.
    pub(super) fn from(&self, code: CodeId, pc: u32) -> &[u64] {
        &self.all[code.index()][pc as usize]
    }

    /// The number of a lock or thread of which it is known what needs it, or its end.
    pub(super) fn guard(&self, thing: Thing) -> Option<usize> {
        self.guards[thing.0 as usize].map(usize::from)
    }

    /// What a thread may do that goes on there, while another thread holds that lock, or that thread is
    /// not over.
    pub(super) fn without(&self, guard: usize, code: CodeId, pc: u32) -> &[u64] {
        &self.without[guard][code.index()][pc as usize]
    }
}

fn following(
    program: &Program,
    flow: Option<&Flow>,
    accesses: &Accesses,
    stops: Option<&dyn Fn(Site) -> bool>,
) -> Following {
    let size = accesses.size();
    let mut all: Following = program
        .codes()
        .iter()
        .map(|code| vec![no_bits(size); code.instructions.len() + 1])
        .collect();
    loop {
        let mut news = false;
        for code in program.code_ids() {
            let end = program.code(code).instructions.len();
            for pc in (0..end).rev() {
                let site = Site { code, pc: pc as u32 };
                if flow.is_some_and(|flow| !flow.is_reached(site)) {
                    continue;
                }
                let mut here: Bits = accesses.at(site).into();
                if stops.is_none_or(|stops| !stops(site)) {
                    let jumps = !flawed(Flaw::Jumped);
                    let next = program.code(code).next(pc as u32);
                    for to in next.filter(|to| jumps || *to as usize == pc + 1) {
                        add_bits(&mut here, &all[code.index()][to as usize]);
                    }
                    let started = bodies(program, flow, site).into_iter();
                    for body in started.filter(|_| !flawed(Flaw::Started)) {
                        add_bits(&mut here, &all[body.index()][0]);
                    }
                }
                news |= add_bits(&mut all[code.index()][pc], &here);
            }
        }
        if !news {
            return all;
        }
    }
}

/// The lists that a thread may be started with there.
pub(super) fn bodies(program: &Program, flow: Option<&Flow>, site: Site) -> Vec<CodeId> {
    let instruction = program.code(site.code).instructions[site.pc as usize];
    let (I::ThreadCreate(bodies) | I::DaemonCreate(bodies)) = instruction else {
        return Vec::new();
    };
    let all = program.bodies(bodies.0);
    match flow.and_then(|flow| flow.constant(program, site, 0)) {
        Some(index) => {
            usize::try_from(index).ok().and_then(|at| all.get(at)).copied().into_iter().collect()
        }
        None => all.to_vec(),
    }
}

/// The locks and threads of which there is one each: the file made them, or an instruction that runs
/// once.
fn guards(program: &Program, flow: &Flow) -> Vec<Thing> {
    (0..flow.things() as u32)
        .map(Thing)
        .filter(|thing| matches!(flow.kind_of(*thing), Kind::Lock | Kind::Thread))
        .filter(|thing| {
            let is_one = |site| runs_once(program, flow, site) || flawed(Flaw::SeveralLocks);
            flow.site_of(*thing).is_none_or(is_one)
        })
        .collect()
}

/// Whether an instruction runs once at most: it is in no loop, of a list that one thread runs.
pub(super) fn runs_once(program: &Program, flow: &Flow, site: Site) -> bool {
    let entries = program.entries().iter().filter(|entry| entry.code == site.code).count();
    let starts = program.code_ids().any(|code| {
        let sites = (0..program.code(code).instructions.len() as u32).map(|pc| Site { code, pc });
        sites
            .filter(|at| flow.is_reached(*at))
            .any(|at| bodies(program, Some(flow), at).contains(&site.code))
    });
    if entries != 1 || starts {
        return false;
    }
    let code = program.code(site.code);
    let end = code.instructions.len();
    let (mut seen, mut due) = (vec![false; end + 1], vec![site.pc as usize]);
    while let Some(pc) = due.pop() {
        if pc == end {
            continue;
        }
        for to in code.next(pc as u32).map(|to| to as usize) {
            if to == site.pc as usize {
                return false;
            }
            if !std::mem::replace(&mut seen[to], true) {
                due.push(to);
            }
        }
    }
    true
}

/// Whether a thread cannot get past an instruction while another that is not over holds that lock, or is
/// that thread.
fn needs(program: &Program, flow: &Flow, site: Site, guard: Thing) -> bool {
    let instruction = program.code(site.code).instructions[site.pc as usize];
    let things = flow.operand_things(site, 0);
    let is_it = things == [guard] || things.contains(&guard) && flawed(Flaw::SeveralNames);
    let waits = matches!(instruction, I::LockAcquire | I::LockAcquireRobust | I::ThreadJoin)
        || matches!(instruction, I::TryLockAcquire) && flawed(Flaw::TriesAnyway);
    waits && is_it
}
