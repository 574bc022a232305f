// Written by hand, in the form that `wit-bindgen` gives: `guests/build --bindings ledger` puts its own in this place.
#include "ledger.h"
#include <stdlib.h>
#include <string.h>

__attribute__((__aligned__(8)))
static uint8_t RET_AREA[24];

// Canonical ABI intrinsics

__attribute__((__weak__, __export_name__("cabi_realloc")))
void *cabi_realloc(void *ptr, size_t old_size, size_t align, size_t new_size) {
  (void) old_size;
  if (new_size == 0) return (void*) align;
  void *ret = realloc(ptr, new_size);
  if (!ret) abort();
  return ret;
}

// Helper Functions

void ledger_list_u8_free(ledger_list_u8_t *ptr) {
  if (ptr->len > 0) {
    free(ptr->ptr);
  }
}

void ledger_string_dup(ledger_string_t *ret, const char*s) {
  ledger_string_dup_n(ret, s, strlen(s));
}

void ledger_string_dup_n(ledger_string_t *ret, const char*s, size_t len) {
  ret->len = len;
  ret->ptr = (uint8_t*) cabi_realloc(NULL, 0, 1, ret->len * 1);
  memcpy(ret->ptr, s, ret->len * 1);
}

void ledger_string_free(ledger_string_t *ret) {
  if (ret->len > 0) {
    free(ret->ptr);
  }
  ret->ptr = NULL;
  ret->len = 0;
}

// A pointer and a size at `at`: freed, or put there.

static void free_bytes(uint8_t *at) {
  if (*((size_t*) (at + sizeof(void*))) > 0) {
    free(*((uint8_t **) at));
  }
}

static void put_bytes(uint8_t *at, uint8_t *ptr, size_t len) {
  *((uint8_t **) at) = ptr;
  *((size_t*) (at + sizeof(void*))) = len;
}

// Component Adapters

__attribute__((__export_name__("holdfast:actor/lifecycle@0.1.0#activate")))
uint8_t * __wasm_export_exports_holdfast_actor_lifecycle_activate(uint8_t * arg, size_t arg0, int32_t arg1, uint8_t * arg2, size_t arg3) {
  ledger_string_t key = (ledger_string_t) { arg, arg0 };
  ledger_list_u8_t snapshot = (ledger_list_u8_t) { arg2, arg3 };
  ledger_string_t err;
  uint8_t *ptr = (uint8_t *) &RET_AREA;
  bool ok = exports_holdfast_actor_lifecycle_activate(&key, arg1 == 1 ? &snapshot : NULL, &err);
  *((int8_t*)(ptr + 0)) = !ok;
  if (!ok) {
    put_bytes(ptr + sizeof(void*), err.ptr, err.len);
  }
  return ptr;
}

__attribute__((__weak__, __export_name__("cabi_post_holdfast:actor/lifecycle@0.1.0#activate")))
void __wasm_export_exports_holdfast_actor_lifecycle_activate_post_return(uint8_t * arg0) {
  if (*arg0 == 1) {
    free_bytes(arg0 + sizeof(void*));
  }
}

__attribute__((__export_name__("holdfast:actor/lifecycle@0.1.0#snapshot")))
uint8_t * __wasm_export_exports_holdfast_actor_lifecycle_snapshot(void) {
  ledger_list_u8_t ret;
  exports_holdfast_actor_lifecycle_snapshot(&ret);
  uint8_t *ptr = (uint8_t *) &RET_AREA;
  put_bytes(ptr, ret.ptr, ret.len);
  return ptr;
}

__attribute__((__weak__, __export_name__("cabi_post_holdfast:actor/lifecycle@0.1.0#snapshot")))
void __wasm_export_exports_holdfast_actor_lifecycle_snapshot_post_return(uint8_t * arg0) {
  free_bytes(arg0);
}

__attribute__((__export_name__("holdfast:actor/lifecycle@0.1.0#deactivate")))
void __wasm_export_exports_holdfast_actor_lifecycle_deactivate(void) {
  exports_holdfast_actor_lifecycle_deactivate();
}

static uint8_t * put_entry(bool ok, uint64_t ret, const exports_holdfast_ledger_account_problem_t *err) {
  uint8_t *ptr = (uint8_t *) &RET_AREA;
  *((int8_t*)(ptr + 0)) = !ok;
  if (ok) {
    *((int64_t*)(ptr + 8)) = (int64_t) ret;
    return ptr;
  }
  *((int8_t*)(ptr + 8)) = (int8_t) err->tag;
  if (err->tag == EXPORTS_HOLDFAST_LEDGER_ACCOUNT_PROBLEM_INSUFFICIENT) {
    *((int64_t*)(ptr + 16)) = (int64_t) err->val.insufficient;
  }
  return ptr;
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#deposit")))
uint8_t * __wasm_export_exports_holdfast_ledger_account_deposit(int64_t arg) {
  uint64_t ret = 0;
  exports_holdfast_ledger_account_problem_t err;
  bool ok = exports_holdfast_ledger_account_deposit((uint64_t) (arg), &ret, &err);
  return put_entry(ok, ret, &err);
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#withdraw")))
uint8_t * __wasm_export_exports_holdfast_ledger_account_withdraw(int64_t arg) {
  uint64_t ret = 0;
  exports_holdfast_ledger_account_problem_t err;
  bool ok = exports_holdfast_ledger_account_withdraw((uint64_t) (arg), &ret, &err);
  return put_entry(ok, ret, &err);
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#balance")))
int64_t __wasm_export_exports_holdfast_ledger_account_balance(void) {
  return (int64_t) exports_holdfast_ledger_account_balance();
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#entries")))
int64_t __wasm_export_exports_holdfast_ledger_account_entries(void) {
  return (int64_t) exports_holdfast_ledger_account_entries();
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#owner")))
uint8_t * __wasm_export_exports_holdfast_ledger_account_owner(void) {
  ledger_string_t ret;
  exports_holdfast_ledger_account_owner(&ret);
  uint8_t *ptr = (uint8_t *) &RET_AREA;
  put_bytes(ptr, ret.ptr, ret.len);
  return ptr;
}

__attribute__((__weak__, __export_name__("cabi_post_holdfast:ledger/account@0.1.0#owner")))
void __wasm_export_exports_holdfast_ledger_account_owner_post_return(uint8_t * arg0) {
  free_bytes(arg0);
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#version")))
int32_t __wasm_export_exports_holdfast_ledger_account_version(void) {
  return (int32_t) exports_holdfast_ledger_account_version();
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#fail")))
void __wasm_export_exports_holdfast_ledger_account_fail(int64_t arg) {
  exports_holdfast_ledger_account_fail((uint64_t) (arg));
}

__attribute__((__export_name__("holdfast:ledger/account@0.1.0#spin")))
void __wasm_export_exports_holdfast_ledger_account_spin(int64_t arg) {
  exports_holdfast_ledger_account_spin((uint64_t) (arg));
}
