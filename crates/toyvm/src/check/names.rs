//! Ids in a state, by the order in which they stand there: that is its *name* for each.
//!
//! So of states that differ only in which id stands where, one is kept. Ids are named as they are met: in globals
//! and things first, which have their order; then in threads. Of those that cannot be told apart, the one with
//! the least record is next; of several with the same one, each is tried, and what comes to the least bytes is
//! kept, unless nobody else has the ids that they have.

use std::cmp::Ordering;

use super::flaw::{Flaw, flawed};
use super::flow::{Family, Ids};
use super::pack::{DEAD, Subject, put_integer, put_number, put_value};
use super::symmetry::ALONE;
use crate::value::Value;

/// By family, the ids that have a name, in order of their names.
type Named = Vec<Vec<i64>>;

/// An id in the record of a thread.
#[derive(Debug)]
struct Spot {
    /// Where in the record.
    at: u32,
    family: Family,
    id: i64,
    /// Where that is written which stands at its places.
    places: (u32, u32),
}

/// The ids of a state.
#[derive(Debug, Default)]
pub(super) struct Names {
    named: Named,
    /// The records of threads, without their ids.
    records: Vec<u8>,
    /// By thread, where its record ends, and its ids.
    ends: Vec<(u32, u32)>,
    spots: Vec<Spot>,
    /// What stands at the places of those ids.
    places: Vec<u8>,
}

/// Threads that have been put in order.
#[derive(Debug, Clone)]
struct Order {
    is_placed: Vec<bool>,
    named: Named,
    bytes: Vec<u8>,
}

impl Names {
    pub(super) fn begin(&mut self, ids: &Ids) {
        self.named.iter_mut().for_each(Vec::clear);
        self.named.resize(ids.families(), Vec::new());
        self.records.clear();
        self.ends.clear();
        self.spots.clear();
        self.places.clear();
    }

    /// Puts an id where it has a place that is certain.
    pub(super) fn put(&mut self, ids: &Ids, family: Family, id: i64, out: &mut Vec<u8>) {
        put_name(ids, &mut self.named, family, id, out);
    }

    /// Notes that an id stands there in the record of a thread.
    pub(super) fn note(&mut self, of: Subject<'_>, family: Family, id: i64, at: usize) {
        let from = self.places.len() as u32;
        for (values, _) in arrays(of).filter(|(_, its)| *its == family) {
            put_place(of, values, id, &mut self.places);
        }
        let places = (from, self.places.len() as u32);
        self.spots.push(Spot { at: at as u32, family, id, places });
    }

    /// That was the record of the next thread.
    pub(super) fn end_record(&mut self, record: &[u8]) {
        self.records.extend_from_slice(record);
        self.ends.push((self.records.len() as u32, self.spots.len() as u32));
    }

    /// Puts threads in order, and what stands at the places of all ids.
    pub(super) fn put_threads(&self, of: Subject<'_>, ids: &Ids, out: &mut Vec<u8>) {
        let is_placed = vec![false; self.ends.len()];
        let order = Order { is_placed, named: self.named.clone(), bytes: Vec::new() };
        out.extend_from_slice(&self.go_on(of, ids, order, 0).bytes);
    }

    /// Goes on from that thread.
    fn go_on(&self, of: Subject<'_>, ids: &Ids, mut order: Order, from: usize) -> Order {
        for at in from..self.ends.len() {
            match self.next(of, &order, at)[..] {
                [next] => self.place(ids, next, &mut order),
                ref nexts => {
                    let orders = nexts.iter().map(|next| {
                        let mut order = order.clone();
                        self.place(ids, *next, &mut order);
                        self.go_on(of, ids, order, at + 1)
                    });
                    return orders
                        .min_by(|one, other| one.bytes.cmp(&other.bytes))
                        .expect("somebody is next");
                }
            }
        }
        for named in &order.named {
            put_number(&mut order.bytes, named.len() as u64);
        }
        for (values, family) in arrays(of) {
            let others = 0..ids.least(family).min(values.len() as i64);
            for id in others.chain(order.named[family.0 as usize].iter().copied()) {
                put_place(of, values, id, &mut order.bytes);
            }
        }
        order
    }

