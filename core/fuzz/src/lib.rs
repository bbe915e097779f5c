//! What the targets share. Each states what must hold of every answer, in its own words: nothing of
//! the crate under test is asked what is right, and nothing of it is reached but its public interface.

pub mod input;
pub mod issuer;
pub mod json;
pub mod refusal;
