// SPDX-License-Identifier: Apache-2.0
//! What is refused, and in which words: input that is no component, imports that nobody defines, a cache that cannot be
//! trusted, a pool that cannot be had. And what a component says of itself.
mod support;

use holdfast_bridge::abi::hfb_kind;
use holdfast_wave::packed::Reader;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use support::{ENGINE, Engine, Told, small};

fn refused(bytes: &[u8]) -> Told {
    match ENGINE.compile(bytes) {
        Err(error) => error,
        Ok(_) => panic!("it was accepted"),
    }
}

#[test]
fn input_that_is_no_component_is_named_for_what_it_is() {
    let binary = wat::parse_str("(component (core module) (type $t (list u8)) (export \"t\" (type $t)))").unwrap();
    let cases: &[(&[u8], hfb_kind, &str)] = &[
        (b"", hfb_kind::NotWasm, "empty"),
        (b"#!/bin/sh\n", hfb_kind::NotWasm, "neither"),
        (b"\x7fELF\x02\x01", hfb_kind::NotWasm, "neither"),
        (b";; only a comment", hfb_kind::NotWasm, "neither"),
        (b"(; never closed", hfb_kind::NotWasm, "neither"),
        (b"\0as", hfb_kind::Malformed, "truncated"),
        (b"\0asm\x0d\0", hfb_kind::Malformed, "truncated"),
        (b"\0asm\x01\0\0\0", hfb_kind::CoreModule, "core WebAssembly module"),
        (b"(module)", hfb_kind::CoreModule, "core WebAssembly module"),
        (b" ;; hi\n(; a (; b ;) ;) (component", hfb_kind::Malformed, "text"),
        (b"(component (nonsense))", hfb_kind::Malformed, "at line 1, column 13"),
        (b"\0asm\x0d\0\x01\0\xff\xff\xff", hfb_kind::Malformed, "offset"),
        (&binary[..binary.len() - 3], hfb_kind::Malformed, "truncated"),
        (&binary[..12], hfb_kind::Malformed, "truncated"),
    ];
    for (bytes, kind, says) in cases {
        let error = refused(bytes);
        assert_eq!(error.kind, *kind, "{error:?}");
        assert!(error.message.contains(says), "{error:?} should say {says}");
    }
    assert!(ENGINE.compile(b"\n;; text\n(; after (; all ;) ;)\n(component)").is_ok());
}

#[test]
fn every_cut_of_a_component_is_refused_and_none_crashes() {
    let whole = wat::parse_str(
        r#"(component (core module $m (func (export "f") (result i32) (i32.const 1)))
             (core instance $i (instantiate $m))
             (func (export "f") (result u32) (canon lift (core func $i "f"))))"#,
    )
    .unwrap();
    assert!(ENGINE.compile(&whole).is_ok());
    for length in 0..whole.len() {
        // A cut between sections leaves a smaller component that is whole.
        if let Err(error) = ENGINE.compile(&whole[..length]) {
            assert!(matches!(error.kind, hfb_kind::Malformed | hfb_kind::NotWasm), "cut at {length}: {error:?}");
        }
    }
}

#[test]
fn a_feature_that_no_engine_has_is_named() {
    let error = refused(
        br#"(component
             (core module $m (memory (export "mem") 1))
             (core instance $i (instantiate $m))
             (core func (canon error-context.new (memory (core memory $i "mem")))))"#,
    );
    assert_eq!(error.kind, hfb_kind::Unsupported, "{error:?}");
    assert!(error.message.contains("error-context feature"), "{error:?}");
}

#[test]
fn an_async_component_with_something_wrong_is_refused_for_that() {
    let error = refused(
        br#"(component
             (core module $m (func (export "f")) (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
             (core instance $i (instantiate $m))
             (func (export "f") async (canon lift (core func $i "f") async (callback (core func $i "cb")))))"#,
    );
    assert_eq!(error.kind, hfb_kind::Malformed, "{error:?}");
    assert!(error.message.contains("lowered result types"), "{error:?}");
}

#[test]
fn a_memory_larger_than_a_slot_is_refused_with_the_numbers() {
    let engine =
        Engine::with(&holdfast_bridge::abi::hfb_engine_config { max_memory_bytes: 1 << 20, ..small() }).unwrap();
    let Err(error) = engine.compile(b"(component (core module $m (memory 17)) (core instance (instantiate $m)))")
    else {
        panic!("it was accepted")
    };
    assert_eq!(error.kind, hfb_kind::TooLarge, "{error:?}");
    assert!(error.message.contains("1048576") || error.message.contains("0x100000"), "{error:?}");
}

#[test]
fn each_missing_import_is_named() {
    let component = ENGINE
        .compile(
            br#"(component
              (import "alone" (func))
              (import "shop:stock/store@1.2.0" (instance
                (export "item" (type $i (sub resource)))
                (export "count" (func (param "name" string) (result u32)))
                (export "take" (func (param "item" (own $i))))))
              (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64)))))
              (import "wasi:clocks/monotonic-clock@9.0.0" (instance (export "now" (func (result u64))))))"#,
        )
        .unwrap();
    let linker = component.linker(None, None);
    let Err(error) = linker.finish() else { panic!("it linked") };
    assert_eq!(error.kind, hfb_kind::UnknownImport, "{error:?}");
    for name in [
        "`alone`",
        "`shop:stock/store@1.2.0#item`",
        "`shop:stock/store@1.2.0#count`",
        "`shop:stock/store@1.2.0#take`",
        "`wasi:clocks/monotonic-clock@9.0.0#now`",
    ] {
        assert!(error.message.contains(name), "{name} is missing from {}", error.message);
    }
    assert!(!error.message.contains("@0.2.0"), "WASI 0.2 is there: {}", error.message);
}

