use super::super::download::Target;
use super::*;
use crate::fetch::{BoxFuture, FetchError, FetchRequest};

fn remote_at(now: UnixTime) -> KeySource {
    KeySource::remote(Remote {
        issuer: "https://as.test".into(),
        download: Download {
            target: Target::Keys("https://as.test/keys".to_owned()),
            fetch: Arc::new(|_: FetchRequest| async { Err(FetchError::Connect) }),
            http_hosts: Arc::new([]),
        },
        settings: Settings::DEFAULT,
        clock: Arc::new(move || now),
        spawn: Arc::new(|future: BoxFuture<'static, ()>| drop(future)),
        observer: None,
        state: ArcSwap::default(),
        missing: Missing::default(),
    })
}

/// Puts an attempt of another process into the state, as a child finds it that was forked meanwhile.
fn forked(source: &KeySource, now: UnixTime) -> watch::Receiver<bool> {
    let Kind::Remote(remote) = &source.0 else { unreachable!() };
    let (done, watched) = watch::channel(false);
    let flight = Arc::new(Attempted { pid: process::id() ^ 1, since: now, wanted: None, done: Some(done) });
    remote.state.store(Arc::new(State { flight: Some(flight), ..State::default() }));
    watched
}

#[test]
fn an_attempt_of_the_parent_process_is_not_waited_for() {
    let now = Duration::from_secs(1_700_000_000);
    let source = remote_at(now);
    let watched = forked(&source, now);
    let Find::Wait(flight) = source.find(None, Algorithm::Rs256, now, Waited::Not) else {
        panic!("not begun")
    };
    assert_eq!(flight.attempted.pid, process::id());
    drop(source);
    // A sender that is dropped tells its receivers.
    assert!(watched.has_changed().is_ok_and(|changed| !changed), "neither told nor dropped");
}

#[test]
fn an_attempt_of_the_parent_process_is_not_even_dropped() {
    let now = Duration::from_secs(1_700_000_000);
    let source = remote_at(now);
    let watched = forked(&source, now);
    drop(source);
    assert!(watched.has_changed().is_ok());
}
