//! Unseen tokens, forged ones and one token again, with each algorithm.

use std::hint::black_box;

use aws_lc_rs::digest::{SHA256, digest};
use mcp_bearer::Algorithm;
use mcp_bearer_bench::tokens::{self, COUNT};
use moka::sync::Cache;

use crate::ours::{Ours, fields};
use crate::peers::{self, Peer, by_hand::Signature};
use crate::table::{Case, Rounds, Table};

pub fn tables(rounds: Rounds) -> Vec<Table> {
    tokens::ALGORITHMS.iter().flat_map(|(algorithm, name)| of(*algorithm, name, rounds)).collect()
}

fn of(algorithm: Algorithm, name: &str, rounds: Rounds) -> [Table; 3] {
    let (issuer, key) = tokens::issuer(algorithm);
    let (good, bad) = (tokens::good(&issuer), tokens::bad(&issuer, &key));
    let forged = tokens::forged(&good);
    let (good_fields, forged_fields) = (fields(&good), fields(&forged));

    let ours = Ours::new(issuer.issuers());
    for (what, token) in &bad {
        assert!(!ours.allows(&format!("Bearer {token}")), "mcp-bearer accepts a bad token: {what}");
    }
    let peers: Vec<_> = peers::all(&key.jwk()).into_iter().map(|peer| Judged::new(peer, &bad)).collect();
    let signature = Signature::new(&key.jwk());
    let signatures = signature.of(&good);

    let unseen = [
        Case::new("the signature alone", COUNT, |n| assert!(signature.is_good(&good[n], &signatures[n]))),
        Case::new("mcp-bearer", COUNT, |n| assert!(ours.allows(&good_fields[n])))
            .before(|| ours.0.clear_token_cache())
            .ours(),
        Case::new("mcp-bearer, bad signatures", COUNT, |n| assert!(!ours.allows(&forged_fields[n]))),
    ];
    let bad = [Case::new("mcp-bearer", COUNT, |n| assert!(!ours.allows(&forged_fields[n]))).ours()];
    let remembered = Cache::new(10_000);
    let hash = |token: &str| digest(&SHA256, token.as_bytes()).as_ref().to_owned();
    remembered.insert(hash(&good[0]), ());
    let again = [
        Case::new("mcp-bearer", COUNT, |_| assert!(ours.allows(&good_fields[0]))).ours(),
        Case::new("SHA-256 of the token", COUNT, |_| {
            black_box(digest(&SHA256, good[0].as_bytes()));
        }),
        Case::new("SHA-256 and moka", COUNT, |_| assert!(remembered.get(&hash(&good[0])).is_some())),
    ];
    let with_peers = |title: &str, ours: Vec<Case<'_>>, run: &dyn Fn(&dyn Peer, usize)| {
        let peers = peers.iter().map(|peer| peer.case(run));
        Table::measure(
            &format!("{name}, {title}"),
            rounds,
            &ours.into_iter().chain(peers).collect::<Vec<_>>(),
        )
    };
    [
        with_peers("tokens never seen before", unseen.into(), &|peer, n| assert!(peer.accepts(&good[n])))
            .note("What is unseen is remembered afterwards: that is included."),
        with_peers("bad signatures", bad.into(), &|peer, n| assert!(!peer.accepts(&forged[n]))),
        with_peers("one token again", again.into(), &|peer, _| assert!(peer.accepts(&good[0])))
            .note("No peer remembers tokens."),
    ]
}

/// A peer, and what it accepts although it must not.
struct Judged {
    peer: Box<dyn Peer>,
    accepts: Vec<&'static str>,
}

impl Judged {
    fn new(peer: Box<dyn Peer>, bad: &[(&'static str, String)]) -> Self {
        let accepts = bad.iter().filter(|(_, token)| peer.accepts(token)).map(|(what, _)| *what).collect();
        Self { peer, accepts }
    }

    fn case<'a>(&'a self, run: &'a dyn Fn(&dyn Peer, usize)) -> Case<'a> {
        Case::new(self.peer.name(), COUNT, |n| run(&*self.peer, n)).accepts(&self.accepts)
    }
}
