// Written by hand, in the form that `wit-bindgen` gives: `guests/build --bindings ledger` puts its own in this place.
#ifndef __BINDINGS_LEDGER_H
#define __BINDINGS_LEDGER_H
#ifdef __cplusplus
extern "C" {
#endif

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct ledger_string_t {
  uint8_t*ptr;
  size_t len;
} ledger_string_t;

typedef struct {
  uint8_t *ptr;
  size_t len;
} ledger_list_u8_t;

// Why an entry was not made. Nothing has changed then.
typedef struct exports_holdfast_ledger_account_problem_t {
  uint8_t tag;
  union {
    uint64_t     insufficient;
  } val;
} exports_holdfast_ledger_account_problem_t;

// More was asked for than there is; what there is.
#define EXPORTS_HOLDFAST_LEDGER_ACCOUNT_PROBLEM_INSUFFICIENT 0
// The balance would not fit 64 bits.
#define EXPORTS_HOLDFAST_LEDGER_ACCOUNT_PROBLEM_TOO_MUCH 1

// Exported Functions from `holdfast:actor/lifecycle@0.1.0`
bool exports_holdfast_actor_lifecycle_activate(ledger_string_t *key, ledger_list_u8_t *maybe_snapshot, ledger_string_t *err);
void exports_holdfast_actor_lifecycle_snapshot(ledger_list_u8_t *ret);
void exports_holdfast_actor_lifecycle_deactivate(void);

// Exported Functions from `holdfast:ledger/account@0.1.0`
bool exports_holdfast_ledger_account_deposit(uint64_t amount, uint64_t *ret, exports_holdfast_ledger_account_problem_t *err);
bool exports_holdfast_ledger_account_withdraw(uint64_t amount, uint64_t *ret, exports_holdfast_ledger_account_problem_t *err);
uint64_t exports_holdfast_ledger_account_balance(void);
uint64_t exports_holdfast_ledger_account_entries(void);
void exports_holdfast_ledger_account_owner(ledger_string_t *ret);
uint32_t exports_holdfast_ledger_account_version(void);
void exports_holdfast_ledger_account_fail(uint64_t after);
void exports_holdfast_ledger_account_spin(uint64_t after);

// Helper Functions

void ledger_list_u8_free(ledger_list_u8_t *ptr);

// Creates a copy of the input nul-terminated string `s` and
// stores it into the component model string `ret`.
void ledger_string_dup(ledger_string_t *ret, const char*s);

// Creates a copy of the input string `s` with length `len` and
// stores it into the component model string `ret`.
void ledger_string_dup_n(ledger_string_t *ret, const char*s, size_t len);

// Deallocates the string pointed to by `ret`, deallocating
// the memory behind the string.
void ledger_string_free(ledger_string_t *ret);

#ifdef __cplusplus
}
#endif
#endif
