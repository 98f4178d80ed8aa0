//! What a buffer is made with, once and for all.

use std::time::Duration;

use crate::address::{Address, Options};
use crate::connect_error::{ConnectError, Why};
use crate::{engines, runtime, topic};

/// What a buffer is made with.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// forebay_machines::Settings::new(1000).max_failures(3).create("redis://localhost/jobs")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(crate) capacity: u64,
    pub(crate) capacity_bytes: Option<u64>,
    pub(crate) max_leased: Option<u64>,
    pub(crate) max_failures: Option<u32>,
    pub(crate) max_deliveries: Option<u32>,
    pub(crate) lease_time: Option<Duration>,
}

impl Settings {
    /// More than anybody needs, and less than where engines stop counting exactly.
    const MOST: u64 = 10_u64.pow(14);

    /// A buffer in which at most `capacity` items wait (C1), with defaults for the rest.
    pub fn new(capacity: u64) -> Self {
        Self {
            capacity,
            capacity_bytes: None,
            max_leased: None,
            max_failures: None,
            max_deliveries: None,
            lease_time: None,
        }
    }

    /// Bounds what the waiting items weigh together (C1): their length in bytes, unless the codec weighs otherwise.
    #[must_use]
    pub fn capacity_bytes(mut self, bytes: u64) -> Self {
        self.capacity_bytes = Some(bytes);
        self
    }

    /// Bounds how many items may be out on lease (C1): the capacity, and at least 64, unless told otherwise.
    #[must_use]
    pub fn max_leased(mut self, limit: u64) -> Self {
        self.max_leased = Some(limit);
        self
    }

    /// Makes an item a dead letter at so many failures. No limit unless told otherwise.
    #[must_use]
    pub fn max_failures(mut self, limit: u32) -> Self {
        self.max_failures = Some(limit);
        self
    }

    /// Makes an item a dead letter when so many leases ended without an ack. No limit unless told otherwise: a consumer
    /// that is killed says nothing about its item.
    #[must_use]
    pub fn max_deliveries(mut self, limit: u32) -> Self {
        self.max_deliveries = Some(limit);
        self
    }

    /// Ends a lease that is neither answered nor extended for so long. Never unless told otherwise, as long as its holder
    /// is there: what a killed process held is given back without it.
    #[must_use]
    pub fn lease_time(mut self, time: Duration) -> Self {
        self.lease_time = Some(time);
        self
    }

    /// Makes a buffer of these settings. One that is there already with the same settings is left as it is, whoever made
    /// it; one with others is an error that names them.
    ///
    /// With `?group=NAME` it makes a group of a topic. Every put into the topic that begins after this has returned goes
    /// into that group too: where there are others it takes a second, until every producer has looked.
    pub fn create(&self, url: &str) -> Result<(), ConnectError> {
        self.create_with(url, &Options::new())
    }

    /// As [`create`](Self::create), with more to say on how the server is reached.
    pub fn create_with(&self, url: &str, options: &Options) -> Result<(), ConnectError> {
        let (own, url, options) = (self.clone(), url.to_owned(), options.clone());
        runtime::wait(async move { own.create_now(&url, &options).await })
    }

    /// As [`create_with`](Self::create_with), for a task of any executor.
    pub async fn create_async(&self, url: &str, options: &Options) -> Result<(), ConnectError> {
        let (own, url, options) = (self.clone(), url.to_owned(), options.clone());
        runtime::wait_async(async move { own.create_now(&url, &options).await }).await
    }

    async fn create_now(&self, url: &str, options: &Options) -> Result<(), ConnectError> {
        let address = Address::parse(url, options)?;
        self.check().map_err(|what| address.error(Why::Settings(what.to_owned())))?;
        if address.group.is_some() && self.capacity_bytes.is_some() {
            let what =
                "weight is not bounded in the groups of a topic; leave out the capacity in bytes";
            return Err(address.error(Why::Settings(what.to_owned())));
        }
        engines::create(&address, self).await?;
        topic::let_producers_see(&address).await
    }

