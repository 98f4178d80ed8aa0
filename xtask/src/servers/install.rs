//! Where the programs come from: what is here is used; what is missing is installed, as root on Debian; else
//! there may be `docker compose`.
//!
//! No package's own service is let start when it is installed: Debian asks `policy-rc.d` before it starts one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

use super::engine::{Engine, Program};
use super::scratch::{Scratch, make_folder};
use super::server::Way;
use super::{compose, kafka};

/// Where programs lie that are not on everybody's PATH; that of RabbitMQ's own scripts comes first, since what
/// Debian puts on the PATH changes to another user before it calls them.
const FOLDERS: [&str; 6] =
    ["/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// It denies everything, as 101 says.
const DENY: &str =
    "#!/bin/sh\n# Of forebay's `cargo xtask servers up`; it goes when that is done.\nexit 101\n";

/// Installs the packages `$@`, under the policy `$1` at `$0`, which is removed in the end; one that is there is
/// somebody else's, stays, and must deny. No signal ends it halfway, for an installation cannot be left so, and no
/// policy be taken away before its end.
const INSTALL: &str = r#"
trap '' HUP INT TERM
deny=$1
shift
if (set -C; printf %s "$deny" >"$0") 2>/dev/null; then
    chmod 755 "$0"
    own=yes
else
    "$0" redis-server start
    if [ $? != 101 ]; then
        echo "$0 would let them start their services; install them yourself"
        exit 1
    fi
fi
install() { apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; }
# It may know of older packages than there are.
install "$@" || { apt-get -q update && install "$@"; }
status=$?
[ -z "$own" ] || rm -f "$0"
exit $status
"#;

/// What makes the certificates of all.
const OPENSSL: Program = Program { name: "openssl", package: "openssl" };

/// Where a program is, if it is here.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let rabbit = FOLDERS[..1].iter().map(PathBuf::from);
    let others = FOLDERS[1..].iter().map(PathBuf::from);
    rabbit.chain(env::split_paths(&path)).chain(others).map(|folder| folder.join(name)).find(
        |path| {
            fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
        },
    )
}

/// Sees to it that these engines can be run, and says how each is.
pub(super) fn find_or_install(
    scratch: &Scratch,
    lock: &File,
    engines: &[&dyn Engine],
) -> Result<BTreeMap<&'static str, Way>, String> {
    make_folder(&scratch.path(""))?;
    let all = engines.iter().flat_map(|engine| engine.programs()).chain([&OPENSSL]);
    let missing: Vec<&Program> = all.filter(|program| find(program.name).is_none()).collect();
    if !missing.is_empty() && may_install() {
        install(scratch, lock, &missing)?;
    }
    if find(OPENSSL.name).is_none() {
        return Err("openssl is missing, which makes the certificates; install it".to_owned());
    }
    let mut ways = BTreeMap::new();
    for engine in engines {
        let missing: Vec<&str> = engine
            .programs()
            .iter()
            .map(|program| program.name)
            .filter(|name| find(name).is_none())
            .collect();
        let way = if cfg!(target_os = "linux") && missing.is_empty() {
            Way::Processes
        } else if compose::is_there() {
            Way::Compose
        } else {
            let mut packages: Vec<&str> = engine.programs().iter().map(|it| it.package).collect();
            packages.dedup();
            return Err(format!(
                "{} cannot be started: there is no {} here, and no `docker compose` with an engine that answers. \
                 Install it (Debian's packages are {}), run this as root on Debian, which does so, or start Docker.",
                engine.name(),
                missing.join(" and no "),
                packages.join(", "),
            ));
        };
        if way == Way::Processes && engine.name() == "kafka" {
            kafka::fetch(scratch, lock)?;
        }
        ways.insert(engine.name(), way);
    }
    Ok(ways)
}

/// As root, on Debian or what comes from it.
fn may_install() -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root && Path::new("/etc/debian_version").exists() && find("apt-get").is_some()
}

fn install(scratch: &Scratch, lock: &File, programs: &[&Program]) -> Result<(), String> {
    let mut packages: Vec<&str> = programs.iter().map(|program| program.package).collect();
    packages.sort_unstable();
    packages.dedup();
    eprintln!("installing {}", packages.join(", "));
    withdraw_policy();
    let mut command = Command::new("sh");
    command.args(["-c", INSTALL, POLICY, DENY]).args(packages).process_group(0);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    let done = logged(&mut command, lock, &scratch.kept("install.log"));
    done.map_err(|complaint| format!("the packages cannot be installed\n{complaint}"))
}

/// Runs a command that prints to a file, whose end is told if it fails. It has the lock, too: should this program be
/// killed, nobody else changes anything before the command has come to its end.
pub(super) fn logged(command: &mut Command, lock: &File, log: &Path) -> Result<(), String> {
    let wrong = |error: io::Error| format!("{}: {error}", log.display());
    let file = File::create(log).map_err(wrong)?;
    let twin = file.try_clone().map_err(wrong)?;
    let name = command.get_program().display().to_string();
    let status = command
        .stdin(lock.try_clone().map_err(|error| format!("the lock: {error}"))?)
        .stdout(file)
        .stderr(twin)
        .status()
        .map_err(|error| format!("cannot start {name}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(log).map_err(wrong)?;
    let lines: Vec<&str> = said.lines().collect();
    let end = lines[lines.len().saturating_sub(20)..].join("\n");
    Err(format!("{end}\n{name}: {status}"))
}

/// Removes the policy that is set here, and none else: the one of an installation during which the machine died.
pub(super) fn withdraw_policy() {
    if fs::read_to_string(POLICY).is_ok_and(|text| text == DENY) {
        let _ = fs::remove_file(POLICY);
    }
}
