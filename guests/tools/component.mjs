// SPDX-License-Identifier: Apache-2.0
// Makes a component of a core module and its WIT: component.mjs JCO CORE WIT WORLD OUT
//
// This is what `wasm-tools component embed` and `component new` do, by the same Rust code: it comes ready-made with jco,
// whose version the lock file pins, where the crate takes minutes to compile.
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [jco, core, wit, world, out] = process.argv.slice(2);
const { componentEmbed, componentNew } = await import(pathToFileURL(resolve(jco, 'src/api.js')));

const embedded = await componentEmbed({ binary: await readFile(core), witPath: resolve(wit), world });
await writeFile(out, await componentNew(embedded, []));
