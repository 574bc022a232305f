// SPDX-License-Identifier: Apache-2.0
//! A small model of WIT types and values, written apart from the bridge so that the two can disagree: component text,
//! flat signatures, packed bytes and Wasmtime's dynamic values of the same thing.
#![allow(dead_code)]

use wasmtime::component::Val;

#[derive(Clone, Debug, PartialEq)]
pub enum T {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    List(Box<T>),
    Record(Vec<T>),
    Tuple(Vec<T>),
    Variant(Vec<Option<T>>),
    Enum(usize),
    Option(Box<T>),
    Result(Option<Box<T>>, Option<Box<T>>),
    Flags(usize),
}

/// A value: its packed bytes and the same as Wasmtime has it.
#[derive(Clone, Debug)]
pub struct V {
    pub packed: Vec<u8>,
    pub val: Val,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flat {
    I32,
    I64,
    F32,
    F64,
}

impl Flat {
    pub fn wat(self) -> &'static str {
        match self {
            Flat::I32 => "i32",
            Flat::I64 => "i64",
            Flat::F32 => "f32",
            Flat::F64 => "f64",
        }
    }
}

/// Splitmix64: small, seeded, good enough to pick types and values.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

pub fn scalar(random: &mut Random) -> T {
    [T::Bool, T::S8, T::U8, T::S16, T::U16, T::S32, T::U32, T::S64, T::U64, T::F32, T::F64, T::Char][random.below(12)]
        .clone()
}

/// A random type of at most `depth` levels.
pub fn any(random: &mut Random, depth: usize) -> T {
    let several = |random: &mut Random| 1 + random.below(5);
    if depth == 0 {
        return match random.below(4) {
            0 => T::String,
            1 => T::Enum(1 + random.below(300)),
            2 => T::Flags(1 + random.below(32)),
            _ => scalar(random),
        };
    }
    let side = |random: &mut Random| (random.below(3) > 0).then(|| any(random, depth - 1));
    match random.below(10) {
        0 | 1 => T::List(Box::new(any(random, depth - 1))),
        2 => T::List(Box::new(scalar(random))),
        3 => T::Record((0..several(random)).map(|_| any(random, depth - 1)).collect()),
        4 => T::Tuple((0..several(random)).map(|_| any(random, depth - 1)).collect()),
        5 | 6 => T::Variant((0..several(random)).map(|_| side(random)).collect()),
        7 => T::Option(Box::new(any(random, depth - 1))),
        8 => T::Result(side(random).map(Box::new), side(random).map(Box::new)),
        _ => any(random, 0),
    }
}

fn word(value: usize) -> [u8; 4] {
    (value as u32).to_le_bytes()
}

fn number<const SIZE: usize>(bytes: [u8; SIZE], val: Val) -> V {
    V { packed: bytes.to_vec(), val }
}

impl T {
    /// A random value.
    pub fn value(&self, random: &mut Random) -> V {
        let bits = random.next();
        match self {
            T::Bool => number([bits as u8 & 1], Val::Bool(bits & 1 == 1)),
            T::S8 => number((bits as i8).to_le_bytes(), Val::S8(bits as i8)),
            T::U8 => number((bits as u8).to_le_bytes(), Val::U8(bits as u8)),
            T::S16 => number((bits as i16).to_le_bytes(), Val::S16(bits as i16)),
            T::U16 => number((bits as u16).to_le_bytes(), Val::U16(bits as u16)),
            T::S32 => number((bits as i32).to_le_bytes(), Val::S32(bits as i32)),
            T::U32 => number((bits as u32).to_le_bytes(), Val::U32(bits as u32)),
            T::S64 => number((bits as i64).to_le_bytes(), Val::S64(bits as i64)),
            T::U64 => number(bits.to_le_bytes(), Val::U64(bits)),
            // Finite, so that equality of values is equality of bits on both sides.
            T::F32 => {
                let value = bits as i32 as f32 / 8.0;
                number(value.to_bits().to_le_bytes(), Val::Float32(value))
            }
            T::F64 => {
                let value = bits as i64 as f64 / 8.0;
                number(value.to_bits().to_le_bytes(), Val::Float64(value))
            }
            T::Char => {
                let value = letter(random);
                number(u32::from(value).to_le_bytes(), Val::Char(value))
            }
            T::String => {
                let text: String = (0..random.below(12)).map(|_| letter(random)).collect();
                let mut packed = word(text.len()).to_vec();
                packed.extend(text.as_bytes());
                V { packed, val: Val::String(text) }
            }
            T::List(element) => {
                let values: Vec<V> = (0..random.below(6)).map(|_| element.value(random)).collect();
                let mut packed = word(values.len()).to_vec();
                packed.extend(values.iter().flat_map(|value| &value.packed));
                V { packed, val: Val::List(values.into_iter().map(|value| value.val).collect()) }
            }
            T::Record(fields) => {
                let values: Vec<V> = fields.iter().map(|field| field.value(random)).collect();
                V {
                    packed: values.iter().flat_map(|value| value.packed.clone()).collect(),
                    val: Val::Record(
                        values.into_iter().enumerate().map(|(i, value)| (format!("f{i}"), value.val)).collect(),
                    ),
                }
            }
            T::Tuple(fields) => {
                let values: Vec<V> = fields.iter().map(|field| field.value(random)).collect();
                V {
                    packed: values.iter().flat_map(|value| value.packed.clone()).collect(),
                    val: Val::Tuple(values.into_iter().map(|value| value.val).collect()),
                }
            }
            T::Variant(cases) => {
                let case = random.below(cases.len());
                let (packed, payload) = side(case, cases[case].as_ref(), random);
                V { packed, val: Val::Variant(format!("c{case}"), payload) }
            }
            T::Enum(count) => {
                let case = random.below(*count);
                V { packed: word(case).to_vec(), val: Val::Enum(format!("e{case}")) }
            }
            T::Option(some) => {
                let case = random.below(2);
                let (packed, payload) = side(case, (case == 1).then_some(&**some), random);
                V { packed, val: Val::Option(payload) }
            }
            T::Result(ok, err) => {
                let case = random.below(2);
                let (packed, payload) = side(case, [ok, err][case].as_deref(), random);
                V { packed, val: Val::Result(if case == 0 { Ok(payload) } else { Err(payload) }) }
            }
            T::Flags(count) => {
                let set: Vec<bool> = (0..*count).map(|_| random.below(2) == 1).collect();
                let mut words = vec![0u32; count.div_ceil(32)];
                for (i, set) in set.iter().enumerate() {
                    words[i / 32] |= u32::from(*set) << (i % 32);
                }
                V {
                    packed: words.iter().flat_map(|word| word.to_le_bytes()).collect(),
                    val: Val::Flags(
                        set.iter().enumerate().filter(|(_, set)| **set).map(|(i, _)| format!("g{i}")).collect(),
                    ),
                }
            }
        }
    }

