// SPDX-License-Identifier: Apache-2.0
//! Values in and out of guests: every type comes back as it went, and lies in the guest exactly as Wasmtime's own
//! dynamic values put it there.
mod support;
#[path = "support/types.rs"]
mod types;

use holdfast_bridge::abi::hfb_kind;
use support::{ENGINE, Instance, Told};
use types::{Random, T, V, any, component};
use wasmtime::component::{Component, Instance as Reference, Linker, Val};
use wasmtime::{Engine, Store};

const ECHO: u32 = 0;
const DUMP: u32 = 1;
const PROBE: u32 = 2;
const ALONE: u32 = 3;

/// The same component on an engine of the test's own, driven by `Val`.
struct Dynamic {
    store: Store<()>,
    instance: Reference,
}

impl Dynamic {
    fn new(engine: &Engine, text: &str) -> Self {
        let component = Component::new(engine, text).expect("the reference compiles it");
        let mut store = Store::new(engine, ());
        let instance = Linker::new(engine).instantiate(&mut store, &component).expect("it instantiates");
        Self { store, instance }
    }

    fn call(&mut self, name: &str, value: Val) -> Val {
        let function = self.instance.get_func(&mut self.store, name).expect("it is exported");
        let mut results = [Val::Bool(false)];
        function.call(&mut self.store, &[value], &mut results).expect("the reference call works");
        let [result] = results;
        result
    }
}

fn bytes_of(val: &Val) -> Vec<u8> {
    let Val::List(items) = val else { panic!("not a list") };
    items
        .iter()
        .flat_map(|item| match item {
            Val::U8(value) => vec![*value],
            Val::U64(value) => value.to_le_bytes().to_vec(),
            _ => panic!("not a number"),
        })
        .collect()
}

fn padded(value: &V) -> (Vec<u8>, Val) {
    let mut packed = value.packed.clone();
    let mut fields = vec![value.val.clone()];
    for i in 0..17u64 {
        let number = i.wrapping_mul(0x0101_0101_0101_0101);
        packed.extend(number.to_le_bytes());
        fields.push(Val::U64(number));
    }
    (packed, Val::Tuple(fields))
}

/// Sends one value through every path and compares with the reference.
fn compare(engine: &Engine, ty: &T, encoding: &str, values: &[V]) {
    let text = component(ty, encoding);
    let compiled = ENGINE.compile(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?} of {text}"));
    let blueprint = compiled.blueprint().expect("it links");
    let flat = ty.flat().len();
    for value in values {
        let (packed, val) = padded(value);
        // A fresh guest each, so that both allocate from the same place.
        let ours = blueprint.ready();
        assert_eq!(ours.call(ECHO, &packed).expect("echo"), packed, "echo of {ty:?} in {encoding}");
        let ours = blueprint.ready();
        let theirs = bytes_of(&Dynamic::new(engine, &text).call("dump", val.clone()));
        assert_eq!(ours.call(DUMP, &packed).expect("dump")[4..], theirs, "memory of {ty:?} in {encoding}");
        assert_eq!(Dynamic::new(engine, &text).call("echo", val.clone()), val, "the model itself");
        if flat <= 16 {
            let ours = blueprint.ready();
            let theirs = bytes_of(&Dynamic::new(engine, &text).call("probe", value.val.clone()));
            assert_eq!(ours.call(PROBE, &value.packed).expect("probe")[4..], theirs, "registers of {ty:?}");
        }
        if flat == 1 {
            let ours = blueprint.ready();
            assert_eq!(ours.call(ALONE, &value.packed).expect("alone"), value.packed, "alone of {ty:?}");
        }
    }
}

fn b(ty: T) -> Box<T> {
    Box::new(ty)
}

