//! The first words with a server: what it is, whether the buffer is there, and what its memory is worth.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use redis::aio::MultiplexedConnection;
use redis::{RedisError, Value, cmd};

use super::link::{self, Link};
use super::session::Session;
use super::{SCRIPT, groups_of, key_of, random};
use crate::address::Address;
use crate::buffer::{Connected, Survives};
use crate::connect_error::{ConnectError, Why};
use crate::settings::Settings;
use crate::waiters::Waiters;

/// The oldest version that knows all that is used here.
const OLDEST: (u32, u32) = (6, 2);

/// Makes a buffer, or finds one of the same settings.
pub(crate) async fn create(address: &Address, settings: &Settings) -> Result<(), ConnectError> {
    let link = Link::new(address)?;
    let mut connection = enter(address, &link).await?;
    let fail = |error: RedisError| address.error(link::why(&error, address));
    let mut command = cmd("EVAL");
    command.arg(SCRIPT).arg(1).arg(key_of(address));
    command.arg("create").arg(random()).arg("").arg(0).arg("");
    for (name, value) in settings.fields() {
        command.arg(name).arg(value);
    }
    let reply: Vec<Value> = command.query_async(&mut connection).await.map_err(fail)?;
    let found = Found::read(reply.get(1..).unwrap_or_default());
    match reply.first() {
        Some(Value::BulkString(word)) if word == b"made" => Ok(()),
        Some(Value::BulkString(word)) if word == b"plain" => Err(address.error(Why::Plain)),
        Some(Value::BulkString(word)) if word == b"topic" => {
            Err(address.error(Why::Topic(groups(address).await?)))
        }
        _ => {
            let differences = settings.differences(&found.settings(address)?);
            if differences.is_empty() {
                Ok(())
            } else {
                Err(address.error(Why::Differs(differences)))
            }
        }
    }
}

/// The groups of a topic, in the order of their names.
pub(crate) async fn groups(address: &Address) -> Result<Vec<String>, ConnectError> {
    let mut connection = enter(address, &Link::new(address)?).await?;
    let told = cmd("SMEMBERS").arg(groups_of(address)).query_async(&mut connection).await;
    let mut groups: Vec<String> =
        told.map_err(|error| address.error(link::why(&error, address)))?;
    groups.sort_unstable();
    Ok(groups)
}

/// Connects to a buffer that is there.
pub(crate) async fn connect(
    address: &Address,
    waiters: &Arc<Waiters>,
) -> Result<Connected, ConnectError> {
    let link = Link::new(address)?;
    let mut connection = enter(address, &link).await?;
    let fail = |error: RedisError| address.error(link::why(&error, address));
    let reply: Vec<Value> =
        cmd("HGETALL").arg(key_of(address)).query_async(&mut connection).await.map_err(fail)?;
    if reply.is_empty() {
        return Err(address.error(Why::Missing));
    }
    let found = Found::read(&reply);
    let settings = found.settings(address)?;
    let identity = found.get("identity").unwrap_or_default();
    let created = found.get("created").and_then(|millis| millis.parse().ok());
    let created = created.map(|millis| UNIX_EPOCH + Duration::from_millis(millis));
    cmd("SCRIPT").arg("LOAD").arg(SCRIPT).exec_async(&mut connection).await.map_err(fail)?;
    let (survives, warnings) = worth(&mut connection).await;
    let session = Session::new(link, address, identity, Arc::clone(waiters));
    session.begin().await.map_err(|fault| address.error(Why::Fault(fault)))?;
    let engine = Box::new(super::Redis(session));
    Ok(Connected { engine, settings, survives, warnings, created })
}

