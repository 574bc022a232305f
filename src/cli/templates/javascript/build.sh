#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds {{name}}.wasm.
set -eu
cd "$(dirname "$0")"

if ! command -v npm >/dev/null 2>&1; then
  echo "build.sh: node 20.19 or newer with npm is needed" >&2
  exit 1
fi
if [ ! -d node_modules ]; then
  npm install --no-audit --no-fund
fi
npm run --silent build
echo "built {{name}}.wasm"
