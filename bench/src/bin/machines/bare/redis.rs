//! Redis by itself: a stream and a consumer group. What is put is counted and added by a script, as is needed for a bound.

use redis::streams::StreamReadReply;
use redis::{Client, Connection, Script, cmd, pipe};

use crate::carrier::{Carrier, ITEM, ROOM};
use crate::ours::tell;
use crate::server::{Server, fresh_name};

const GROUP: &str = "consumers";

/// All of these items, if there is room.
const PUT: &str = "\
local waiting = redis.call('XLEN', KEYS[1]) - redis.call('XPENDING', KEYS[1], 'consumers')[1]
if waiting + #ARGV - 1 > tonumber(ARGV[1]) then
    return 0
end
for i = 2, #ARGV do
    redis.call('XADD', KEYS[1], '*', 'b', ARGV[i])
end
return #ARGV - 1";

struct Bare {
    producer: Connection,
    consumer: Connection,
    put: Script,
    key: String,
}

pub(crate) fn carrier(server: &Server) -> Result<Box<dyn Carrier>, String> {
    let Server { user, password, port, .. } = server;
    let client =
        Client::open(format!("redis://{user}:{password}@127.0.0.1:{port}/")).map_err(tell)?;
    let connect = || client.get_connection().map_err(tell);
    let (mut producer, consumer) = (connect()?, connect()?);
    let key = format!("forebay:{{{}}}:bare", fresh_name());
    cmd("XGROUP")
        .arg(&["CREATE", &key, GROUP, "0", "MKSTREAM"])
        .exec(&mut producer)
        .map_err(tell)?;
    Ok(Box::new(Bare { producer, consumer, put: Script::new(PUT), key }))
}

impl Carrier for Bare {
    fn put(&mut self, items: usize) -> Result<(), String> {
        let mut put = self.put.key(&self.key);
        put.arg(ROOM);
        for _ in 0..items {
            put.arg([b'x'; ITEM].as_slice());
        }
        let placed: usize = put.invoke(&mut self.producer).map_err(tell)?;
        if placed == items { Ok(()) } else { Err("there was no room".to_owned()) }
    }

    fn finish(&mut self, most: usize) -> Result<usize, String> {
        let mut read = cmd("XREADGROUP");
        read.arg(&["GROUP", GROUP, "me", "COUNT"]).arg(most).arg("STREAMS").arg(&self.key).arg(">");
        let got: Option<StreamReadReply> = read.query(&mut self.consumer).map_err(tell)?;
        let ids: Vec<String> = got
            .into_iter()
            .flat_map(|it| it.keys)
            .flat_map(|it| it.ids)
            .map(|entry| entry.id)
            .collect();
        if ids.is_empty() {
            return Ok(0);
        }
        // An item that is finished is not to stay.
        pipe()
            .atomic()
            .cmd("XACK")
            .arg(&self.key)
            .arg(GROUP)
            .arg(&ids)
            .ignore()
            .cmd("XDEL")
            .arg(&self.key)
            .arg(&ids)
            .ignore()
            .exec(&mut self.consumer)
            .map_err(tell)?;
        Ok(ids.len())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = cmd("DEL").arg(&self.key).exec(&mut self.producer);
    }
}
