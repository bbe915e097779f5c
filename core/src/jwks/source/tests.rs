use super::super::download::Target;
use super::*;
use crate::fetch::{BoxFuture, FetchError, FetchRequest};

/// As a child finds its state when it was forked while its parent was fetching.
#[test]
fn an_attempt_of_the_parent_process_is_not_waited_for() {
    let download = Download {
        target: Target::Keys("https://as.test/keys".to_owned()),
        fetch: Arc::new(|_: FetchRequest| async { Err(FetchError::Connect) }),
        http_hosts: Arc::new([]),
        timeout: Duration::from_secs(5),
    };
    let now = Duration::from_secs(1_700_000_000);
    let spawn = |future: BoxFuture<'static, ()>| drop(future);
    let source = KeySource::remote(Remote {
        issuer: "https://as.test".into(),
        download,
        settings: Settings::DEFAULT,
        clock: Arc::new(move || now),
        spawn: Arc::new(spawn),
        observer: None,
        state: ArcSwap::default(),
        missing: Missing::default(),
    });
    let Kind::Remote(remote) = &source.0 else { unreachable!() };

    let pid = process::id() ^ 1;
    let foreign = Arc::new(Attempted { pid, since: now, wanted: None, done: watch::Sender::new(false) });
    let watched = foreign.done.subscribe();
    let still_there = Arc::downgrade(&foreign);
    remote.state.store(Arc::new(State { flight: Some(foreign), ..State::default() }));

    let Find::Wait(flight) = source.find(None, Algorithm::Rs256, now, Waited::Not) else {
        panic!("not begun")
    };
    assert_eq!(flight.attempted.pid, process::id());
    drop(source);
    assert!(!*watched.borrow(), "not told");
    assert!(still_there.upgrade().is_some(), "not dropped");
}
