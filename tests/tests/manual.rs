//! What the manual names is there: vectors, functions, files and settings.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "a panic here is a failed test"
)]

use std::collections::HashSet;
use std::fs;

use mcp_bearer::{Builder, FetchError};
use mcp_bearer_tests::folder;
use mcp_bearer_tests::model::Outcome;
use mcp_bearer_tests::wire::{self, Wire};
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

/// Each reason has a row, which says what is sent.
#[test]
fn answers_are_those_that_are_sent() {
    let errors = read("core/src/error.rs");
    let reasons: Vec<_> = errors.lines().filter_map(|line| line.trim().strip_prefix("Self::")).collect();
    let reasons = reasons.iter().filter_map(|line| line.split_once(" => \"")?.1.strip_suffix("\","));
    let page = page("answers");
    let rows = rows(&page, "| reason | status | challenge | body |");
    assert_eq!(rows.iter().map(|row| code_spans(row[0])[0]).collect::<Vec<_>>(), reasons.collect::<Vec<_>>());
    for row in rows {
        let reason = code_spans(row[0])[0];
        let Outcome::Denied { status, headers, body, .. } = (match reason {
            "keys_unavailable" => wire::unavailable(1),
            "body_malformed" => wire::malformed(-32600, ""),
            _ => Wire::new("https://mcp.example.com").denied(reason),
        }) else {
            panic!("{reason}");
        };
        assert_eq!(row[1], status.to_string(), "{reason}");
        let challenge = headers.iter().find(|(name, _)| name == "www-authenticate");
        let error = challenge.map(|(_, value)| value.split_once("error=\""));
        let error = error.map(|error| error.map(|(_, rest)| rest.split_once('"').unwrap().0));
        let shown =
            error.map_or("none".into(), |error| error.map_or("no `error`".into(), |it| format!("`{it}`")));
        assert_eq!(row[2], shown, "{reason}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let shown = body["error"].as_str().map_or("a JSON-RPC error".into(), |error| format!("`{error}`"));
        assert_eq!(row[3], shown, "{reason}");
    }
}

/// The names in the tables of settings are those of the three languages and of the environment.
#[test]
fn settings_have_names() {
    let rust = ["builder", "jwks/builder", "jwks/issuer", "jwks/mod", "server"];
    let rust: String = rust.iter().map(|file| read(&format!("core/src/{file}.rs"))).collect();
    // Methods look like settings then.
    let python = read("bindings-python/python/mcp_bearer/_mcp_bearer.pyi").replace("(self) -> ", ": ");
    let node = read("bindings-node/index.d.ts").replace("(): ", "?: ");
    let environment = read("core/src/environment.rs");
    let columns = [
        (&*rust, &["fn NAME"][..]),
        (&*python, &[" NAME: "]),
        (&*node, &[" NAME?: ", " NAME: "]),
        (&*environment, &["\"NAME\""]),
    ];
    assert!(check_names("keys", "| what | default | Rust |", 2, &columns) > 30);
    assert!(check_names("configuration", "| what | default | Rust |", 2, &columns) > 50);
}

/// The members of an event are those of the three languages.
#[test]
fn events_have_members() {
    let rust = read("core/src/observe.rs");
    let python = read("bindings-python/python/mcp_bearer/_mcp_bearer.pyi");
    let node = read("bindings-node/index.d.ts");
    let columns = [
        (&*rust, &["pub NAME: ", "fn NAME("][..]),
        (between(&python, "class DecisionEvent", "\nclass "), &["def NAME(self)"]),
        (between(&node, "interface DecisionEvent", "\n}"), &[" NAME: "]),
    ];
    assert!(check_names("observability", "| what | Rust | Python | Node |", 1, &columns) > 30);
}

/// The variables of each provider make a server.
#[test]
fn recipes_are_good_settings() {
    let page = page("configuration");
    let recipes: Vec<_> =
        page.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(recipes.len(), 5);
    for recipe in recipes {
        let variables = recipe.lines().map(|line| line.split_once('=').unwrap());
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let server = Builder::from_env(variables).unwrap().keys(|keys| {
            keys.fetch(|_| std::future::ready(Err(FetchError::Connect)))
                .spawn(|_| panic!("nothing is fetched"))
        });
        assert_eq!(server.build().map(drop), Ok(()), "{recipe}");
    }
}

/// Methods of the protocol, and of the policy's builder.
#[test]
fn operations_are_those_of_the_protocol() {
    let page = page("operations");
    let methods = read("core/src/operation/named.rs");
    let builder = read("core/src/operation/builder.rs");
    let mut named = 0;
    for row in rows(&page, "| message | needs |") {
        for name in row.iter().flat_map(|cell| code_spans(cell)) {
            let is_there =
                methods.contains(&format!("\"{name}\"")) || builder.contains(&format!("pub fn {name}"));
            assert!(is_there, "{name}");
            named += 1;
        }
    }
    assert!(named > 9, "{named}");
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

/// How many names there are in the columns of a table from `first` on, each in its text in one of its
/// forms.
fn check_names(name: &str, head: &str, first: usize, columns: &[(&str, &[&str])]) -> usize {
    let page = page(name);
    let mut named = 0;
    for row in rows(&page, head) {
        for ((text, forms), cell) in columns.iter().zip(&row[first..]) {
            // Types are links.
            for name in code_spans(&cell.replace("[`", "[").replace("`]", "]")) {
                let is_there = forms.iter().any(|form| text.contains(&form.replace("NAME", name)));
                assert!(is_there, "{name}, by {forms:?}: {row:?}");
                named += 1;
            }
        }
    }
    named
}

/// The cells of the table that begins like this.
fn rows<'p>(page: &'p str, head: &str) -> Vec<Vec<&'p str>> {
    let table = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let table = table.take_while(|line| line.starts_with('|'));
    table.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

/// What stands between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
