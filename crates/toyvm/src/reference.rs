//! The reference page, from the table of instructions.

use std::fmt::Write as _;

use crate::instruction::{Group, Origin, Row, TABLE};

/// The page, in Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# The instructions of ToyVM\n\n\
         This page is made from the table in `crates/toyvm/src/instruction.rs`; a test keeps it so.\n\n\
         An instruction is a tuple, `(\"PUSH\", 5)`, or `(\"POP\",)` with its comma. The stack is shown \
         with its top to the right. `[x]` after a name may be left out; where the stack shows that \
         operand in brackets, the argument stands for it. Where a handle is wanted, a string that is an \
         object's name serves. What is marked + is an extension of this machine.\n",
    );
    let mut group = None;
    for row in TABLE {
        if group != Some(row.group) {
            group = Some(row.group);
            let _ = write!(
                page,
                "\n## {}\n\n| instruction | stack | |\n|---|---|---|\n",
                title(row.group)
            );
        }
        let _ = writeln!(page, "| {} | {} | {} |", usage(row), effect(row), row.about);
    }
    page
}

fn title(group: Group) -> String {
    format!("{group:?}")
}

/// `LOCK_ACQUIRE "robust" +`
fn usage(row: &Row) -> String {
    let mut usage = format!("`{}`", row.name);
    let form = row.form.to_string();
    if !form.is_empty() {
        let _ = write!(usage, " {form}");
    }
    if let Some(word) = row.word {
        let _ = write!(usage, " `\"{word}\"`");
    }
    if row.origin == Origin::Extension {
        usage.push_str(" +");
    }
    usage
}

/// `a b → a+b`
fn effect(row: &Row) -> String {
    let mut takes: Vec<String> = row.takes.iter().map(|what| (*what).to_owned()).collect();
    if row.form.replaces
        && let Some(top) = takes.last_mut()
    {
        *top = format!("[{top}]");
    }
    format!("{} → {}", takes.join(" "), row.gives.join(" ")).trim().replace('|', "\\|")
}
