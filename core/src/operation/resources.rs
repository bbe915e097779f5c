//! Rules for resources, by URI.

use std::collections::BTreeMap;

use super::names::Lookup;
use super::rule::Rule;
use super::uri;

/// The rules for resources.
#[derive(Debug, Default)]
pub(super) struct Resources {
    /// By canonical URI, or by the very spelling of one that has no canonical form.
    pub(super) exact: BTreeMap<Box<str>, Rule>,
    /// Most specific first.
    pub(super) prefixes: Vec<(Box<str>, Rule)>,
    pub(super) others: Option<Rule>,
}

impl Resources {
    pub(super) fn look_up(&self, uri: &str) -> Lookup<'_> {
        if self.is_empty() {
            return Lookup::Open;
        }
        let rule = self.exact.get(uri).or_else(|| {
            let canonical = uri::canonical(uri)?;
            self.find(&canonical)
        });
        rule.map_or(Lookup::Closed, |rule| Lookup::Rules(rule, Vec::new()))
    }

    /// A template stands for all its expansions: it needs what the weakest of them needs, and
    /// what every rule asks that some of them may fall under.
    pub(super) fn look_up_template(&self, template: &str) -> Lookup<'_> {
        if self.exact.contains_key(template) || !template.contains(['{', '}']) {
            return self.look_up(template);
        }
        if self.is_empty() {
            return Lookup::Open;
        }
        let Some(stem) = uri::canonical_stem(template) else {
            return Lookup::Closed;
        };
        if stem.contains(['?', '#']) {
            return self.look_up(uri::path(&stem));
        }
        let below = |key: &str| key.starts_with(&*stem);
        let above = |key: &str| uri::covers(key, &stem) && (key != &*stem || key.ends_with('/'));
        let Some(weakest) = self.widest(&stem, above) else {
            return Lookup::Closed;
        };
        let prefixes = self.prefixes.iter().filter(|(prefix, _)| below(prefix)).map(|(_, rule)| rule);
        let exact = self.exact.iter().filter(|(uri, _)| below(uri)).map(|(_, rule)| rule);
        Lookup::Rules(weakest, prefixes.chain(exact).collect())
    }

    /// A query or fragment, or a slash at the end, does not make a listed resource another one.
    fn find(&self, canonical: &str) -> Option<&Rule> {
        let path = uri::path(canonical);
        let without_fragment = canonical.split('#').next().unwrap_or_default();
        [canonical, without_fragment, uri::trim_slash(path)]
            .into_iter()
            .find_map(|spelling| self.exact.get(spelling))
            .or_else(|| self.widest(canonical, |prefix| uri::covers(prefix, path)))
    }

    /// The rule of the first prefix that holds, else that for all others. A port that no rule spells
    /// out may be no other host than one that has a rule.
    fn widest(&self, canonical: &str, holds: impl Fn(&str) -> bool) -> Option<&Rule> {
        let ported = uri::has_port(canonical);
        let prefix =
            self.prefixes.iter().find(|(prefix, _)| holds(prefix) && ported <= uri::has_port(prefix));
        prefix.map(|(_, rule)| rule).or(self.others.as_ref().filter(|_| !ported))
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty() && self.others.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::names::tests::{rule, scopes};

    fn resources(others: Option<Rule>) -> Resources {
        let exact = [("todo://items/secret", "secret"), ("todo://list?all=1", "all"), ("odd thing", "odd")];
        let prefixes = [("todo://items/private", "private"), ("todo://items", "items"), ("file:///", "file")];
        Resources {
            exact: exact.into_iter().map(|(uri, scope)| (uri.into(), rule(scope))).collect(),
            prefixes: prefixes.into_iter().map(|(uri, scope)| (uri.into(), rule(scope))).collect(),
            others,
        }
    }

    #[test]
    fn the_most_specific_resource_rule_holds() {
        let resources = resources(None);
        for (uri, expected) in [
            ("todo://items", "items"),
            ("todo://items/5", "items"),
            ("todo://items/private", "private"),
            ("todo://items/private/5", "private"),
            ("todo://items/privateer", "items"),
            ("todo://items/secret", "secret"),
            ("todo://items/secret/", "secret"),
            ("todo://items/secret?x=1", "secret"),
            ("todo://items/secret#x", "secret"),
            ("todo://items/secret/?x#y", "secret"),
            ("todo://items/secret/more", "items"),
            ("todo://items/private?x", "private"),
            ("todo://list?all=1", "all"),
            ("todo://list?all=1#x", "all"),
            ("todo://list", "closed"),
            ("todo://items2", "closed"),
            ("file:///x", "file"),
            ("file://host/x", "closed"),
            ("odd thing", "odd"),
            ("odd thing/", "closed"),
            ("todo://items/./private/5", "closed"),
            ("todo://items//private/5", "closed"),
            ("todo://items/%70rivate/5", "closed"),
            ("TODO://items/5", "closed"),
        ] {
            assert_eq!(scopes(&resources.look_up(uri)), expected, "{uri}");
        }
        assert_eq!(scopes(&Resources::default().look_up("todo://a/../b")), "open");
    }

    #[test]
    fn other_resources_are_no_way_around() {
        let resources = resources(Some(rule("other")));
        assert_eq!(scopes(&resources.look_up("todo://users")), "other");
        for uri in
            ["todo://items/%73ecret", "todo://items/x/../secret", "todo:\\\\items", "TODO://items/secret", ""]
        {
            assert_eq!(scopes(&resources.look_up(uri)), "closed", "{uri}");
        }
    }

    #[test]
    fn templates_need_what_their_expansions_need() {
        let closed = resources(None);
        let open = resources(Some(rule("other")));
        for (template, expected, with_others) in [
            ("todo://items/{id}", "items private secret", "items private secret"),
            ("todo://items/private/{id}", "private", "private"),
            ("todo://items/p{id}", "items private", "items private"),
            ("todo://items/x{id}", "items", "items"),
            ("todo://items{id}", "closed", "items other private secret"),
            ("todo://{a}", "closed", "all items other private secret"),
            ("todo://users/{id}", "closed", "other"),
            ("todo://items/5?x={x}", "items", "items"),
            ("todo://items/secret?x={x}", "secret", "secret"),
            ("todo://items/5", "items", "items"),
            ("todo://items/{a}/../x", "closed", "closed"),
            ("file:///{+path}", "file", "file"),
            ("{+uri}", "closed", "closed"),
        ] {
            assert_eq!(scopes(&closed.look_up_template(template)), expected, "{template}");
            assert_eq!(scopes(&open.look_up_template(template)), with_others, "{template}");
        }
        assert_eq!(scopes(&Resources::default().look_up_template("{+uri}")), "open");
        let mut listed = resources(None);
        listed.exact.insert("todo://items/{id}".into(), rule("template"));
        assert_eq!(scopes(&listed.look_up_template("todo://items/{id}")), "template");
    }
}
