//! What the doctor says, one thing at a time.

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Finding {
    /// In kebab case, and the same in all versions: scripts go by it.
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// One sentence.
    pub(super) what: String,
    /// One sentence that says what to do. Empty if nothing is to be done.
    pub(super) fix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Info,
    /// Some clients will fail, or something unwise is allowed.
    Warning,
    /// Clients or tokens that should work do not, or ones that should not do.
    Error,
}

impl Severity {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// In the order in which a client would notice.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, id: &'static str, what: impl Into<String>) {
        self.add(Severity::Ok, id, what.into(), String::new());
    }

    pub(super) fn info(&mut self, id: &'static str, what: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Info, id, what.into(), fix.into());
    }

    pub(super) fn warning(&mut self, id: &'static str, what: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Warning, id, what.into(), fix.into());
    }

    pub(super) fn error(&mut self, id: &'static str, what: impl Into<String>, fix: impl Into<String>) {
        self.add(Severity::Error, id, what.into(), fix.into());
    }

    pub(super) fn add(&mut self, severity: Severity, id: &'static str, what: String, fix: String) {
        self.0.push(Finding { id, severity, what, fix });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|finding| finding.severity == severity).count()
    }
}
