//! The first line of a trace: the program itself, how it is run, and who is there before the first
//! step.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::json::Json;
use super::{About, VERSION};
use crate::machine::{Machine, Service, ThreadId, Time};
use crate::source::Language;
use crate::value::{Handle, Kind};

/// The SHA-256 of a program's text, in hexadecimal digits.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn service_word(service: Service) -> &'static str {
    match service {
        Service::InOrder => "in order",
        Service::Weak => "weak",
    }
}

pub(super) fn time_word(time: Time) -> &'static str {
    match time {
        Time::Virtual => "virtual",
        Time::Any => "any",
    }
}

pub(super) fn write_header(json: &mut Json, machine: &Machine, about: &About) {
    let (source, state) = (machine.program().source(), machine.state());
    json.raw("{\"toyvm-trace\":").number(VERSION);
    json.raw(",\"program\":{\"name\":").string(source.name());
    // The name of a file says it, but for standard input.
    if source.language() != Language::of_file(source.name()) {
        json.raw(",\"language\":").string(source.language().name());
    }
    json.raw(",\"sha256\":\"").raw(&hash(source.text()));
    json.raw("\",\"text\":").string(source.text()).raw("}");
    if let Some(entry) = &about.selection.entry {
        json.raw(",\"entry\":").string(entry);
    }
    json.raw(",\"extra\":").list(&about.selection.threads, |json, thread| {
        json.raw("{\"name\":").string(&thread.name).raw(",\"list\":").string(&thread.list);
        json.raw(",\"priority\":").number(thread.priority).raw("}");
    });
    if !about.selection.constants.is_empty() {
        json.raw(",\"constants\":").list(&about.selection.constants, |json, (name, value)| {
            json.raw("{\"name\":").string(name).raw(",\"value\":").number(*value).raw("}");
        });
    }
    json.raw(",\"scheduler\":").string(&about.scheduler);
    if let Some(seed) = about.seed {
        json.raw(",\"seed\":").number(seed);
    }
    json.raw(",\"service\":\"").raw(service_word(machine.service()));
    if machine.time() == Time::Any {
        json.raw("\",\"time\":\"").raw(time_word(Time::Any));
    }
    json.raw("\",\"max_steps\":").number(about.max_steps);
    if let Some(steps) = about.repeats_from {
        json.raw(",\"repeats_from\":").number(steps);
    }
    json.raw(",\"threads\":").list(state.thread_ids(), |json, thread| {
        write_thread(json, machine, thread);
    });
    let kinds = [
        (Kind::Lock, state.locks().len()),
        (Kind::Semaphore, state.semaphores().len()),
        (Kind::Queue, state.queues().len()),
        (Kind::Counter, state.counters().len()),
        (Kind::Condition, state.conditions().len()),
        (Kind::Array, state.arrays().len()),
    ];
    let handles = kinds
        .into_iter()
        .flat_map(|(kind, count)| (0..count as u32).map(move |index| Handle { kind, index }));
    json.raw(",\"objects\":").list(handles, |json, handle| write_object(json, machine, handle));
    let globals = state.globals().iter().zip(machine.program().names());
    let globals = globals.filter_map(|(value, name)| value.map(|value| (name, value)));
    let mut pairs = Json::default();
    for (name, value) in globals {
        pairs.comma().string(machine.text(*name)).raw(":").value(machine, value);
    }
    json.raw(",\"globals\":{").piece(pairs.bytes()).raw("}");
    json.raw(",\"enabled\":").list(state.ready().iter(), |json, thread| {
        json.number(thread.0);
    });
    json.raw("}");
}

/// A thread that is new.
pub(super) fn write_thread(json: &mut Json, machine: &Machine, thread: ThreadId) {
    let it = machine.thread(thread);
    json.raw("{\"kind\":\"thread\",\"index\":").number(thread.0);
    json.raw(",\"name\":").name(machine, Kind::Thread, it.label());
    json.raw(",\"list\":").string(&machine.program().code(it.code()).name);
    json.raw(",\"priority\":").number(it.priority());
    if it.is_daemon() {
        json.raw(",\"daemon\":true");
    }
    json.raw("}");
}

/// A thing that is new and no thread.
pub(super) fn write_object(json: &mut Json, machine: &Machine, handle: Handle) {
    let (state, at) = (machine.state(), handle.index as usize);
    json.raw("{\"kind\":\"").raw(handle.kind.word()).raw("\",\"index\":").number(handle.index);
    json.raw(",\"name\":").name(machine, handle.kind, machine.label_of(handle));
    match handle.kind {
        Kind::Thread | Kind::Lock => {}
        Kind::Semaphore => {
            json.raw(",\"count\":").number(state.semaphores()[at].count);
            if let Some(bound) = state.semaphores()[at].bound {
                json.raw(",\"bound\":").number(bound);
            }
        }
        Kind::Queue => {
            if let Some(capacity) = state.queues()[at].capacity {
                json.raw(",\"capacity\":").number(capacity);
            }
        }
        Kind::Counter => {
            json.raw(",\"value\":").number(state.counters()[at].value);
        }
        Kind::Condition => {
            json.raw(",\"lock\":").number(state.conditions()[at].lock);
        }
        Kind::Array => {
            json.raw(",\"length\":").number(state.arrays()[at].values.len());
        }
    }
    json.raw("}");
}
