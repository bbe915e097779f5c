//! The tables as a file, and on the terminal.

use std::fs;
use std::process::Command;

use mcp_bearer_bench::output;
use serde_json::json;

use crate::table::Table;

pub struct Report(Vec<Table>);

impl Report {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Shows them at once: the rest takes minutes.
    pub fn add(&mut self, tables: Vec<Table>) {
        tables.iter().for_each(show);
        self.0.extend(tables);
    }

    pub fn write(&self) {
        let version = |name: &str| version(name).unwrap_or_default();
        let report = json!({
            "part": "rust",
            "title": "Rust, in process",
            "machine": machine(),
            "versions": {
                "Rust": compiler(),
                "profile": "optimised across crates (fat LTO, one codegen unit)",
                "mcp-bearer": version("mcp-bearer"),
                "aws-lc-rs": version("aws-lc-rs"),
                "josekit": version("josekit"),
                "jsonwebtoken": version("jsonwebtoken"),
                "jwt-authorizer": version("jwt-authorizer"),
                "moka": version("moka"),
                "oauth-resource-server": version("oauth-resource-server"),
                "serde_json": version("serde_json"),
            },
            "tables": self.0,
        });
        fs::write(output("results/rust.json"), format!("{report:#}\n")).unwrap();
    }
}

/// Each case beside the first of ours, round by round.
fn show(table: &Table) {
    println!("\n{} ({})", table.title, table.unit);
    let ours = table.cases.iter().find(|case| case.ours).expect("one of the cases is ours");
    for case in &table.cases {
        let ratios = case.samples.iter().zip(&ours.samples).map(|(case, ours)| case / ours).collect();
        let ((median, best), (ratio, least)) = (summary(case.samples.clone()), summary(ratios));
        let extra: Vec<String> = case.extra.iter().map(|(name, value)| format!("{name} {value}")).collect();
        println!(
            "  {:<32} {median:>9.3} best {best:>9.3}  x {ratio:>7.3} best {least:>7.3}  {}  {}",
            case.name,
            extra.join(", "),
            case.accepts.join(", "),
        );
    }
}

/// The median, and the least.
fn summary(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0])
}

fn machine() -> serde_json::Value {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| cpus.lines().find(|line| line.starts_with(name))?.split(": ").nth(1);
    json!({
        "CPU": field("model name"),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "system": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    })
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc says its version");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The newest, where the peers bring several.
fn version(package: &str) -> Option<&'static str> {
    let locked = include_str!("../../../Cargo.lock");
    let (_, entry) = locked.rsplit_once(&format!("name = \"{package}\"\nversion = \""))?;
    entry.split('"').next()
}