#[test]
fn an_import_of_another_type_is_told_apart_from_a_missing_one() {
    let component = ENGINE
        .compile(
            br#"(component
              (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result string))))))"#,
        )
        .unwrap();
    let Err(error) = component.blueprint() else { panic!("it linked") };
    assert_eq!(error.kind, hfb_kind::TypeMismatch, "{error:?}");
    assert!(error.message.contains("now"), "{error:?}");
}

#[test]
fn a_pool_that_cannot_be_had_is_refused_with_the_numbers() {
    let config = holdfast_bridge::abi::hfb_engine_config { max_instances: 1_000_000, ..small() };
    let Err(error) = Engine::with(&config) else { panic!("it was reserved") };
    assert_eq!(error.kind, hfb_kind::NoResources, "{error:?}");
    assert!(error.message.contains("1000000 instances"), "{error:?}");
    let config = holdfast_bridge::abi::hfb_engine_config { async_stack: 1 << 20, max_wasm_stack: 1 << 20, ..small() };
    let Err(error) = Engine::with(&config) else { panic!("it was accepted") };
    assert!(error.message.contains("no room for host functions"), "{error:?}");
}

#[test]
fn ten_thousand_small_slots_can_be_had() {
    let config = holdfast_bridge::abi::hfb_engine_config {
        max_instances: 10_000,
        max_memory_bytes: 1 << 20,
        memory_reservation: 1 << 20,
        max_memories_per_component: 1,
        max_tables_per_component: 1,
        max_table_elements: 1000,
        ..small()
    };
    let engine = Engine::with(&config).unwrap();
    let component =
        engine.compile(b"(component (core module $m (memory 1)) (core instance (instantiate $m)))").unwrap();
    let blueprint = component.blueprint().unwrap();
    let instances: Vec<_> = (0..1000).map(|_| blueprint.ready()).collect();
    assert_eq!(instances.len(), 1000);
}

#[test]
fn components_of_many_tables_leave_room_for_every_instance_that_the_pool_promises() {
    let engine = Engine::with(&holdfast_bridge::abi::hfb_engine_config { max_instances: 6, ..small() }).unwrap();
    let tables = |count: usize| {
        let text = format!(
            "(component (core module $m {}) (core instance (instantiate $m)))",
            "(table 1 funcref)".repeat(count)
        );
        engine.compile(text.as_bytes()).unwrap().blueprint().unwrap()
    };
    let (greedy, modest) = (tables(64), tables(1));
    let mut all: Vec<_> = (0..3).map(|_| greedy.ready()).collect();
    all.extend((0..3).map(|_| modest.ready()));
    let error = modest.instance().settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::NoResources, "{error:?}");
}

#[test]
fn without_signal_handlers_a_fault_is_still_a_trap() {
    let engine = Engine::with(&holdfast_bridge::abi::hfb_engine_config { signal_traps: false, ..small() }).unwrap();
    let text = r#"(component
      (core module $m (memory 1) (func (export "f") (result i32) (i32.load (i32.const 100000000))))
      (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))"#;
    let guest = engine.compile(text.as_bytes()).unwrap().blueprint().unwrap().ready();
    let error = guest.call(0, &[]).unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("out of bounds"), "{error:?}");
}

