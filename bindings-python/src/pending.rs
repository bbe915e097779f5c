//! An answer that may have to wait for keys: polled by the event loop itself, woken by whoever
//! fetches them.
//!
//! There is no runtime and no thread here. The core runs its fetches on a thread of its own; when
//! one ends, that thread calls `wake`, which is the loop's `call_soon_threadsafe`. Nothing of this
//! is shared between processes, so that a forked child works like its parent.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use mcp_bearer as core;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::decision::{Authentication, Decision};
use crate::guard::Entry;

/// An answer that may have to wait for keys.
#[pyclass(module = "mcp_bearer._mcp_bearer", frozen)]
pub(crate) struct Pending(Mutex<Pin<Box<dyn Future<Output = Answer> + Send>>>);

/// What the core's asynchronous functions answer.
pub(crate) enum Answer {
    Authentication(core::Authentication),
    Decision(core::Decision),
    Entry(core::Entry),
}

impl Answer {
    fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Authentication(authentication) => Authentication::new(py, authentication)?.into_py_any(py),
            Self::Decision(decision) => Decision::new(py, decision)?.into_py_any(py),
            Self::Entry(entry) => Entry::new(py, entry)?.into_py_any(py),
        }
    }
}

/// A coroutine that ends with the answer that is there already, or else with the future's.
pub(crate) fn coroutine(
    py: Python<'_>,
    answer: Option<Py<PyAny>>,
    future: impl Future<Output = Answer> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>> {
    static GIVE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static FINISH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match answer {
        Some(answer) => GIVE.import(py, "mcp_bearer._pending", "give")?.call1((answer,)),
        None => {
            let pending = Pending(Mutex::new(Box::pin(future)));
            FINISH.import(py, "mcp_bearer._pending", "finish")?.call1((pending,))
        }
    }
}

/// An answer that is there already, or `None`.
pub(crate) fn ready(py: Python<'_>, poll: Poll<Answer>) -> PyResult<Option<Py<PyAny>>> {
    match poll {
        Poll::Ready(answer) => answer.into_python(py).map(Some),
        Poll::Pending => Ok(None),
    }
}

#[pymethods]
impl Pending {
    /// The answer, or `None`, in which case `wake` will be called, from any thread.
    #[pyo3(signature = (wake, /))]
    fn poll(&self, py: Python<'_>, wake: Py<PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let waker = Waker::from(Arc::new(Alarm(wake)));
        let poll = py.detach(|| {
            let mut future = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            future.as_mut().poll(&mut Context::from_waker(&waker))
        });
        ready(py, poll)
    }
}

struct Alarm(Py<PyAny>);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        // A loop that is closed or an interpreter that is going away has nobody left to wake.
        let _ = Python::try_attach(|py| self.0.call0(py).map(drop));
    }
}
