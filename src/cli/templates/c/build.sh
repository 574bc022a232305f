#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds {{name}}.wasm. CLANG, WIT_BINDGEN, WASM_TOOLS and JCO name tools that are not on the PATH.
set -eu
cd "$(dirname "$0")"

# The first of some programs that is there.
find_program() {
  for program; do
    if [ -n "$program" ] && command -v "$program" >/dev/null 2>&1; then
      printf '%s\n' "$program"
      return
    fi
  done
  return 1
}

clang=$(find_program "${CLANG-}" clang clang-21 clang-20 clang-19 clang-18 clang-17 clang-16) || {
  echo "build.sh: clang and lld are needed, such as: apt install clang lld" >&2
  exit 1
}
wit_bindgen=$(find_program "${WIT_BINDGEN-}" wit-bindgen) || {
  echo "build.sh: wit-bindgen is needed: cargo install wit-bindgen-cli" >&2
  exit 1
}

mkdir -p build
"$wit_bindgen" c --world greeter --out-dir build wit
"$clang" --target=wasm32-unknown-unknown -mbulk-memory -O2 -Wall -Wextra -ffreestanding -nostdlib -fuse-ld=lld \
  -isystem runtime -Ibuild -Wl,--no-entry -Wl,--strip-debug -Wl,--gc-sections -Wl,--stack-first \
  -o build/core.wasm greeter.c build/greeter.c build/greeter_component_type.o runtime/memory.c

if wasm_tools=$(find_program "${WASM_TOOLS-}" wasm-tools); then
  "$wasm_tools" component new build/core.wasm -o {{name}}.wasm
elif jco=$(find_program "${JCO-}" jco); then
  "$jco" new build/core.wasm -o {{name}}.wasm
else
  echo "build.sh: wasm-tools (cargo install wasm-tools) or jco (npm install -g @bytecodealliance/jco) is needed" >&2
  exit 1
fi
echo "built {{name}}.wasm"
