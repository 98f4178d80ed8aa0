//! Names made to hurt, with a shell and without.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::forebay::{Folder, bytes, run, start_in};

/// Whatever among these were code would leave a file `pwned`, or take one away.
const NAMES: [&[u8]; 16] = [
    b"; touch pwned",
    b"; rm precious",
    b"$(touch pwned)",
    b"`touch pwned`",
    b"a\ntouch pwned\n",
    b"' ; touch pwned; '",
    b"\" ; touch pwned; \"",
    b"| touch pwned",
    b"&& touch pwned",
    b"> pwned",
    b"-rf",
    b"--help",
    b"*",
    b"~",
    b"\xff\xfe bad \x80",
    b"back\\slash\\",
];

#[test]
fn names_made_to_hurt_are_names() {
    let folder = Folder::new();
    folder.write("precious", b"");
    let mut input = NAMES.join(&0);
    input.push(0);
    let expected: Vec<u8> = NAMES.iter().flat_map(|name| [b"<", *name, b">"].concat()).collect();
    for arguments in [
        &["-0", "-k", "printf", "<%s>"][..],
        &["-0", "-k", "printf", "<%s>", "{}"],
        &["-0", "-k", "--shell", "printf '<%s>' {}"],
        &["-0", "-k", "--shell", "printf '<%s>'"],
        &["-0", "-k", "--shell", "x=$(printf %s. {}); printf '<%s>' \"${x%.}\""],
        &["-0", "-k", "--shell", "for i in {}; do printf '<%s>' \"$i\"; done # it's"],
        &["-0", "-k", "-n4", "--shell", "printf '<%s>' {}"],
    ] {
        let ended = start_in(folder.root(), arguments, &input).wait().exits(0);
        assert_eq!(
            ended.stdout.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{arguments:?}"
        );
        assert_eq!(folder.names(), ["precious"], "{arguments:?}");
    }
}

#[test]
fn files_with_such_names_are_found() {
    let folder = Folder::new();
    for name in NAMES {
        let name: Vec<_> =
            name.iter().map(|byte| if *byte == b'/' { b'_' } else { *byte }).collect();
        fs::write(folder.path(bytes(&name)), b"x").expect("written");
    }
    let mut input = Vec::new();
    for name in folder.names() {
        input.extend_from_slice(b"./");
        input.extend_from_slice(name.as_bytes());
        input.push(0);
    }
    let ended =
        start_in(folder.root(), &["-0", "--shell", "cat {} | tr x y"], &input).wait().exits(0);
    assert_eq!(ended.text(), "y".repeat(NAMES.len()));
    start_in(folder.root(), &["-0", "rm", "{}"], &input).wait().exits(0);
    assert!(folder.names().is_empty());
}

#[test]
fn without_shell_nothing_is_interpreted() {
    let ended = run(&["echo", "$HOME", "a;b", "*"], b"x\n").exits(0);
    assert_eq!(ended.text(), "$HOME a;b * x\n");
}

#[test]
fn with_shell_pipes_work() {
    let ended = run(&["--shell", "echo {} | tr a-z A-Z; exit 3"], b"it's\n").exits(1);
    assert_eq!(ended.text(), "IT'S\n");
}

#[test]
fn a_placeholder_in_quotes_is_refused_before_anything_runs() {
    let case = "echo \"$(case a in a) echo \"{}\" ;; esac)\"";
    for script in [case, "echo \"{}\"", "echo '{}'", "echo `echo {}`", "cat <<E\n{}\nE"] {
        let ended = run(&["--shell", script, ":::", "x"], b"").exits(255);
        let ended = ended.says(&["placeholder", "quoted for you"]);
        assert_eq!(ended.text(), "");
    }
}
