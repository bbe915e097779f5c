//! The committed vectors are what the generator writes, byte for byte, and say what they prove.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

#[test]
fn the_files_are_current() {
    let stale = mcp_bearer_tests::output::stale();
    assert!(stale.is_empty(), "run `cargo run --release -p mcp-bearer-tests --bin vectors`: {stale:?}");
}

#[test]
fn each_requirement_is_listed_and_proved() {
    let folder = mcp_bearer_tests::folder("vectors");
    let list = fs::read_to_string(folder.join("requirements.md")).unwrap();
    let ids = list.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<String> = ids.map(|(id, _)| id.to_owned()).collect();
    let mut proved = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let groups = file["testGroups"].as_array().into_iter().flatten();
            let tests = groups.flat_map(|group| group["tests"].as_array().unwrap());
            let ids = tests.flat_map(|test| test["requirements"].as_array().unwrap());
            proved.extend(ids.map(|id| id.as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(listed, proved);
}
