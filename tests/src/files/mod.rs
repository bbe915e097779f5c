//! The cases, one module per file.

mod algorithm;
mod audience;
mod challenge;
mod claims;
mod configuration;
mod configuration_parts;
mod credentials;
mod discovery;
mod environment;
mod environment_errors;
mod guard;
mod issuer;
mod key_bodies;
mod key_id;
mod key_life;
mod key_material;
mod key_outage;
mod key_refresh;
mod key_sets;
mod key_targets;
mod metadata;
mod operation;
mod operation_bodies;
mod operation_functions;
mod operation_headers;
mod operation_members;
mod operation_public;
mod operation_resources;
mod operation_text;
mod operations;
mod requirements;
mod signature;
mod signature_forms;
mod token;
mod token_json;
mod token_kind;
mod tools_list;
mod validity;

use crate::keys::Keys;
use crate::model::File;

/// Every file by its name.
#[must_use]
pub fn all(keys: &Keys) -> Vec<(&'static str, File)> {
    vec![
        ("algorithm", algorithm::file(keys)),
        ("audience", audience::file(keys)),
        ("challenge", challenge::file(keys)),
        ("claims", claims::file(keys)),
        ("configuration", configuration::file(keys)),
        ("configuration_parts", configuration_parts::file(keys)),
        ("credentials", credentials::file(keys)),
        ("discovery", discovery::file(keys)),
        ("environment", environment::file(keys)),
        ("environment_errors", environment_errors::file(keys)),
        ("guard", guard::file(keys)),
        ("issuer", issuer::file(keys)),
        ("key_bodies", key_bodies::file(keys)),
        ("key_id", key_id::file(keys)),
        ("key_life", key_life::file(keys)),
        ("key_material", key_material::file(keys)),
        ("key_outage", key_outage::file(keys)),
        ("key_refresh", key_refresh::file(keys)),
        ("key_sets", key_sets::file(keys)),
        ("key_targets", key_targets::file(keys)),
        ("metadata", metadata::file(keys)),
        ("operation_bodies", operation_bodies::file(keys)),
        ("operation_functions", operation_functions::file(keys)),
        ("operation_headers", operation_headers::file(keys)),
        ("operation_members", operation_members::file(keys)),
        ("operation_public", operation_public::file(keys)),
        ("operation_resources", operation_resources::file(keys)),
        ("operation_text", operation_text::file(keys)),
        ("operations", operations::file(keys)),
        ("requirements", requirements::file(keys)),
        ("signature", signature::file(keys)),
        ("signature_forms", signature_forms::file(keys)),
        ("token", token::file(keys)),
        ("token_json", token_json::file(keys)),
        ("token_kind", token_kind::file(keys)),
        ("tools_list", tools_list::file(keys)),
        ("validity", validity::file(keys)),
    ]
}
