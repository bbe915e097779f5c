//! The keys that an issuer was lately found not to have.
//!
//! Whoever repeats one of them costs the issuer nothing, and leaves the spare attempt to others. It
//! is a table of fixed size without a lock: what a fork could leave locked, and what a flood could
//! make grow, is not there. A newer entry takes the place of an older one.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::clock::UnixTime;

pub(super) struct Missing {
    /// Each entry half of a keyed hash, which nobody outside can aim at, and milliseconds.
    entries: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Missing {
    pub(super) fn insert(&self, kid: Option<&str>, algorithm: Algorithm, now: UnixTime) {
        if let (Some(entry), tag) = self.entry(kid, algorithm) {
            entry.store(tag | u64::from(milliseconds(now)), Ordering::Relaxed);
        }
    }

    /// Whether the key was found missing less than `memory` ago.
    pub(super) fn contains(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
        memory: Duration,
    ) -> bool {
        let (Some(entry), tag) = self.entry(kid, algorithm) else { return false };
        let found = entry.load(Ordering::Relaxed);
        let age = milliseconds(now).wrapping_sub(milliseconds(Duration::from_millis(found)));
        found & TAG == tag && Duration::from_millis(age.into()) < memory
    }

    fn entry(&self, kid: Option<&str>, algorithm: Algorithm) -> (Option<&AtomicU64>, u64) {
        let hash = self.hasher.hash_one((kid, algorithm));
        // Never zero, as an empty entry is.
        let tag = hash & TAG | 1 << 32;
        let index = hash % self.entries.len() as u64;
        (usize::try_from(index).ok().and_then(|index| self.entries.get(index)), tag)
    }
}

impl Default for Missing {
    fn default() -> Self {
        Self { entries: (0..ENTRIES).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }
}

impl fmt::Debug for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Missing").finish_non_exhaustive()
    }
}

/// Wraps every 49 days, which an entry would have to survive by chance.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
const fn milliseconds(time: Duration) -> u32 {
    time.as_millis() as u32
}

const ENTRIES: usize = 1024;
const TAG: u64 = 0xFFFF_FFFF_0000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: Duration = Duration::from_secs(30);
    const ED: Algorithm = Algorithm::Ed25519;

    #[test]
    fn a_key_is_remembered_for_a_while() {
        let missing = Missing::default();
        let now = Duration::from_millis(1_700_000_000_000);
        let second = Duration::from_secs(1);
        assert!(!missing.contains(Some("a"), ED, now, MEMORY));
        missing.insert(Some("a"), ED, now);
        missing.insert(None, ED, now);
        assert!(missing.contains(Some("a"), ED, now, MEMORY) && missing.contains(None, ED, now, MEMORY));
        assert!(missing.contains(Some("a"), ED, now + MEMORY - second, MEMORY));
        assert!(!missing.contains(Some("a"), ED, now + MEMORY, MEMORY));
        assert!(!missing.contains(Some("a"), ED, now - second, MEMORY), "the clock was set back");
        assert!(!missing.contains(Some("b"), ED, now, MEMORY));
        assert!(!missing.contains(Some("a"), Algorithm::Es256, now, MEMORY));
    }

    #[test]
    fn a_flood_takes_no_memory_and_makes_nothing_up() {
        let missing = Missing::default();
        let now = Duration::from_millis(1_700_000_000_000);
        for n in 0..100_000 {
            missing.insert(Some(&n.to_string()), ED, now);
        }
        assert_eq!(missing.entries.len(), ENTRIES);
        assert!(missing.contains(Some("99999"), ED, now, MEMORY), "the newest");
        let invented =
            (0..100_000).filter(|n| missing.contains(Some(&format!("x{n}")), ED, now, MEMORY)).count();
        assert_eq!(invented, 0);
    }
}
