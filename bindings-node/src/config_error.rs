//! `ConfigError`: the one exception, for misconfiguration, with the names that Node uses.

use std::cell::RefCell;

use napi::bindgen_prelude::{FnArgs, Function, FunctionRef, Unknown};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

/// Settings whose name in Node is not just the crate's in camel case.
const RENAMED: [(&str, &str); 5] = [
    ("leeway", "leewayMs"),
    ("jwks_fresh", "jwksFreshMs"),
    ("jwks_cooldown", "jwksCooldownMs"),
    ("jwks_timeout", "jwksTimeoutMs"),
    ("jwks_max_stale", "jwksMaxStaleMs"),
];

/// What messages of the crate may mention of other settings.
const MENTIONED: [&str; 2] = ["dangerously_allow_http_hosts", "jwks_uri"];

type Arguments = FnArgs<(String, String)>;

thread_local! {
    /// The class, which `index.js` defines: JavaScript alone can extend `Error`.
    static CLASS: RefCell<Option<FunctionRef<Arguments, Unknown<'static>>>> = const { RefCell::new(None) };
}

/// Called once by `index.js`.
#[napi(skip_typescript, catch_unwind)]
pub fn use_config_error(class: Function<'_, Arguments, Unknown<'static>>) -> Result<()> {
    let class = class.create_ref()?;
    CLASS.with(|slot| slot.replace(Some(class)));
    Ok(())
}

/// Throws where the crate returns an error.
pub(crate) trait OrThrow<T> {
    fn or_throw(self, env: &Env) -> Result<T>;
}

impl<T> OrThrow<T> for std::result::Result<T, mcp_bearer::ConfigError> {
    fn or_throw(self, env: &Env) -> Result<T> {
        self.map_err(|error| config_error(env, &setting(&error.setting), &message(&error.message)))
    }
}

/// A `ConfigError` to return as `Err`.
pub(crate) fn config_error(env: &Env, setting: &str, message: &str) -> Error {
    let make = |class: &FunctionRef<Arguments, Unknown<'static>>| {
        let arguments = FnArgs::from((setting.to_owned(), message.to_owned()));
        class.borrow_back(env)?.new_instance(arguments).map(Error::from)
    };
    CLASS.with_borrow(|class| match class.as_ref().map(make) {
        Some(Ok(error) | Err(error)) => error,
        None => Error::new(Status::GenericFailure, format!("{setting}: {message}")),
    })
}

/// Variables and members of the metadata keep their spelling.
fn setting(name: &str) -> String {
    if let Some((_, node)) = RENAMED.iter().find(|(own, _)| *own == name) {
        return (*node).to_owned();
    }
    if name.contains('.') || name.contains(|c: char| c.is_ascii_uppercase()) {
        return name.to_owned();
    }
    camel(name)
}

fn message(text: &str) -> String {
    MENTIONED.iter().fold(text.to_owned(), |text, name| text.replace(name, &camel(name)))
}

fn camel(snake: &str) -> String {
    let mut upper = false;
    let mut camel = String::with_capacity(snake.len());
    for c in snake.chars() {
        match c {
            '_' => upper = true,
            _ if upper => {
                camel.push(c.to_ascii_uppercase());
                upper = false;
            }
            _ => camel.push(c),
        }
    }
    camel
}
