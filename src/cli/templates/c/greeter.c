// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "greeter.h"

void exports_greeter_greet(greeter_string_t *name, greeter_string_t *ret) {
  static const char hello[] = "hello ";
  const size_t before = sizeof(hello) - 1;
  ret->len = before + name->len;
  ret->ptr = malloc(ret->len);
  if (ret->ptr == NULL) abort();
  memcpy(ret->ptr, hello, before);
  memcpy(ret->ptr + before, name->ptr, name->len);
  // The argument is ours to free; the result is freed by its post-return.
  greeter_string_free(name);
}

uint64_t exports_greeter_sum(greeter_list_u32_t *numbers) {
  uint64_t sum = 0;
  for (size_t i = 0; i < numbers->len; i++) sum += numbers->ptr[i];
  greeter_list_u32_free(numbers);
  return sum;
}