    /// The core types of a value in registers.
    pub fn flat(&self) -> Vec<Flat> {
        match self {
            T::S64 | T::U64 => vec![Flat::I64],
            T::F32 => vec![Flat::F32],
            T::F64 => vec![Flat::F64],
            T::String | T::List(_) => vec![Flat::I32, Flat::I32],
            T::Record(fields) | T::Tuple(fields) => fields.iter().flat_map(T::flat).collect(),
            T::Variant(cases) => cases_flat(cases.iter().map(Option::as_ref)),
            T::Option(some) => cases_flat([None, Some(&**some)].into_iter()),
            T::Result(ok, err) => cases_flat([ok.as_deref(), err.as_deref()].into_iter()),
            T::Flags(count) => vec![Flat::I32; count.div_ceil(32)],
            _ => vec![Flat::I32],
        }
    }

    /// Spells the type, after the definitions it needs, which go to `definitions`. Named types are exported: only such
    /// may stand in an exported function.
    pub fn wat(&self, definitions: &mut Vec<String>) -> String {
        let named = |definitions: &mut Vec<String>, body: String| {
            let name = definitions.len();
            definitions.push(format!("(type $d{name} {body}) (export $t{name} \"t{name}\" (type $d{name}))"));
            format!("$t{name}")
        };
        let plain = |name: &str| name.to_owned();
        match self {
            T::Bool => plain("bool"),
            T::S8 => plain("s8"),
            T::U8 => plain("u8"),
            T::S16 => plain("s16"),
            T::U16 => plain("u16"),
            T::S32 => plain("s32"),
            T::U32 => plain("u32"),
            T::S64 => plain("s64"),
            T::U64 => plain("u64"),
            T::F32 => plain("f32"),
            T::F64 => plain("f64"),
            T::Char => plain("char"),
            T::String => plain("string"),
            T::List(element) => format!("(list {})", element.wat(definitions)),
            T::Tuple(fields) => {
                let fields: Vec<_> = fields.iter().map(|field| field.wat(definitions)).collect();
                format!("(tuple {})", fields.join(" "))
            }
            T::Option(some) => format!("(option {})", some.wat(definitions)),
            T::Result(ok, err) => {
                let ok = ok.as_ref().map_or(String::new(), |ty| ty.wat(definitions));
                let err = err.as_ref().map_or(String::new(), |ty| format!("(error {})", ty.wat(definitions)));
                format!("(result {ok} {err})")
            }
            T::Record(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .enumerate()
                    .map(|(i, field)| format!("(field \"f{i}\" {})", field.wat(definitions)))
                    .collect();
                named(definitions, format!("(record {})", fields.join(" ")))
            }
            T::Variant(cases) => {
                let cases: Vec<_> = cases
                    .iter()
                    .enumerate()
                    .map(|(i, case)| {
                        let payload = case.as_ref().map_or(String::new(), |ty| ty.wat(definitions));
                        format!("(case \"c{i}\" {payload})")
                    })
                    .collect();
                named(definitions, format!("(variant {})", cases.join(" ")))
            }
            T::Enum(count) => {
                let names: Vec<_> = (0..*count).map(|i| format!("\"e{i}\"")).collect();
                named(definitions, format!("(enum {})", names.join(" ")))
            }
            T::Flags(count) => {
                let names: Vec<_> = (0..*count).map(|i| format!("\"g{i}\"")).collect();
                named(definitions, format!("(flags {})", names.join(" ")))
            }
        }
    }
}

