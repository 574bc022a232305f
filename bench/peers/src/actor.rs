// SPDX-License-Identifier: Apache-2.0
//! The usual cure: a Tokio task that owns the instance, asked by `mpsc` and answering by `oneshot`.
//!
//! Callers may leave it, as they may leave Holdfast. What it lacks is the rest of the contract: no deadline cuts the
//! guest, no trap is recovered from, nobody is told whether the guest ran.

use crate::guest::{Blueprint, Instance};
use tokio::runtime::{Builder, Runtime};
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
}
