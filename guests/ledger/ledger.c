// SPDX-License-Identifier: Apache-2.0
// An account as an actor: everything that must outlive the instance is in the snapshot. Built twice: as `ledger`, and
// with STATE_VERSION 2 as `ledger-v2`, which also takes over what `ledger` wrote.
#include "ledger.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef STATE_VERSION
#define STATE_VERSION 1
#endif

enum { version = STATE_VERSION, longest_key = 1024 };

static struct {
  uint64_t balance;
  uint64_t entries;
  uint64_t migrated;  // snapshots of an older version taken over, kept from version 2
} account;

// Not in the arena, which is empty only between calls.
static struct {
  uint8_t key[longest_key];
  size_t size;
} owner;

// In the order of the snapshot. A newer version adds to the end.
static uint64_t* const fields[] = {&account.balance, &account.entries, &account.migrated};

static size_t fields_in(uint32_t of_version) { return of_version == 1 ? 2 : 3; }

static size_t bytes_in(uint32_t of_version) { return 1 + fields_in(of_version) * sizeof(uint64_t); }

static const char* wrong_with(const ledger_list_u8_t* snapshot) {
  if (snapshot->len == 0) return "the snapshot is empty";
  uint32_t written = snapshot->ptr[0];
  if (written < 1 || written > version) return "the snapshot is of a version that this ledger does not know";
  if (snapshot->len != bytes_in(written)) return "the snapshot is not of the size of its version";
  return NULL;
}

static void take_over(const ledger_list_u8_t* snapshot) {
  uint32_t written = snapshot->ptr[0];
  // WebAssembly is little-endian, and so are snapshots.
  for (size_t i = 0; i < fields_in(written); i++) {
    memcpy(fields[i], snapshot->ptr + 1 + i * sizeof(uint64_t), sizeof(uint64_t));
  }
  if (written < version) account.migrated++;
}

bool exports_holdfast_actor_lifecycle_activate(ledger_string_t* key, ledger_list_u8_t* maybe_snapshot,
                                               ledger_string_t* error) {
  const char* wrong = key->len > longest_key ? "the key is longer than 1024 bytes" : NULL;
  if (wrong == NULL && maybe_snapshot != NULL) wrong = wrong_with(maybe_snapshot);
  if (wrong == NULL) {
    memcpy(owner.key, key->ptr, key->len);
    owner.size = key->len;
    if (maybe_snapshot != NULL) take_over(maybe_snapshot);
  }
  ledger_string_free(key);
  if (maybe_snapshot != NULL) ledger_list_u8_free(maybe_snapshot);
  if (wrong != NULL) ledger_string_dup(error, wrong);
  return wrong == NULL;
}

void exports_holdfast_actor_lifecycle_snapshot(ledger_list_u8_t* snapshot) {
  snapshot->len = bytes_in(version);
  snapshot->ptr = malloc(snapshot->len);
  if (snapshot->ptr == NULL) abort();
  snapshot->ptr[0] = version;
  for (size_t i = 0; i < fields_in(version); i++) {
    memcpy(snapshot->ptr + 1 + i * sizeof(uint64_t), fields[i], sizeof(uint64_t));
  }
}

void exports_holdfast_actor_lifecycle_deactivate(void) {}

static uint64_t enter(uint64_t balance) {
  account.balance = balance;
  account.entries++;
  return balance;
}

bool exports_holdfast_ledger_account_deposit(uint64_t amount, uint64_t* balance,
                                             exports_holdfast_ledger_account_problem_t* problem) {
  uint64_t sum;
  if (__builtin_add_overflow(account.balance, amount, &sum)) {
    problem->tag = EXPORTS_HOLDFAST_LEDGER_ACCOUNT_PROBLEM_TOO_MUCH;
    return false;
  }
  *balance = enter(sum);
  return true;
}

bool exports_holdfast_ledger_account_withdraw(uint64_t amount, uint64_t* balance,
                                              exports_holdfast_ledger_account_problem_t* problem) {
  if (amount > account.balance) {
    problem->tag = EXPORTS_HOLDFAST_LEDGER_ACCOUNT_PROBLEM_INSUFFICIENT;
    problem->val.insufficient = account.balance;
    return false;
  }
  *balance = enter(account.balance - amount);
  return true;
}

uint64_t exports_holdfast_ledger_account_balance(void) { return account.balance; }

uint64_t exports_holdfast_ledger_account_entries(void) { return account.entries; }

void exports_holdfast_ledger_account_owner(ledger_string_t* key) {
  ledger_string_dup_n(key, (const char*)owner.key, owner.size);
}

uint32_t exports_holdfast_ledger_account_version(void) { return version; }

void exports_holdfast_ledger_account_fail(uint64_t after) {
  enter(account.balance + after);
  __builtin_trap();
}

// Volatile, or the compiler would see that nobody can read the entry any more.
static volatile uint64_t seen;

void exports_holdfast_ledger_account_spin(uint64_t after) {
  for (seen = enter(account.balance + after);;) seen++;
}
