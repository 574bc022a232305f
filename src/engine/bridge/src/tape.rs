// SPDX-License-Identifier: Apache-2.0
//! What a guest learned from outside, in order, as bytes that another instance of its component can be told again.
//!
//! A tape is kept on disk, so what is written here stays readable. It is items one after another, each
//!
//! - the number of a question, one byte,
//! - the length of the payload, LEB128, at most ten bytes,
//! - the payload, in the packed encoding of `src/wit/packed.md`.
//!
//! The payload is what the question was answered:
//!
//! | question | payload |
//! |---|---|
//! | 0, a function of the embedder's | text `interface#name`; 8 bytes, the first of the SHA-256 of the packed arguments; u8 0 and the packed result to the end, or u8 1 and the reason why it failed, UTF-8 to the end |
//! | 1, 2 wall clock | u64 seconds, u32 nanoseconds |
//! | 3, 4 monotonic clock | u64 nanoseconds |
//! | 5, 7 random bytes | the bytes; as many were asked for |
//! | 6, 8 random number | u64 |
//! | 9 insecure seed | u64, u64 |
//! | 10 environment | count, then text name and text value each |
//! | 11 arguments | count, then text each |
//! | 12 initial directory, 18 key | u32 0, or u32 1 and text |
//! | 13 poll | u32, how many pollables were asked about; count, then u32 each, the indexes of those that were ready |
//! | 14 ready, 16 stop requested | bool |
//! | 15 block | nothing |
//! | 17 time left | u32 0, or u32 1 and u64 nanoseconds |
//! | 19 attempt | u32 |
//! | 20 generation | u64 |

use crate::error::Diverged;
use holdfast_wave::packed::{Malformed, Reader, Writer};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that a guest may ask. Its number stands on tapes and is never used for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    number: u8,
    name: &'static str,
}

macro_rules! questions {
    ($($constant:ident = $number:literal, $name:literal;)*) => {
        impl Question {
            $(pub(crate) const $constant: Self = Self { number: $number, name: $name };)*
            const ALL: &[Self] = &[$(Self::$constant),*];
        }
    };
}
questions! {
    WALL_NOW = 1, "wasi:clocks/wall-clock#now";
    WALL_RESOLUTION = 2, "wasi:clocks/wall-clock#resolution";
    MONOTONIC_NOW = 3, "wasi:clocks/monotonic-clock#now";
    MONOTONIC_RESOLUTION = 4, "wasi:clocks/monotonic-clock#resolution";
    RANDOM_BYTES = 5, "wasi:random/random#get-random-bytes";
    RANDOM_U64 = 6, "wasi:random/random#get-random-u64";
    INSECURE_BYTES = 7, "wasi:random/insecure#get-insecure-random-bytes";
    INSECURE_U64 = 8, "wasi:random/insecure#get-insecure-random-u64";
    INSECURE_SEED = 9, "wasi:random/insecure-seed#insecure-seed";
    ENVIRONMENT = 10, "wasi:cli/environment#get-environment";
    ARGUMENTS = 11, "wasi:cli/environment#get-arguments";
    INITIAL_DIRECTORY = 12, "wasi:cli/environment#initial-cwd";
    POLL = 13, "wasi:io/poll#poll";
    READY = 14, "wasi:io/poll#[method]pollable.ready";
    BLOCK = 15, "wasi:io/poll#[method]pollable.block";
    STOP_REQUESTED = 16, "holdfast:call/context#stop-requested";
    TIME_LEFT = 17, "holdfast:call/context#time-left";
    KEY = 18, "holdfast:call/context#key";
    ATTEMPT = 19, "holdfast:call/context#attempt";
    GENERATION = 20, "holdfast:call/context#generation";
}

/// The number of the questions that functions of the embedder's are.
const FUNCTION: u8 = 0;

