//! How a file is written: byte for byte the same at each run, a line for each thing that can change.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::files;
use crate::folder;
use crate::keys::Keys;

/// Writes every file, with the signatures that were missing. Returns the number of tests.
pub fn write() -> usize {
    let keys = Keys::load(true);
    let (texts, count) = texts(&keys);
    for (name, text) in &texts {
        std::fs::write(folder("vectors").join(name), text).expect("the folder can be written");
    }
    keys.save();
    count
}

/// The files that are not what [`write`] would write, that are missing, or that nothing makes.
#[must_use]
pub fn stale() -> Vec<String> {
    let (texts, _) = texts(&Keys::load(false));
    let found = std::fs::read_dir(folder("vectors")).expect("the folder is there");
    let found = found.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let names: BTreeSet<String> = found
        .filter(|name| name.ends_with(".json") && name != "schema.json")
        .chain(texts.keys().cloned())
        .collect();
    let current = |name: &String| {
        std::fs::read_to_string(folder("vectors").join(name)).ok().as_ref() == texts.get(name)
    };
    names.into_iter().filter(|name| !current(name)).collect()
}

fn texts(keys: &Keys) -> (BTreeMap<String, String>, usize) {
    let mut count = 0;
    let mut texts = BTreeMap::new();
    for (name, file) in files::all(keys) {
        count += file.number_of_tests;
        let mut bytes = Vec::new();
        file.serialize(&mut Serializer::with_formatter(&mut bytes, Lines::default()))
            .expect("it can be written");
        bytes.push(b'\n');
        texts.insert(format!("{name}.json"), String::from_utf8(bytes).expect("JSON is UTF-8"));
    }
    (texts, count)
}

/// Indents the outer levels and leaves the inner ones on one line.
#[derive(Default)]
struct Lines {
    depth: usize,
    pretty: PrettyFormatter<'static>,
}

/// Down to the members of an input: file, groups, group, tests, test, input.
const DEEPEST: usize = 6;

macro_rules! at_depth {
    ($($method:ident($($arg:ident: $kind:ty),*) $before:expr, $after:expr;)*) => {
        $(fn $method<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $arg: $kind)*) -> io::Result<()> {
            self.depth += $before;
            let result = if self.depth <= DEEPEST {
                self.pretty.$method(writer $(, $arg)*)
            } else {
                CompactFormatter.$method(writer $(, $arg)*)
            };
            self.depth -= $after;
            result
        })*
    };
}

impl Formatter for Lines {
    at_depth! {
        begin_array() 1, 0;
        end_array() 0, 1;
        begin_array_value(first: bool) 0, 0;
        end_array_value() 0, 0;
        begin_object() 1, 0;
        end_object() 0, 1;
        begin_object_key(first: bool) 0, 0;
        begin_object_value() 0, 0;
        end_object_value() 0, 0;
    }
}
