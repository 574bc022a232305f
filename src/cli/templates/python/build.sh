#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds {{name}}.wasm. COMPONENTIZE_PY names the tool where it is not on the PATH; where there is none at all it is
# installed into .venv.
set -eu
cd "$(dirname "$0")"

if [ -n "${COMPONENTIZE_PY-}" ]; then
  tool=$COMPONENTIZE_PY
elif command -v componentize-py >/dev/null 2>&1; then
  tool=componentize-py
else
  tool=.venv/bin/componentize-py
  if [ ! -x "$tool" ]; then
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
  fi
fi
# Without an environment of its own the tool would take this machine's packages into the component.
mkdir -p build/lib/site-packages
VIRTUAL_ENV="$PWD/build" "$tool" --wit-path wit --world greeter componentize app -p . -o {{name}}.wasm
echo "built {{name}}.wasm"
