//! The cases, one module per file.

mod challenge;
mod claims;
mod configuration;
mod credentials;
mod environment;
mod guard;
mod key_life;
mod key_sets;
mod metadata;
mod operations;
mod requirements;
mod signature;
mod token;

use crate::keys::Keys;
use crate::model::File;

/// Every file by its name.
#[must_use]
pub fn all(keys: &Keys) -> Vec<(&'static str, File)> {
    vec![
        ("challenge", challenge::file(keys)),
        ("claims", claims::file(keys)),
        ("configuration", configuration::file(keys)),
        ("credentials", credentials::file(keys)),
        ("environment", environment::file(keys)),
        ("guard", guard::file(keys)),
        ("key_life", key_life::file(keys)),
        ("key_sets", key_sets::file(keys)),
        ("metadata", metadata::file(keys)),
        ("operations", operations::file(keys)),
        ("requirements", requirements::file(keys)),
        ("signature", signature::file(keys)),
        ("token", token::file(keys)),
    ]
}
