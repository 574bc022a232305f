// SPDX-License-Identifier: Apache-2.0
//! Latencies: HdrHistogram, in nanoseconds up to a minute, three significant digits.
#![allow(non_camel_case_types)]

use hdrhistogram::Histogram;
use std::time::Duration;

/// A histogram, opaque to C.
pub struct hfp_histogram {
    held: Histogram<u64>,
}

impl hfp_histogram {
    pub(crate) fn record(&mut self, took: Duration) {
        self.held.saturating_record(took.as_nanos() as u64);
    }
}

/// See the C header.
#[unsafe(no_mangle)]
pub extern "C" fn hfp_histogram_new() -> *mut hfp_histogram {
    let held = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order");
    Box::into_raw(Box::new(hfp_histogram { held }))
}

/// See the C header.
///
/// # Safety
/// `to` is a live histogram that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_histogram_record(to: *mut hfp_histogram, nanoseconds: u64) {
    // SAFETY: the caller's promise.
    unsafe { &mut *to }.held.saturating_record(nanoseconds);
}

/// See the C header.
///
/// # Safety
/// `of` is a live histogram that no other thread writes now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_histogram_at(of: *const hfp_histogram, quantile: f64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { &*of }.held.value_at_quantile(quantile)
}

/// See the C header.
///
/// # Safety
/// `of` is a live histogram that no other thread writes now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_histogram_count(of: *const hfp_histogram) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { &*of }.held.len()
}

/// See the C header.
///
/// # Safety
/// `histogram` is null or live, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_histogram_free(histogram: *mut hfp_histogram) {
    if !histogram.is_null() {
        // SAFETY: it came from `hfp_histogram_new`; the caller gives it up.
        drop(unsafe { Box::from_raw(histogram) });
    }
}
