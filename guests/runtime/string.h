// SPDX-License-Identifier: Apache-2.0
// The part of the C library that the generated bindings use. memory.c has it.
#pragma once
#include <stddef.h>

void* memcpy(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
int memcmp(const void* a, const void* b, size_t size);
size_t strlen(const char* text);