/// Connects, and looks whether this is a server that can be used.
async fn enter(address: &Address, link: &Link) -> Result<MultiplexedConnection, ConnectError> {
    let fail = |error: RedisError| address.error(link::why(&error, address));
    let mut connection = link.open().await.map_err(fail)?;
    let about: String =
        cmd("INFO").arg("server").query_async(&mut connection).await.map_err(fail)?;
    let version = line(&about, "redis_version").unwrap_or("unknown");
    if is_new_enough(version) {
        Ok(connection)
    } else {
        let (major, minor) = OLDEST;
        let what = format!("this is version {version}; it takes {major}.{minor} or later");
        Err(address.error(Why::Version(what)))
    }
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

/// The value of a line of INFO.
fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// What a put that returned Ok survives, and what to be warned of.
async fn worth(connection: &mut MultiplexedConnection) -> (Survives, Vec<String>) {
    let mut warnings = Vec::new();
    let persistence: Result<String, _> =
        cmd("INFO").arg("persistence").query_async(connection).await;
    // Not every user may ask, and not every host lets anyone.
    let sync: Option<(String, String)> =
        cmd("CONFIG").arg("GET").arg("appendfsync").query_async(connection).await.ok();
    let survives = match persistence.as_deref().map(|text| line(text, "aof_enabled")) {
        Ok(Some("1")) => match sync {
            Some((_, how)) if how == "always" => Survives::Power,
            _ => Survives::Server,
        },
        Ok(Some(_)) => {
            warnings.push(
                "the server keeps items in memory only, and loses them when it ends; `appendonly yes` \
                 keeps them in a file"
                    .to_owned(),
            );
            Survives::Clients
        }
        _ => Survives::Unknown,
    };
    let default: Option<std::collections::HashMap<String, Value>> =
        cmd("ACL").arg("GETUSER").arg("default").query_async(connection).await.ok();
    if survives != Survives::Clients
        && let Some(Value::BulkString(may)) = default.as_ref().and_then(|user| user.get("commands"))
        && !String::from_utf8_lossy(may).contains("+@all")
    {
        warnings.push(
            "the server may forget everything when it starts again: it reads its file as the user \
             `default`, who may do too little (seen with 7.0.15); `user default off ~* &* +@all` lets it, \
             and nobody in"
                .to_owned(),
        );
    }
    let memory: Result<String, _> = cmd("INFO").arg("memory").query_async(connection).await;
    if let Ok(memory) = memory
        && line(&memory, "maxmemory") != Some("0")
        && let Some(policy) = line(&memory, "maxmemory_policy")
        && policy.starts_with("allkeys")
    {
        warnings.push(format!(
            "the server deletes keys, and so items, when its memory is full (`maxmemory-policy {policy}`); \
             `noeviction` refuses puts instead"
        ));
    }
    (survives, warnings)
}

/// The hash of settings and counts, as it is.
struct Found(Vec<(String, String)>);

impl Found {
    fn read(values: &[Value]) -> Self {
        let text = |value: &Value| match value {
            Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("{other:?}"),
        };
        Self(values.chunks_exact(2).map(|pair| (text(&pair[0]), text(&pair[1]))).collect())
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn settings(&self, address: &Address) -> Result<Settings, ConnectError> {
        let foreign = |what: String| address.error(Why::Foreign(what));
        match self.get("format").as_deref() {
            Some("1") => {}
            Some(other) => {
                return Err(address.error(Why::Version(format!(
                    "the buffer has format {other}, and this program knows format 1"
                ))));
            }
            None => return Err(foreign(format!("the key {} is another's", key_of(address)))),
        }
        Settings::read(|name| self.get(name))
            .ok_or_else(|| foreign("its settings make no sense".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_known() {
        for (version, is_fine) in
            [("7.0.15", true), ("6.2.0", true), ("6.0.16", false), ("5", false), ("unknown", false)]
        {
            assert_eq!(is_new_enough(version), is_fine, "{version}");
        }
    }

    #[test]
    fn what_a_server_tells_of_itself_is_found() {
        let text = "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(line(text, "maxmemory"), Some("0"));
        assert_eq!(line(text, "maxmemory_policy"), Some("noeviction"));
        assert_eq!(line(text, "memory"), None);
    }
}
