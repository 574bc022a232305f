// SPDX-License-Identifier: Apache-2.0
// The memory of a call: its arguments, and its results until they were taken over. When the last block is freed the
// whole arena is free again, so memory stays bounded however many calls are made. Keep what outlives a call in static
// objects, or link an allocator of your own in place of this one.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern unsigned char __heap_base;  // the linker's: the first byte that no static object uses

static const size_t page = 65536;

static uintptr_t top;
static uintptr_t latest;  // the latest block, which alone can grow in place
static uint32_t blocks;

static int reserve(uintptr_t end) {
  size_t have = __builtin_wasm_memory_size(0) * page;
  if (end <= have) return 1;
  return __builtin_wasm_memory_grow(0, (end - have + page - 1) / page) != SIZE_MAX;
}

void *malloc(size_t size) {
  if (blocks == 0) top = (uintptr_t)&__heap_base;
  uintptr_t block = (top + 15) & ~(uintptr_t)15;
  uintptr_t end;
  if (__builtin_add_overflow(block, size, &end) || !reserve(end)) return NULL;
  top = end;
  latest = block;
  blocks++;
  return (void *)block;
}

void *realloc(void *old, size_t size) {
  if (old == NULL) return malloc(size);
  if ((uintptr_t)old == latest) {
    uintptr_t end;
    if (__builtin_add_overflow(latest, size, &end) || !reserve(end)) return NULL;
    top = end;
    return old;
  }
  // No block knows its size; the bytes up to the top are a bound for it.
  size_t most = top - (uintptr_t)old;
  void *block = malloc(size);
  if (block == NULL) return NULL;
  memcpy(block, old, size < most ? size : most);
  free(old);
  return block;
}

void free(void *block) {
  if (block != NULL) blocks--;
}

void abort(void) { __builtin_trap(); }

// Each of these two is one instruction.
void *memcpy(void *to, const void *from, size_t size) { return __builtin_memcpy(to, from, size); }

void *memset(void *to, int value, size_t size) { return __builtin_memset(to, value, size); }

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length] != '\0') length++;
  return length;
}
