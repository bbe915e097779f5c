//! The claim rules: all of them applied before a key is looked for, so that junk costs no fetch.

use crate::access_token::{AccessToken, Inner};
use crate::clock::UnixTime;
use crate::error::Reason;
use crate::json::{self, Json, Object};
use crate::scope::ScopeSet;
use crate::token::UnverifiedToken;

/// What a token must say of itself.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRules {
    /// Accepted `aud` values; an issuer may have its own.
    pub(crate) audiences: Vec<Audience>,
    /// Stand in for those audiences, by `client_id`, in tokens without `aud`.
    pub(crate) allowed_clients: Vec<String>,
    pub(crate) leeway: UnixTime,
    /// RFC 9068 section 2.2: the full list of required claims.
    pub(crate) strict: bool,
}

/// An accepted `aud` value, and its twin if it is an origin: the same with or without one slash.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    exact: Box<str>,
    twin: Option<Box<str>>,
}

impl Audience {
    pub(crate) fn new(text: &str) -> Self {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let is_origin = origin
            .split_once("://")
            .is_some_and(|(_, host)| !host.is_empty() && !host.contains(['/', '?', '#']));
        let twin = is_origin
            .then(|| if text.ends_with('/') { origin.into() } else { format!("{text}/").into_boxed_str() });
        Self { exact: text.into(), twin }
    }

    fn is(&self, audience: &str) -> bool {
        *self.exact == *audience || self.twin.as_deref() == Some(audience)
    }
}

/// When a token is good: RFC 7519 sections 4.1.4 and 4.1.5.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    exp: f64,
    nbf: Option<f64>,
}

impl Validity {
    /// now < exp + leeway, nbf <= now + leeway.
    pub(crate) fn check(self, leeway: UnixTime, now: UnixTime) -> Result<(), Reason> {
        let (leeway, now) = (leeway.as_secs_f64(), now.as_secs_f64());
        if now >= self.exp + leeway {
            return Err(Reason::Expired);
        }
        if self.nbf.is_some_and(|nbf| nbf > now + leeway) {
            return Err(Reason::NotYetValid);
        }
        Ok(())
    }
}

/// The claims of an [`UnverifiedToken`], well-formed and ours to judge, but still unverified.
pub(crate) struct Claims<'a> {
    payload: &'a str,
    members: Object<'a>,
    typed: bool,
}

impl<'a> Claims<'a> {
    pub(crate) fn parse(token: &'a UnverifiedToken<'_>) -> Result<Self, Reason> {
        let payload = std::str::from_utf8(token.payload()).map_err(|_| Reason::MalformedToken)?;
        let members = json::object(payload.as_bytes()).map_err(|_| Reason::MalformedToken)?;
        Ok(Self { payload, members, typed: token.typed })
    }

    /// `iss` (RFC 7519 section 4.1.1): one string.
    pub(crate) fn issuer(&self) -> Result<&str, Reason> {
        self.string("iss")?.ok_or(Reason::MissingClaim)
    }

    /// Everything that needs no key: the kind of token, for whom, and when.
    pub(crate) fn check(
        &self,
        rules: &ClaimRules,
        issuers_own: Option<&[Audience]>,
        now: UnixTime,
    ) -> Result<(), Reason> {
        self.check_kind()?;
        // The same client id is another client at another issuer: clients stand in for the server's
        // audiences only.
        let (audiences, clients): (_, &[_]) =
            issuers_own.map_or((&*rules.audiences, &*rules.allowed_clients), |own| (own, &[]));
        self.check_audience(audiences, clients)?;
        self.validity()?.check(rules.leeway, now)?;
        // RFC 7800 section 3.1: a bound token must not pass as a plain one.
        if self.members.contains("cnf") {
            return Err(Reason::ProofRequired);
        }
        let required: &[&str] = if rules.strict { &["aud", "sub", "client_id", "iat", "jti"] } else { &[] };
        if !required.iter().all(|name| self.members.contains(name)) {
            return Err(Reason::MissingClaim);
        }
        Ok(())
    }

    /// RFC 9068 section 5 and RFC 8725 section 3.12: claims that only other kinds of token carry.
    fn check_kind(&self) -> Result<(), Reason> {
        let foreign = ["at_hash", "c_hash", "s_hash", "events"];
        let other_use = |value: &Json<'_>| value.as_str() != Some("access");
        if !self.typed
            && (foreign.iter().any(|name| self.members.contains(name))
                || self.members.get("token_use").is_some_and(other_use))
        {
            return Err(Reason::WrongType);
        }
        Ok(())
    }

