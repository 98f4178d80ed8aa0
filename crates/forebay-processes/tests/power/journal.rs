//! What the file held at every moment, in sectors; and which of it a sync had made last.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;

use forebay_processes::crash::{self, Moment};

/// What a disk writes whole, or not at all.
pub(crate) const SECTOR: usize = 512;
const PAGE: usize = 4096;

/// A moment: so many sectors had changed by then.
pub(crate) type Time = usize;

#[derive(Debug, Clone)]
struct Sync {
    began: Time,
    ended: Time,
    from: usize,
    to: usize,
}

/// Everything that was ever stored.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// When recording began, all of it on the disk.
    first: Vec<u8>,
    now: Vec<u8>,
    /// The images of each sector, and the moment from which each stood there.
    images: HashMap<usize, Vec<(Time, [u8; SECTOR])>>,
    changes: Time,
    syncs: Vec<Sync>,
}

/// Watches what this thread does to one file.
pub(crate) struct Recorder {
    journal: Rc<RefCell<Journal>>,
    file: Rc<File>,
}

impl Recorder {
    pub(crate) fn start(path: &Path) -> Self {
        let file = Rc::new(File::open(path).expect("the file that was created"));
        let len = file.metadata().expect("its length").len() as usize;
        let mut journal = Journal { first: vec![0; len], now: vec![0; len], ..Journal::default() };
        file.read_exact_at(&mut journal.first, 0).expect("the whole file");
        journal.now.clone_from(&journal.first);
        let journal = Rc::new(RefCell::new(journal));
        let (seen, source) = (Rc::clone(&journal), Rc::clone(&file));
        crash::watch(move |moment| {
            let mut journal = seen.borrow_mut();
            journal.look(&source);
            match moment {
                Moment::Store => {}
                Moment::SyncBegins(from, to) => {
                    let began = journal.changes;
                    let (from, to) = (from as usize, to as usize);
                    journal.syncs.push(Sync { began, ended: Time::MAX, from, to });
                }
                Moment::Synced(..) => {
                    let ended = journal.changes;
                    journal.syncs.last_mut().expect("it began").ended = ended;
                }
            }
        });
        Self { journal, file }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Time {
        let mut journal = self.journal.borrow_mut();
        journal.look(&self.file);
        journal.changes
    }

    pub(crate) fn stop(self) -> Journal {
        self.now();
        crash::unwatch();
        Rc::try_unwrap(self.journal).expect("nobody watches any more").into_inner()
    }
}

impl Journal {
    fn look(&mut self, file: &File) {
        let mut found = vec![0; self.now.len()];
        file.read_exact_at(&mut found, 0).expect("the whole file");
        for (sector, (old, new)) in self.now.chunks(SECTOR).zip(found.chunks(SECTOR)).enumerate() {
            if old != new {
                let image = new.try_into().expect("a whole sector");
                self.images.entry(sector).or_default().push((self.changes, image));
                self.changes += 1;
            }
        }
        self.now = found;
    }

    /// The last moment.
    pub(crate) fn end(&self) -> Time {
        self.changes
    }

    /// The moment of which everything in these bytes is on the disk at `time`.
    fn floor(&self, from: usize, to: usize, time: Time) -> Time {
        let covers = |sync: &&Sync| sync.ended <= time && sync.from <= from && to <= sync.to;
        self.syncs.iter().filter(covers).map(|sync| sync.began).max().unwrap_or(0)
    }

    /// The moment of which every item is on the disk at `time`: a sync of all that lasts.
    pub(crate) fn synced(&self, time: Time) -> Time {
        let whole = |sync: &&Sync| sync.ended <= time && sync.to - sync.from > 2 * PAGE;
        self.syncs.iter().filter(whole).map(|sync| sync.began).max().unwrap_or(0)
    }

    /// What a disk may hold when power fails at `time`: of each sector, any image since the last sync of its page.
    pub(crate) fn crash(&self, time: Time, random: &mut fastrand::Rng) -> Vec<u8> {
        let mut disk = self.first.clone();
        // Mostly new, mostly old, or anything.
        let mood = random.u32(0..4);
        let mut sectors: Vec<_> = self.images.iter().collect();
        sectors.sort_unstable_by_key(|(sector, _)| **sector);
        for (sector, images) in sectors {
            let at = sector * SECTOR;
            let page = at / PAGE * PAGE;
            let floor = self.floor(page, page + PAGE, time);
            let before = |moment| images.partition_point(|(stored, _)| *stored < moment);
            let (oldest, newest) = (before(floor), before(time));
            let chosen = match mood {
                0 if random.u32(0..10) > 0 => newest,
                1 if random.u32(0..10) > 0 => oldest,
                _ => random.usize(oldest..=newest),
            };
            if chosen > 0 {
                disk[at..at + SECTOR].copy_from_slice(&images[chosen - 1].1);
            }
        }
        disk
    }
}
