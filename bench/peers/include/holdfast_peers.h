// SPDX-License-Identifier: Apache-2.0
//
// What Holdfast's figures are compared with: the same guest under the same engine, called directly from Rust, through a
// Tokio task of its own, and through Wasmtime's official C API.
//
// Written by hand beside bench/peers/src/lib.rs; a change there belongs here too. A call makes a whole batch of guest
// calls, so that a clock around it sees those. One thread at a time uses an object. What makes one answers null where it
// fails, and `message` (`room` bytes, may be 0) says why; what frees one takes null.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hfp_guest hfp_guest;
typedef struct hfp_many hfp_many;
typedef struct hfp_concurrent hfp_concurrent;
typedef struct hfp_slots hfp_slots;
typedef struct hfp_actor hfp_actor;
typedef struct hfp_capi hfp_capi;
typedef struct hfp_histogram hfp_histogram;

// Compiles `component` (text or binary) on an engine set up as the bridge's, with an epoch that moves each `tick_ns`
// nanoseconds (0: never) and that has room for so many `instances`, and makes one instance of it.
hfp_guest* hfp_guest_new(const uint8_t* component, size_t size, uint64_t tick_ns, uint32_t instances, char* message,
                         size_t room);

// Calls `add: func(a: u32, b: u32) -> u32` so many times. False: a call failed, or a sum was wrong.
bool hfp_guest_add(hfp_guest* guest, uint32_t calls);

// The same by a plain call on the stack of this thread, without a fiber, of an instance that never yields.
bool hfp_guest_add_here(hfp_guest* guest, uint32_t calls);

// Calls `echo: func(data: list<u8>) -> list<u8>` so many times. False: a call failed, or other bytes came back.
bool hfp_guest_echo(hfp_guest* guest, const uint8_t* data, size_t size, uint32_t calls);

// Makes so many instances from one `InstancePre`, calls `add` once in each and drops it.
bool hfp_guest_add_in_new(const hfp_guest* guest, uint32_t calls);

void hfp_guest_free(hfp_guest* guest);

// So many resident instances of `component` on an engine of their own with small reservations.
hfp_many* hfp_many_new(const uint8_t* component, size_t size, uint64_t tick_ns, uint32_t count, char* message,
                       size_t room);

// Calls `add` so many times, of one instance after the other in an order that no cache foresees.
bool hfp_many_add(hfp_many* many, uint32_t calls);

void hfp_many_free(hfp_many* many);

// One instance of `component`, whose `add` is async, on an engine of its own with support for tasks.
hfp_concurrent* hfp_concurrent_new(const uint8_t* component, size_t size, uint64_t tick_ns, char* message, size_t room);

// Calls `add` so many times, of which `in_flight` share the instance at any time.
bool hfp_concurrent_add(hfp_concurrent* concurrent, uint32_t in_flight, uint32_t calls);

void hfp_concurrent_free(hfp_concurrent* concurrent);

// Slots for short-lived instances of `component`, of whose memories so many bytes are written back when one ends, and not
// given to the kernel. `scan`: the kernel is asked which pages those are (PAGEMAP_SCAN, an error where it has none), else
// they are the lowest.
hfp_slots* hfp_slots_new(const uint8_t* component, size_t size, size_t keep_resident, bool scan, char* message,
                         size_t room);

// So many times: a new instance, one call of `touch: func(pages: u32) -> u32`, its end.
bool hfp_slots_touch(const hfp_slots* slots, uint32_t pages, uint32_t times);

void hfp_slots_free(hfp_slots* slots);

// One more instance of the guest, owned by a task of a Tokio runtime with so many workers; 0: of a runtime that runs all
// its tasks in turns on the thread of hfp_actor_calls. Callers send it requests
// through an mpsc channel of that depth and wait for a oneshot each.
hfp_actor* hfp_actor_new(const hfp_guest* guest, uint32_t workers, uint32_t depth, char* message, size_t room);

// `callers` concurrent tasks of the same runtime call `add` so many times each.
bool hfp_actor_calls(const hfp_actor* actor, uint32_t callers, uint32_t each);

// Calls `add` once every `gap_ns` for `time_ns`, at most `most` of them unanswered (gap 0: as many as that allows), and
// records how long after the time at which each was meant to be made its answer was there.
bool hfp_actor_open_loop(const hfp_actor* actor, uint64_t gap_ns, uint64_t time_ns, size_t most, hfp_histogram* into);

void hfp_actor_free(hfp_actor* actor);

// Compiles `component` through the C API and makes one instance of it.
hfp_capi* hfp_capi_new(const uint8_t* component, size_t size, char* message, size_t room);

// As hfp_guest_echo, through the C API's values.
bool hfp_capi_echo(hfp_capi* api, const uint8_t* data, size_t size, uint32_t calls);

void hfp_capi_free(hfp_capi* api);

// HdrHistogram: nanoseconds up to a minute, three significant digits; more counts as a minute.
hfp_histogram* hfp_histogram_new(void);
void hfp_histogram_record(hfp_histogram* to, uint64_t nanoseconds);
// The value at a quantile from 0 to 1; 0 where nothing was recorded.
uint64_t hfp_histogram_at(const hfp_histogram* of, double quantile);
uint64_t hfp_histogram_count(const hfp_histogram* of);
void hfp_histogram_free(hfp_histogram* histogram);

#ifdef __cplusplus
}
#endif
