//! `--report-html`: a page that is whole, harmless, and tells what the report tells.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use roxmltree::{Document, Node, ParsingOptions};
use rustix::process::Signal;

use crate::forebay::{Ended, Folder, bytes, input, run, start_in, until};

/// The page as XML, which is stricter than HTML: all that is opened is closed, but for `meta`.
fn strict(page: &[u8]) -> String {
    let page = str::from_utf8(page).expect("UTF-8");
    let mut text = String::new();
    let mut parts = page.split("<meta ");
    text.push_str(parts.next().expect("a start"));
    for part in parts {
        let (meta, rest) = part.split_once('>').expect("an end");
        let _ = write!(text, "<meta {meta}/>{rest}");
    }
    text
}

fn parse(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(text, options).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_harmless(&document);
    document
}

/// Nothing is fetched, nothing runs, and what is referred to by name is there once.
fn assert_harmless(document: &Document<'_>) {
    const ELEMENTS: &str = "html head meta title style body header main section h1 h2 p code bdi strong em small \
                            span div ul ol li dl dt dd table thead tbody tr th td svg defs pattern rect g \
                            path line text desc";
    let mut ids = Vec::new();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(ELEMENTS.split_whitespace().any(|known| known == name), "<{name}>");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let fetches = ["src", "href", "srcset", "action", "data"].contains(&name);
            assert!(!fetches && !name.starts_with("on"), "{name}={value}");
            assert!(!value.contains("://") && !value.contains("javascript:"), "{name}={value}");
        }
        ids.extend(node.attribute("id"));
    }
    for node in document.descendants() {
        for id in node.attribute("aria-labelledby").unwrap_or("").split_whitespace() {
            assert_eq!(ids.iter().filter(|known| **known == id).count(), 1, "{id}");
        }
    }
    let style = text(find(document, "style", "").expect("a style"));
    assert!(!style.contains("@import") && !style.contains("http"), "{style}");
    for url in style.split("url(").skip(1) {
        assert!(url.starts_with('#'), "{url}");
    }
}

fn find<'a>(document: &'a Document<'a>, name: &str, class: &str) -> Option<Node<'a, 'a>> {
    document.descendants().find(|node| {
        node.has_tag_name(name) && (class.is_empty() || node.attribute("class") == Some(class))
    })
}

fn section<'a>(document: &'a Document<'a>, id: &str) -> Option<Node<'a, 'a>> {
    document
        .descendants()
        .find(|node| node.has_tag_name("section") && node.attribute("aria-labelledby") == Some(id))
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

fn rows(section: Node<'_, '_>) -> Vec<String> {
    let body = section.descendants().find(|node| node.has_tag_name("tbody")).expect("a table");
    body.children().map(text).collect()
}

/// The sentence of the page is a line of what was said, and all figures are those of the report.
#[track_caller]
fn assert_same(folder: &Folder, page: &str, report: &str, ended: &Ended) {
    let page = strict(&folder.read(page));
    let document = parse(&page);
    let report = folder.report(report);
    let sentence = text(find(&document, "p", "sentence").expect("a sentence"));
    if report["finished"] == 0 && report["failed"] == 0 {
        assert!(sentence.contains("no item"), "{sentence}");
    } else {
        let line = format!("forebay: {sentence}");
        assert!(ended.errors().lines().any(|said| said == line), "{line:?} {}", ended.errors());
    }
    let rows = rows(section(&document, "figures").expect("figures"));
    for (key, value) in report.as_object().expect("an object") {
        if key == "shares" {
            continue;
        }
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let row = format!("{key}{value}");
        assert!(rows.iter().any(|text| text.ends_with(&row)), "{row} {rows:?}");
    }
}

#[test]
fn a_page_tells_what_the_report_tells() {
    let folder = Folder::new();
    let (page, report) = (folder.arg("page"), folder.arg("report"));
    let flags = ["-j2", "--capacity", "3", "--retries", "2", "--backoff", "10ms"];
    let files = ["--report-html", &page, "--report-json", &report];
    let work = ["sh", "-c", "sleep 0.02; exit $(($0 % 3 == 0 ? $0 : 0))"];
    let ended = run(&[&flags[..], &files, &work].concat(), &input(1..=12)).exits(4);
    assert_same(&folder, "page", "report", &ended);
    let page = strict(&folder.read("page"));
    let document = parse(&page);
    let failures = rows(section(&document, "failures").expect("failures"));
    assert_eq!(failures.len(), 4, "{failures:?}");
    for item in [3, 6, 9, 12] {
        let row = format!("'{item}'exit status {item}");
        assert!(failures.iter().any(|text| text.ends_with(&row)), "{row} {failures:?}");
    }
    assert_eq!(rows(section(&document, "slowest").expect("slowest")).len(), 10);
    let shares = text(section(&document, "shares").expect("shares"));
    for (index, share) in
        folder.report("report")["shares"].as_array().expect("shares").iter().enumerate()
    {
        assert!(shares.contains(&format!("consumer {}: {share}. ", index + 1)), "{shares}");
    }
    assert!(text(document.root()).contains("4 tries were repeated"));
}