/// An answer, as it stands on a tape.
pub(crate) trait Told: Sized {
    fn put(&self, out: &mut Writer);
    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

macro_rules! told_as {
    ($($ty:ty: |$told:ident, $out:ident| $put:expr, |$from:ident| $take:expr;)*) => {
        $(impl Told for $ty {
            fn put(&self, $out: &mut Writer) {
                let $told = self;
                $put
            }
            fn take($from: &mut Reader<'_>) -> Result<Self, Malformed> {
                $take
            }
        })*
    };
}
told_as! {
    (): |_told, _out| (), |_from| Ok(());
    bool: |told, out| out.u8(u8::from(*told)), |from| from.bool();
    u32: |told, out| out.u32(*told), |from| from.u32();
    u64: |told, out| out.u64(*told), |from| from.u64();
    String: |told, out| out.text(told), |from| Ok(from.text()?.to_owned());
}

impl<A: Told, B: Told> Told for (A, B) {
    fn put(&self, out: &mut Writer) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl<T: Told> Told for Option<T> {
    fn put(&self, out: &mut Writer) {
        out.u32(u32::from(self.is_some()));
        if let Some(told) = self {
            told.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.u32()? {
            0 => Ok(None),
            1 => Ok(Some(T::take(from)?)),
            _ => Err(from.malformed("an option has two cases")),
        }
    }
}

impl<T: Told> Told for Vec<T> {
    fn put(&self, out: &mut Writer) {
        out.length(self.len());
        self.iter().for_each(|each| each.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = from.count(4)?;
        (0..count).map(|_| T::take(from)).collect()
    }
}

/// Bytes to the end of the payload.
pub(crate) struct Rest(pub Vec<u8>);

impl Told for Rest {
    fn put(&self, out: &mut Writer) {
        out.raw(&self.0);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(from.raw(from.remaining())?.to_vec()))
    }
}

/// What a function of the embedder's answered, or why it failed.
pub(crate) type Answered = Result<Vec<u8>, String>;

/// Stands for packed arguments on a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 8]);

impl Fingerprint {
    pub(crate) fn of(arguments: &[u8]) -> Self {
        let hash = Sha256::digest(arguments);
        Self(std::array::from_fn(|at| hash[at]))
    }
}

enum State {
    Recording(Vec<u8>),
    /// What was recorded of the segment is dropped.
    TooLong,
    Playing {
        tape: Vec<u8>,
        at: usize,
    },
}

/// The monotonic clock begins anew with each instance, and never goes back for a guest that goes on after a replay.
#[derive(Default)]
struct Clock {
    /// The latest that the guest may know of.
    latest: u64,
    /// What the guest's clock is ahead of the instance's.
    ahead: u64,
}

/// The tape of one instance. Its segments are recorded unless they are played.
pub(crate) struct Tape {
    /// Most bytes of one segment.
    limit: usize,
    /// Locked within polls and between them, on one thread at a time.
    state: Mutex<State>,
    clock: Mutex<Clock>,
}

/// An item of a tape.
struct Item<'a> {
    number: u8,
    payload: &'a [u8],
    /// Where the next one begins.
    end: usize,
}

impl Item<'_> {
    /// As messages have it.
    fn shown(&self) -> String {
        let name = match self.number {
            FUNCTION => Reader::new(self.payload).text().ok(),
            number => Question::ALL.iter().find(|known| known.number == number).map(|known| known.name),
        };
        name.map_or_else(|| "something that is not known here".to_owned(), |name| format!("`{name}`"))
    }
}

/// The item that begins at `at`; `Err`: there is none that can be read.
fn item(tape: &[u8], at: usize) -> Result<Item<'_>, ()> {
    let number = *tape.get(at).ok_or(())?;
    let (mut length, mut shift, mut begin) = (0u64, 0, at + 1);
    loop {
        let byte = *tape.get(begin).ok_or(())?;
        begin += 1;
        length |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(())?;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    let end = usize::try_from(length).ok().and_then(|length| begin.checked_add(length)).ok_or(())?;
    Ok(Item { number, payload: tape.get(begin..end).ok_or(())?, end })
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tape {
    /// `limit`: most bytes of one segment.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, state: Mutex::new(State::Recording(Vec::new())), clock: Mutex::default() })
    }

    /// Whether nothing may be done outside.
    pub(crate) fn plays(&self) -> bool {
        matches!(*lock(&self.state), State::Playing { .. })
    }

    /// What comes next is told what these bytes have.
    pub(crate) fn play(&self, tape: Vec<u8>) {
        *lock(&self.state) = State::Playing { tape, at: 0 };
    }

    /// Ends a segment; `None`: it was too long, or was played.
    pub(crate) fn take(&self) -> Option<Vec<u8>> {
        match std::mem::replace(&mut *lock(&self.state), State::Recording(Vec::new())) {
            State::Recording(tape) => Some(tape),
            State::TooLong | State::Playing { .. } => None,
        }
    }

    /// Ends a segment that was played; what is left of it.
    pub(crate) fn end_play(&self) -> Option<Diverged> {
        let mut state = lock(&self.state);
        let State::Playing { tape, at } = &*state else { return None };
        let left = (*at < tape.len()).then(|| {
            Diverged(match item(tape, *at) {
                Ok(next) => format!("the guest asks for no more, and when it was recorded for {} next", next.shown()),
                Err(()) => "the guest asks for no more, and what comes next on the tape cannot be read".to_owned(),
            })
        });
        *state = State::Recording(Vec::new());
        left
    }

    /// The next answer of what is played; `None`: nothing is, so it has to be asked outside and recorded.
    pub(crate) fn next<T: Told>(&self, question: Question) -> Result<Option<T>, Diverged> {
        self.advance(question.number, question.name, |payload| read(payload, question.name))
    }

    pub(crate) fn record<T: Told>(&self, question: Question, told: &T) {
        self.append(question.number, |out| told.put(out));
    }

    /// As `next` does, for a function of the embedder's.
    pub(crate) fn next_call(&self, name: &str, arguments: Fingerprint) -> Result<Option<Answered>, Diverged> {
        self.advance(FUNCTION, name, |payload| {
            let unreadable = |_| unreadable(name);
            let mut from = Reader::new(payload);
            let recorded = from.text().map_err(unreadable)?;
            if recorded != name {
                return Err(other(name, &format!("`{recorded}`")));
            }
            if from.raw(arguments.0.len()).map_err(unreadable)? != arguments.0 {
                return Err(other_arguments(name));
            }
            let failed = from.bool().map_err(unreadable)?;
            let rest = from.raw(from.remaining()).map_err(unreadable)?;
            Ok(match failed {
                false => Ok(rest.to_vec()),
                true => Err(String::from_utf8_lossy(rest).into_owned()),
            })
        })
    }

    pub(crate) fn record_call(&self, name: &str, arguments: Fingerprint, answered: Result<&[u8], &str>) {
        self.append(FUNCTION, |out| {
            out.text(name);
            out.raw(&arguments.0);
            out.u8(u8::from(answered.is_err()));
            out.raw(answered.unwrap_or_else(str::as_bytes));
        });
    }

    /// What the guest's monotonic clock shows when that of its instance shows `real`.
    pub(crate) fn instant(&self, real: u64) -> u64 {
        let mut clock = lock(&self.clock);
        clock.ahead = clock.ahead.max(clock.latest.saturating_sub(real));
        clock.latest = real.saturating_add(clock.ahead);
        clock.latest
    }

    /// The guest was told that its monotonic clock shows this.
    pub(crate) fn told_instant(&self, told: u64) {
        let mut clock = lock(&self.clock);
        clock.latest = clock.latest.max(told);
    }

    fn advance<T>(
        &self,
        number: u8,
        name: &str,
        take: impl FnOnce(&[u8]) -> Result<T, Diverged>,
    ) -> Result<Option<T>, Diverged> {
        let mut state = lock(&self.state);
        let State::Playing { tape, at } = &mut *state else { return Ok(None) };
        if *at == tape.len() {
            return Err(other(name, "nothing more"));
        }
        let item = item(tape, *at).map_err(|()| unreadable(name))?;
        if item.number != number {
            return Err(other(name, &item.shown()));
        }
        let told = take(item.payload)?;
        *at = item.end;
        Ok(Some(told))
    }

    fn append(&self, number: u8, put: impl FnOnce(&mut Writer)) {
        let mut state = lock(&self.state);
        let State::Recording(tape) = &mut *state else { return };
        let mut out = Writer::new();
        put(&mut out);
        tape.push(number);
        let mut left = out.bytes.len();
        while left >= 0x80 {
            tape.push(left as u8 | 0x80);
            left >>= 7;
        }
        tape.push(left as u8);
        if tape.len().saturating_add(out.bytes.len()) > self.limit {
            *state = State::TooLong;
        } else {
            tape.extend_from_slice(&out.bytes);
        }
    }
}

fn read<T: Told>(payload: &[u8], name: &str) -> Result<T, Diverged> {
    let mut from = Reader::new(payload);
    let told = T::take(&mut from).and_then(|told| from.finish().map(|()| told));
    told.map_err(|_| unreadable(name))
}

fn other(name: &str, recorded: &str) -> Diverged {
    Diverged(format!("the guest asks for `{name}`, and when it was recorded for {recorded}"))
}

fn unreadable(name: &str) -> Diverged {
    Diverged(format!("the guest asks for `{name}`, and what comes next on the tape cannot be read as an answer"))
}

pub(crate) fn other_arguments(name: &str) -> Diverged {
    Diverged(format!("the guest asks `{name}` with other arguments than when it was recorded"))
}

/// What was recorded is not of the function's type.
pub(crate) fn wrong_answer(name: &str, why: &str) -> Diverged {
    Diverged(format!("the guest asks `{name}`, and the answer on the tape is of another type: {why}"))
}

impl Question {
    pub(crate) fn other_arguments(self) -> Diverged {
        other_arguments(self.name)
    }
}
