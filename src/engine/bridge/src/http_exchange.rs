// SPDX-License-Identifier: Apache-2.0
//! One HTTP request on its way through a guest and back, between a thread that serves its client and whoever drives the
//! instance: neither ever waits for the other in here.
//!
//! The call of the guest is owned elsewhere, as every call is. An exchange learns when it has ended or was lost
//! (`settle`), before the store goes, so that a body which the guest had finished is told from one that was cut off. A
//! client that leaves (`abandon`) is not told to the guest: its writes are taken and dropped.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_kind, hfb_waker};
use crate::error::{Failure, HostFailed, failure};
use crate::guest::Guest;
use crate::http_exchange_ends::{Answer, Incoming, drop_all, name_of};
use crate::pipe::hfb_flow;
use bytes::Bytes;
use http_body::Body;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use tokio::runtime::Handle;
use wasmtime::component::Resource;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

/// What the host may push of a request's body before its guest reads it.
const MOST_HELD: usize = 64 << 10;
/// Small chunks are put together up to this.
const CHUNK: usize = 16 << 10;
/// Fields of a head, and bytes of their names and values.
const MOST_FIELDS: usize = 512;
const MOST_FIELD_BYTES: usize = 128 << 10;

/// Why there is no response, or no more of it. The numbers are fixed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum hfb_exchange_fault {
    /// There is none.
    None = 0,
    /// The guest was never entered for it.
    NotBegun = 1,
    /// The instance was lost: a trap, a kill, a failure of the host's.
    Lost = 2,
    /// The guest returned, or dropped its `response-outparam`, without a response.
    NoResponse = 3,
    /// The guest set an error in place of a response; its name is the detail.
    GuestError = 4,
    /// The guest ended its body before it was whole, or returned before it had ended it.
    CutShort = 5,
    /// The head has more fields or bytes than a response may have.
    TooLarge = 6,
}

pub(crate) struct Fault {
    pub kind: hfb_exchange_fault,
    pub detail: String,
}

fn fault(kind: hfb_exchange_fault, detail: impl Into<String>) -> Fault {
    Fault { kind, detail: detail.into() }
}

/// The embedder's callback for one wait: called at most once, and dropped in every case, both without any lock of ours.
pub(crate) struct Told(hfb_waker);

// SAFETY: the embedder's interface says that both functions may come on any thread; the fields do not change.
unsafe impl Send for Told {}

impl Told {
    pub(crate) fn new(to: hfb_waker) -> Self {
        Self(to)
    }

    fn tell(self) {
        if let Some(wake) = self.0.wake {
            // SAFETY: the embedder gave the function and its context together, and `drop` comes after.
            unsafe { wake(self.0.context) }
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(drop) = self.0.drop {
            // SAFETY: as above, and this is the last use.
            unsafe { drop(self.0.context) }
        }
    }
}

/// The head of a request, with its fields checked.
pub(crate) struct Request {
    pub scheme: Scheme,
    pub head: http::Request<()>,
}

pub(crate) struct Response {
    pub status: u16,
    pub fields: http::HeaderMap,
}

enum Head {
    Waiting,
    There(Response),
    Taken,
}

enum End {
    Open,
    Whole,
    Failed,
}

struct State {
    /// Until a guest is entered for it.
    request: Option<Request>,
    // The request's body:
    held: VecDeque<Vec<u8>>,
    held_bytes: usize,
    incoming: End,
    /// Its guest reads no more of it.
    unread: bool,
    reader: Option<Waker>,
    room: Option<Told>,
    // The response:
    head: Head,
    body: Option<WasiBody>,
    frames: VecDeque<Bytes>,
    outgoing: End,
    fault: Option<Fault>,
    news: Option<Told>,
    /// The call has ended, or never will begin.
    over: bool,
    /// The client is gone.
    abandoned: bool,
    reactor: Option<Handle>,
}

pub(crate) struct Exchange {
    state: Mutex<State>,
    /// What the guest wakes when its body has more.
    relay: Waker,
    /// Of `relay`: one of the three below.
    polled: AtomicU8,
}

const NOT_POLLED: u8 = 0;
/// A wake leaves its mark until the poll ends.
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

struct Relay(Weak<Exchange>);

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(exchange) = self.0.upgrade() else { return };
        let mark = |now| (now != NOT_POLLED).then_some(WOKEN);
        // Whoever polls has the state locked, and looks again.
        if exchange.polled.fetch_update(Ordering::AcqRel, Ordering::Acquire, mark).is_err() {
            let news = exchange.lock().news.take();
            news.into_iter().for_each(Told::tell);
        }
    }
}

