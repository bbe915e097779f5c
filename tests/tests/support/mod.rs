//! Builds what a vector describes, through the public interface only.

use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_bearer::operation::{Call, CallError, Rule};
use mcp_bearer::{
    BoxFuture, Builder, ConfigError, DecisionEvent, FetchError, FetchRequest, FetchResponse, Headers, Issuer,
    OperationPolicy, Requirement, ResourceServer, RootAlias,
};
use mcp_bearer_tests::model::{self, Answer, Condition, FetchFailure, Fields, Policy, Script, Settings};
use serde_json::Value;

/// The clock and the network of a group, which its tests change as they go.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

struct State {
    now: f64,
    script: Option<Script>,
    fetched: Vec<String>,
    refused: Vec<String>,
}

impl World {
    pub(crate) fn new(now: f64, script: Option<Script>) -> Self {
        Self(Arc::new(Mutex::new(State { now, script, fetched: Vec::new(), refused: Vec::new() })))
    }

    pub(crate) fn move_to(&self, now: Option<f64>, script: Option<Script>) {
        let mut state = self.0.lock().unwrap();
        state.now = now.unwrap_or(state.now);
        if script.is_some() {
            state.script = script;
        }
    }

    /// Which URLs were asked for since the last time.
    pub(crate) fn fetched(&self) -> Vec<String> {
        mem::take(&mut self.0.lock().unwrap().fetched)
    }

    /// Which refusals observers were told of since the last time.
    pub(crate) fn refused(&self) -> Vec<String> {
        mem::take(&mut self.0.lock().unwrap().refused)
    }

    fn observe(&self, event: &DecisionEvent<'_>) {
        let reason = event.reason.map(|reason| reason.as_str().to_owned());
        self.0.lock().unwrap().refused.extend(reason);
    }

    /// Whether anything is ever fetched.
    pub(crate) fn fetches(&self) -> bool {
        self.0.lock().unwrap().script.is_some()
    }

    fn now(&self) -> Duration {
        Duration::from_secs_f64(self.0.lock().unwrap().now)
    }

    fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let mut state = self.0.lock().unwrap();
        let script = state.script.as_ref().expect("nothing is fetched in this group");
        let answer = script.get(&request.url).cloned();
        state.fetched.push(match &request.if_none_match {
            Some(etag) => format!("{} {}", request.url, etag.to_str().unwrap()),
            None => request.url,
        });
        match answer {
            None => Ok(FetchResponse::new(404, HeaderMap::new(), Vec::new())),
            Some(Answer::Response { status, headers, body }) => {
                let headers = headers.into_iter().map(|(name, value)| {
                    (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
                });
                Ok(FetchResponse::new(status, headers.collect(), body.into_bytes()))
            }
            Some(Answer::Failure { error }) => Err(match error {
                FetchFailure::Timeout => FetchError::Timeout,
                FetchFailure::Connect => FetchError::Connect,
                FetchFailure::Reset => FetchError::Reset,
                FetchFailure::TooLarge => FetchError::TooLarge,
                FetchFailure::Other => FetchError::Other,
            }),
        }
    }
}

