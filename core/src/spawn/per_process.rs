//! What must not be shared with a forked child.

use std::mem;
use std::process;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// A value that each process makes for itself at first use.
///
/// After a fork the child holds a copy of what its parent made, whose threads and locks are not
/// there any more: such a value is neither used nor dropped.
pub(crate) struct PerProcess<T>(ArcSwapOption<Made<T>>);

struct Made<T> {
    pid: u32,
    value: Arc<T>,
}

impl<T> Made<T> {
    fn is_ours(&self) -> bool {
        self.pid == process::id()
    }

    /// Sees to it that the value is never dropped.
    fn abandon(&self) {
        mem::forget(Arc::clone(&self.value));
    }
}

impl<T> PerProcess<T> {
    /// The value of this process if it is still `usable`, else a new one. Lock-free: of several
    /// that are made at once one stays.
    pub(crate) fn get_or_try_init<E>(
        &self,
        usable: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let current = self.0.load();
        if let Some(made) = current.as_deref() {
            if !made.is_ours() {
                made.abandon();
            } else if usable(&made.value) {
                return Ok(Arc::clone(&made.value));
            }
        }
        let value = Arc::new(make()?);
        let made = Arc::new(Made { pid: process::id(), value: Arc::clone(&value) });
        let found = self.0.compare_and_swap(&*current, Some(made));
        match found.as_deref() {
            Some(other) if other.is_ours() && usable(&other.value) => Ok(Arc::clone(&other.value)),
            _ => Ok(value),
        }
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self(ArcSwapOption::empty())
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if let Some(made) = self.0.load().as_deref()
            && !made.is_ours()
        {
            made.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn a_process_makes_its_own_value_and_leaves_its_parents_alone() {
        let slot = PerProcess::<String>::default();
        let get = |made: &str, usable: bool| {
            let made = made.to_owned();
            let Ok(value) = slot.get_or_try_init(|_| usable, || Ok::<_, Infallible>(made));
            value
        };
        assert_eq!(*get("first", true), "first");
        assert_eq!(*get("second", true), "first");
        assert_eq!(*get("third", false), "third", "no longer usable");

        let parents = Arc::new("parent".to_owned());
        let still_there = Arc::downgrade(&parents);
        slot.0.store(Some(Arc::new(Made { pid: process::id() ^ 1, value: parents })));
        assert_eq!(*get("child", true), "child");
        assert!(still_there.upgrade().is_some());
        assert!(slot.get_or_try_init(|_| false, || Err("no")).is_err());
    }
}
