//! The findings, for people and for machines.

use std::io::{self, Write};

use serde_json::json;

use super::finding::{Finding, Findings, Severity};

/// A table: severity, id, what, and below it what to do.
pub(super) fn table(url: &str, findings: &Findings, color: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{url}\n")?;
    let widest = findings.iter().map(|finding| finding.id.len()).max().unwrap_or_default();
    for Finding { id, severity, what, fix } in findings.iter() {
        let (start, end) = if color { (paint(*severity), "\x1b[0m") } else { ("", "") };
        write!(out, "{start}{:<7}{end}  {id:<widest$}  ", severity.as_str())?;
        let indent = " ".repeat(7 + 2 + widest + 2);
        write_wrapped(out, what, &indent, "")?;
        if !fix.is_empty() {
            write!(out, "{indent}")?;
            write_wrapped(out, fix, &indent, "-> ")?;
        }
    }
    let count = |severity, one: &str| {
        let number = findings.count(severity);
        format!("{number} {one}{}", if number == 1 { "" } else { "s" })
    };
    let (errors, warnings) = (count(Severity::Error, "error"), count(Severity::Warning, "warning"));
    writeln!(out, "\n{errors}, {warnings}")
}

/// One JSON object.
pub(super) fn json(url: &str, findings: &Findings, out: &mut dyn Write) -> io::Result<()> {
    let listed: Vec<_> = findings
        .iter()
        .map(|Finding { id, severity, what, fix }| {
            let fix = if fix.is_empty() { None } else { Some(fix) };
            json!({ "id": id, "severity": severity.as_str(), "what": what, "fix": fix })
        })
        .collect();
    let document = json!({
        "url": url,
        "errors": findings.count(Severity::Error),
        "warnings": findings.count(Severity::Warning),
        "findings": listed,
    });
    writeln!(out, "{document:#}")
}

fn write_wrapped(out: &mut dyn Write, text: &str, indent: &str, mark: &str) -> io::Result<()> {
    write!(out, "{mark}")?;
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            write!(out, "\n{indent}{}", " ".repeat(mark.len()))?;
            column = 0;
        }
        if column > 0 {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += length;
    }
    writeln!(out)
}

const fn paint(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "\x1b[32m",
        Severity::Info => "\x1b[36m",
        Severity::Warning => "\x1b[33m",
        Severity::Error => "\x1b[1;31m",
    }
}

/// Of the sentences.
const WIDTH: usize = 76;
