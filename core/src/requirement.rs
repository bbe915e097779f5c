//! What an operation needs of a token.

use std::borrow::Cow;

use crate::access_token::AccessToken;
use crate::error::{ConfigError, Reason};
use crate::scope::{ScopeHierarchy, ScopeSet};

/// What an operation needs: scopes, in all-of and any-of groups, and claim values.
///
/// ```
/// use mcp_bearer::Requirement;
///
/// let read = Requirement::scope("todo:read")?;
/// let edit = Requirement::all_of(["todo:read", "todo:write"])?;
/// let either = Requirement::any_of(["todo:write", "todo:admin"])?;
/// let staff = read.and(Requirement::claim_contains("roles", "staff"));
/// # Ok::<(), mcp_bearer::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Each group must hold; a group holds if one of its alternatives is granted whole.
    groups: Vec<Vec<ScopeSet>>,
    predicates: Vec<Predicate>,
}

/// A condition on one claim, compared as exact strings.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Predicate {
    /// The claim is the value, or an array that holds it.
    Contains { claim: String, value: String },
    /// The claim is a string and one of these.
    OneOf { claim: String, values: Vec<String> },
    /// The token's client is one of these.
    Client { values: Vec<String> },
}

impl Requirement {
    /// Any valid token.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One scope.
    ///
    /// # Errors
    /// As for [`ScopeSet::new`]; so for the other constructors.
    pub fn scope(scope: impl AsRef<str>) -> Result<Self, ConfigError> {
        Self::all_of([scope])
    }

    /// Every one of the scopes.
    ///
    /// # Errors
    /// As for [`ScopeSet::new`].
    pub fn all_of<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let all = ScopeSet::new(scopes)?;
        let groups = if all.is_empty() { Vec::new() } else { vec![vec![all]] };
        Ok(Self { groups, predicates: Vec::new() })
    }

    /// At least one of the scopes. A challenge asks for the first.
    ///
    /// # Errors
    /// As for [`ScopeSet::new`], and an empty list, which nothing could satisfy.
    pub fn any_of<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let alternatives =
            scopes.into_iter().map(|scope| ScopeSet::new([scope])).collect::<Result<_, _>>()?;
        let alternatives = at_least_one("any_of", "scope", alternatives)?;
        Ok(Self { groups: vec![alternatives], predicates: Vec::new() })
    }

    /// The claim equals the value or is an array that holds it, such as `roles` and `admin`.
    #[must_use]
    pub fn claim_contains(claim: impl Into<String>, value: impl Into<String>) -> Self {
        Self::predicate(Predicate::Contains { claim: claim.into(), value: value.into() })
    }

    /// The claim is a string and one of the values.
    ///
    /// # Errors
    /// An empty list, which nothing could satisfy.
    pub fn claim_in<S: Into<String>>(
        claim: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let values = at_least_one("claim_in", "value", values.into_iter().map(Into::into).collect())?;
        Ok(Self::predicate(Predicate::OneOf { claim: claim.into(), values }))
    }

    /// The token was issued to one of these clients ([`AccessToken::client_id`]).
    ///
    /// # Errors
    /// An empty list, which nothing could satisfy.
    pub fn client_in<S: Into<String>>(clients: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let values = at_least_one("client_in", "client", clients.into_iter().map(Into::into).collect())?;
        Ok(Self::predicate(Predicate::Client { values }))
    }

    /// This and the other together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for group in other.groups {
            if !self.groups.contains(&group) {
                self.groups.push(group);
            }
        }
        for predicate in other.predicates {
            if !self.predicates.contains(&predicate) {
                self.predicates.push(predicate);
            }
        }
        self
    }

    /// Both together; just the other, where it asks for all that the one does.
    pub(crate) fn united<'a>(one: Cow<'a, Self>, other: &'a Self) -> Cow<'a, Self> {
        let covered = one.groups.iter().all(|group| other.groups.contains(group))
            && one.predicates.iter().all(|predicate| other.predicates.contains(predicate));
        if covered { Cow::Borrowed(other) } else { Cow::Owned(one.into_owned().and(other.clone())) }
    }

    /// Every scope that a token fit for this operation would carry; of alternatives the first.
    #[must_use]
    pub fn scopes(&self) -> ScopeSet {
        self.challenge_scopes(&ScopeSet::default(), &ScopeHierarchy::default())
    }

    fn predicate(predicate: Predicate) -> Self {
        Self { groups: Vec::new(), predicates: vec![predicate] }
    }

    /// Claims before scopes: more scopes would not help a token that lacks a claim.
    pub(crate) fn check(&self, token: &AccessToken, hierarchy: &ScopeHierarchy) -> Result<(), Reason> {
        if !self.claims_hold(token) {
            return Err(Reason::ClaimNotSatisfied);
        }
        let granted = token.scopes();
        if !self.groups.iter().all(|group| satisfied(group, granted, hierarchy).is_some()) {
            return Err(Reason::InsufficientScope);
        }
        Ok(())
    }

    pub(crate) fn claims_hold(&self, token: &AccessToken) -> bool {
        self.predicates.iter().all(|predicate| predicate.holds(token))
    }

    /// The scopes for one complete challenge: of every group the alternative that is granted
    /// already, else the first.
    pub(crate) fn challenge_scopes(&self, granted: &ScopeSet, hierarchy: &ScopeHierarchy) -> ScopeSet {
        let mut scopes = ScopeSet::default();
        for group in &self.groups {
            let alternative = satisfied(group, granted, hierarchy).or_else(|| group.first());
            for scope in alternative.into_iter().flat_map(ScopeSet::iter) {
                scopes.insert(scope);
            }
        }
        scopes
    }
}

fn at_least_one<T>(setting: &str, what: &str, list: Vec<T>) -> Result<Vec<T>, ConfigError> {
    if list.is_empty() {
        return Err(ConfigError::new(setting, format!("name at least one {what}")));
    }
    Ok(list)
}

fn satisfied<'a>(
    group: &'a [ScopeSet],
    granted: &ScopeSet,
    hierarchy: &ScopeHierarchy,
) -> Option<&'a ScopeSet> {
    group.iter().find(|all| all.iter().all(|scope| hierarchy.covers(granted, scope)))
}

impl Predicate {
    fn holds(&self, token: &AccessToken) -> bool {
        match self {
            Self::Contains { claim, value } => token.claim(claim).is_some_and(|found| {
                found.as_str() == Some(value)
                    || found
                        .as_array()
                        .is_some_and(|items| items.iter().any(|item| item.as_str() == Some(value)))
            }),
            Self::OneOf { claim, values } => token
                .claim(claim)
                .and_then(serde_json::Value::as_str)
                .is_some_and(|found| values.iter().any(|value| value == found)),
            Self::Client { values } => {
                token.client_id().is_some_and(|found| values.iter().any(|value| value == found))
            }
        }
    }
}
