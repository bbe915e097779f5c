//! Rules for tools and prompts, by name.

use std::collections::HashMap;

use super::rule::Rule;

/// The rules for tools, or for prompts.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) rules: HashMap<Box<str>, Rule>,
    pub(super) others: Option<Rule>,
}

/// What a policy says of one name.
#[derive(Debug)]
pub(super) enum Lookup<'p> {
    /// The policy names nothing of this kind.
    Open,
    /// This rule holds, and all of these do.
    Rules(&'p Rule, Vec<&'p Rule>),
    /// The policy names others, and not this one.
    Closed,
}

impl Names {
    pub(super) fn look_up(&self, name: &str) -> Lookup<'_> {
        match self.rules.get(name).or(self.others.as_ref()) {
            Some(rule) => Lookup::Rules(rule, Vec::new()),
            None if self.rules.is_empty() => Lookup::Open,
            None => Lookup::Closed,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::requirement::Requirement;

    pub(in crate::operation) fn rule(scope: &str) -> Rule {
        Requirement::scope(scope).unwrap().into()
    }

    pub(in crate::operation) fn scopes(lookup: &Lookup<'_>) -> String {
        match lookup {
            Lookup::Open => "open".to_owned(),
            Lookup::Closed => "closed".to_owned(),
            Lookup::Rules(rule, more) => {
                let rules = [rule].into_iter().chain(more);
                let mut scopes: Vec<_> =
                    rules.map(|rule| rule.fixed().unwrap().scopes().to_string()).collect();
                scopes.sort();
                scopes.dedup();
                scopes.join(" ")
            }
        }
    }

    #[test]
    fn names_close_once_one_is_named() {
        let mut names = Names::default();
        assert_eq!(scopes(&names.look_up("a")), "open");
        names.rules.insert("a".into(), rule("a"));
        assert_eq!(scopes(&names.look_up("a")), "a");
        assert_eq!(scopes(&names.look_up("A")), "closed");
        names.others = Some(rule("other"));
        assert_eq!(scopes(&names.look_up("A")), "other");
        let only_others = Names { others: Some(rule("other")), ..Names::default() };
        assert_eq!(scopes(&only_others.look_up("a")), "other");
    }
}