pub(crate) fn server(world: &World, settings: &Settings) -> Result<ResourceServer, ConfigError> {
    let settings = settings.clone();
    let mut builder = match settings.environment {
        Some(variables) => Builder::from_env(variables)?,
        None => ResourceServer::builder(settings.resource.expect("a resource")),
    };
    for own in settings.issuers.unwrap_or_default() {
        builder = builder.issuer(issuer(own));
    }
    macro_rules! set {
        ($($name:ident),*) => {
            $(if let Some(value) = settings.$name { builder = builder.$name(value); })*
        };
    }
    set!(audiences, allowed_clients, authorization_servers, scopes_supported, challenge_scopes, algorithms);
    set!(max_token_size, token_cache, rfc9068_only, realm, error_on_missing_token, challenge_granted_scopes);
    if let Some(leeway) = settings.leeway {
        builder = builder.leeway(Duration::from_secs_f64(leeway));
    }
    for (broad, narrow) in settings.scope_hierarchy.unwrap_or_default() {
        builder = builder.scope_hierarchy(broad, narrow);
    }
    for (name, value) in settings.metadata.unwrap_or_default() {
        builder = builder.metadata(name, value.0);
    }
    let (clock, fetch, observer) = (world.clone(), world.clone(), world.clone());
    builder = builder.on_decision(move |event| observer.observe(event));
    builder = builder.keys(|mut keys| {
        macro_rules! set {
            ($($name:ident),*) => {
                $(if let Some(value) = settings.$name { keys = keys.$name(Duration::from_secs_f64(value)); })*
            };
        }
        set!(jwks_fresh, jwks_cooldown, jwks_timeout, jwks_max_stale);
        if let Some(hosts) = settings.dangerously_allow_http_hosts {
            keys = keys.dangerously_allow_http_hosts(hosts);
        }
        if let Some(file) = settings.ca_file {
            keys = keys.ca_file(file);
        }
        keys.clock(move || clock.now())
            .fetch(move |request| std::future::ready(fetch.fetch(request)))
            .spawn(|future: BoxFuture<'static, ()>| drop(tokio::spawn(future)))
    });
    builder.build()
}

fn issuer(own: model::Issuer) -> Issuer {
    let mut issuer = own.also.into_iter().fold(Issuer::new(own.issuer), Issuer::also);
    if let Some(jwks) = own.jwks {
        issuer = issuer.jwks(jwks.0.to_string());
    }
    if let Some(url) = own.jwks_uri {
        issuer = issuer.jwks_uri(url);
    }
    if let Some(url) = own.fallback_jwks_uri {
        issuer = issuer.fallback_jwks_uri(url);
    }
    if let Some(audiences) = own.audiences {
        issuer = issuer.audiences(audiences);
    }
    issuer
}

pub(crate) fn requirement(conditions: &[Condition]) -> Result<Requirement, ConfigError> {
    conditions.iter().try_fold(Requirement::none(), |requirement, condition| {
        Ok(requirement.and(match condition {
            Condition::AllOf(scopes) => Requirement::all_of(scopes)?,
            Condition::AnyOf(scopes) => Requirement::any_of(scopes)?,
            Condition::ClaimContains(claim, value) => Requirement::claim_contains(claim, value),
            Condition::ClaimIn(claim, values) => Requirement::claim_in(claim, values.clone())?,
            Condition::ClientIn(clients) => Requirement::client_in(clients.clone())?,
        }))
    })
}

pub(crate) fn policy(policy: &Policy) -> Result<OperationPolicy, ConfigError> {
    let mut builder = OperationPolicy::builder().public_methods(policy.public_methods.clone());
    if let Some(base) = &policy.base {
        builder = builder.base(requirement(base)?);
    }
    macro_rules! named {
        ($($rules:ident: $method:ident),*) => {
            $(for (name, own) in &policy.$rules { builder = builder.$method(name, rule(own)?); })*
        };
    }
    named!(tools: tool, prompts: prompt, resources: resource, resource_prefixes: resource_prefix, methods: method);
    macro_rules! others {
        ($($name:ident),*) => {
            $(if let Some(own) = &policy.$name { builder = builder.$name(rule(own)?); })*
        };
    }
    others!(other_tools, other_prompts, other_resources);
    if let Some(bytes) = policy.body_limit {
        builder = builder.body_limit(bytes);
    }
    builder.build()
}

fn rule(rule: &model::Rule) -> Result<Rule, ConfigError> {
    let function = match rule {
        model::Rule::Requirement(conditions) => return requirement(conditions).map(Rule::from),
        model::Rule::Function { function } => function.as_str(),
    };
    Ok(match function {
        "list_scope" => Rule::function(list_scope),
        "owner_only" => Rule::function(owner_only),
        "failing" => Rule::function(|_| Err(CallError::new("on purpose"))),
        other => panic!("unknown function {other}"),
    })
}

fn list_scope(call: &Call<'_>) -> Result<Requirement, CallError> {
    let arguments: Value =
        call.arguments().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let list = arguments["list"].as_str().filter(|list| list.bytes().all(|byte| byte.is_ascii_lowercase()));
    Ok(Requirement::scope(format!("list:{}", list.unwrap_or("any")))?)
}

fn owner_only(call: &Call<'_>) -> Result<Requirement, CallError> {
    let subject = call.token().subject().unwrap_or_default();
    if call.name().is_some_and(|name| name.ends_with(subject)) {
        return Ok(Requirement::none());
    }
    Ok(Requirement::scope("todo:admin")?)
}

pub(crate) fn root_alias(alias: Option<&model::RootAlias>) -> RootAlias {
    match alias {
        None => RootAlias::Only,
        Some(model::RootAlias::Nobody) => RootAlias::Nobody,
        Some(model::RootAlias::Resource(resource)) => RootAlias::Resource(resource.clone()),
    }
}

/// ISO 8859-1.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("a byte")).collect()
}

pub(crate) fn fields(headers: &Headers) -> Fields {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect()
}
