//! Tokens that were verified: the next request with one of them costs no signature.
//!
//! A hit says only that these very bytes had a good signature by that key. Whether the issuer still
//! publishes the key, and whether the token is still within its time, is asked again each time (see
//! `Inner::verify`); a refusal, a decision or a scope is never in here.
//!
//! No reader waits for another, and there is no lock that a fork could leave locked: each place is
//! changed as a whole. Where there is room for several tokens, the one goes that was not asked for.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;

use crate::access_token::AccessToken;
use crate::claims::Validity;
use crate::jwks::{IssuerEntry, Thumbprint};

/// What was verified, and by what.
pub(crate) struct Verified {
    pub(crate) token: AccessToken,
    pub(crate) validity: Validity,
    pub(crate) issuer: Arc<IssuerEntry>,
    /// Of the key that the signature is by.
    pub(crate) key: Thumbprint,
}

/// How the cache of verified tokens does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCacheStats {
    /// How many requests were answered from it.
    pub hits: u64,
    /// How many tokens had to be verified, and were good.
    pub misses: u64,
    /// How many tokens it holds.
    pub tokens: usize,
}

/// Verified tokens by their exact text, a fixed number of places for them.
pub(crate) struct TokenCache {
    rows: Box<[Row]>,
    hasher: RandomState,
    misses: AtomicU64,
}

/// One token in the cache, whether or not it is there. It is hashed once.
pub(crate) struct Entry<'c> {
    misses: &'c AtomicU64,
    token: &'c [u8],
    row: Option<(&'c Row, u64)>,
}

/// Tokens whose hashes agree in part.
#[derive(Default)]
struct Row {
    places: [Place; PLACES],
    /// Of the places, the one that is looked at first when room is needed.
    hand: AtomicUsize,
    hits: AtomicU64,
}

#[derive(Default)]
struct Place {
    /// Of the token's hash; zero if the place is empty.
    tag: AtomicU64,
    /// Asked for since a newer token last looked for a place.
    used: AtomicBool,
    verified: ArcSwapOption<Verified>,
}

impl TokenCache {
    /// Room for about `tokens` tokens; none if that is zero.
    pub(crate) fn new(tokens: usize) -> Self {
        let rows = (0..tokens.div_ceil(PLACES)).map(|_| Row::default()).collect();
        Self { rows, hasher: RandomState::new(), misses: AtomicU64::new(0) }
    }

    /// Where this token is, or would be.
    pub(crate) fn find<'c>(&'c self, token: &'c [u8]) -> Entry<'c> {
        Entry { misses: &self.misses, token, row: self.row(token) }
    }

    /// Whether there is, very likely, something to [`get`](Entry::get).
    pub(crate) fn contains(&self, token: &[u8]) -> bool {
        self.row(token).is_some_and(|(row, tag)| row.place_of(tag).is_some())
    }

    pub(crate) fn clear(&self) {
        for place in self.rows.iter().flat_map(|row| &row.places) {
            place.tag.store(0, Ordering::Relaxed);
            place.verified.store(None);
        }
    }

    pub(crate) fn stats(&self) -> TokenCacheStats {
        let places = self.rows.iter().flat_map(|row| &row.places);
        TokenCacheStats {
            hits: self.rows.iter().map(|row| row.hits.load(Ordering::Relaxed)).sum(),
            misses: self.misses.load(Ordering::Relaxed),
            tokens: places.filter(|place| place.tag.load(Ordering::Relaxed) != 0).count(),
        }
    }

    /// The end of a token is its signature: nobody but the issuer can make two that agree there.
    fn row(&self, token: &[u8]) -> Option<(&Row, u64)> {
        let end = token.get(token.len().saturating_sub(HASHED)..)?;
        let mut hasher = self.hasher.build_hasher();
        hasher.write(end);
        let tag = hasher.finish() | 1;
        let index = (tag >> 1) % u64::try_from(self.rows.len()).ok().filter(|rows| *rows > 0)?;
        Some((self.rows.get(usize::try_from(index).ok()?)?, tag))
    }
}

impl Entry<'_> {
    /// What is known of the token, if `is_valid` says that it still holds.
    pub(crate) fn get(&self, is_valid: impl FnOnce(&Verified) -> bool) -> Option<AccessToken> {
        let (row, tag) = self.row?;
        let place = row.place_of(tag)?;
        let verified = place.verified.load();
        let verified =
            verified.as_ref().filter(|verified| verified.token.secret().as_bytes() == self.token)?;
        if !is_valid(verified) {
            return None;
        }
        // Written only where it changes something, so that readers of one token do not disturb each other.
        if !place.used.load(Ordering::Relaxed) {
            place.used.store(true, Ordering::Relaxed);
        }
        row.hits.fetch_add(1, Ordering::Relaxed);
        Some(verified.token.clone())
    }

    /// The token was verified.
    pub(crate) fn insert(self, verified: Verified) {
        self.misses.fetch_add(1, Ordering::Relaxed);
        // Nobody fills the memory with a few users' huge tokens.
        if self.token.len() > LONGEST {
            return;
        }
        let Some((row, tag)) = self.row else { return };
        let Some(place) = row.place_for(tag) else { return };
        place.verified.store(Some(Arc::new(verified)));
        place.used.store(false, Ordering::Relaxed);
        place.tag.store(tag, Ordering::Relaxed);
    }
}

impl Row {
    fn place_of(&self, tag: u64) -> Option<&Place> {
        self.places.iter().find(|place| place.tag.load(Ordering::Relaxed) == tag)
    }

    /// The token's own place, an empty one, or that of a token that was not asked for of late: the
    /// next one in turn, so that no token stays for having come early.
    fn place_for(&self, tag: u64) -> Option<&Place> {
        self.place_of(tag).or_else(|| self.place_of(0)).or_else(|| {
            let hand = self.hand.load(Ordering::Relaxed);
            let mut turn = (0..PLACES).map(|step| (hand + step) % PLACES);
            let unused = |index: &usize| {
                self.places.get(*index).is_some_and(|place| !place.used.swap(false, Ordering::Relaxed))
            };
            let index = turn.find(unused).unwrap_or(hand);
            self.hand.store((index + 1) % PLACES, Ordering::Relaxed);
            self.places.get(index)
        })
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("tokens", &self.stats().tokens).finish_non_exhaustive()
    }
}

const PLACES: usize = 8;
/// The longest token that is kept.
const LONGEST: usize = 4096;
/// Of base64url, more than 256 bits.
const HASHED: usize = 48;
