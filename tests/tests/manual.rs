//! What the manual names is there: vectors, functions, files and settings.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "a panic here is a failed test"
)]

use std::collections::HashSet;
use std::fs;

use mcp_bearer_tests::folder;
use serde_json::Value;

/// Every section says which code does it and which test proves it, and neither is made up.
#[test]
fn vulnerabilities_name_code_and_proof() {
    let page = page("vulnerabilities");
    let mut quoted = 0;
    for section in page.split("\n# ").skip(1) {
        let title = section.lines().next().unwrap();
        for code in items(section, "- Code: ") {
            check_functions(title, &code);
        }
        for proof in items(section, "- Proof: ") {
            match proof.split_once(".json` ") {
                Some((file, comments)) => quoted += check_vectors(title, &file[1..], comments),
                None => check_functions(title, &proof),
            }
        }
    }
    assert_eq!(quoted, page.matches('“').count(), "comments outside of a line that is checked");
}

/// The names in the table of defaults are those of the three languages and of the environment.
#[test]
fn keys_name_settings() {
    let page = page("keys");
    let rust = ["builder", "jwks/builder", "jwks/issuer", "jwks/mod"];
    let rust: String = rust.iter().map(|file| read(&format!("core/src/{file}.rs"))).collect();
    // Methods look like settings then.
    let python = read("bindings-python/python/mcp_bearer/_mcp_bearer.pyi").replace("(self) -> ", ": ");
    let node = read("bindings-node/index.d.ts").replace("(): ", "?: ");
    let environment = read("core/src/environment.rs");
    let mut named = 0;
    let table = page.lines().skip_while(|line| !line.starts_with("| what | default | Rust |")).skip(2);
    for row in table.take_while(|line| line.starts_with('|')) {
        let columns =
            [(&rust, "fn NAME"), (&python, " NAME: "), (&node, " NAME?: "), (&environment, "\"NAME\"")];
        for ((text, pattern), cell) in columns.iter().zip(row.split('|').skip(3)) {
            // Types are links.
            for name in code_spans(&cell.replace("[`", "[").replace("`]", "]")) {
                assert!(text.contains(&pattern.replace("NAME", name)), "{name}, by {pattern:?}: {row}");
                named += 1;
            }
        }
    }
    assert!(named > 30, "{named}");
}

/// The documentation of a page.
fn page(name: &str) -> String {
    let text = read(&format!("core/src/manual/{name}.rs"));
    text.lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.trim_start_matches(' ').to_owned() + "\n")
        .collect()
}

fn read(path: &str) -> String {
    let path = folder("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The items of a list point, which goes on to the end of its paragraph or to the next point.
fn items(section: &str, point: &str) -> Vec<String> {
    let (_, rest) = section.split_once(point).unwrap_or_else(|| panic!("no {point:?} in {section}"));
    let lines = rest.lines().take_while(|line| !line.is_empty() && !line.starts_with("- "));
    let text = lines.collect::<Vec<_>>().join(" ");
    text.split("; `")
        .enumerate()
        .map(|(n, item)| if n == 0 { item.into() } else { format!("`{item}") })
        .collect()
}

/// `a`, `b` in `one.rs`, `other.rs`
fn check_functions(title: &str, item: &str) {
    let (functions, files) =
        item.split_once(" in ").unwrap_or_else(|| panic!("{title}: {item} names no file"));
    let (functions, files) = (code_spans(functions), code_spans(files));
    assert!(!functions.is_empty() && !files.is_empty(), "{title}: {item}");
    for file in files {
        let text = read(file);
        for function in &functions {
            let is_there = ["(", "<"].iter().any(|next| text.contains(&format!("fn {function}{next}")));
            assert!(is_there, "{title}: no function {function} in {file}");
        }
    }
}

/// How many comments there were, all of them in the file.
fn check_vectors(title: &str, file: &str, comments: &str) -> usize {
    let document: Value = serde_json::from_str(&read(&format!("tests/vectors/{file}.json"))).unwrap();
    let groups = document["testGroups"].as_array().unwrap();
    let tests = groups.iter().flat_map(|group| group["tests"].as_array().unwrap());
    let known: HashSet<&str> = groups.iter().chain(tests).filter_map(|it| it["comment"].as_str()).collect();
    let quoted: Vec<&str> = comments.split('“').skip(1).map(|rest| rest.split_once('”').unwrap().0).collect();
    for comment in &quoted {
        assert!(known.contains(comment), "{title}: {file}.json has no test with the comment {comment:?}");
    }
    quoted.len()
}

/// What stands between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
