//! The cases, one module per file.

mod credentials;

use crate::keys::Keys;
use crate::model::File;

/// Every file by its name.
#[must_use]
pub fn all(keys: &Keys) -> Vec<(&'static str, File)> {
    vec![("credentials", credentials::file(keys))]
}
