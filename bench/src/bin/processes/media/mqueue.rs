//! A POSIX message queue.

use std::fs;

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_attr_member_t, mq_close, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::stat::Mode;

use crate::item::{BYTES, Item, LAST, item, number};
use crate::leg::{Put, Take};
use crate::medium::{Door, Medium};
use crate::race::Course;

const MOST: &str = "/proc/sys/fs/mqueue/msg_max";

/// The queue, gone with this.
pub(crate) struct Mqueue {
    name: String,
    note: Option<String>,
    _raised: Raised,
}

/// What the system allowed before, if that was raised; set back when dropped.
struct Raised(Option<String>);

impl Drop for Raised {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = fs::write(MOST, before);
        }
    }
}

impl Mqueue {
    /// One of this capacity or, where that is not allowed, of the greatest that is.
    pub(crate) fn new(name: &str, course: &Course) -> Result<Self, String> {
        let name = format!("/{name}");
        let open = |capacity: usize| {
            let sizes = [capacity, BYTES].map(|size| size.cast_signed() as mq_attr_member_t);
            let attributes = MqAttr::new(0, sizes[0], sizes[1], 0);
            let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
            mq_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&attributes))
        };
        let (mut note, mut raised) = (None, None);
        let made = match open(course.capacity) {
            Err(Errno::EINVAL | Errno::EMFILE) => {
                let allowed =
                    fs::read_to_string(MOST).map_err(|error| format!("{MOST}: {error}"))?;
                // Whoever may, raises it for as long as the queue is there.
                raised =
                    fs::write(MOST, course.capacity.to_string()).ok().map(|()| allowed.clone());
                match open(course.capacity) {
                    Err(Errno::EINVAL | Errno::EMFILE) => {
                        let most: usize =
                            allowed.trim().parse().map_err(|error| format!("{MOST}: {error}"))?;
                        note = Some(format!(
                            "holds {most} items where {} is asked for: {MOST} allows no more",
                            course.capacity
                        ));
                        open(most)
                    }
                    made => made,
                }
            }
            made => made,
        };
        let raised = Raised(raised);
        made.and_then(mq_close).map_err(|error| format!("mq_open: {error}"))?;
        Ok(Self { name, note, _raised: raised })
    }
}

impl Medium for Mqueue {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Mqueue(self.name.clone()))
    }

    fn end(&mut self, consumers: usize) -> Result<(), String> {
        let mut end = End::open(&self.name)?;
        end.put(&vec![item(LAST); consumers])?;
        mq_close(end.0).map_err(|error| format!("mq_close: {error}"))
    }

    fn notes(&self) -> Vec<String> {
        self.note.clone().into_iter().collect()
    }
}

impl Drop for Mqueue {
    fn drop(&mut self) {
        let _ = mq_unlink(self.name.as_str());
    }
}

/// Either end. Nothing closes it but [`mq_close`], or the end of the process.
pub(crate) struct End(MqdT);

impl End {
    pub(crate) fn open(name: &str) -> Result<Self, String> {
        let end = mq_open(name, MQ_OFlag::O_RDWR, Mode::empty(), None);
        end.map(Self).map_err(|error| format!("mq_open {name}: {error}"))
    }
}

impl Put for End {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        let send = |item: &Item| mq_send(&self.0, item, 0);
        items.iter().try_for_each(send).map_err(|error| format!("mq_send: {error}"))
    }
}

impl Take for End {
    fn take(
        &mut self,
        _most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String> {
        let (mut place, mut priority) = ([0; BYTES], 0);
        mq_receive(&self.0, &mut place, &mut priority)
            .map_err(|error| format!("mq_receive: {error}"))?;
        if number(&place)? == LAST {
            return Ok(false);
        }
        done(&place)?;
        Ok(true)
    }
}
