// SPDX-License-Identifier: Apache-2.0
#pragma once

// The TOML parser as code of our own, compiled once in toml.cpp: the command needs no library of it where it
// runs, and a file that is wrong is no exception.
#define TOML_HEADER_ONLY 0
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
