// SPDX-License-Identifier: Apache-2.0
//! What a guest has of an exchange: the body that it reads, and the one answer that it may give.

use crate::error::shown;
use crate::http_exchange::Exchange;
use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, WasiBody};

/// A body whose client is gone, so that its guest never waits for one.
pub(crate) async fn drop_all(mut body: WasiBody) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// The name of an error as WIT has it: `connection-refused`.
pub(crate) fn name_of(code: &ErrorCode) -> String {
    let text = format!("{code:?}");
    let name = text.trim_start_matches("ErrorCode::");
    let name = name.split(['(', ' ', '{']).next().unwrap_or(name);
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    match code {
        ErrorCode::InternalError(Some(why)) => format!("{kebab}: {}", shown(why, 512, false)),
        _ => kebab,
    }
}

/// The guest's `response-outparam`. One that is dropped unset is an answer too.
pub(crate) struct Answer(Option<Arc<Exchange>>);

impl Answer {
    pub(crate) fn new(of: Arc<Exchange>) -> Self {
        Self(Some(of))
    }

    pub(crate) fn set(mut self, response: Result<http::Response<WasiBody>, ErrorCode>) {
        if let Some(exchange) = self.0.take() {
            exchange.answered(response);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(exchange) = self.0.take() {
            exchange.unanswered();
        }
    }
}

/// The request's body as its guest reads it.
pub(crate) struct Incoming(Arc<Exchange>);

impl Incoming {
    pub(crate) fn new(of: Arc<Exchange>) -> Self {
        Self(of)
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0.poll_chunk(context).map_ok(Frame::data)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.0.leave_body();
    }
}
