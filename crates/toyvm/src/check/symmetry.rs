//! Threads that cannot be told apart, so that it does not matter which of them is where.
//!
//! They run the same list, and nobody tells them apart by their handles: those come to nothing but JOINs
//! that stand together, in a *run*, with nothing but loads between. Such a run is one wait for all the
//! threads that it joins, in whatever order they come to their end. (Clarke, Enders, Filkorn & Jha, 1996;
//! Ip & Dill, 1996.)

use std::ops::Range;

use super::access::Accesses;
use super::flaw::{Flaw, flawed};
use super::flow::{Flow, Site, read_names};
use super::future::runs_once;
use crate::instruction::Instruction as I;
use crate::program::{CodeId, Program};
use crate::value::{Handle, Kind};

/// What tells a thread from others that run the same list; nobody is like one who is [`ALONE`].
pub(super) type Group = u32;

/// Nobody is like it.
pub(super) const ALONE: Group = 0;

/// Which threads are alike.
#[derive(Debug)]
pub(super) struct Symmetry {
    /// By entry.
    entries: Vec<Group>,
    /// By list and address of the CREATE.
    made: Vec<Vec<Group>>,
    /// By list, the runs of JOINs.
    runs: Vec<Vec<Range<u32>>>,
}

impl Symmetry {
    /// Nobody is like anyone.
    pub(super) fn none(program: &Program) -> Self {
        Self {
            entries: vec![ALONE; program.entries().len()],
            made: program.codes().iter().map(|code| vec![ALONE; code.instructions.len()]).collect(),
            runs: vec![Vec::new(); program.codes().len()],
        }
    }

    pub(super) fn of(program: &Program, flow: &Flow, accesses: &Accesses) -> Self {
        let mut found = Self::none(program);
        let mut claimed = Vec::new();
        for claim in &program.claims {
            read_names(&claim.holds, &mut claimed);
        }
        for entry in 0..program.entries().len() as u32 {
            let handle = Handle { kind: Kind::Thread, index: entry };
            let is_claimed = claimed.iter().any(|name| program.object_named(*name) == Some(handle));
            let code = program.entries()[entry as usize].code;
            let is_one_of_many =
                program.entries().iter().filter(|entry| entry.code == code).count() > 1;
            let is_alike = is_one_of_many && flow.is_never_named(entry) && !is_claimed;
            if is_alike || flawed(Flaw::Named) {
                found.entries[entry as usize] = 1;
            }
        }
        let mut runs = Vec::new();
        for code in program.code_ids() {
            found.runs[code.index()] = runs_of(program, accesses, code);
            let of_code = found.runs[code.index()].iter().cloned();
            runs.extend(of_code.map(|run| (code, run)));
        }
        for code in program.code_ids() {
            for pc in 0..program.code(code).instructions.len() as u32 {
                let site = Site { code, pc };
                found.made[code.index()][pc as usize] =
                    group_of(program, flow, &runs, site).unwrap_or(ALONE);
            }
        }
        found
    }

    pub(super) fn of_entry(&self, entry: usize) -> Group {
        self.entries[entry]
    }

    pub(super) fn of_made(&self, code: CodeId, pc: u32) -> Group {
        self.made[code.index()][pc as usize]
    }

    /// Where the run begins that the JOIN there is part of.
    pub(super) fn run_of(&self, code: CodeId, pc: u32) -> Option<u32> {
        self.runs[code.index()].iter().find(|run| run.contains(&pc)).map(|run| run.start)
    }
}

fn group_of(
    program: &Program,
    flow: &Flow,
    runs: &[(CodeId, Range<u32>)],
    site: Site,
) -> Option<Group> {
    let instruction = program.code(site.code).instructions[site.pc as usize];
    if !matches!(instruction, I::ThreadCreate(_) | I::DaemonCreate(_)) || !flow.is_reached(site) {
        return None;
    }
    match flow.only_joined(site)?[..] {
        [] => Some(2),
        [join] if runs_once(program, flow, site) || flawed(Flaw::RunsOften) => {
            let holds = |(code, run): &(CodeId, Range<u32>)| {
                *code == join.code && run.contains(&join.pc) && join.code == site.code
            };
            let run = runs.iter().position(holds)? as Group;
            Some(3 + if flawed(Flaw::WhichRun) { 0 } else { run })
        }
        _ => None,
    }
}

/// JOINs that stand together, each after the load of a variable: nobody notices any of it.
fn runs_of(program: &Program, accesses: &Accesses, code: CodeId) -> Vec<Range<u32>> {
    let instructions = &program.code(code).instructions;
    let targets: Vec<i64> = instructions.iter().filter_map(I::target).collect();
    let mut runs: Vec<Range<u32>> = Vec::new();
    for (pc, pair) in instructions.windows(2).enumerate() {
        let (start, end) = (pc as u32, pc as u32 + 2);
        let is_noticed = (start..end).any(|pc| accesses.is_any(Site { code, pc }));
        let is_target = |pc: u32| targets.contains(&i64::from(pc)) && !flawed(Flaw::RunBroken);
        if !matches!(pair, [I::Load(_), I::ThreadJoin])
            || is_noticed && !flawed(Flaw::RunOfShared)
            || is_target(start + 1)
        {
            continue;
        }
        match runs.last_mut() {
            Some(last) if last.end == start && !is_target(start) => {
                last.end = end;
            }
            _ => runs.push(start..end),
        }
    }
    runs
}
