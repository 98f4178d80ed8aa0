//! The certificates of all servers, made once for each scratch folder: an authority, a server that is
//! `localhost`, a client, and a client of a strange authority whom no server should believe.
//!
//! `openssl` makes them: every server needs its library anyway, and a crate that makes certificates would be by
//! far the largest thing that is built before the first test runs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install;
use super::scratch::{Scratch, make_folder, remove_folder};

pub(super) const CA: &str = "ca.pem";
pub(super) const SERVER: &str = "server.pem";
pub(super) const SERVER_KEY: &str = "server.key";
/// The key and the certificate, for those who want both in one file.
pub(super) const SERVER_BOTH: &str = "server-both.pem";
pub(super) const CLIENT: &str = "client.pem";
pub(super) const CLIENT_KEY: &str = "client.key";
pub(super) const STRANGER: &str = "stranger.pem";
pub(super) const STRANGER_KEY: &str = "stranger.key";

/// Longer than any scratch folder lies about.
const DAYS: &str = "3650";

/// What each kind of certificate may be used for. No request is made from the machine's own configuration.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = overridden by -subj
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
";

/// Where they lie, given the scratch folder.
pub(super) fn folder(scratch: &Path) -> PathBuf {
    scratch.join("certificates")
}

/// Makes them, unless they are there.
pub(super) fn make(scratch: &Scratch) -> Result<(), String> {
    make_in(&folder(&scratch.path("")))
}

fn make_in(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        return Ok(());
    }
    // In one step: half of them would be none.
    let new = folder.with_extension("new");
    if new.exists() {
        remove_folder(&new)?;
    }
    make_folder(&new)?;
    let at = |path: &Path, error| format!("{}: {error}", path.display());
    let configuration = new.join("configuration");
    fs::write(&configuration, CONFIGURATION).map_err(|error| at(&configuration, error))?;
    authority(&new, "ca")?;
    certificate(&new, "server", "localhost", "server", "ca")?;
    certificate(&new, "client", "forebay", "client", "ca")?;
    authority(&new, "strange-ca")?;
    certificate(&new, "stranger", "forebay", "client", "strange-ca")?;
    let mut both = String::new();
    for part in [SERVER_KEY, SERVER] {
        let path = new.join(part);
        both.push_str(&fs::read_to_string(&path).map_err(|error| at(&path, error))?);
    }
    let path = new.join(SERVER_BOTH);
    fs::write(&path, both).map_err(|error| at(&path, error))?;
    fs::rename(&new, folder).map_err(|error| at(folder, error))
}

/// A new key on P-256, which all engines and clients know.
const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

fn authority(folder: &Path, name: &str) -> Result<(), String> {
    openssl(
        folder,
        &format!(
            "req -x509 {NEW_KEY} -keyout {name}.key -out {name}.pem -days {DAYS} \
             -config configuration -extensions authority -subj /CN=forebay-{name}"
        ),
    )
}

fn certificate(
    folder: &Path,
    name: &str,
    common_name: &str,
    kind: &str,
    authority: &str,
) -> Result<(), String> {
    openssl(
        folder,
        &format!(
            "req -new {NEW_KEY} -keyout {name}.key -out {name}.csr -config configuration \
             -subj /CN={common_name}"
        ),
    )?;
    openssl(
        folder,
        &format!(
            "x509 -req -in {name}.csr -out {name}.pem -days {DAYS} -CA {authority}.pem \
             -CAkey {authority}.key -CAcreateserial -extfile configuration -extensions {kind}"
        ),
    )
}

fn openssl(folder: &Path, line: &str) -> Result<(), String> {
    let program = install::find("openssl").ok_or("openssl is missing")?;
    let done = Command::new(program)
        .args(line.split_whitespace())
        .current_dir(folder)
        .output()
        .map_err(|error| format!("openssl: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let mut complaint = format!("openssl {line}: {}", done.status);
    let _ = write!(complaint, "\n{}", String::from_utf8_lossy(&done.stderr));
    Err(complaint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::scratch::Folder;

    #[test]
    fn each_is_what_it_says() {
        if install::find("openssl").is_none() {
            use std::io::Write as _;
            let line = b"skipped: each_is_what_it_says (openssl not installed)\n";
            std::io::stderr().write_all(line).unwrap();
            return;
        }
        let scratch = Folder::for_test();
        let folder = folder(scratch.path());
        make_in(&folder).unwrap();
        let verify = |line: &str| openssl(&folder, &format!("verify -CAfile ca.pem {line}"));
        verify("-purpose sslserver -verify_hostname localhost server.pem").unwrap();
        verify("-purpose sslclient client.pem").unwrap();
        for wrong in [
            "-purpose sslserver -verify_ip 127.0.0.1 server.pem",
            "-purpose sslclient server.pem",
            "-purpose sslserver client.pem",
            "-purpose sslclient stranger.pem",
        ] {
            assert!(verify(wrong).is_err(), "{wrong}");
        }
        let key = fs::read(folder.join(SERVER_KEY)).unwrap();
        make_in(&folder).unwrap();
        assert_eq!(key, fs::read(folder.join(SERVER_KEY)).unwrap(), "made once");
    }
}
