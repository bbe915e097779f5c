//! Paths that let a request through: a comparison by hand is a bypass.

use super::browser::Reply;
use super::finding::Findings;
use crate::cli::shown::Shown;

/// The end of a path that is no metadata but looks like it to `path.includes(".well-known")`.
pub(super) const SUFFIX: &str = "/.well-known/mcp-bearer-doctor";

/// Judges unknown paths below some URLs, each without and with the suffix.
pub(super) fn judge(probes: &[(String, Reply, Reply)], findings: &mut Findings) {
    let status = |reply: &Reply| reply.as_ref().map_or(0, |answer| answer.status);
    let mut guarded = false;
    for (url, plain, suffixed) in probes {
        if status(plain) != 401 {
            continue;
        }
        guarded = true;
        // No answer is no way through.
        if !matches!(status(suffixed), 0 | 401) {
            findings.error(
                "well-known-bypass",
                format!("Any path with .well-known in it passes without a token, such as {}{SUFFIX}.", Shown(url)),
                "Let through only the exact path of the metadata, never every path that contains .well-known.",
            );
            return;
        }
    }
    if guarded {
        findings.ok("paths", "Unknown paths need a token, also those with .well-known in them.");
    }
}
