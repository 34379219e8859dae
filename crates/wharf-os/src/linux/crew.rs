//! Work shared by CPUs: one thread begins, and others join it only where there is much.
//!
//! An idle virtual CPU was measured to take one to three milliseconds to come, and a scope waits for every thread
//! it started: where all is done sooner, help is a hindrance. Not here: what the work is.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work` with 0, 1 … `count - 1`, each at most once, until `is_over`. The first `alone` are done by the
/// calling thread before any other is started.
pub(crate) fn share(
    count: usize,
    alone: usize,
    is_over: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(usize) + Sync),
) {
    let alone = count.min(alone);
    (0..alone).take_while(|_| !is_over()).for_each(work);
    if alone == count || is_over() {
        return;
    }
    let next = AtomicUsize::new(alone);
    let join_in = || {
        while !is_over() {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= count {
                return;
            }
            (first..count.min(first + BATCH)).take_while(|_| !is_over()).for_each(work);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..(threads() - 1).min((count - alone) / BATCH / 2) {
            scope.spawn(join_in);
        }
        join_in();
    });
}

/// Returns how many threads share work: as many as there are CPUs for us, at most four.
fn threads() -> usize {
    rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count() as usize).clamp(1, 4)
}

/// How much a thread takes at once.
const BATCH: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::share;

    #[test]
    fn everything_is_done_once_whoever_does_it() {
        for (count, alone) in [(0, 4), (3, 4), (4, 4), (5, 4), (1000, 4), (1000, 0)] {
            let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            share(count, alone, &|| false, &|index| {
                done[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.iter().all(|times| times.load(Ordering::Relaxed) == 1), "{count} {alone}");
        }
    }

    #[test]
    fn what_is_over_is_not_gone_on_with() {
        for alone in [0, 50, 1000] {
            let done = AtomicUsize::new(0);
            share(1000, alone, &|| done.load(Ordering::Relaxed) >= 10, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            // Each thread may have been at one more.
            assert!((10..=14).contains(&done.load(Ordering::Relaxed)));
        }
    }
}