#[test]
fn every_kind_of_type_comes_back_as_it_went() {
    let engine = Engine::default();
    let mut random = Random(1);
    let mixed = T::Variant(vec![
        Some(T::F32),
        Some(T::U64),
        None,
        Some(T::F64),
        Some(T::S8),
        Some(T::String),
        Some(T::Tuple(vec![T::F32, T::S16, T::F64])),
    ]);
    let all = [
        T::Bool,
        T::S8,
        T::U8,
        T::S16,
        T::U16,
        T::S32,
        T::U32,
        T::S64,
        T::U64,
        T::F32,
        T::F64,
        T::Char,
        T::String,
        T::Enum(1),
        T::Enum(256),
        T::Enum(257),
        T::Flags(1),
        T::Flags(8),
        T::Flags(9),
        T::Flags(16),
        T::Flags(17),
        T::Flags(32),
        T::Record(vec![T::U8, T::U64, T::Bool, T::String, T::Char]),
        T::Tuple(vec![T::S8, T::F64, T::S16]),
        mixed.clone(),
        T::Record(vec![mixed.clone(), T::Option(b(mixed.clone()))]),
        T::List(b(mixed)),
        T::Option(b(T::Option(b(T::U8)))),
        T::Result(None, None),
        T::Result(Some(b(T::U64)), Some(b(T::String))),
        T::Result(None, Some(b(T::F32))),
        T::List(b(T::List(b(T::List(b(T::U16)))))),
        T::List(b(T::String)),
        T::List(b(T::Record(vec![T::U8, T::List(b(T::F64)), T::Bool]))),
        T::List(b(T::Flags(20))),
        T::List(b(T::Enum(3))),
        T::List(b(T::Bool)),
        T::List(b(T::Char)),
        // A record of one field is passed like the field.
        T::Record(vec![T::F32]),
        T::Tuple(vec![T::Tuple(vec![T::Char])]),
        // Seventeen registers do not fit: the arguments go through memory by themselves.
        T::Tuple(vec![T::U8; 17]),
        T::Tuple(vec![T::U32; 16]),
    ];
    for ty in &all {
        let values: Vec<_> = (0..6).map(|_| ty.value(&mut random)).collect();
        compare(&engine, ty, "utf8", &values);
    }
}

#[test]
fn flags_past_32_take_more_words() {
    let engine = Engine::default();
    // Wasmparser bounds flags to 32; the bridge's words are for when that changes.
    let more = component(&T::Flags(33), "utf8");
    assert!(Component::new(&engine, &more).is_err(), "time to test more than 32 flags");
}

#[test]
fn strings_come_back_in_every_encoding() {
    let engine = Engine::default();
    let mut random = Random(2);
    for encoding in ["utf8", "utf16", "latin1+utf16"] {
        for ty in [T::String, T::List(b(T::String)), T::Variant(vec![Some(T::String), Some(T::F64)])] {
            let values: Vec<_> = (0..20).map(|_| ty.value(&mut random)).collect();
            compare(&engine, &ty, encoding, &values);
        }
    }
}

#[test]
fn random_types_lie_in_the_guest_as_wasmtime_itself_puts_them() {
    let engine = Engine::default();
    let mut random = Random(3);
    for round in 0..150 {
        let ty = any(&mut random, 1 + round % 4);
        let encoding = ["utf8", "utf16", "latin1+utf16"][round % 3];
        let values: Vec<_> = (0..3).map(|_| ty.value(&mut random)).collect();
        compare(&engine, &ty, encoding, &values);
    }
}

fn echo_of(ty: &T) -> Instance {
    support::guest(&component(ty, "utf8"))
}

fn refused(instance: &Instance, function: u32, args: &[u8]) -> String {
    match instance.call(function, args) {
        Err(Told { kind: hfb_kind::BadValue, message, .. }) => message,
        other => panic!("expected a refused value, got {other:?}"),
    }
}

#[test]
fn a_value_by_reference_is_read_where_it_stands() {
    let outside: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let guest = echo_of(&T::List(b(T::U16)));
    let mut args = (50_000u32 | 1 << 31).to_le_bytes().to_vec();
    args.extend((outside.as_ptr() as u64).to_le_bytes());
    let mut padding = Vec::new();
    (0..17u64).for_each(|_| padding.extend(7u64.to_le_bytes()));
    args.extend(&padding);
    let echoed = guest.call(ECHO, &args).expect("echo");
    assert_eq!(echoed[..4], 50_000u32.to_le_bytes());
    assert_eq!(echoed[4..100_004], outside);
    assert_eq!(echoed[100_004..], padding);
}