/// Those who are to be told once the lock is free.
#[derive(Default)]
struct Due {
    told: Vec<Told>,
    dropped: Vec<Told>,
    guest: Option<Waker>,
    reader: Option<Waker>,
    body: Option<WasiBody>,
    frames: VecDeque<Bytes>,
}

impl Due {
    fn tell(self) {
        self.told.into_iter().for_each(Told::tell);
        if let Some(guest) = self.guest {
            guest.wake();
        }
        drop((self.dropped, self.reader, self.body, self.frames));
    }
}

impl Exchange {
    pub(crate) fn new(request: Request) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            state: Mutex::new(State {
                request: Some(request),
                held: VecDeque::new(),
                held_bytes: 0,
                incoming: End::Open,
                unread: false,
                reader: None,
                room: None,
                head: Head::Waiting,
                body: None,
                frames: VecDeque::new(),
                outgoing: End::Open,
                fault: None,
                news: None,
                over: false,
                abandoned: false,
                reactor: None,
            }),
            relay: Waker::from(Arc::new(Relay(this.clone()))),
            polled: AtomicU8::new(NOT_POLLED),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The guest's side.

    /// Claims it for a call that is about to begin. An exchange is of one call.
    pub(crate) fn claim(&self, reactor: &Handle) -> Result<(), Failure> {
        let mut state = self.lock();
        if state.reactor.is_some() || state.over {
            return Err(failure(hfb_kind::BadValue, "the HTTP request was given to a guest before, or has ended"));
        }
        state.reactor = Some(reactor.clone());
        Ok(())
    }

    /// Makes the arguments of `wasi:http/incoming-handler#handle` in the guest's table.
    pub(crate) fn enter(
        self: &Arc<Self>,
        guest: &mut Guest,
    ) -> wasmtime::Result<(Resource<HostIncomingRequest>, Resource<HostResponseOutparam>)> {
        let Some(Request { scheme, head }) = self.lock().request.take() else {
            return Err(HostFailed("the HTTP request was given to a guest before".to_owned()).into());
        };
        let trouble = |error: wasmtime::Error| {
            wasmtime::Error::from(HostFailed(format!("the HTTP request cannot be given to the guest: {error}")))
        };
        let request = head.map(|()| Incoming::new(self.clone()));
        let mut view = guest.http();
        let request = view.new_incoming_request(scheme, request).map_err(trouble)?;
        let answer = Answer::new(self.clone());
        let answered = move |response| answer.set(response);
        let answer = view.new_response_outparam_from_callback(answered).map_err(trouble)?;
        Ok((request, answer))
    }

    pub(crate) fn answered(&self, response: Result<http::Response<WasiBody>, ErrorCode>) {
        let mut due = Due::default();
        let mut drain = None;
        {
            let mut state = self.lock();
            if state.over || state.fault.is_some() || !matches!(state.head, Head::Waiting) {
                return;
            }
            match response {
                Ok(response) => {
                    let (head, body) = response.into_parts();
                    let fields = head.headers.len();
                    let bytes: usize =
                        head.headers.iter().map(|(name, value)| name.as_str().len() + value.as_bytes().len()).sum();
                    if fields > MOST_FIELDS || bytes > MOST_FIELD_BYTES {
                        let what = format!("a head of {fields} fields with {bytes} bytes");
                        state.fault = Some(fault(hfb_exchange_fault::TooLarge, what));
                        drain = Some(body);
                    } else {
                        state.head = Head::There(Response { status: head.status.as_u16(), fields: head.headers });
                        match state.abandoned {
                            true => drain = Some(body),
                            false => state.body = Some(body),
                        }
                    }
                }
                Err(code) => {
                    state.fault = Some(fault(hfb_exchange_fault::GuestError, name_of(&code)));
                }
            }
            due.told.extend(state.news.take());
            if let (Some(body), Some(reactor)) = (drain, &state.reactor) {
                reactor.spawn(drop_all(body));
            }
        }
        due.tell();
    }

