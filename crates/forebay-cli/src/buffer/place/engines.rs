//! The engines whose buffers can be reached, as far as this program was built with them.

use std::path::Path;
use std::sync::LazyLock;

/// An engine.
struct Engine {
    /// The feature that brings it.
    name: &'static str,
    /// What its URLs begin with.
    schemes: &'static [&'static str],
    is_built: bool,
    /// Whether a death is known with its connection, and not from a silence.
    #[cfg_attr(not(feature = "machines"), expect(dead_code, reason = "there are no servers"))]
    knows_deaths: bool,
    /// What `docker run` is told to start one to try it.
    image: &'static str,
}

/// All that there are.
const ENGINES: [Engine; 4] = [
    Engine {
        name: "amqp",
        schemes: &["amqp", "amqps"],
        is_built: cfg!(feature = "amqp"),
        knows_deaths: true,
        image: "-p 5672:5672 rabbitmq:4",
    },
    Engine {
        name: "kafka",
        schemes: &["kafka", "kafkas"],
        is_built: cfg!(feature = "kafka"),
        knows_deaths: true,
        image: "-p 9092:9092 apache/kafka:4.3.0",
    },
    Engine {
        name: "nats",
        schemes: &["nats", "natss"],
        is_built: cfg!(feature = "nats"),
        knows_deaths: false,
        image: "-p 4222:4222 nats:2 -js",
    },
    Engine {
        name: "redis",
        schemes: &["redis", "rediss"],
        is_built: cfg!(feature = "redis"),
        knows_deaths: false,
        image: "-p 6379:6379 redis:7",
    },
];

/// What this begins with, if it is a URL.
pub(super) fn scheme(given: &Path) -> Option<&str> {
    // What comes after it need not be text.
    let bytes = given.as_os_str().as_encoded_bytes();
    let end = bytes.windows(3).position(|three| three == b"://")?;
    let scheme = str::from_utf8(&bytes[..end]).ok()?;
    let is_one = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.chars().all(is_one)).then_some(scheme)
}

/// Refuses a scheme that is none, or whose engine is not in.
pub(super) fn check(scheme: &str) -> Result<(), String> {
    match ENGINES.iter().find(|engine| engine.schemes.contains(&scheme)) {
        Some(engine) if engine.is_built => Ok(()),
        Some(Engine { name, .. }) => Err(format!(
            "{scheme}://…: this forebay was built without {name}; \
             `cargo install --path crates/forebay-cli --features {name}` builds one that has it"
        )),
        None => {
            let known: Vec<&str> =
                ENGINES.iter().flat_map(|engine| engine.schemes).copied().collect();
            Err(format!(
                "{scheme}://…: unknown scheme `{scheme}`; there are {}. A file of such a name is ./{scheme}://…",
                known.join(", ")
            ))
        }
    }
}

/// Whether a death is known with its connection.
#[cfg(feature = "machines")]
pub(super) fn knows_deaths(scheme: &str) -> bool {
    ENGINES.iter().any(|engine| engine.schemes.contains(&scheme) && engine.knows_deaths)
}

/// How to start a server that this program can use, and its URL behind this flag; or how to build a program that can.
pub(crate) fn servers(flag: &str) -> String {
    let built = ENGINES.iter().filter(|engine| engine.is_built).map(|engine| {
        format!("`docker run {}` and {flag} {}://localhost", engine.image, engine.schemes[0])
    });
    let built: Vec<String> = built.collect();
    if built.is_empty() {
        let names = ENGINES.map(|engine| engine.name).join(",");
        return format!(
            "this forebay was built without any; `cargo install --path crates/forebay-cli --features {names}` \
             builds one that has all"
        );
    }
    format!("try {}", built.join("; or "))
}

/// The version, and which engines are in.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let built = ENGINES.iter().filter(|engine| engine.is_built).map(|engine| engine.name);
        let built: Vec<&str> = ["files"].into_iter().chain(built).collect();
        format!("{}\nbuffers: {}", env!("CARGO_PKG_VERSION"), built.join(", "))
    });
    &VERSION
}
