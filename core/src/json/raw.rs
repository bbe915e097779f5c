//! Parts of a JSON text as they stand in it: the arguments of a call, for rules that are functions,
//! the messages of a batch, and the keys of a JWK Set.
//!
//! (`serde_json`'s own means, `RawValue`, needs a feature that would give a private member name a
//! meaning in every other crate of the build.)

use super::reader::{Reader, Value};
use super::{Malformed, read};

/// The value of an object's member.
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut reader = Reader::new(object);
    if reader.value() != Ok(Value::Object) {
        return None;
    }
    while let Ok(Some(own)) = reader.name() {
        let value = reader.skip().ok()?;
        if own == name {
            return Some(value);
        }
    }
    None
}

/// The items of an array.
pub(crate) fn items(array: &str) -> impl Iterator<Item = &str> {
    let mut reader = Reader::new(array);
    let is_array = reader.value() == Ok(Value::Array);
    std::iter::from_fn(move || match reader.item() {
        Ok(true) if is_array => reader.skip().ok(),
        _ => None,
    })
}

/// Refuses a value in which any object has two members of one name, and one that nests so deep
/// that `serde_json` gives up.
pub(crate) fn check_duplicates(value: &str) -> Result<(), Malformed> {
    let mut reader = Reader::new(value);
    read(&mut reader, 127)?;
    reader.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_the_exact_text() {
        let all: Vec<_> = items("\n[ {} ,[1,2 ], \"x]\\\"\" ,3,{\"y\" : \"}]\"}]\n").collect();
        assert_eq!(all, ["{}", "[1,2 ]", "\"x]\\\"\"", "3", "{\"y\" : \"}]\"}"]);
        for empty in ["{}", "[ ]", "5", "\"x\"", "", "null"] {
            assert_eq!(items(empty).count(), 0, "{empty}");
        }
    }

    #[test]
    fn members_are_found_by_meaning() {
        let text = r#"{"x":{"arguments":1},"par\u0061ms":{"n":-1.50e+400, "arguments" : [ 2 ]}}"#;
        let params = member(text, "params").unwrap();
        assert_eq!(member(params, "arguments"), Some("[ 2 ]"));
        assert_eq!(member(params, "n"), Some("-1.50e+400"));
        assert_eq!(member(text, "arguments"), None);
        assert_eq!(member("[]", "arguments"), None);
    }

    #[test]
    fn duplicates_are_seen_at_any_level() {
        for good in [r#"{"a":[{"b":1},{"b":1}],"c":{"a":1.5}}"#, "null", "-7", "[]", r#""x""#] {
            assert_eq!(check_duplicates(good), Ok(()), "{good}");
        }
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"\u0062":1}]}"#, r#"[[{"":0,"":0}]]"#, &deep] {
            assert_eq!(check_duplicates(bad), Err(Malformed), "{bad}");
        }
    }
}
