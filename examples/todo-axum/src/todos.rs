//! The todos, in memory: every user has a list of their own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_bearer::{AccessToken, Principal};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

#[derive(Clone, Default)]
pub(crate) struct Todos(Arc<Store>);

#[derive(Default)]
struct Store {
    lists: Mutex<HashMap<Owner, Vec<Todo>>>,
    last_id: AtomicU64,
}

#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct Todo {
    id: String,
    title: String,
}

/// Whose list it is.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Owner(Principal);

impl Owner {
    /// Nobody's, if the token names nobody.
    pub(crate) fn of(token: &AccessToken) -> Option<Self> {
        token.principal().map(Self)
    }
}

impl Todos {
    pub(crate) fn list(&self, owner: &Owner) -> Vec<Todo> {
        self.lists().get(owner).cloned().unwrap_or_default()
    }

    pub(crate) fn create(&self, owner: Owner, title: String) -> Todo {
        let id = self.0.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let todo = Todo { id: id.to_string(), title };
        self.lists().entry(owner).or_default().push(todo.clone());
        todo
    }

    /// Whether there was one.
    pub(crate) fn delete(&self, owner: &Owner, id: &str) -> bool {
        let mut lists = self.lists();
        let Some(list) = lists.get_mut(owner) else { return false };
        let before = list.len();
        list.retain(|todo| todo.id != id);
        list.len() < before
    }

    fn lists(&self) -> MutexGuard<'_, HashMap<Owner, Vec<Todo>>> {
        self.0.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