#[test]
fn times_on_a_page_are_those_of_the_work() {
    let folder = Folder::new();
    let page = folder.arg("page");
    run(&["-q", "-j2", "--report-html", &page, "sleep"], b"0.2\n0.2\n0.5\n").exits(0);
    let page = strict(&folder.read("page"));
    let document = parse(&page);
    let seconds = |text: &str| {
        let (number, unit) = text.split_once('\u{a0}').expect("a unit");
        let number: f64 = number.parse().expect("a number");
        number
            * match unit {
                "ms" => 1e-3,
                "s" => 1.0,
                _ => panic!("{text}"),
            }
    };
    let legend: Vec<_> = section(&document, "durations")
        .expect("durations")
        .descendants()
        .filter(|node| node.has_tag_name("strong"))
        .map(text)
        .collect();
    // The histogram keeps two digits.
    assert!(seconds(&legend[0]) > 0.198 && seconds(&legend[1]) > 0.495, "{legend:?}");
    let slowest = &rows(section(&document, "slowest").expect("slowest"))[0];
    assert!(slowest.ends_with("3'0.5'finished"), "{slowest}");
}

#[test]
fn hostile_names_do_no_harm() {
    let folder = Folder::new();
    let page = folder.arg("page");
    let long = "y".repeat(1 << 20);
    let items: Vec<u8> = [
        &b"<script>alert(1)</script>"[..],
        b"\"' onload='x()' &amp; <!-- ]]>",
        b"</code></table><img src=x>",
        b"\x01\x1b[31m\x7f\n\xff\xfe",
        "\u{202e}\u{85}".as_bytes(),
        long.as_bytes(),
    ]
    .join(&0);
    let arguments =
        ["-0", "-j2", "--report-html", &page, "sh", "-c", "sleep 0.01; exit 3"].map(str::to_owned);
    run(&arguments, &items).exits(6);
    let page = strict(&folder.read("page"));
    assert!(page.len() < 200_000, "{}", page.len());
    let document = parse(&page);
    let failures = rows(section(&document, "failures").expect("failures")).join("\n");
    let shown = [
        "'<script>alert(1)</script>'exit status 3",
        "'\"' onload='x()' &amp; <!-- ]]>'",
        "'</code></table><img src=x>'",
        r"'\x01\x1b[31m\x7f\n\xff\xfe'",
        "'\u{202e}\\xc2\\x85'",
        "(1048576 bytes)",
    ];
    for name in shown {
        assert!(failures.contains(name), "{name:?} {failures}");
    }
    // The command is shown too.
    let command =
        [bytes(b"--report-html"), folder.path("page").into(), bytes(b"true"), bytes(b"<b>\xff\n")];
    run(&[&command[..], &[bytes(b":::"), bytes(b"a")]].concat(), b"").exits(0);
    let page = strict(&folder.read("page"));
    assert!(text(parse(&page).root()).contains("true '<b>\\xff\\n'"), "{page}");
}

#[test]
fn there_is_a_page_of_nothing_of_one_and_of_many() {
    let folder = Folder::new();
    let (page, report) = (folder.arg("page"), folder.arg("report"));
    let files = ["--report-html", &page, "--report-json", &report];
    for (consumers, items) in [("-j3", 0), ("-j1", 1), ("-j24", 50), ("-j30", 90)] {
        let ended = run(&[&files[..], &[consumers, "true"]].concat(), &input(0..items)).exits(0);
        assert_same(&folder, "page", "report", &ended);
        let page = strict(&folder.read("page"));
        let document = parse(&page);
        let bands = section(&document, "bands").map(text).unwrap_or_default();
        let count = bands.matches(": worked ").count();
        let expected = match consumers {
            "-j3" => 0,
            // Of more than 24 only the producer has a band.
            "-j30" => 1,
            _ => consumers[2..].parse::<usize>().expect("a number") + 1,
        };
        assert_eq!(count, expected, "{consumers}: {bands}");
        assert_eq!(bands.contains("too many for a band each"), consumers == "-j30", "{bands}");
    }
}

