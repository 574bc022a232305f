// SPDX-License-Identifier: Apache-2.0
// The part of the C library that the generated bindings use. memory.c has it.
#pragma once
#include <stddef.h>

void* malloc(size_t size);
void* realloc(void* old, size_t size);
void free(void* block);
[[noreturn]] void abort(void);
