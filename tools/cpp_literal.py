# SPDX-License-Identifier: Apache-2.0
"""Bytes as a C++ literal: for the tools that make sources of files."""

import string

PLAIN = set((string.ascii_letters + string.digits + string.punctuation + " ").encode()) - set(b'"\\?')


def literal(data: bytes) -> str:
    """A C++ literal of any bytes, a line of it for each line of the text. Octal escapes end after three digits by
    themselves, hexadecimal ones would go on."""
    lines = data.split(b"\n")
    pieces = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    quoted = ["".join(chr(byte) if byte in PLAIN else f"\\{byte:03o}" for byte in piece) for piece in pieces]
    return "\n    ".join(f'"{piece}"' for piece in quoted) or '""'
