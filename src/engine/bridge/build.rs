// SPDX-License-Identifier: Apache-2.0
//! Writes the C header from the sources: to the build's own directory always, and to the committed place when asked by
//! `HOLDFAST_UPDATE_HEADER=1`. `tools/check-bridge-header` compares the two.
use std::{env, fs, path::PathBuf};

/// The files with public items, in the order in which the header shows them.
const SOURCES: &[&str] = &[
    "abi.rs",
    "error.rs",
    "engine.rs",
    "component.rs",
    "host_call.rs",
    "blueprint.rs",
    "object.rs",
    "pipe.rs",
    "context.rs",
    "instance.rs",
    "play.rs",
    "many.rs",
    "http_exchange.rs",
    "serving.rs",
    "direct.rs",
];

fn main() {
    println!("cargo:rerun-if-env-changed=HOLDFAST_UPDATE_HEADER");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        println!("cargo:rerun-if-changed=src/{source}");
        builder = builder.with_src(root.join("src").join(source));
    }
    let bindings = builder.generate().expect("the sources parse");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    bindings.write_to_file(out.join("holdfast_bridge.h"));
    if env::var_os("HOLDFAST_UPDATE_HEADER").is_some_and(|value| value == "1") {
        fs::create_dir_all(root.join("include")).expect("the sources are writable");
        bindings.write_to_file(root.join("include/holdfast_bridge.h"));
    }
}
