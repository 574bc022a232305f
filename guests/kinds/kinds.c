// SPDX-License-Identifier: Apache-2.0
// Each value goes back as it came: a list's or string's memory was ours, and becomes the caller's.
#include "kinds.h"

#include <stdlib.h>

bool exports_kinds_echo_bool(bool v) { return v; }
int8_t exports_kinds_echo_s8(int8_t v) { return v; }
uint8_t exports_kinds_echo_u8(uint8_t v) { return v; }
int16_t exports_kinds_echo_s16(int16_t v) { return v; }
uint16_t exports_kinds_echo_u16(uint16_t v) { return v; }
int32_t exports_kinds_echo_s32(int32_t v) { return v; }
uint32_t exports_kinds_echo_u32(uint32_t v) { return v; }
int64_t exports_kinds_echo_s64(int64_t v) { return v; }
uint64_t exports_kinds_echo_u64(uint64_t v) { return v; }
float exports_kinds_echo_f32(float v) { return v; }
double exports_kinds_echo_f64(double v) { return v; }
uint32_t exports_kinds_echo_char(uint32_t v) { return v; }
kinds_color_t exports_kinds_echo_color(kinds_color_t v) { return v; }
kinds_rights_t exports_kinds_echo_rights(kinds_rights_t v) { return v; }
kinds_days_t exports_kinds_echo_days(kinds_days_t v) { return v; }

#define ECHO(name, type) \
  void exports_kinds_echo_##name(type* v, type* same) { *same = *v; }

ECHO(string, kinds_string_t)
ECHO(bytes, kinds_list_u8_t)
ECHO(shorts, kinds_list_s16_t)
ECHO(doubles, kinds_list_f64_t)
ECHO(bools, kinds_list_bool_t)
ECHO(chars, kinds_list_char32_t)
ECHO(strings, kinds_list_string_t)
ECHO(table, kinds_list_list_u32_t)
ECHO(point, kinds_point_t)
ECHO(person, kinds_person_t)
ECHO(people, kinds_list_person_t)
ECHO(tuple, kinds_tuple3_u8_string_f32_t)
ECHO(shape, kinds_shape_t)

// The bindings pass an option as a pointer that may be null, and answer one, like a result, by true or false.
bool exports_kinds_echo_option(uint32_t* maybe, uint32_t* same) {
  if (maybe != NULL) *same = *maybe;
  return maybe != NULL;
}

bool exports_kinds_echo_maybe_maybe(kinds_option_string_t* maybe, kinds_option_string_t* same) {
  if (maybe != NULL) *same = *maybe;
  return maybe != NULL;
}

bool exports_kinds_echo_result(kinds_result_u32_string_t* v, uint32_t* ok, kinds_string_t* error) {
  if (v->is_err) {
    *error = v->val.err;
  } else {
    *ok = v->val.ok;
  }
  return !v->is_err;
}

bool exports_kinds_echo_ok_only(kinds_result_string_void_t* v, kinds_string_t* ok) {
  if (!v->is_err) *ok = v->val.ok;
  return !v->is_err;
}

bool exports_kinds_echo_err_only(kinds_result_void_color_t* v, kinds_color_t* error) {
  if (v->is_err) *error = v->val.err;
  return !v->is_err;
}

bool exports_kinds_echo_done(kinds_result_void_void_t* v) { return !v->is_err; }

void exports_kinds_nothing(void) {}

uint64_t exports_kinds_sum(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g,
                           uint64_t h, uint64_t i, uint64_t j, uint64_t k, uint64_t l, uint64_t m, uint64_t n,
                           uint64_t o, uint64_t p, uint64_t q) {
  return a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q;
}

void exports_kinds_bytes(uint32_t size, kinds_list_u8_t* bytes) {
  bytes->ptr = malloc(size);
  if (bytes->ptr == NULL) abort();
  bytes->len = size;
  for (uint32_t i = 0; i < size; i++) bytes->ptr[i] = (uint8_t)(i % 251);
}

// Counters live in a table and not in the arena, which is empty only between calls.
enum { most = 64 };

struct exports_holdfast_kinds_things_counter_t {
  bool alive;
  uint32_t next;
};

static exports_holdfast_kinds_things_counter_t counters[most];

exports_holdfast_kinds_things_own_counter_t exports_holdfast_kinds_things_constructor_counter(uint32_t start) {
  for (int i = 0; i < most; i++) {
    if (counters[i].alive) continue;
    counters[i] = (exports_holdfast_kinds_things_counter_t){.alive = true, .next = start};
    return exports_holdfast_kinds_things_counter_new(&counters[i]);
  }
  abort();
}

uint32_t exports_holdfast_kinds_things_method_counter_next(exports_holdfast_kinds_things_borrow_counter_t self) {
  return self->next++;
}

uint32_t exports_holdfast_kinds_things_static_counter_alive(void) {
  uint32_t alive = 0;
  for (int i = 0; i < most; i++) alive += counters[i].alive;
  return alive;
}

exports_holdfast_kinds_things_own_counter_t exports_holdfast_kinds_things_merge(
    exports_holdfast_kinds_things_borrow_counter_t kept, exports_holdfast_kinds_things_own_counter_t taken) {
  uint32_t start = kept->next + exports_holdfast_kinds_things_counter_rep(taken)->next;
  exports_holdfast_kinds_things_counter_drop_own(taken);
  return exports_holdfast_kinds_things_constructor_counter(start);
}

void exports_holdfast_kinds_things_counter_destructor(exports_holdfast_kinds_things_counter_t* counter) {
  counter->alive = false;
}
