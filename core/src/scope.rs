//! Scopes: what a token grants, what an operation needs, and which scope implies which.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::error::ConfigError;
use crate::json::Unique;

/// Distinct scope values in the order in which they were given.
///
/// Built from configuration with [`ScopeSet::new`], which admits only what RFC 6749 section 3.3
/// allows in a scope; read from a token, where an odd value is kept and simply never matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(Vec<Box<str>>);

impl ScopeSet {
    /// Scopes from configuration.
    ///
    /// # Errors
    /// A value that is empty or has a character other than `%x21 / %x23-5B / %x5D-7E`, or
    /// `offline_access`, which a resource server must not ask for.
    pub fn new<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let mut set = Self::default();
        for scope in scopes {
            let scope = scope.as_ref();
            if scope.is_empty() || !scope.bytes().all(is_scope_char) {
                return Err(ConfigError::new(
                    "scope",
                    "a scope is printable ASCII without spaces, quotes or backslashes, such as todo:read",
                ));
            }
            if scope == "offline_access" {
                return Err(ConfigError::new(
                    "scope",
                    "offline_access is between client and authorization server; remove it here",
                ));
            }
            set.insert(scope);
        }
        Ok(set)
    }

    /// Scopes of a token.
    pub(crate) fn granted<'a, S: Into<Cow<'a, str>>>(scopes: impl IntoIterator<Item = S>) -> Self {
        let (mut distinct, mut unique) = (Vec::new(), Unique::default());
        for scope in scopes.into_iter().map(Into::into).filter(|scope| !scope.is_empty()) {
            if unique.admits(scope.clone(), distinct.iter()) {
                distinct.push(scope.into());
            }
        }
        Self(distinct)
    }

    pub(crate) fn insert(&mut self, scope: &str) {
        if !self.contains(scope) {
            self.0.push(scope.into());
        }
    }

    /// Whether this very scope is in the set; hierarchy is not considered.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|own| own == scope)
    }

    /// The scopes, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The `scope` syntax of RFC 6749 section 3.3: values separated by one space.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

/// Which granted scopes satisfy a needed one besides itself: the transitive closure of the
/// configured "implies".
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeHierarchy {
    implied_by: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

impl ScopeHierarchy {
    pub(crate) fn new(implications: &[(String, Vec<String>)]) -> Result<Self, ConfigError> {
        let mut implies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (broad, narrow) in implications {
            ScopeSet::new([broad])
                .and(ScopeSet::new(narrow))
                .map_err(|error| ConfigError::new("scope_hierarchy", error.message))?;
            implies.entry(broad).or_default().extend(narrow.iter().map(String::as_str));
        }
        let mut implied_by: BTreeMap<Box<str>, BTreeSet<Box<str>>> = BTreeMap::new();
        for broad in implies.keys() {
            let mut open = vec![*broad];
            let mut seen = BTreeSet::new();
            while let Some(scope) = open.pop() {
                for narrow in implies.get(scope).into_iter().flatten() {
                    if seen.insert(*narrow) {
                        implied_by.entry((*narrow).into()).or_default().insert((*broad).into());
                        open.push(narrow);
                    }
                }
            }
        }
        Ok(Self { implied_by })
    }

    /// Whether `granted` covers `needed`, directly or by implication.
    pub(crate) fn covers(&self, granted: &ScopeSet, needed: &str) -> bool {
        granted.contains(needed)
            || self
                .implied_by
                .get(needed)
                .is_some_and(|broader| broader.iter().any(|scope| granted.contains(scope)))
    }
}

const fn is_scope_char(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}
