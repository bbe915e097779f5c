//! Cases that are measured side by side.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How often every case runs.
#[derive(Clone, Copy)]
pub struct Rounds(pub usize);

/// One thing that is measured, in many ways.
#[derive(Serialize)]
pub struct Table {
    pub title: String,
    pub unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    pub cases: Vec<Measured>,
}

/// What was seen of one way.
#[derive(Serialize)]
pub struct Measured {
    pub name: String,
    pub ours: bool,
    pub samples: Vec<f64>,
    pub accepts: Vec<&'static str>,
    pub extra: Map<String, Value>,
}

/// One way to do it, a number of times in a row.
pub struct Case<'a> {
    name: String,
    ours: bool,
    accepts: Vec<&'static str>,
    /// Before each round, outside of what is measured.
    before: Box<dyn Fn() + 'a>,
    times: usize,
    run: Box<dyn Fn(usize) + 'a>,
}

impl Rounds {
    pub fn from_env() -> Self {
        Self(std::env::var("ROUNDS").map_or(21, |rounds| rounds.parse().expect("ROUNDS is a number")))
    }
}

impl<'a> Case<'a> {
    /// `run` is called with 0 to `times - 1`.
    pub fn new(name: impl Into<String>, times: usize, run: impl Fn(usize) + 'a) -> Self {
        Self {
            name: name.into(),
            ours: false,
            accepts: Vec::new(),
            before: Box::new(|| ()),
            times,
            run: Box::new(run),
        }
    }

    pub fn ours(mut self) -> Self {
        self.ours = true;
        self
    }

    pub fn accepts(mut self, bad: &[&'static str]) -> Self {
        self.accepts = bad.to_vec();
        self
    }

    pub fn before(mut self, run: impl Fn() + 'a) -> Self {
        self.before = Box::new(run);
        self
    }

    /// Microseconds of CPU each.
    fn round(&self) -> f64 {
        (self.before)();
        let started = cpu();
        (0..self.times).for_each(&self.run);
        (cpu() - started) / self.times as f64
    }

    /// Microseconds of wall-clock time of single ones.
    fn percentiles(&self) -> Map<String, Value> {
        (self.before)();
        let single = |n| {
            let started = Instant::now();
            (self.run)(n);
            started.elapsed().as_secs_f64() * 1e6
        };
        let mut all: Vec<f64> = (0..self.times).map(single).collect();
        all.sort_by(f64::total_cmp);
        let at = |percent: usize| json!(rounded(all[all.len() * percent / 100]));
        Map::from_iter([("p50".to_owned(), at(50)), ("p99".to_owned(), at(99))])
    }
}

impl Measured {
    pub fn ours(name: &str, samples: Vec<f64>) -> Self {
        Self { name: name.to_owned(), ours: true, samples, accepts: Vec::new(), extra: Map::new() }
    }

    pub fn with<const N: usize>(mut self, extra: [(&str, Value); N]) -> Self {
        self.extra = extra.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self
    }
}

impl Table {
    pub fn of(title: &str, unit: &'static str, cases: Vec<Measured>) -> Self {
        Self { title: title.to_owned(), unit, note: None, cases }
    }

    /// Every case runs in every round, one after the other, so that all see the same machine.
    pub fn measure(title: &str, Rounds(rounds): Rounds, cases: &[Case<'_>]) -> Self {
        let mut samples = vec![Vec::with_capacity(rounds); cases.len()];
        for _ in 0..rounds {
            for (case, samples) in cases.iter().zip(&mut samples) {
                samples.push(rounded(case.round()));
            }
        }
        let measured = |(case, samples): (&Case<'_>, _)| Measured {
            name: case.name.clone(),
            ours: case.ours,
            samples,
            accepts: case.accepts.clone(),
            extra: case.percentiles(),
        };
        Self::of(title, CPU, cases.iter().zip(samples).map(measured).collect())
    }

    pub fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }
}

/// A unit.
pub const CPU: &str = "µs of CPU per check";

/// Microseconds of CPU that this process has had.
pub fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// To a nanosecond: there is no more in a measurement.
pub fn rounded(microseconds: f64) -> f64 {
    (microseconds * 1e3).round() / 1e3
}
