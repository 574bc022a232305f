// SPDX-License-Identifier: Apache-2.0
//! The functions of WASI 0.2 whose answers are not of the guest's own doing, by way of its tape.
//!
//! They take the place of WASI's own where a blueprint has tapes, and ask those unless a tape is played. The rest of
//! WASI answers the same to the same guest: it has no directory and no network there, its standard input is at its end,
//! and what it may know of its pollables comes by way of here.

use crate::guest::Guest;
use crate::tape::{Question, Rest, Tape, Told};
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::WasiCliView;
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::cli::environment;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::io::poll;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{RequestOptions, WasiHttpView};

/// A guest as WASI's functions see it.
struct Taped<'a>(&'a mut Guest);

fn taped(guest: &mut Guest) -> Taped<'_> {
    Taped(guest)
}

struct HasTaped;

impl HasData for HasTaped {
    type Data<'a> = Taped<'a>;
}

/// Asks the tape, or else outside.
pub(crate) fn ask<T: Told>(
    store: &mut StoreContextMut<'_, Guest>,
    question: Question,
    outside: impl FnOnce(&mut StoreContextMut<'_, Guest>) -> T,
) -> Result<T> {
    let Some(tape) = store.data().tape.clone() else { return Ok(outside(store)) };
    if let Some(told) = tape.next(question)? {
        return Ok(told);
    }
    let told = outside(store);
    tape.record(question, &told);
    Ok(told)
}

impl Taped<'_> {
    fn tape(&self) -> Arc<Tape> {
        // These are linked only where there is one.
        self.0.tape.clone().expect("a guest that was linked for a tape has one")
    }

    fn ask<T: Told>(&mut self, question: Question, outside: impl FnOnce(&mut Guest) -> Result<T>) -> Result<T> {
        let tape = self.tape();
        if let Some(told) = tape.next(question)? {
            return Ok(told);
        }
        let told = outside(self.0)?;
        tape.record(question, &told);
        Ok(told)
    }

    fn ask_bytes(
        &mut self,
        question: Question,
        count: u64,
        outside: impl FnOnce(&mut Guest) -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let Rest(bytes) = self.ask(question, |guest| outside(guest).map(Rest))?;
        if bytes.len() as u64 != count {
            return Err(question.other_arguments().into());
        }
        Ok(bytes)
    }

    fn table(&mut self) -> &mut ResourceTable {
        self.0.ctx().table
    }
}

impl wall_clock::Host for Taped<'_> {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        self.time(Question::WALL_NOW, |guest| wall_clock::Host::now(&mut guest.clocks()))
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        self.time(Question::WALL_RESOLUTION, |guest| wall_clock::Host::resolution(&mut guest.clocks()))
    }
}

impl Taped<'_> {
    fn time(
        &mut self,
        question: Question,
        outside: impl FnOnce(&mut Guest) -> Result<wall_clock::Datetime>,
    ) -> Result<wall_clock::Datetime> {
        let told = self.ask(question, |guest| outside(guest).map(|time| (time.seconds, time.nanoseconds)));
        told.map(|(seconds, nanoseconds)| wall_clock::Datetime { seconds, nanoseconds })
    }
}

impl monotonic_clock::Host for Taped<'_> {
    fn now(&mut self) -> Result<u64> {
        let tape = self.tape();
        let told = self.ask(Question::MONOTONIC_NOW, |guest| {
            monotonic_clock::Host::now(&mut guest.clocks()).map(|real| tape.instant(real))
        })?;
        tape.told_instant(told);
        Ok(told)
    }

    fn resolution(&mut self) -> Result<u64> {
        self.ask(Question::MONOTONIC_RESOLUTION, |guest| monotonic_clock::Host::resolution(&mut guest.clocks()))
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let tape = self.tape();
        let mut clocks = self.0.clocks();
        let now = tape.instant(monotonic_clock::Host::now(&mut clocks)?);
        monotonic_clock::Host::subscribe_duration(&mut clocks, when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        monotonic_clock::Host::subscribe_duration(&mut self.0.clocks(), duration)
    }
}

impl random::Host for Taped<'_> {
    fn get_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.ask_bytes(Question::RANDOM_BYTES, count, |guest| {
            random::Host::get_random_bytes(guest.ctx().ctx.random(), count)
        })
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.ask(Question::RANDOM_U64, |guest| random::Host::get_random_u64(guest.ctx().ctx.random()))
    }
}

impl insecure::Host for Taped<'_> {
    fn get_insecure_random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.ask_bytes(Question::INSECURE_BYTES, count, |guest| {
            insecure::Host::get_insecure_random_bytes(guest.ctx().ctx.random(), count)
        })
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.ask(Question::INSECURE_U64, |guest| insecure::Host::get_insecure_random_u64(guest.ctx().ctx.random()))
    }
}

impl insecure_seed::Host for Taped<'_> {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        self.ask(Question::INSECURE_SEED, |guest| insecure_seed::Host::insecure_seed(guest.ctx().ctx.random()))
    }
}

impl environment::Host for Taped<'_> {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        self.ask(Question::ENVIRONMENT, |guest| environment::Host::get_environment(&mut guest.cli()))
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        self.ask(Question::ARGUMENTS, |guest| environment::Host::get_arguments(&mut guest.cli()))
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        self.ask(Question::INITIAL_DIRECTORY, |guest| environment::Host::initial_cwd(&mut guest.cli()))
    }
}

impl poll::Host for Taped<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        let tape = self.tape();
        let count = pollables.len() as u32;
        if let Some((asked, ready)) = tape.next::<(u32, Vec<u32>)>(Question::POLL)? {
            if asked != count || ready.iter().any(|index| *index >= count) {
                return Err(Question::POLL.other_arguments().into());
            }
            return Ok(ready);
        }
        let ready = poll::Host::poll(self.table(), pollables).await?;
        tape.record(Question::POLL, &(count, ready.clone()));
        Ok(ready)
    }
}

impl poll::HostPollable for Taped<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        let tape = self.tape();
        if let Some(told) = tape.next(Question::READY)? {
            return Ok(told);
        }
        let ready = poll::HostPollable::ready(self.table(), pollable).await?;
        tape.record(Question::READY, &ready);
        Ok(ready)
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        let tape = self.tape();
        if tape.next::<()>(Question::BLOCK)?.is_some() {
            return Ok(());
        }
        poll::HostPollable::block(self.table(), pollable).await?;
        tape.record(Question::BLOCK, &());
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        poll::HostPollable::drop(self.table(), pollable)
    }
}

/// Every request is refused; with WASI's own function a guest would hear of it at some time later, which no tape has.
const REQUESTS: &str = "wasi:http/outgoing-handler@0.2.12";

type Asked = (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>);
type Handled = (std::result::Result<Resource<HostFutureIncomingResponse>, ErrorCode>,);

fn refuse(mut store: StoreContextMut<'_, Guest>, (request, options): Asked) -> Result<Handled> {
    let table = store.data_mut().http().table;
    table.delete(request)?;
    if let Some(options) = options {
        table.delete(options)?;
    }
    Ok((Err(ErrorCode::HttpRequestDenied),))
}

/// Links them over WASI's.
pub(crate) fn link(linker: &mut Linker<Guest>) -> Result<()> {
    wall_clock::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    monotonic_clock::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    random::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    insecure::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    insecure_seed::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    environment::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    poll::add_to_linker::<Guest, HasTaped>(linker, taped)?;
    linker.instance(REQUESTS)?.func_wrap("handle", refuse)
}