    /// RFC 7519 section 4.1.3; MCP: a token must have been issued for this server.
    fn check_audience(&self, accepted: &[Audience], clients: &[String]) -> Result<(), Reason> {
        if !self.members.contains("aud") {
            if clients.is_empty() {
                return Err(Reason::MissingClaim);
            }
            let client = self.string("client_id")?;
            return client
                .filter(|client| clients.iter().any(|own| own == client))
                .map(|_| ())
                .ok_or(Reason::WrongAudience);
        }
        let named = self.strings("aud")?;
        if !named.iter().any(|name| accepted.iter().any(|own| own.is(name))) {
            return Err(Reason::WrongAudience);
        }
        Ok(())
    }

    pub(crate) fn validity(&self) -> Result<Validity, Reason> {
        Ok(Validity { exp: self.date("exp")?.ok_or(Reason::MissingClaim)?, nbf: self.date("nbf")? })
    }

    /// What an application gets to see, once the signature has proved all of it.
    pub(crate) fn into_access_token(self, token: &str) -> Result<AccessToken, Reason> {
        let boxed = |text: Option<&str>| text.map(Box::from);
        let client_id = match self.string("client_id")? {
            Some(client) => Some(client),
            None => self.string("azp")?,
        };
        Ok(AccessToken::new(Inner {
            token: token.into(),
            issuer: self.issuer()?.into(),
            subject: boxed(self.string("sub")?),
            client_id: boxed(client_id),
            audiences: self.strings("aud")?.into_iter().map(Box::from).collect(),
            scopes: self.scopes()?,
            expires_at: self.date("exp")?.map(time).ok_or(Reason::MissingClaim)?,
            issued_at: self.date("iat")?.map(time),
            jti: boxed(self.string("jti")?),
            auth_time: self.date("auth_time")?.map(time),
            acr: boxed(self.string("acr")?),
            amr: self.strings("amr")?.into_iter().map(Box::from).collect(),
            payload: self.payload.into(),
            claims: std::sync::OnceLock::new(),
        }))
    }

    /// The first present of three spellings (RFC 9068 section 2.2.3, and what providers send).
    fn scopes(&self) -> Result<ScopeSet, Reason> {
        let Some(claim) = ["scope", "scopes", "scp"].iter().find_map(|name| self.members.get(name)) else {
            return Ok(ScopeSet::default());
        };
        match claim {
            Json::String(text) => Ok(ScopeSet::granted(text.split(' '))),
            Json::Array(items) => {
                let scopes: Option<Vec<_>> = items.iter().map(Json::as_str).collect();
                scopes.map(ScopeSet::granted).ok_or(Reason::MalformedClaim)
            }
            _ => Err(Reason::MalformedClaim),
        }
    }

    fn string(&self, name: &str) -> Result<Option<&str>, Reason> {
        self.members.get(name).map(|value| value.as_str().ok_or(Reason::MalformedClaim)).transpose()
    }

    /// A string or an array of strings.
    fn strings(&self, name: &str) -> Result<Vec<&str>, Reason> {
        match self.members.get(name) {
            None => Ok(Vec::new()),
            Some(Json::String(one)) => Ok(vec![one]),
            Some(Json::Array(items)) => {
                items.iter().map(|item| item.as_str().ok_or(Reason::MalformedClaim)).collect()
            }
            Some(_) => Err(Reason::MalformedClaim),
        }
    }

    /// A `NumericDate` (RFC 7519 section 2): seconds, fractions allowed.
    fn date(&self, name: &str) -> Result<Option<f64>, Reason> {
        self.members
            .get(name)
            .map(|value| value.as_number().filter(|date| date.abs() < MAX_DATE).ok_or(Reason::MalformedClaim))
            .transpose()
    }
}

/// The year 9999. A date beyond it is a mistake of units.
const MAX_DATE: f64 = 253_402_300_800.0;

fn time(date: f64) -> UnixTime {
    UnixTime::try_from_secs_f64(date).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_path_forgives_a_slash() {
        assert!(Audience::new("https://h").is("https://h/"));
        assert!(Audience::new("https://h/").is("https://h"));
        assert!(!Audience::new("https://h").is("https://h//"));
        assert!(!Audience::new("https://h/mcp").is("https://h/mcp/"));
        assert!(!Audience::new("https://h").is("HTTPS://h"));
        assert!(!Audience::new("res_1").is("res_1/"));
    }
}
