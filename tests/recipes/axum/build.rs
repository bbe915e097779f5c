//! Takes the programs out of the document: each is the one Rust block of its section.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let document = fs::read_to_string(DOCUMENT)?;
    for section in document.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap_or_default();
        let Some((_, program)) = section.split_once("```rust\n") else { continue };
        let (program, _) = program.split_once("```").ok_or("a block without an end")?;
        let file = heading.to_lowercase().replace(' ', "_") + ".rs";
        fs::write(Path::new(&env::var("OUT_DIR")?).join(file), program)?;
    }
    Ok(())
}

const DOCUMENT: &str = "../../../docs/recipes.md";
