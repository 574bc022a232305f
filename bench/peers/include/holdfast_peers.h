// SPDX-License-Identifier: Apache-2.0
//
// What Holdfast's figures are compared with: the same guest under the same engine, called directly from Rust.
//
// Written by hand beside bench/peers/src/lib.rs; a change there belongs here too. A call makes a whole batch of guest
// calls, so that a clock around it sees those. One thread at a time uses a guest.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hfp_guest hfp_guest;

// Compiles `component` (text or binary) on an engine set up as the bridge's, with an epoch that moves each `tick_ns`
// nanoseconds, and makes one instance of it. Null: it failed, and `message` (`room` bytes, may be 0) says why.
hfp_guest* hfp_guest_new(const uint8_t* component, size_t size, uint64_t tick_ns, char* message, size_t room);

// Calls `add: func(a: u32, b: u32) -> u32` so many times. False: a call failed, or a sum was wrong.
bool hfp_guest_add(hfp_guest* guest, uint32_t calls);

// Calls `echo: func(data: list<u8>) -> list<u8>` so many times. False: a call failed, or other bytes came back.
bool hfp_guest_echo(hfp_guest* guest, const uint8_t* data, size_t size, uint32_t calls);

// Gives up the guest and its engine. Null is fine.
void hfp_guest_free(hfp_guest* guest);

#ifdef __cplusplus
}
#endif
