// SPDX-License-Identifier: Apache-2.0
// An order book that keeps the latest orders and, for every item, what was sold of it. A placement enters the order
// and the quantity first, then the money and the count. A call that was left between the two leaves a book that does
// not add up, and the audit finds it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "orders.h"

enum { items = 4, kept = 1024, most = 1000 };

typedef struct {
  const char* name;
  uint64_t price;  // in cents
} item;

static const item catalogue[items] = {{"book", 1250}, {"pen", 180}, {"lamp", 4200}, {"map", 760}};

typedef struct {
  uint64_t id;
  uint32_t item;
  uint32_t quantity;
} entry;

static struct {
  entry latest[kept];     // a ring
  uint64_t entered;       // orders entered: the first half of each placement
  uint64_t placed;        // orders placed: the second half
  uint64_t sold[items];   // quantities, counted in the first half
  uint64_t revenue;       // in cents, counted in the second half
} book;

static void begin(uint64_t id, uint32_t item, uint32_t quantity) {
  book.latest[book.entered % kept] = (entry){id, item, quantity};
  book.entered++;
  book.sold[item] += quantity;
}

static orders_receipt_t finish(void) {
  const entry* order = &book.latest[(book.entered - 1) % kept];
  uint64_t total = order->quantity * catalogue[order->item].price;
  book.revenue += total;
  book.placed++;
  return (orders_receipt_t){.serial = book.placed, .id = order->id, .total = total};
}

static int64_t find(const orders_string_t* name) {
  for (uint32_t i = 0; i < items; i++) {
    if (strlen(catalogue[i].name) == name->len && memcmp(catalogue[i].name, name->ptr, name->len) == 0) return i;
  }
  return -1;
}

// Volatile, or the compiler would see that nobody needs the work.
static volatile uint32_t grain = 1;

static void work(uint32_t rounds) {
  for (uint32_t round = 0; round < rounds; round++) {
    uint32_t value = grain;
    for (uint32_t step = 0; step < 600; step++) value = (value ^ (value >> 15)) * 1664525u + 1013904223u;
    grain = value;
  }
}

bool exports_orders_place(uint64_t id, orders_string_t* name, uint32_t quantity, orders_receipt_t* receipt,
                          orders_order_error_t* error) {
  int64_t found = find(name);
  if (found < 0) {
    // The name was ours to free, and becomes the error's.
    error->tag = ORDERS_ORDER_ERROR_UNKNOWN_ITEM;
    error->val.unknown_item = *name;
    return false;
  }
  orders_string_free(name);
  if (quantity > most) {
    error->tag = ORDERS_ORDER_ERROR_TOO_MANY;
    error->val.too_many = most;
    return false;
  }
  begin(id, (uint32_t)found, quantity);
  *receipt = finish();
  return true;
}

void exports_orders_place_slowly(uint64_t id, uint32_t rounds, orders_receipt_t* receipt) {
  begin(id, 0, 1);
  work(rounds);
  *receipt = finish();
}

uint64_t exports_orders_count(void) { return book.placed; }

bool exports_orders_lookup(uint64_t id, orders_order_t* order) {
  uint64_t oldest = book.entered > kept ? book.entered - kept : 0;
  for (uint64_t i = book.entered; i > oldest; i--) {
    const entry* found = &book.latest[(i - 1) % kept];
    if (found->id != id) continue;
    order->id = id;
    order->quantity = found->quantity;
    order->total = found->quantity * catalogue[found->item].price;
    orders_string_dup(&order->item, catalogue[found->item].name);
    return true;
  }
  return false;
}

bool exports_orders_audit(uint64_t* count, orders_string_t* wrong) {
  uint64_t worth = 0;
  for (uint32_t i = 0; i < items; i++) worth += book.sold[i] * catalogue[i].price;
  if (book.entered != book.placed) {
    orders_string_dup(wrong, "an order was entered and never placed");
    return false;
  }
  if (worth != book.revenue) {
    orders_string_dup(wrong, "the revenue is not what was sold");
    return false;
  }
  *count = book.placed;
  return true;
}

void exports_orders_echo(orders_list_u8_t* data, orders_list_u8_t* same) {
  *same = *data;  // the list was ours, and becomes the caller's
}

uint32_t exports_orders_add(uint32_t a, uint32_t b) { return a + b; }

uint64_t exports_orders_hog(uint64_t bytes) {
  const uint64_t page = 65536;
  uint64_t have = __builtin_wasm_memory_size(0) * page;
  if (bytes <= have) return have;
  if (bytes > UINT32_MAX) abort();
  if (__builtin_wasm_memory_grow(0, (size_t)((bytes - have + page - 1) / page)) == SIZE_MAX) abort();
  return __builtin_wasm_memory_size(0) * page;
}

void exports_orders_trap(uint64_t id) {
  begin(id, 0, 1);
  __builtin_trap();
}

void exports_orders_spin(uint64_t id) {
  begin(id, 0, 1);
  for (;;) work(1);
}
