// SPDX-License-Identifier: Apache-2.0
#pragma once

/// All of Holdfast: hosts WebAssembly components so that no caller can break one.
///
/// C++20 or later, with g++ 12 or clang 19.
///
/// A program may be compiled with -fno-exceptions, all of its files alike. It has calls that block, typed
/// ones, tickets, futures, callbacks and host functions that are plain, and defines both
/// `boost::throw_exception` itself, as Boost asks of such programs. Coroutines need exceptions: a host
/// function that is one does not compile there, nor does Asio's `co_spawn` with g++. Where something is said
/// to throw, such as `result::value()` of an error or the constructor of `engine`, the process ends, with the
/// sentence.

#include <holdfast/actor_options.hpp>
#include <holdfast/actors.hpp>
#include <holdfast/async_call.hpp>
#include <holdfast/async_wait.hpp>
#include <holdfast/cancel_contract.hpp>
#include <holdfast/component.hpp>
#include <holdfast/engine.hpp>
#include <holdfast/error.hpp>
#include <holdfast/function.hpp>
#include <holdfast/host.hpp>
#include <holdfast/http_exchange.hpp>
#include <holdfast/imports.hpp>
#include <holdfast/journal.hpp>
#include <holdfast/outcome.hpp>
#include <holdfast/pool.hpp>
#include <holdfast/reply.hpp>
#include <holdfast/ticket.hpp>
#include <holdfast/typed_stream.hpp>
#include <holdfast/value.hpp>
#include <holdfast/wave.hpp>
#include <holdfast/world.hpp>
