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
}

/// All that there are.
const ENGINES: [Engine; 4] = [
    Engine { name: "amqp", schemes: &["amqp", "amqps"], is_built: cfg!(feature = "amqp") },
    Engine { name: "kafka", schemes: &["kafka", "kafkas"], is_built: cfg!(feature = "kafka") },
    Engine { name: "nats", schemes: &["nats", "natss"], is_built: cfg!(feature = "nats") },
    Engine { name: "redis", schemes: &["redis", "rediss"], is_built: cfg!(feature = "redis") },
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

/// The version, and which engines are in.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let built = ENGINES.iter().filter(|engine| engine.is_built).map(|engine| engine.name);
        let built: Vec<&str> = ["files"].into_iter().chain(built).collect();
        format!("{}\nbuffers: {}", env!("CARGO_PKG_VERSION"), built.join(", "))
    });
    &VERSION
}
