//! What the file held at every moment, in sectors; and which of it a sync had made last.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use forebay_processes::crash::{self, Moment};

/// What a disk writes whole, or not at all.
pub(crate) const SECTOR: usize = 512;
const PAGE: usize = 4096;
/// Where the page of control counts those who wanted a step on the disk; docs/file-format.md.
const COMMITS: usize = PAGE + 65 * 8;

/// How long a thread that is watched alone sleeps when it would.
const NAP: Duration = Duration::from_millis(1);

/// A moment: so many sectors had changed by then.
pub(crate) type Time = usize;

#[derive(Debug, Clone)]
struct Sync {
    began: Time,
    ended: Time,
    from: usize,
    to: usize,
}

impl Sync {
    /// Whether all that lasts is synced, and not a page of it.
    fn is_whole(&self) -> bool {
        self.to - self.from > 2 * PAGE
    }
}

/// Everything that was ever stored.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// When recording began, all of it on the disk.
    first: Vec<u8>,
    now: Vec<u8>,
    /// Where what stands in the file is read to, at every look.
    found: Vec<u8>,
    /// The images of each sector, and the moment from which each stood there.
    images: HashMap<usize, Vec<(Time, [u8; SECTOR])>>,
    changes: Time,
    syncs: Vec<Sync>,
}

/// Watches what threads do to one file, of which one runs at a time.
#[derive(Clone)]
pub(crate) struct Recorder {
    journal: Arc<Mutex<Journal>>,
    file: Arc<File>,
}

impl Recorder {
    /// Watches this thread.
    pub(crate) fn start(path: &Path) -> Self {
        let file = File::open(path).expect("the file that was created");
        let len = file.metadata().expect("its length").len() as usize;
        let mut journal = Journal { first: vec![0; len], now: vec![0; len], ..Journal::default() };
        file.read_exact_at(&mut journal.first, 0).expect("the whole file");
        journal.now.clone_from(&journal.first);
        journal.found.clone_from(&journal.first);
        let recorder = Self { journal: Arc::new(Mutex::new(journal)), file: Arc::new(file) };
        recorder.watch(|moment| {
            if moment == Moment::Sleeps {
                thread::sleep(NAP);
            }
        });
        recorder
    }

    /// Watches this thread, too, and calls `then` once each moment is recorded.
    pub(crate) fn watch(&self, mut then: impl FnMut(Moment) + 'static) {
        let recorder = self.clone();
        let mut sync = 0;
        crash::watch(move |moment| {
            recorder.record(moment, &mut sync);
            then(moment);
        });
    }

    /// `sync` is the one that this thread began last.
    fn record(&self, moment: Moment, sync: &mut usize) {
        let mut journal = self.lock();
        journal.look(&self.file);
        let now = journal.changes;
        match moment {
            Moment::Store | Moment::Sleeps => {}
            Moment::SyncBegins(from, to) => {
                *sync = journal.syncs.len();
                let (from, to) = (from as usize, to as usize);
                journal.syncs.push(Sync { began: now, ended: Time::MAX, from, to });
            }
            Moment::Synced(..) => journal.syncs[*sync].ended = now,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().expect("no panic")
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Time {
        let mut journal = self.lock();
        journal.look(&self.file);
        journal.changes
    }

    /// Once nobody else is watched any more.
    pub(crate) fn stop(self) -> Journal {
        self.now();
        crash::unwatch();
        let journal = Arc::try_unwrap(self.journal).expect("nobody watches any more");
        journal.into_inner().expect("no panic")
    }
}

impl Journal {
    fn look(&mut self, file: &File) {
        file.read_exact_at(&mut self.found, 0).expect("the whole file");
        let sectors = self.now.chunks_mut(SECTOR).zip(self.found.chunks(SECTOR));
        for (sector, (old, new)) in sectors.enumerate() {
            if old != new {
                let image = new.try_into().expect("a whole sector");
                self.images.entry(sector).or_default().push((self.changes, image));
                self.changes += 1;
                old.copy_from_slice(new);
            }
        }
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
        let whole = |sync: &&Sync| sync.ended <= time && sync.is_whole();
        self.syncs.iter().filter(whole).map(|sync| sync.began).max().unwrap_or(0)
    }

    /// How many steps were to be on the disk, and by how many syncs that came about.
    pub(crate) fn commits(&self) -> (u64, u64) {
        let word = &self.now[COMMITS..COMMITS + 8];
        let commits = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        (commits, self.syncs.iter().filter(|sync| sync.is_whole()).count() as u64)
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
