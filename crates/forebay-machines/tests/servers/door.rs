//! What is the same at every engine's door (C11).

use std::net::TcpListener;
use std::time::Duration;

use forebay_machines::{Buffer, Options, Raw, Settings, Why, connect};

use super::{Buffers, Failure, Server};

/// What is said of a URL at which there is no buffer; never the password.
pub(crate) fn refusal(url: &str, password: &str) -> (String, Why) {
    let options = Options::new().connect_time(Duration::from_secs(2));
    let error = Buffer::connect_with(url, &options).expect_err(url);
    let said = error.to_string();
    assert!(!said.contains(password), "{said}");
    let debug = format!("{error:?}");
    assert!(!debug.contains(password), "{debug}");
    // The error itself is of use in what it says of its kind.
    let why = match error.why() {
        Why::Password => Why::Password,
        Why::Missing => Why::Missing,
        Why::Tls(what) => Why::Tls(what.clone()),
        Why::Unreachable(what) => Why::Unreachable(what.clone()),
        Why::Foreign(what) => Why::Foreign(what.clone()),
        Why::Denied(what) => Why::Denied(what.clone()),
        Why::Lacking(what) => Why::Lacking(what.clone()),
        other => panic!("{other:?}"),
    };
    (said, why)
}

/// A server that is not there, and one that says nothing, are named.
pub(crate) fn not_there(scheme: &str) -> Result<(), Failure> {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (said, why) = refusal(&format!("{scheme}://me:hidden@127.0.0.1:{port}/jobs"), "hidden");
    assert!(matches!(why, Why::Unreachable(_)), "{why:?}");
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    // One that accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let port = silent.local_addr()?.port();
    let (said, why) = refusal(&format!("{scheme}://me:hidden@127.0.0.1:{port}/jobs"), "hidden");
    assert!(matches!(why, Why::Unreachable(_)), "{why:?}");
    assert!(said.contains("did not answer within 2s"), "{said}");
    Ok(())
}

/// TLS takes the right name and authority only.
pub(crate) fn tls(engine: &str) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let plain = buffers.create(&Settings::new(4));
    let name = plain.rsplit('/').next().expect("a name").to_owned();
    let password = server.text("password").to_owned();
    let (ca, url) = (server.text("ca").to_owned(), server.tls_url(&name));

    let buffer = connect(&format!("{url}?ca={ca}"))?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(b"by TLS".to_vec())?;
    let (certificate, key) = (server.text("certificate"), server.text("key"));
    let shown = connect(&format!("{url}?ca={ca}&cert={certificate}&key={key}"))?;
    assert_eq!(shown.consumer::<Vec<u8>, _>(Raw)?.try_take()?, b"by TLS");

    // An authority that nobody named, and a name that is not the certificate's.
    let (said, why) = refusal(&url, &password);
    assert!(matches!(why, Why::Tls(_)), "{said}");
    let elsewhere = url.replace("@localhost:", "@127.0.0.1:");
    let (said, why) = refusal(&format!("{elsewhere}?ca={ca}"), &password);
    assert!(matches!(why, Why::Tls(_)), "{said}");
    let (said, why) = refusal(&format!("{url}?ca=/not/there.pem"), &password);
    assert!(matches!(why, Why::Tls(_)) && said.contains("/not/there.pem"), "{said}");
    Ok(())
}

/// Settings that differ are named.
pub(crate) fn differing(engine: &str) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
    let buffers = Buffers::new(server);
    let settings = Settings::new(4).max_failures(2);
    let url = buffers.create(&settings);
    settings.create(&url)?;
    let Err(error) = Settings::new(5).create(&url) else { panic!("made with other settings") };
    let said = error.to_string();
    assert!(said.contains("capacity is 4 there, not 5"), "{said}");
    assert!(said.contains("max_failures is 2 there, not unlimited"), "{said}");
    assert_eq!(connect(&url)?.settings().get_capacity(), 4);
    Ok(())
}

/// A wrong password, and a buffer that is none, are told as what they are.
pub(crate) fn strangers(engine: &str) {
    let Some(server) = Server::or_skip(engine) else { return };
    let password = server.text("password").to_owned();
    let url = server.url("jobs").replace(&password, "not-it");
    let (said, why) = refusal(&url, "not-it");
    assert!(matches!(why, Why::Password), "{said}");
    let (said, why) = refusal(&server.url("test-there-is-none"), &password);
    assert!(matches!(why, Why::Missing), "{said}");
    assert!(said.contains("create it first"), "{said}");
}
