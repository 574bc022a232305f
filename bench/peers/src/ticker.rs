// SPDX-License-Identifier: Apache-2.0
//! The clock of an engine: one more epoch a tick, on a thread of its own, until it is dropped.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmtime::Engine;

pub struct Ticker {
    /// Taken away to end the thread.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// A tick of 0: none.
    pub fn start(engine: Engine, tick: Duration) -> Self {
        if tick.is_zero() {
            return Self { running: None, thread: None };
        }
        let (running, over) = channel();
        let thread = std::thread::spawn(move || {
            while over.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        Self { running: Some(running), thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic.
            drop(thread.join());
        }
    }
}