/// A new directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("holdfast-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn entries(&self) -> Vec<PathBuf> {
        let mut entries: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    }

    fn entry(&self) -> PathBuf {
        self.entries().into_iter().find(|path| path.file_name().unwrap() != "key").expect("there is an entry")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SMALL: &[u8] = br#"(component (core module $m (func (export "f") (result i32) (i32.const 41)))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))"#;

fn answer(directory: &Path) -> Vec<u8> {
    let component = ENGINE.compile_cached(SMALL, directory.to_str().unwrap()).unwrap();
    component.blueprint().unwrap().ready().call(0, &[]).unwrap()
}

#[test]
fn the_cache_keeps_one_private_entry_and_uses_it() {
    let scratch = Scratch::new("cache");
    assert_eq!(answer(&scratch.0), [41, 0, 0, 0]);
    assert_eq!(fs::metadata(&scratch.0).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(scratch.entries().len(), 2, "a key and an entry");
    for entry in scratch.entries() {
        assert_eq!(fs::metadata(entry).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let written = fs::metadata(scratch.entry()).unwrap().modified().unwrap();
    assert_eq!(answer(&scratch.0), [41, 0, 0, 0]);
    assert_eq!(scratch.entries().len(), 2);
    assert_eq!(fs::metadata(scratch.entry()).unwrap().modified().unwrap(), written, "it was not compiled again");
}

#[test]
fn a_changed_entry_is_never_loaded_but_written_anew() {
    let scratch = Scratch::new("tampered");
    answer(&scratch.0);
    let path = scratch.entry();
    let good = fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let bad = [
        flipped(0),
        flipped(40),
        flipped(good.len() / 2),
        flipped(good.len() - 1),
        good[..good.len() - 1].to_vec(),
        good[..31].to_vec(),
        Vec::new(),
        [&good[..], b"x"].concat(),
    ];
    for bytes in bad {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(answer(&scratch.0), [41, 0, 0, 0]);
        assert_eq!(fs::read(&path).unwrap(), good, "it was recompiled and rewritten");
    }
}

#[test]
fn an_honest_entry_cannot_stand_in_for_another() {
    let scratch = Scratch::new("swapped");
    answer(&scratch.0);
    let path = scratch.entry();
    let other = b"(component)";
    ENGINE.compile_cached(other, scratch.0.to_str().unwrap()).unwrap();
    let foreign = scratch.entries().into_iter().find(|entry| *entry != path && !entry.ends_with("key")).unwrap();
    fs::copy(&foreign, &path).unwrap();
    assert_eq!(answer(&scratch.0), [41, 0, 0, 0]);
}

#[test]
fn a_cache_that_others_could_write_is_refused() {
    let scratch = Scratch::new("open");
    answer(&scratch.0);
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o770)).unwrap();
    let error = ENGINE.compile_cached(SMALL, scratch.0.to_str().unwrap()).err().unwrap();
    assert_eq!(error.kind, hfb_kind::Cache);
    assert!(error.message.contains("770"), "{error:?}");
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(scratch.0.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(ENGINE.compile_cached(SMALL, scratch.0.to_str().unwrap()).err().unwrap().kind, hfb_kind::Cache);
    fs::set_permissions(scratch.0.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    answer(&scratch.0);
    let link = Scratch::new("link");
    std::os::unix::fs::symlink(&scratch.0, &link.0).unwrap();
    assert_eq!(ENGINE.compile_cached(SMALL, link.0.to_str().unwrap()).err().unwrap().kind, hfb_kind::Cache);
    fs::remove_file(&link.0).unwrap();
}

#[test]
fn a_cache_that_cannot_be_written_does_not_fail_the_compile() {
    assert_eq!(answer(Path::new("/proc/no/such/place")), [41, 0, 0, 0]);
}

#[test]
fn a_description_tells_functions_by_number_interfaces_included() {
    let component = ENGINE
        .compile(
            br#"(component
              (import "log" (func (param "text" string)))
              (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
              (core instance $i (instantiate $m))
              (func $f (param "x" u32) (result u32) (canon lift (core func $i "f")))
              (instance $shop (export "get" (func $f)))
              (export "shop:stock/store@1.0.0" (instance $shop))
              (export "last" (func $f)))"#,
        )
        .unwrap();
    let packed = component.describe();
    let mut reader = Reader::new(&packed);
    assert_eq!(reader.u32(), Ok(1), "imports");
    assert_eq!((reader.u8(), reader.text(), reader.u32()), (Ok(0), Ok("log"), Ok(0)));
    assert_eq!(
        (reader.u8(), reader.u32(), reader.text(), reader.u8(), reader.u8()),
        (Ok(0), Ok(1), Ok("text"), Ok(12), Ok(0))
    );
    assert_eq!(reader.u32(), Ok(2), "exports");
    assert_eq!((reader.u8(), reader.text(), reader.u32()), (Ok(1), Ok("shop:stock/store@1.0.0"), Ok(1)));
    for (name, number) in [("get", 0), ("last", 1)] {
        assert_eq!((reader.u8(), reader.text(), reader.u32()), (Ok(0), Ok(name), Ok(number)));
        assert_eq!((reader.u8(), reader.u32(), reader.text(), reader.u8()), (Ok(0), Ok(1), Ok("x"), Ok(6)));
        assert_eq!((reader.u8(), reader.u8()), (Ok(1), Ok(6)));
    }
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn a_type_that_unfolds_without_end_is_too_large() {
    // Each type holds the one before it twice: 2^30 parts when written out.
    let mut text = String::from("(component (type $t0 (tuple u8 u8))");
    for i in 1..30 {
        text += &format!("(type $t{i} (tuple $t{0} $t{0}))", i - 1);
    }
    text += "(import \"f\" (func (param \"x\" $t29))))";
    let error = refused(text.as_bytes());
    assert!(matches!(error.kind, hfb_kind::TooLarge | hfb_kind::Malformed), "{error:?}");
    assert!(error.message.contains("parts") || error.message.contains("size"), "{error:?}");
}

#[test]
fn the_version_is_the_pinned_one() {
    let mut out = support::empty();
    unsafe { holdfast_bridge::engine::hfb_version(&mut out) };
    assert_eq!(support::take(out), b"48.0.8");
}