    /// Who may be next, at that place.
    fn next(&self, of: Subject<'_>, order: &Order, at: usize) -> Vec<usize> {
        let (groups, threads) = (&of.origins.groups, &of.machine.state().threads);
        if groups[at] == ALONE {
            return vec![at];
        }
        let alike = (0..threads.len()).filter(|other| {
            !order.is_placed[*other]
                && groups[*other] == groups[at]
                && threads[*other].code == threads[at].code
        });
        let mut nexts: Vec<usize> = Vec::new();
        for other in alike {
            match nexts.first().map_or(Ordering::Less, |next| self.compare(order, other, *next)) {
                Ordering::Less => nexts = vec![other],
                Ordering::Equal => nexts.push(other),
                Ordering::Greater => {}
            }
        }
        if flawed(Flaw::IdsShared) || nexts.iter().all(|next| self.has_its_own(order, *next)) {
            nexts.truncate(1);
        }
        nexts
    }

    /// Whether nobody else has the ids of a thread that have no name as yet.
    fn has_its_own(&self, order: &Order, at: usize) -> bool {
        self.spots(at).iter().filter(|spot| name(&order.named, spot).is_none()).all(|spot| {
            let mut others = (0..self.ends.len()).filter(|other| *other != at);
            !others.any(|other| self.spots(other).iter().any(|it| is_same(it, spot)))
        })
    }

    fn compare(&self, order: &Order, one: usize, other: usize) -> Ordering {
        let keys = |at| {
            let spots = self.spots(at);
            spots.iter().map(|spot| {
                let places = &self.places[spot.places.0 as usize..spot.places.1 as usize];
                let first = spots.iter().position(|it| is_same(it, spot));
                match name(&order.named, spot) {
                    Some(name) => (spot.at, Some(name), None, &[][..]),
                    None => (spot.at, None, first, places),
                }
            })
        };
        self.record(one).cmp(self.record(other)).then_with(|| keys(one).cmp(keys(other)))
    }

    fn place(&self, ids: &Ids, at: usize, order: &mut Order) {
        let (record, mut from) = (self.record(at), 0);
        for spot in self.spots(at) {
            order.bytes.extend_from_slice(&record[from..spot.at as usize]);
            put_name(ids, &mut order.named, spot.family, spot.id, &mut order.bytes);
            from = spot.at as usize;
        }
        order.bytes.extend_from_slice(&record[from..]);
        order.is_placed[at] = true;
    }

    fn record(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1].0 };
        &self.records[start as usize..self.ends[at].0 as usize]
    }

    fn spots(&self, at: usize) -> &[Spot] {
        let start = if at == 0 { 0 } else { self.ends[at - 1].1 };
        &self.spots[start as usize..self.ends[at].1 as usize]
    }
}

fn is_same(one: &Spot, other: &Spot) -> bool {
    (one.family, one.id) == (other.family, other.id)
}

fn name(named: &Named, spot: &Spot) -> Option<usize> {
    named[spot.family.0 as usize].iter().position(|id| *id == spot.id)
}

/// Puts the name of an id: of those that have none as yet, the next one.
fn put_name(ids: &Ids, named: &mut Named, family: Family, id: i64, out: &mut Vec<u8>) {
    let of_family = &mut named[family.0 as usize];
    let known = of_family.iter().position(|it| *it == id && !flawed(Flaw::IdsApart));
    let at = known.unwrap_or_else(|| {
        of_family.push(id);
        of_family.len() - 1
    });
    put_integer(out, ids.least(family) + at as i64);
}

/// The arrays of which ids are the places, if it matters what stands there.
fn arrays(of: Subject<'_>) -> impl Iterator<Item = (&[Value], Family)> {
    let arrays = of.machine.state().arrays.iter().enumerate();
    let family = move |at| of.origins.family_of_places(of.analysis, at as u32);
    arrays.filter_map(move |(at, array)| Some((&array.values[..], family(at)?)))
}

fn put_place(of: Subject<'_>, values: &[Value], id: i64, out: &mut Vec<u8>) {
    let value = values.get(id as usize).copied().unwrap_or(DEAD);
    put_value(out, of.machine, if flawed(Flaw::IdsPlaces) { DEAD } else { value });
}