/// Letters of one, two, three and four bytes of UTF-8, in Latin-1 and out of it.
fn letter(random: &mut Random) -> char {
    ['a', 'Z', '0', '~', 'é', 'ÿ', 'Ā', '€', '漢', '\u{ffff}', '😀', '\u{10ffff}'][random.below(12)]
}

fn side(case: usize, ty: Option<&T>, random: &mut Random) -> (Vec<u8>, Option<Box<Val>>) {
    let mut packed = word(case).to_vec();
    let payload = ty.map(|ty| {
        let value = ty.value(random);
        packed.extend(value.packed);
        Box::new(value.val)
    });
    (packed, payload)
}

fn cases_flat<'a>(cases: impl Iterator<Item = Option<&'a T>>) -> Vec<Flat> {
    let mut joined: Vec<Flat> = Vec::new();
    for case in cases.flatten() {
        for (i, flat) in case.flat().into_iter().enumerate() {
            match joined.get_mut(i) {
                None => joined.push(flat),
                Some(known) if *known == flat => {}
                Some(known @ (Flat::I32 | Flat::F32)) if matches!(flat, Flat::I32 | Flat::F32) => *known = Flat::I32,
                Some(known) => *known = Flat::I64,
            }
        }
    }
    [vec![Flat::I32], joined].concat()
}

/// A component around a type: `echo` passes it through memory both ways, `probe` answers the registers it came in,
/// `dump` the memory it came in, and `alone` (one register only) passes it through registers both ways.
pub fn component(ty: &T, encoding: &str) -> String {
    let mut definitions = Vec::new();
    let spelled = ty.wat(&mut definitions);
    let definitions = definitions.join("\n  ");
    let flat = ty.flat();
    let padding = " u64".repeat(17);
    let (mut core, mut lifted) = (String::new(), String::new());
    if flat.len() <= 16 {
        let params: Vec<_> = flat.iter().map(|flat| flat.wat()).collect();
        let stores: String = flat
            .iter()
            .enumerate()
            .map(|(i, flat)| {
                let at = 64 + i * 8;
                match flat {
                    Flat::I32 => format!("(i64.store (i32.const {at}) (i64.extend_i32_u (local.get {i})))"),
                    flat => format!("({}.store (i32.const {at}) (local.get {i}))", flat.wat()),
                }
            })
            .collect();
        let count = flat.len();
        core += &format!(
            "(func (export \"probe\") (param {}) (result i32) {stores}
               (i32.store (i32.const 32) (i32.const 64)) (i32.store (i32.const 36) (i32.const {count}))
               (i32.const 32))\n",
            params.join(" ")
        );
        lifted += &format!(
            "(func (export \"probe\") (param \"x\" {spelled}) (result (list u64))
               (canon lift (core func $i \"probe\") (memory (core memory $i \"mem\"))
                 (realloc (core func $i \"realloc\")) string-encoding={encoding}))\n"
        );
        if let [only] = flat[..] {
            core += &format!("(func (export \"alone\") (param {0}) (result {0}) local.get 0)\n", only.wat());
            lifted += &format!(
                "(func (export \"alone\") (param \"x\" {spelled}) (result {spelled})
                   (canon lift (core func $i \"alone\") (memory (core memory $i \"mem\"))
                     (realloc (core func $i \"realloc\")) string-encoding={encoding}))\n"
            );
        }
    }
    format!(
        r#"(component
  {definitions}
  (core module $m
    (memory (export "mem") 4)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
      (local $at i32)
      ;; Shrinking stays in place; growing moves to the end.
      (if (i32.and (i32.ne (local.get $old) (i32.const 0)) (i32.le_u (local.get $new) (local.get $size)))
        (then (return (local.get $old))))
      (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $new)))
      (memory.copy (local.get $at) (local.get $old) (local.get $size))
      (local.get $at))
    (func (export "echo") (param i32) (result i32) local.get 0)
    (func (export "dump") (param i32) (result i32)
      (i32.store (i32.const 32) (i32.const 1024))
      (i32.store (i32.const 36) (i32.sub (global.get $next) (i32.const 1024)))
      (i32.const 32))
    {core})
  (core instance $i (instantiate $m))
  (func (export "echo") (param "x" (tuple {spelled}{padding})) (result (tuple {spelled}{padding}))
    (canon lift (core func $i "echo") (memory (core memory $i "mem"))
      (realloc (core func $i "realloc")) string-encoding={encoding}))
  (func (export "dump") (param "x" (tuple {spelled}{padding})) (result (list u8))
    (canon lift (core func $i "dump") (memory (core memory $i "mem"))
      (realloc (core func $i "realloc")) string-encoding={encoding}))
  {lifted})"#
    )
}