    /// The call has ended, while the guest's store is there still; `why`: it was lost. Once.
    pub(crate) fn settle(&self, why: Option<Fault>) {
        let mut due = Due::default();
        {
            let mut state = self.lock();
            if state.over {
                return;
            }
            state.over = true;
            state.close_incoming(&mut due);
            if matches!(state.head, Head::Waiting) {
                let none = || fault(hfb_exchange_fault::NoResponse, "the guest returned without a response");
                state.fault.get_or_insert_with(|| why.unwrap_or_else(none));
            } else if state.body.is_some() {
                // All that is left of it is in here, at most what a guest may write unread.
                while self.pull(&mut state) {}
                if matches!(state.outgoing, End::Open) {
                    state.outgoing = End::Failed;
                    let open = || fault(hfb_exchange_fault::CutShort, "the guest returned before its body had ended");
                    state.fault = Some(why.unwrap_or_else(open));
                }
                due.body = state.body.take();
            }
            due.told.extend(state.news.take());
        }
        due.tell();
    }

    /// Takes one more frame of the response's body. False: there is none now.
    fn pull(&self, state: &mut State) -> bool {
        let Some(body) = &mut state.body else { return false };
        loop {
            self.polled.store(POLLED, Ordering::Release);
            let polled = Pin::new(&mut *body).poll_frame(&mut Context::from_waker(&self.relay));
            let woken = self.polled.swap(NOT_POLLED, Ordering::AcqRel) == WOKEN;
            let ended = match polled {
                Poll::Pending if woken => continue,
                Poll::Pending => return false,
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are dropped.
                    if let Some(bytes) = frame.into_data().ok().filter(|bytes| !bytes.is_empty()) {
                        state.frames.push_back(bytes);
                    }
                    return true;
                }
                Poll::Ready(None) => End::Whole,
                Poll::Ready(Some(Err(error))) => {
                    state.fault =
                        Some(fault(hfb_exchange_fault::CutShort, format!("the guest gave its body up: {error}")));
                    End::Failed
                }
            };
            state.outgoing = ended;
            state.body = None;
            return false;
        }
    }

    /// Its guest has dropped the `response-outparam`.
    pub(crate) fn unanswered(&self) {
        let mut due = Due::default();
        {
            let mut state = self.lock();
            if matches!(state.head, Head::Waiting) && state.fault.is_none() {
                let why = "the guest dropped its `response-outparam`";
                state.fault = Some(fault(hfb_exchange_fault::NoResponse, why));
                due.told.extend(state.news.take());
            }
        }
        due.tell();
    }

    /// The next chunk of the request's body.
    pub(crate) fn poll_chunk(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let mut due = Due::default();
        let polled = {
            let mut state = self.lock();
            if let Some(chunk) = state.held.pop_front() {
                state.held_bytes -= chunk.len();
                due.told.extend(state.room.take());
                Poll::Ready(Some(Ok(Bytes::from(chunk))))
            } else {
                match state.incoming {
                    End::Open => {
                        due.reader = state.reader.replace(context.waker().clone());
                        Poll::Pending
                    }
                    End::Whole => Poll::Ready(None),
                    End::Failed => Poll::Ready(Some(Err(Error::ConnectionTerminated))),
                }
            }
        };
        due.tell();
        polled
    }

    /// Its guest reads no more of the request's body.
    pub(crate) fn leave_body(&self) {
        let mut due = Due::default();
        self.lock().close_incoming(&mut due);
        due.tell();
    }

    // The host's side.

    /// Gives up a request that no guest was entered for.
    pub(crate) fn refuse(&self, why: &str) {
        self.settle(Some(fault(hfb_exchange_fault::NotBegun, why)));
    }

    /// The client is gone, whatever the guest still does.
    pub(crate) fn abandon(&self) {
        let mut due = Due::default();
        {
            let mut state = self.lock();
            if std::mem::replace(&mut state.abandoned, true) {
                return;
            }
            state.incoming = End::Failed;
            state.held.clear();
            state.held_bytes = 0;
            due.guest = state.reader.take();
            due.dropped.extend(state.room.take());
            due.dropped.extend(state.news.take());
            due.frames = std::mem::take(&mut state.frames);
            if let (Some(body), Some(reactor)) = (state.body.take(), &state.reactor) {
                reactor.spawn(drop_all(body));
            }
        }
        due.tell();
    }

    /// How things stand for whoever pushes the request's body. Where it waits, `told` is kept, in place of one before.
    pub(crate) fn room(&self, told: Option<Told>) -> hfb_flow {
        let mut due = Due::default();
        let mut state = self.lock();
        let flow = match state.incoming {
            _ if state.unread || state.abandoned => hfb_flow::Ended,
            End::Whole | End::Failed => hfb_flow::Ended,
            End::Open if state.held_bytes < MOST_HELD => hfb_flow::Open,
            End::Open => hfb_flow::Waiting,
        };
        due.dropped.extend(match flow {
            hfb_flow::Waiting if told.is_some() => std::mem::replace(&mut state.room, told),
            _ => told,
        });
        drop(state);
        due.tell();
        flow
    }

    /// Takes what there is room for of some bytes. What nobody reads any more is taken and dropped.
    pub(crate) fn push(&self, bytes: &[u8]) -> usize {
        let guest;
        let taken;
        {
            let mut state = self.lock();
            if !matches!(state.incoming, End::Open) {
                return 0;
            }
            if state.unread {
                return bytes.len();
            }
            taken = bytes.len().min(MOST_HELD - state.held_bytes);
            if taken == 0 {
                return 0;
            }
            match state.held.back_mut() {
                Some(last) if last.len() + taken <= CHUNK => last.extend_from_slice(&bytes[..taken]),
                _ => state.held.push_back(bytes[..taken].to_vec()),
            }
            state.held_bytes += taken;
            guest = state.reader.take();
        }
        guest.into_iter().for_each(Waker::wake);
        taken
    }

    /// No more of the request's body comes. `lost`: more was to come.
    pub(crate) fn end_push(&self, lost: bool) {
        let mut due = Due::default();
        {
            let mut state = self.lock();
            if matches!(state.incoming, End::Open) {
                state.incoming = if lost { End::Failed } else { End::Whole };
                due.guest = state.reader.take();
                due.dropped.extend(state.room.take());
            }
        }
        due.tell();
    }

    /// How things stand for whoever awaits the response: its head first, then its body. As for `room`.
    pub(crate) fn news(&self, told: Option<Told>) -> hfb_flow {
        let mut due = Due::default();
        let mut state = self.lock();
        let flow = self.look(&mut state);
        due.dropped.extend(match flow {
            hfb_flow::Waiting if told.is_some() => std::mem::replace(&mut state.news, told),
            _ => told,
        });
        drop(state);
        due.tell();
        flow
    }

    fn look(&self, state: &mut State) -> hfb_flow {
        match state.head {
            _ if state.abandoned => return hfb_flow::Lost,
            Head::There(_) => return hfb_flow::Open,
            Head::Waiting if state.fault.is_some() => return hfb_flow::Lost,
            Head::Waiting => return hfb_flow::Waiting,
            Head::Taken => {}
        }
        while state.frames.is_empty() && self.pull(state) {}
        match state.outgoing {
            _ if !state.frames.is_empty() => hfb_flow::Open,
            End::Open => hfb_flow::Waiting,
            End::Whole => hfb_flow::Ended,
            End::Failed => hfb_flow::Lost,
        }
    }

    /// Once.
    pub(crate) fn take_head(&self) -> Option<Response> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.head, Head::Taken) {
            Head::There(response) => Some(response),
            other => {
                state.head = other;
                None
            }
        }
    }

    /// Copies what is there of the response's body; 0: nothing.
    pub(crate) fn read(&self, into: &mut [u8]) -> usize {
        let mut state = self.lock();
        if !matches!(state.head, Head::Taken) {
            return 0;
        }
        let mut filled = 0;
        while filled < into.len() {
            if state.frames.is_empty() && !self.pull(&mut state) {
                break;
            }
            let Some(front) = state.frames.front_mut() else { continue };
            let part = front.split_to(front.len().min(into.len() - filled));
            into[filled..filled + part.len()].copy_from_slice(&part);
            filled += part.len();
            if front.is_empty() {
                state.frames.pop_front();
            }
        }
        filled
    }

    /// Looks at why there is no response, or no more of it.
    pub(crate) fn with_fault<T>(&self, look: impl FnOnce(Option<&Fault>) -> T) -> T {
        look(self.lock().fault.as_ref())
    }
}

impl State {
    /// The guest reads no more: what was not read goes, and whoever pushes is told.
    fn close_incoming(&mut self, due: &mut Due) {
        self.unread = true;
        self.held.clear();
        self.held_bytes = 0;
        due.reader = self.reader.take();
        due.told.extend(self.room.take());
    }
}
