//! Which tools, prompts and resources a message names.
//!
//! From the MCP schemas 2025-03-26 to 2026-07-28 and the extensions that address resources
//! (`skills/get`, `resources/directory/read`). `tasks/*` name a task, not the call that made it:
//! a policy gives them a rule by method.

use std::borrow::Cow;

use super::body::Params;
use super::read::{Found, Member};

/// What one call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'m> {
    Tool(&'m str),
    Prompt(&'m str),
    Resource(&'m str),
    /// A URI template (RFC 6570), or a URI.
    Template(&'m str),
}

/// What all of one call is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Targets<'m> {
    one: Option<Target<'m>>,
    resources: &'m [Cow<'m, str>],
}

/// The message does not name what its method is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unnamed;

impl<'m> Target<'m> {
    pub(super) const fn name(self) -> &'m str {
        match self {
            Self::Tool(name) | Self::Prompt(name) | Self::Resource(name) | Self::Template(name) => name,
        }
    }
}

impl<'m> Targets<'m> {
    /// All that a call of `method` is about; nothing for methods that name nothing.
    pub(super) fn of(method: &str, params: Option<&'m Params<'m>>) -> Result<Self, Unnamed> {
        if !names_a_target(method) {
            return Ok(Self::default());
        }
        let Some(params) = params else {
            return if must_name(method) { Err(Unnamed) } else { Ok(Self::default()) };
        };
        match method {
            "tools/call" => Self::one(&params.name, Target::Tool),
            "prompts/get" => Self::one(&params.name, Target::Prompt),
            "completion/complete" => {
                let reference = params.reference.object().ok_or(Unnamed)?;
                match reference.kind.text() {
                    Some("ref/prompt") => Self::one(&reference.name, Target::Prompt),
                    Some("ref/resource") => Self::one(&reference.uri, Target::Template),
                    _ => Err(Unnamed),
                }
            }
            "subscriptions/listen" => {
                let notifications = params.notifications.object().ok_or(Unnamed)?;
                match &notifications.resources {
                    Found::Absent | Found::Null => Ok(Self::default()),
                    Found::Object(resources) => Ok(Self { one: None, resources }),
                    Found::Ambiguous | Found::Other => Err(Unnamed),
                }
            }
            _ if params.uri == Member::Absent && !must_name(method) => Ok(Self::default()),
            _ => Self::one(&params.uri, Target::Resource),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Target<'m>> {
        self.one.into_iter().chain(self.resources.iter().map(|uri| Target::Resource(uri)))
    }

    fn one(member: &'m Member<'_>, target: impl FnOnce(&'m str) -> Target<'m>) -> Result<Self, Unnamed> {
        let name = member.text().ok_or(Unnamed)?;
        Ok(Self { one: Some(target(name)), resources: &[] })
    }
}

const NAMING: [&str; 5] =
    ["tools/call", "prompts/get", "completion/complete", "subscriptions/listen", "skills/get"];

/// Whether calls of `method` are about a tool, prompt or resource. Of `resources/*`, also those
/// that no schema knows yet, as far as they carry a `uri`.
pub(super) fn names_a_target(method: &str) -> bool {
    NAMING.contains(&method)
        || (method.starts_with("resources/")
            && !matches!(method, "resources/list" | "resources/templates/list"))
}

fn must_name(method: &str) -> bool {
    NAMING.contains(&method)
        || matches!(
            method,
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" | "resources/directory/read"
        )
}

/// Whether `method` differs only in case from one that names a target. Method names are
/// case-sensitive, but a server that is not must not be reached around the policy.
pub(super) fn is_respelt(method: &str) -> bool {
    let prefix = method.get(.."resources/".len());
    NAMING.iter().any(|own| *own != method && own.eq_ignore_ascii_case(method))
        || prefix.is_some_and(|prefix| prefix != "resources/" && prefix.eq_ignore_ascii_case("resources/"))
}

#[cfg(test)]
mod tests {
    use super::super::body::Body;
    use super::*;

    fn targets(method: &str, params: &str) -> Result<Vec<String>, Unnamed> {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let body = Body::parse(text.as_bytes()).unwrap();
        let targets = Targets::of(method, body.messages[0].params.object())?;
        Ok(targets.iter().map(|target| format!("{target:?}")).collect())
    }

    #[test]
    fn each_method_names_its_own() {
        let all = r#"{"name":"n","uri":"u:x","ref":{"type":"ref/prompt","name":"p","uri":"u:r"},"notifications":{"resourceSubscriptions":["u:1","u:2"]}}"#;
        let resource = vec![r#"Resource("u:x")"#.to_owned()];
        for (method, expected) in [
            ("tools/call", vec![r#"Tool("n")"#.to_owned()]),
            ("prompts/get", vec![r#"Prompt("n")"#.to_owned()]),
            ("completion/complete", vec![r#"Prompt("p")"#.to_owned()]),
            ("subscriptions/listen", vec![r#"Resource("u:1")"#.to_owned(), r#"Resource("u:2")"#.to_owned()]),
            ("resources/read", resource.clone()),
            ("resources/subscribe", resource.clone()),
            ("resources/unsubscribe", resource.clone()),
            ("resources/directory/read", resource.clone()),
            ("resources/whatever", resource.clone()),
            ("skills/get", resource),
            ("resources/list", vec![]),
            ("resources/templates/list", vec![]),
            ("tools/list", vec![]),
            ("tasks/get", vec![]),
            ("ping", vec![]),
        ] {
            assert_eq!(targets(method, all), Ok(expected), "{method}");
        }
        let template = r#"{"ref":{"type":"ref/resource","uri":"u:{x}","name":"n"}}"#;
        assert_eq!(targets("completion/complete", template), Ok(vec![r#"Template("u:{x}")"#.to_owned()]));
    }

    #[test]
    fn what_is_not_named_is_a_fault() {
        for (method, params) in [
            ("tools/call", "{}"),
            ("tools/call", "null"),
            ("tools/call", r#"{"name":null}"#),
            ("tools/call", r#"{"name":["n"]}"#),
            ("prompts/get", r#"{"name":7}"#),
            ("resources/read", r#"{"name":"n"}"#),
            ("resources/read", r#"{"uri":{}}"#),
            ("resources/whatever", r#"{"uri":1}"#),
            ("skills/get", "{}"),
            ("completion/complete", "{}"),
            // rmcp's tagged enum reads an array too.
            ("completion/complete", r#"{"ref":["ref/prompt","p"]}"#),
            ("completion/complete", r#"{"ref":{"type":"ref/tool","name":"p"}}"#),
            ("completion/complete", r#"{"ref":{"type":"ref/prompt","uri":"u:x"}}"#),
            ("completion/complete", r#"{"ref":{"type":"ref/resource","name":"p"}}"#),
            ("subscriptions/listen", "{}"),
            ("subscriptions/listen", r#"{"notifications":[null,null,null,["u:1"]]}"#),
            ("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":"u:1"}}"#),
            ("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":["u:1",2]}}"#),
            ("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":{"0":"u:1"}}}"#),
        ] {
            assert_eq!(targets(method, params), Err(Unnamed), "{method} {params}");
        }
        let many = vec![r#""u:x""#; 1001].join(",");
        let many = format!(r#"{{"notifications":{{"resourceSubscriptions":[{many}]}}}}"#);
        assert_eq!(targets("subscriptions/listen", &many), Err(Unnamed));
        for params in ["{}", r#"{"notifications":{}}"#, r#"{"notifications":{"resourceSubscriptions":null}}"#]
        {
            let listened = targets("subscriptions/listen", params);
            assert_eq!(listened.is_ok(), params != "{}", "{params}");
        }
        assert_eq!(targets("resources/whatever", "{}"), Ok(vec![]));
    }

    #[test]
    fn respelt_methods_are_seen() {
        for method in ["TOOLS/CALL", "tools/Call", "Resources/read", "RESOURCES/list", "Skills/get"] {
            assert!(is_respelt(method), "{method}");
        }
        for method in ["tools/call", "resources/read", "tools/list", "Ping", "", "ré", "resourcesé/"] {
            assert!(!is_respelt(method), "{method}");
        }
    }
}
