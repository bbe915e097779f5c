//! What one entry of the policy says: a requirement, or a function of the call that gives one.

use std::fmt;
use std::sync::Arc;

use crate::access_token::AccessToken;
use crate::error::ConfigError;
use crate::requirement::Requirement;

/// What an operation needs: a [`Requirement`], or a function of the [`Call`].
///
/// ```
/// use mcp_bearer::{Requirement, operation::Rule};
///
/// let fixed = Rule::from(Requirement::scope("todo:write")?);
/// // Everyone may delete, but only `todo:admin` the whole list.
/// let depends = Rule::function(|call| {
///     let everything = call.arguments().is_none_or(|text| !text.contains("\"id\""));
///     Ok(Requirement::scope(if everything { "todo:admin" } else { "todo:write" })?)
/// });
/// # Ok::<(), mcp_bearer::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Rule(Kind);

#[derive(Clone)]
enum Kind {
    Requirement(Requirement),
    Function(Arc<Function>),
}

type Function = dyn Fn(&Call<'_>) -> Result<Requirement, CallError> + Send + Sync;

impl Rule {
    /// A function of the call. It is called once for each tool, prompt or resource that it governs,
    /// after the token has been verified, unless the request is refused whatever it says: for an
    /// operation that is not allowed, or a claim. When it fails, the request is answered with 500.
    #[must_use]
    pub fn function(
        function: impl Fn(&Call<'_>) -> Result<Requirement, CallError> + Send + Sync + 'static,
    ) -> Self {
        Self(Kind::Function(Arc::new(function)))
    }

    /// What a function says of the call, or [`fixed`](Self::fixed).
    pub(super) fn requirement(&self, call: &Call<'_>) -> Result<Requirement, CallError> {
        match &self.0 {
            Kind::Requirement(requirement) => Ok(requirement.clone()),
            Kind::Function(function) => function(call),
        }
    }

    /// Adds what all operations need. A function is asked for its own part alone.
    pub(super) fn include(&mut self, base: &Requirement) {
        if let Kind::Requirement(requirement) = &mut self.0 {
            *requirement = base.clone().and(std::mem::take(requirement));
        }
    }

    /// What the rule says without a call, which a function does not.
    pub(super) fn fixed(&self) -> Option<&Requirement> {
        match &self.0 {
            Kind::Requirement(requirement) => Some(requirement),
            Kind::Function(_) => None,
        }
    }
}

impl From<Requirement> for Rule {
    fn from(requirement: Requirement) -> Self {
        Self(Kind::Requirement(requirement))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Requirement(requirement) => requirement.fmt(f),
            Kind::Function(_) => f.write_str("function"),
        }
    }
}

/// One call, as a [`Rule::function`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) arguments: Option<&'a str>,
    pub(super) token: &'a AccessToken,
}

impl<'a> Call<'a> {
    /// The JSON-RPC method, such as `tools/call`.
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The tool, the prompt, or the URI of the resource, as the client wrote it.
    #[must_use]
    pub const fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// `params.arguments` of a tool, of a prompt that is got, or for the rule of a method: exactly
    /// the JSON text that the server will see. No object in it has two members of one name.
    #[must_use]
    pub const fn arguments(&self) -> Option<&'a str> {
        self.arguments
    }

    /// Who is calling.
    #[must_use]
    pub const fn token(&self) -> &'a AccessToken {
        self.token
    }
}

/// A rule's function could not decide. The request is refused with 500, never let through.
///
/// ```
/// use mcp_bearer::operation::CallError;
///
/// assert_eq!(CallError::new("no such project").to_string(), "no such project");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError(String);

impl CallError {
    /// Why, for the log. Clients never see it.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<ConfigError> for CallError {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CallError {}
