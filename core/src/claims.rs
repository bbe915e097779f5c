//! The claim rules: all of them applied before a key is looked for, so that junk costs no fetch.

use std::borrow::Cow;

use crate::access_token::{AccessToken, Values};
use crate::clock::UnixTime;
use crate::error::Reason;
use crate::json::{self, Json, Malformed, Members, Strings, Text};
use crate::scope::ScopeSet;

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

/// A claim, if the token has it.
type Claim<'a> = Option<Json<'a>>;

/// The claims of a token that decide or are shown by name, well-formed and ours to judge, but still
/// unverified.
#[derive(Default)]
pub(crate) struct Claims<'a> {
    iss: Claim<'a>,
    sub: Claim<'a>,
    aud: Claim<'a>,
    exp: Claim<'a>,
    nbf: Claim<'a>,
    iat: Claim<'a>,
    jti: Claim<'a>,
    client_id: Claim<'a>,
    azp: Claim<'a>,
    scope: Claim<'a>,
    scopes: Claim<'a>,
    scp: Claim<'a>,
    auth_time: Claim<'a>,
    acr: Claim<'a>,
    amr: Claim<'a>,
    cnf: Claim<'a>,
    token_use: Claim<'a>,
    at_hash: Claim<'a>,
    c_hash: Claim<'a>,
    s_hash: Claim<'a>,
    events: Claim<'a>,
}

impl<'a> Members<'a> for Claims<'a> {
    fn place(&mut self, name: &str) -> Option<&mut Claim<'a>> {
        Some(match name {
            "iss" => &mut self.iss,
            "sub" => &mut self.sub,
            "aud" => &mut self.aud,
            "exp" => &mut self.exp,
            "nbf" => &mut self.nbf,
            "iat" => &mut self.iat,
            "jti" => &mut self.jti,
            "client_id" => &mut self.client_id,
            "azp" => &mut self.azp,
            "scope" => &mut self.scope,
            "scopes" => &mut self.scopes,
            "scp" => &mut self.scp,
            "auth_time" => &mut self.auth_time,
            "acr" => &mut self.acr,
            "amr" => &mut self.amr,
            "cnf" => &mut self.cnf,
            "token_use" => &mut self.token_use,
            "at_hash" => &mut self.at_hash,
            "c_hash" => &mut self.c_hash,
            "s_hash" => &mut self.s_hash,
            "events" => &mut self.events,
            _ => return None,
        })
    }
}

impl<'a> Claims<'a> {
    pub(crate) fn parse(payload: &'a str) -> Result<Self, Reason> {
        json::members(payload).map_err(|Malformed| Reason::MalformedToken)
    }

    /// `iss` (RFC 7519 section 4.1.1): one string.
    pub(crate) fn issuer(&self) -> Result<Cow<'a, str>, Reason> {
        string(self.iss)?.map(Text::read).ok_or(Reason::MissingClaim)
    }

    /// Everything that needs no key: the kind of token, for whom, and when, which is returned.
    ///
    /// `typed` says that the header calls the token an access token, `issuers_own` are audiences that
    /// stand in for the server's.
    pub(crate) fn check(
        &self,
        rules: &ClaimRules,
        typed: bool,
        issuers_own: Option<&[Audience]>,
        now: UnixTime,
    ) -> Result<Validity, Reason> {
        if !typed {
            self.check_kind()?;
        }
        // The same client id is another client at another issuer: clients stand in for the server's
        // audiences only.
        let (audiences, clients): (_, &[_]) =
            issuers_own.map_or((&*rules.audiences, &*rules.allowed_clients), |own| (own, &[]));
        self.check_audience(audiences, clients)?;
        let validity = self.validity()?;
        validity.check(rules.leeway, now)?;
        // RFC 7800 section 3.1: a bound token must not pass as a plain one.
        if self.cnf.is_some() {
            return Err(Reason::ProofRequired);
        }
        let required = [&self.aud, &self.sub, &self.client_id, &self.iat, &self.jti];
        if rules.strict && required.iter().any(|claim| claim.is_none()) {
            return Err(Reason::MissingClaim);
        }
        Ok(validity)
    }

    /// RFC 9068 section 5 and RFC 8725 section 3.12: claims that only other kinds of token carry.
    fn check_kind(&self) -> Result<(), Reason> {
        let foreign = [&self.at_hash, &self.c_hash, &self.s_hash, &self.events];
        let other_use =
            self.token_use.is_some_and(|token_use| token_use.as_str().as_deref() != Some("access"));
        if other_use || foreign.iter().any(|claim| claim.is_some()) {
            return Err(Reason::WrongType);
        }
        Ok(())
    }

    /// RFC 7519 section 4.1.3; MCP: a token must have been issued for this server.
    fn check_audience(&self, accepted: &[Audience], clients: &[String]) -> Result<(), Reason> {
        if self.aud.is_none() {
            if clients.is_empty() {
                return Err(Reason::MissingClaim);
            }
            let client = string(self.client_id)?.map(Text::read);
            return client
                .filter(|client| clients.iter().any(|own| own == client))
                .map(|_| ())
                .ok_or(Reason::WrongAudience);
        }
        if !strings(self.aud)?.any(|name| accepted.iter().any(|own| own.is(&name.read()))) {
            return Err(Reason::WrongAudience);
        }
        Ok(())
    }

    fn validity(&self) -> Result<Validity, Reason> {
        Ok(Validity { exp: date(self.exp)?.ok_or(Reason::MissingClaim)?, nbf: date(self.nbf)? })
    }

    /// What an application gets to see, once the signature has proved all of it.
    pub(crate) fn to_access_token(&self, token: &str) -> Result<AccessToken, Reason> {
        let time = |claim| Ok(date(claim)?.map(time));
        Ok(AccessToken::new(Values {
            token,
            issuer: string(self.iss)?.ok_or(Reason::MissingClaim)?,
            subject: string(self.sub)?,
            client_id: string(self.client_id.or(self.azp))?,
            audiences: strings(self.aud)?,
            scopes: self.granted()?,
            expires_at: time(self.exp)?.ok_or(Reason::MissingClaim)?,
            issued_at: time(self.iat)?,
            jti: string(self.jti)?,
            auth_time: time(self.auth_time)?,
            acr: string(self.acr)?,
            amr: strings(self.amr)?,
        }))
    }

    /// The first present of three spellings (RFC 9068 section 2.2.3, and what providers send).
    fn granted(&self) -> Result<ScopeSet, Reason> {
        match self.scope.or(self.scopes).or(self.scp) {
            None => Ok(ScopeSet::default()),
            Some(Json::String(text)) => Ok(ScopeSet::granted(text.read().split(' '))),
            Some(list) => {
                let list = list.as_strings().ok_or(Reason::MalformedClaim)?;
                Ok(ScopeSet::granted(list.map(Text::read)))
            }
        }
    }
}

fn string(claim: Claim<'_>) -> Result<Option<Text<'_>>, Reason> {
    match claim {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Reason::MalformedClaim),
    }
}

/// A string or an array of strings.
fn strings(claim: Claim<'_>) -> Result<Strings<'_>, Reason> {
    claim.map_or_else(|| Ok(Strings::default()), |value| value.as_strings().ok_or(Reason::MalformedClaim))
}

/// A `NumericDate` (RFC 7519 section 2): seconds, fractions allowed.
fn date(claim: Claim<'_>) -> Result<Option<f64>, Reason> {
    claim
        .map(|value| value.as_number().filter(|date| date.abs() < MAX_DATE).ok_or(Reason::MalformedClaim))
        .transpose()
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
