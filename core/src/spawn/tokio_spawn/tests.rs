use std::sync::mpsc;
use std::thread;

use super::*;

/// Where it ran: the name of the thread.
fn run(spawn: &TokioSpawn) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    spawn.spawn(Box::pin(async move {
        tokio::task::yield_now().await;
        let _ = sender.send(thread::current().name().map(str::to_owned));
    }));
    receiver.recv().unwrap()
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("surrounding").build().unwrap()
}

#[test]
fn without_a_runtime_there_is_one_thread() {
    let spawn = TokioSpawn::new();
    assert_eq!(run(&spawn).as_deref(), Some("mcp-bearer"));
    assert_eq!(run(&spawn).as_deref(), Some("mcp-bearer"));
}

#[test]
fn the_surrounding_runtime_is_used_and_outlived() {
    let runtime = multi_thread();
    let spawn = runtime.block_on(async { TokioSpawn::new() });
    assert_eq!(run(&spawn).as_deref(), Some("surrounding"));
    drop(runtime);
    assert_eq!(run(&spawn).as_deref(), Some("mcp-bearer"));
}

#[test]
fn a_current_thread_runtime_is_passed_over() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let spawn = runtime.block_on(async { TokioSpawn::new() });
    assert_eq!(run(&spawn).as_deref(), Some("mcp-bearer"), "nobody drives the other");
}