#[test]
fn a_run_that_stops_early_has_a_page() {
    let folder = Folder::new();
    let (page, report) = (folder.arg("page"), folder.arg("report"));
    let files = ["-j2", "--capacity", "4", "--report-html", &page, "--report-json", &report];
    let halted = ["--halt", "now,done=2", "sh", "-c", "sleep 0.$0"];
    let ended = run(&[&files[..], &halted].concat(), b"1\n1\n9\n9\n9\n9\n9\n9\n9\n9\n").exits(0);
    assert_same(&folder, "page", "report", &ended);
    let said = strict(&folder.read("page"));
    assert!(text(parse(&said).root()).contains("stopped early: --halt was reached"), "{said}");

    let work = ["sh", "-c", "echo >> begun; sleep 30"];
    let going = start_in(folder.root(), &[&files[..], &work].concat(), &input(0..99));
    until("two at work", || folder.lines("begun").len() == 2);
    going.signal(Signal::INT);
    going.until_said("interrupted");
    going.signal(Signal::INT);
    let ended = going.wait().exits(130);
    assert_same(&folder, "page", "report", &ended);
    let said = strict(&folder.read("page"));
    let told = text(parse(&said).root());
    assert!(told.contains("interrupted by Ctrl-C"), "{told}");
    assert!(told.contains("The input was not read to its end"), "{told}");

    run(&[&files[..], &["/no/such/program"]].concat(), b"a\n").exits(127);
    let said = strict(&folder.read("page"));
    assert!(text(parse(&said).root()).contains("the command was not found"), "{said}");
}

#[test]
fn a_page_to_standard_output_comes_after_all_else() {
    let ended = run(&["-q", "--report-html", "-", "echo", ":::", "a"], b"").exits(0);
    let text = ended.text();
    let page = text.strip_prefix("a\n").expect("the output first");
    parse(&strict(page.as_bytes()));
}

#[test]
fn a_page_that_cannot_be_written_is_told() {
    let folder = Folder::new();
    for flag in ["--report-html", "--trace"] {
        let ended = run(&[flag, "/no/such/folder/p", "echo"], b"a\n").exits(255);
        let ended = ended.says(&["cannot open /no/such/folder/p", flag]);
        assert_eq!((ended.text().as_str(), ended.errors().lines().count()), ("", 1));
        // What cannot be opened leaves no run behind, and a full disk is told at the end.
        let ended = run(&[flag, "/dev/full", "echo", ":::", "a"], b"");
        ended.exits(255).says(&["/dev/full", "No space"]);
    }
    run(&["--report-html", &folder.arg("."), "echo"], b"a\n").exits(255).says(&["cannot open"]);
}

#[test]
fn no_file_is_used_twice() {
    let folder = Folder::new();
    let file = folder.write("file", b"a\nb\n");
    let other = folder.arg("./file");
    let flags = ["--report-html", "--trace", "--report-json", "--joblog", "--arg-file"];
    for (index, flag) in flags.iter().enumerate() {
        for second in &flags[index + 1..] {
            let ended = run(&[flag, file.as_str(), second, &other, "echo"], b"c\n").exits(255);
            let ended = ended.says(&[flag, second, "name the same file"]);
            assert_eq!(ended.text(), "");
            assert_eq!(folder.read("file"), b"a\nb\n");
        }
    }
}

/// Where there is a Chromium: it finds in the page the elements that we wrote, none moved.
#[test]
fn a_browser_reads_the_page_as_it_was_written() {
    let Some(chromium) =
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
            let found = Command::new(name)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            found.is_ok_and(|status| status.success())
        })
    else {
        return;
    };
    let folder = Folder::new();
    let page = folder.arg("page.html");
    run(&["-j2", "--report-html", &page, "sh", "-c", "exit $0"], &input([0, 1, 0])).exits(1);
    let profile = format!("--user-data-dir={}", folder.arg("profile"));
    let dumped = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", &profile, "--dump-dom"])
        .arg(format!("file://{page}"))
        .stderr(Stdio::null())
        .output()
        .expect("it runs");
    let dumped = String::from_utf8(dumped.stdout).expect("UTF-8");
    let page = String::from_utf8(folder.read("page.html")).expect("UTF-8");
    assert!(page.ends_with("</html>"), "{page}");
    for tag in ["<svg", "<section", "<path", "<tr", "<li", "<text", "<title", "</"] {
        assert_eq!(dumped.matches(tag).count(), page.matches(tag).count(), "{tag}");
    }
}