    /// What is wrong with these settings, if anything is (C1, C11).
    fn check(&self) -> Result<(), &'static str> {
        let within = |number: u64| (1..=Self::MOST).contains(&number);
        if !within(self.capacity) {
            return Err("the capacity is at least 1, and at most 10^14");
        }
        if self.capacity_bytes.is_some_and(|bytes| !within(bytes)) {
            return Err("the capacity in bytes is at least 1, and at most 10^14");
        }
        if !within(self.lease_limit()) {
            return Err("at least one item may be out on lease, and at most 10^14");
        }
        if self.max_failures == Some(0) || self.max_deliveries == Some(0) {
            return Err("a limit of failures or deliveries is at least 1");
        }
        if self.lease_time.is_some_and(|time| time < Duration::from_millis(1)) {
            return Err("a lease lasts at least a millisecond");
        }
        Ok(())
    }

    /// What they are called, and what they are, as text; nothing where there is no limit.
    pub(crate) fn fields(&self) -> [(&'static str, String); 6] {
        fn optional(number: Option<impl ToString>) -> String {
            number.map(|number| number.to_string()).unwrap_or_default()
        }
        [
            ("capacity", self.capacity.to_string()),
            ("weight_capacity", optional(self.capacity_bytes)),
            ("max_leased", self.lease_limit().to_string()),
            ("max_failures", optional(self.max_failures)),
            ("max_deliveries", optional(self.max_deliveries)),
            ("lease_time", optional(self.lease_time.map(|time| time.as_millis()))),
        ]
    }

    /// The settings of a buffer that is there, from its fields; `None` when they make no sense.
    pub(crate) fn read(field: impl Fn(&str) -> Option<String>) -> Option<Self> {
        // A limit that is not there is no limit; one that makes no sense spoils it all.
        fn limit<T: std::str::FromStr>(text: Option<String>, own: &mut Option<T>) -> Option<()> {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                *own = Some(text.parse().ok()?);
            }
            Some(())
        }
        let mut own = Self::new(field("capacity")?.parse().ok()?);
        let mut lease_time = None;
        limit(field("weight_capacity"), &mut own.capacity_bytes)?;
        limit(field("max_leased"), &mut own.max_leased)?;
        limit(field("max_failures"), &mut own.max_failures)?;
        limit(field("max_deliveries"), &mut own.max_deliveries)?;
        limit(field("lease_time"), &mut lease_time)?;
        own.lease_time = lease_time.map(Duration::from_millis);
        own.check().is_ok().then_some(own)
    }

    /// In what these differ from those that are there.
    pub(crate) fn differences(&self, there: &Self) -> Vec<String> {
        let told =
            |text: &str| if text.is_empty() { "unlimited".to_owned() } else { text.to_owned() };
        self.fields()
            .into_iter()
            .zip(there.fields())
            .filter(|((_, own), (_, theirs))| own != theirs)
            .map(|((name, own), (_, theirs))| {
                format!("{name} is {} there, not {}", told(&theirs), told(&own))
            })
            .collect()
    }

    /// The lease limit, told or not.
    pub(crate) fn lease_limit(&self) -> u64 {
        self.max_leased.unwrap_or(self.capacity.max(64))
    }

    /// The most items that may wait.
    pub fn get_capacity(&self) -> u64 {
        self.capacity
    }

    /// The greatest weight that may wait, if it is bounded.
    pub fn get_capacity_bytes(&self) -> Option<u64> {
        self.capacity_bytes
    }

    /// The most items that may be out on lease.
    pub fn get_max_leased(&self) -> u64 {
        self.lease_limit()
    }

    /// How long a lease lasts, if not for ever.
    pub fn get_lease_time(&self) -> Option<Duration> {
        self.lease_time
    }

    /// The failures that make a dead letter.
    pub fn get_max_failures(&self) -> Option<u32> {
        self.max_failures
    }

    /// The leases without an ack that make a dead letter.
    pub fn get_max_deliveries(&self) -> Option<u32> {
        self.max_deliveries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_were_written() {
        let made = Settings::new(5).max_failures(3).lease_time(Duration::from_millis(70));
        let fields = made.fields();
        let find = |name: &str| {
            fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        let read = Settings::read(find).expect("settings");
        assert_eq!(made.differences(&read), [""; 0]);
        assert_eq!(read.get_max_leased(), 64);
        let differ = Settings::new(6).max_failures(3).differences(&read);
        let said = ["capacity is 5 there, not 6", "lease_time is 70 there, not unlimited"];
        assert_eq!(differ, said);
        assert_eq!(Settings::read(|_| None), None);
    }

    #[test]
    fn what_makes_no_buffer_is_refused() {
        assert!(Settings::new(1).check().is_ok());
        for wrong in [
            Settings::new(0),
            Settings::new(u64::MAX),
            Settings::new(1).capacity_bytes(0),
            Settings::new(1).max_leased(0),
            Settings::new(1).max_failures(0),
            Settings::new(1).lease_time(Duration::ZERO),
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
