//! Imports between our crates run one way.
//!
//! contract ← conformance ← {threads, processes, machines} ← forebay ← forebay-cli, where the suite is
//! only ever a dev-dependency; no distance imports another; `toyvm` imports none of ours, and only
//! the command imports it. The examples stand outside, as users do: they import `forebay` alone, and
//! nothing imports them.

use crate::house::File;

/// A crate's height in the house; imports go down only, never sideways.
fn height(name: &str) -> Option<u8> {
    Some(match name {
        "forebay-contract" | "toyvm" => 0,
        "forebay-conformance" => 1,
        "forebay-threads" | "forebay-processes" | "forebay-machines" => 2,
        "forebay" => 3,
        "forebay-cli" => 4,
        "forebay-examples" => 5,
        _ => return None,
    })
}

/// The examples' folder beside `crates/`, and what the crate in it is called.
const EXAMPLES: (&str, &str) = ("examples/Cargo.toml", "forebay-examples");

/// What is wrong with the imports of the crates whose manifests are among `files`.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.name() == "Cargo.toml") {
        let folder = match file.crate_folder() {
            Some(folder) if file.path == format!("crates/{folder}/Cargo.toml") => folder,
            _ if file.path == EXAMPLES.0 => EXAMPLES.1,
            _ => continue,
        };
        let manifest = Manifest::read(&file.text);
        if manifest.name != folder {
            complaints.push(format!(
                "{}: the crate is called `{}`, its folder `{folder}`; give both one name",
                file.path, manifest.name
            ));
        }
        let Some(own) = height(folder) else {
            complaints.push(format!(
                "{}: no place in the house; give `{folder}` a height in xtask/src/tidy/imports.rs",
                file.path
            ));
            continue;
        };
        for import in &manifest.imports {
            let Some(its) = height(&import.name) else { continue };
            let allowed = match import.name.as_str() {
                name if folder == EXAMPLES.1 => name == "forebay",
                "forebay-conformance" => import.dev && its < own,
                "toyvm" => folder == "forebay-cli",
                _ => its < own && folder != "toyvm",
            };
            if !allowed {
                let kind = if import.dev { " for its tests" } else { "" };
                complaints.push(format!(
                    "{}: `{folder}` may not import `{}`{kind}",
                    file.path, import.name
                ));
            }
        }
    }
    complaints
}

#[derive(Debug)]
struct Import {
    name: String,
    dev: bool,
}

#[derive(Debug, Default)]
struct Manifest {
    name: String,
    imports: Vec<Import>,
}

impl Manifest {
    /// Reads what is needed from a manifest as this house writes them: one key on a line.
    fn read(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut section = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[') {
                header.trim_end_matches(']').clone_into(&mut section);
                // `[dependencies.name]`
                if let Some((kind, name)) = section.rsplit_once('.')
                    && kind.ends_with("dependencies")
                {
                    manifest.import(name, kind);
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim();
            if section == "package" && key == "name" {
                value.trim().trim_matches('"').clone_into(&mut manifest.name);
            } else if section.ends_with("dependencies") {
                let name = key.split('.').next().unwrap_or(key);
                manifest.import(name, &section);
            }
        }
        manifest
    }

    fn import(&mut self, name: &str, section: &str) {
        let name = name.trim_matches('"').to_owned();
        self.imports.push(Import { name, dev: section.ends_with("dev-dependencies") });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(folder: &str, name: &str, tail: &str) -> Vec<String> {
        check(&[File {
            path: format!("crates/{folder}/Cargo.toml"),
            text: format!("[package]\nname = \"{name}\"\n\n{tail}\n"),
        }])
    }

    #[test]
    fn imports_downward_are_fine() {
        for (folder, tail) in [
            ("forebay-threads", "[dependencies]\nforebay-contract.workspace = true\nclap = \"4\""),
            ("forebay-threads", "[dev-dependencies]\nforebay-conformance.workspace = true"),
            ("forebay-cli", "[dependencies.forebay]\npath = \"x\"\n[dependencies]\ntoyvm = \"1\""),
        ] {
            assert_eq!(complaints(folder, folder, tail), [""; 0]);
        }
    }

    #[test]
    fn imports_upward_and_sideways_are_not() {
        for (folder, tail) in [
            ("forebay-contract", "[dependencies]\nforebay-threads.workspace = true"),
            ("forebay-contract", "[dev-dependencies]\nforebay-conformance = { path = \"x\" }"),
            ("forebay-threads", "[dependencies]\nforebay-processes.workspace = true"),
            ("forebay-threads", "[dependencies]\nforebay-conformance.workspace = true"),
            ("forebay-processes", "[target.'cfg(unix)'.dependencies]\nforebay-threads = \"1\""),
            ("forebay-machines", "[dependencies.forebay-threads]\nworkspace = true"),
            ("forebay", "[dependencies]\ntoyvm.workspace = true"),
            ("toyvm", "[dependencies]\nforebay-contract.workspace = true"),
        ] {
            assert_eq!(complaints(folder, folder, tail).len(), 1, "{folder}: {tail}");
        }
    }

    #[test]
    fn examples_import_what_users_do() {
        let of = |name: &str| {
            check(&[File {
                path: EXAMPLES.0.to_owned(),
                text: format!(
                    "[package]\nname = \"{}\"\n\n[dev-dependencies]\n{name} = \"1\"\n",
                    EXAMPLES.1
                ),
            }])
        };
        assert_eq!(of("forebay"), [""; 0]);
        assert_eq!(of("tokio"), [""; 0]);
        for inside in ["forebay-threads", "forebay-conformance", "forebay-cli", "toyvm"] {
            assert_eq!(of(inside).len(), 1, "{inside}");
        }
        assert_eq!(
            complaints("forebay-cli", "forebay-cli", "[dependencies]\nforebay-examples = \"1\"")
                .len(),
            1
        );
    }

    #[test]
    fn a_crate_has_its_folders_name_and_a_place() {
        assert_eq!(complaints("forebay", "foreway", "").len(), 1);
        assert_eq!(complaints("forebay-extras", "forebay-extras", "").len(), 1);
    }
}
