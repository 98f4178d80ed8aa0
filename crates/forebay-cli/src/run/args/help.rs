//! What `--help` tells after the flags: placeholders, sources, examples, exit status.

/// Of `-h`.
pub(crate) const BRIEFLY: &str = "`--help` tells the placeholders, the exit status, and examples.";

/// Of `--help`, not of `-h`.
pub(crate) const AFTER: &str = "\
Placeholders (an item is appended where the command names none):
  {}    the item                      {//}  its directory
  {.}   without its extension         {/.}  its last part without the extension
  {/}   its last part                 {#}   the number of the item, from 1
                                      {%}   the number of the consumer, from 1
  {2}   the second of several arguments: of sources, of columns, of -n's items;
        {-1} is the last one. Also {2.} {2/} {2//} {2/.}

Sources (without any, items are read from -a's files, or standard input):
  ::: ITEM...    these; after another source, each of its items with each here
  :::: FILE...   the lines of a file; each file is a source of its own
  :::+  ::::+    side by side with the source before: first with first, ...

Examples:
  Count the lines of every Rust file, four at a time:
    find . -name '*.rs' -print0 | forebay run -0 -j4 -- wc -l {}
  Convert pictures; a name may hold spaces, quotes, newlines:
    forebay run convert {} {.}.webp ::: *.png
  A pipe needs a shell; leave {} unquoted there, it is quoted for you:
    forebay run --shell 'zcat {} | sort > {.}.sorted' ::: *.gz
  Try each up to five times, and go on after a power cut:
    forebay run --retries 5 --joblog done.log --resume -a urls -- curl -fsSO {}
  Each size of each picture:
    forebay run convert {1} -resize {2} {1.}-{2}.webp ::: *.png ::: 64 256
  As few commands as the length of a command line allows:
    find . -name '*.o' -print0 | forebay run -0 -m rm
  Two sources at a time, whichever is faster; keep what fails for later:
    forebay run --producer 'find a' --producer 'find b' --dead later -- ./check
  Follow a log that cannot wait, and lose the oldest lines when too many come:
    forebay run --producer 'tail -F log' --on-full drop-oldest -- ./ship
  Let the items survive whatever happens; the same line again goes on there:
    forebay run --buffer jobs.fb --retries 3 -a urls -- curl -fsSO {}
  Keep one process for each consumer, which answers line by line:
    forebay run --worker -j4 -a urls -- python -u classify.py
  Stop at the first failure:
    forebay run --halt now,fail=1 -- ./check {} ::: *.conf
  Cut a large file into blocks, each on the standard input of a command:
    forebay run --pipe --block 16M -a access.log -- grep -c ' 500 '
  See what would be run, before it is:
    forebay run --dry-run -- mv {} {.}.old ::: *.conf

Interrupting: the first Ctrl-C (or SIGTERM, or SIGHUP unless nohup has it ignored) starts nothing \
more, finishes what runs, and reports; the second stops what runs, too.

Background processes: what a command leaves running is not waited for. What such a process writes \
after the command has ended is not collected, and writing then gives it SIGPIPE: redirect its output.

Exit status:
  0               every item finished; or --halt was reached by `success`, or by
                  `done` and none failed: then there may be items that never ran
  1 to 100        so many items failed; 101: more
  126, 127        the command can never be run; was not found
  129, 130, 143   interrupted by SIGHUP; by Ctrl-C; by SIGTERM
  141             whoever read the output went away
  255             wrong usage; a file, the joblog or the output that could not
                  be opened or written; input that is not all there: a producer
                  that failed, an item too heavy; a worker that never works, or
                  prints what answers nothing; commands that wait for each other
                  for ever; or a defect of forebay
  Items that --on-full refused or dropped are told, and change no status.
  GNU parallel's are the same but for `fail=1` (the failed command's own status)
  and `done` where none failed (101).

At the end: produced = finished + failed + remaining + dropped.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_help_fit_a_terminal() {
        for line in AFTER.lines().filter(|line| line.starts_with(' ')) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