#[test]
fn a_wrong_buffer_is_refused_before_the_guest_is_entered_and_the_instance_stays_idle() {
    let flags = echo_of(&T::Flags(9));
    let bad: &[(&str, &[u8])] =
        &[("short", &[1]), ("empty", &[]), ("an unknown flag", &[0, 2, 0, 0]), ("left over", &[1, 0, 0, 0, 9])];
    for (what, args) in bad {
        let message = refused(&flags, PROBE, args);
        assert!(message.contains("probe"), "{what}: {message}");
        assert!(flags.call(PROBE, &[1, 1, 0, 0]).is_ok(), "after {what}");
    }
    assert!(refused(&echo_of(&T::Char), PROBE, &0xd800u32.to_le_bytes()).contains("Unicode"));
    assert!(refused(&echo_of(&T::Bool), PROBE, &[2]).contains("bool"));
    assert!(refused(&echo_of(&T::Enum(3)), PROBE, &3u32.to_le_bytes()).contains("case 3"));
    assert!(refused(&echo_of(&T::Option(b(T::U8))), PROBE, &2u32.to_le_bytes()).contains("case 2"));
    assert!(refused(&echo_of(&T::String), PROBE, &[2, 0, 0, 0, 0xff, 0xfe]).contains("UTF-8"));
    assert!(refused(&echo_of(&T::List(b(T::Bool))), PROBE, &[2, 0, 0, 0, 1, 2]).contains("bool"));
    let long = u32::MAX >> 1;
    assert!(refused(&echo_of(&T::List(b(T::U8))), PROBE, &long.to_le_bytes()).contains("early"));
    assert!(refused(&echo_of(&T::List(b(T::String))), PROBE, &long.to_le_bytes()).contains("more than"));
}

/// A guest that answers memory of its own making, whatever its type says.
fn liar(result: &str, data: &str, pointer: u32) -> Result<Vec<u8>, Told> {
    let guest = support::guest(&format!(
        r#"(component
          (core module $m (memory (export "mem") 1) (data (i32.const 16) "{data}")
            (func (export "f") (result i32) (i32.const {pointer})))
          (core instance $i (instantiate $m))
          (func (export "f") (result {result}) (canon lift (core func $i "f") (memory (core memory $i "mem")))))"#
    ));
    guest.call(0, &[])
}

#[test]
fn a_guest_that_breaks_the_abi_is_a_trap_and_no_more() {
    let traps = [
        ("string", "", 65_535u32, "aligned"),
        ("string", "", 65_536, "out of bounds"),
        ("string", "\\f0\\ff\\00\\00\\ff\\ff\\00\\00", 16, "out of bounds"),
        ("string", "\\20\\00\\00\\00\\02\\00\\00\\00........\\ff\\fe", 16, "utf-8"),
        ("(list u8)", "\\00\\00\\00\\00\\ff\\ff\\ff\\ff", 16, "out of bounds"),
        ("(list u64)", "\\04\\00\\00\\00\\01\\00\\00\\00", 16, "aligned"),
        ("(list u64)", "\\00\\00\\00\\00\\ff\\ff\\ff\\ff", 16, "out of bounds"),
        ("(list string)", "\\00\\00\\00\\00\\ff\\ff\\ff\\1f", 16, "out of bounds"),
        ("(tuple char u8)", "\\00\\d8\\00\\00", 16, "char"),
        ("(list char)", "\\18\\00\\00\\00\\01\\00\\00\\00\\00\\00\\11\\00", 16, "Unicode"),
        ("(option u8)", "\\02\\00", 16, "discriminant"),
        ("(option u8)", "", u32::MAX, "out of bounds"),
    ];
    for (ty, data, pointer, says) in traps {
        match liar(ty, data, pointer) {
            Err(Told { kind: hfb_kind::Trap, message, .. }) => {
                assert!(message.contains(says), "{ty}: {message}")
            }
            other => panic!("{ty}: {other:?}"),
        }
    }
    // What is harmless is made canonical.
    assert_eq!(liar("(tuple bool bool)", "\\02\\ff", 16).expect("bools"), [1, 1]);
    assert_eq!(liar("(list bool)", "\\18\\00\\00\\00\\02\\00\\00\\00\\00\\07", 16).unwrap(), [2, 0, 0, 0, 0, 1]);
}
