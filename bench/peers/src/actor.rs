// SPDX-License-Identifier: Apache-2.0
//! The usual cure: a Tokio task that owns the instance, asked by `mpsc` and answering by `oneshot`.
//!
//! Callers may leave it, as they may leave Holdfast. What it lacks is the rest of the contract: no deadline cuts the
//! guest, no trap is recovered from, nobody is told whether the guest ran.

use crate::guest::{Blueprint, Instance};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use wasmtime::{Result, bail};

struct Request {
    a: u32,
    b: u32,
    answer: oneshot::Sender<Result<u32>>,
}

pub struct Actor {
    runtime: Runtime,
    requests: mpsc::Sender<Request>,
}

async fn serve(mut instance: Instance, mut requests: mpsc::Receiver<Request>) {
    while let Some(next) = requests.recv().await {
        // A caller that left does not want to know.
        drop(next.answer.send(instance.add(next.a, next.b).await));
    }
}

async fn call(requests: mpsc::Sender<Request>, calls: u32) -> Result<()> {
    for i in 0..calls {
        let (answer, told) = oneshot::channel();
        if requests.send(Request { a: i, b: 7, answer }).await.is_err() {
            bail!("the actor has ended");
        }
        match told.await {
            Ok(Ok(sum)) if sum == i.wrapping_add(7) => {}
            Ok(Ok(_)) => bail!("add answered another sum"),
            Ok(Err(error)) => return Err(error),
            Err(_) => bail!("the actor gave no answer"),
        }
    }
    Ok(())
}

impl Actor {
    /// An instance of its own and a runtime with that many workers; 0: one that runs on the caller's thread, all tasks
    /// in turns. `depth` bounds the queue.
    pub fn new(blueprint: &Blueprint, workers: usize, depth: usize) -> Result<Self> {
        let runtime = match workers {
            0 => Builder::new_current_thread().build()?,
            _ => Builder::new_multi_thread().worker_threads(workers).thread_name("tokio-actor").build()?,
        };
        let (requests, queue) = mpsc::channel(depth);
        let instance = runtime.block_on(blueprint.instantiate())?;
        runtime.spawn(serve(instance, queue));
        Ok(Self { runtime, requests })
    }

    /// So many calls by each of so many concurrent tasks.
    pub fn calls(&self, callers: u32, each: u32) -> Result<()> {
        self.runtime.block_on(async {
            let tasks: Vec<_> = (0..callers).map(|_| tokio::spawn(call(self.requests.clone(), each))).collect();
            for task in tasks {
                task.await??;
            }
            Ok(())
        })
    }

    /// Calls that come when they come: one every `gap`, for so long, at most `most` of them unanswered; a gap of 0: as
    /// many as that allows. `told` gets the time from when each was meant to be made to its answer, which this thread
    /// looks out for without a pause. Those of bench/latency.cpp are made the same way.
    pub fn open_loop(&self, gap: Duration, time: Duration, most: usize, mut told: impl FnMut(Duration)) -> Result<()> {
        let begun = Instant::now();
        let mut due = Duration::ZERO;
        let mut a = 0_u32;
        let mut unanswered = VecDeque::<(Duration, u32, oneshot::Receiver<Result<u32>>)>::new();
        while due < time || !unanswered.is_empty() {
            let now = begun.elapsed();
            if due < time && now >= due && unanswered.len() < most {
                let (answer, later) = oneshot::channel();
                if self.requests.try_send(Request { a, b: 7, answer }).is_err() {
                    bail!("the queue is full");
                }
                unanswered.push_back((due, a, later));
                a = a.wrapping_add(1);
                due = if gap.is_zero() { now } else { due + gap };
            }
            // One instance answers in the order of the calls.
            if let Some((since, a, first)) = unanswered.front_mut() {
                match first.try_recv() {
                    Ok(Ok(sum)) if sum == a.wrapping_add(7) => told(begun.elapsed() - *since),
                    Ok(Ok(_)) => bail!("add answered another sum"),
                    Ok(Err(error)) => return Err(error),
                    Err(TryRecvError::Empty) => continue,
                    Err(TryRecvError::Closed) => bail!("the actor gave no answer"),
                }
                unanswered.pop_front();
            }
        }
        Ok(())
    }
}
