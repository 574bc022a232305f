// SPDX-License-Identifier: Apache-2.0
//! The HTTP requests that a guest sends: to the hosts that it was granted, and to no other.
//!
//! What is compared is the authority that is connected to. Nobody follows a redirect here, and no proxy of the
//! environment is used, so a request never goes elsewhere.

use crate::abi::hfb_kind;
use crate::error::{Failure, failure};
use http::uri::{Authority, Scheme};
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// Writes that a body of HTTP holds until somebody takes them.
const HTTP_CHUNKS: usize = 4;

/// How long a guest waits for others, at most.
const CONNECT: Duration = Duration::from_secs(10);
const FIRST_BYTE: Duration = Duration::from_secs(60);
const BETWEEN_BYTES: Duration = Duration::from_secs(60);

/// A granted host.
#[derive(Debug)]
pub(crate) struct Host {
    /// In lower case; of a wildcard what follows its star, with the dot.
    name: String,
    wildcard: bool,
    /// None: that of the scheme.
    port: Option<u16>,
}

impl Host {
    /// `host`, `host:port`, `*.example.org` or `*.example.org:port`; an address of IPv6 in brackets.
    pub(crate) fn of(text: &str) -> Result<Self, Failure> {
        let wrong = || {
            let text =
                format!("the granted HTTP host `{}` is not `host`, `host:port` or `*.host`", text.escape_debug());
            failure(hfb_kind::BadValue, text)
        };
        let (wildcard, rest) = match text.strip_prefix('*') {
            Some(rest) if rest.starts_with('.') && rest.len() > 1 => (true, rest),
            Some(_) => return Err(wrong()),
            None => (false, text),
        };
        let plain = rest.strip_prefix('.').filter(|_| wildcard).unwrap_or(rest);
        let authority: Authority = plain.parse().map_err(|_| wrong())?;
        let port = authority.port_u16();
        let host = authority.host();
        let named = match authority.port() {
            Some(port) => plain.len() == host.len() + 1 + port.as_str().len(),
            None => plain.len() == host.len(),
        };
        if !named || host.is_empty() || host.contains('*') || (authority.port().is_some() && port.is_none()) {
            return Err(wrong());
        }
        let name = match wildcard {
            true => format!(".{host}"),
            false => host.to_owned(),
        };
        Ok(Self { name: name.to_ascii_lowercase(), wildcard, port })
    }

    fn has(&self, authority: &Authority, usual_port: u16) -> bool {
        // Whoever has a user's name before the host would be connected to something else than the host.
        if authority.as_str().contains('@') {
            return false;
        }
        let port = match (authority.port(), authority.port_u16()) {
            (None, _) => usual_port,
            (Some(_), Some(port)) => port,
            (Some(_), None) => return false,
        };
        let host = authority.host().to_ascii_lowercase();
        let is_named = match self.wildcard {
            true => host.len() > self.name.len() && host.ends_with(&self.name),
            false => host == self.name,
        };
        is_named && port == self.port.unwrap_or(usual_port)
    }
}

/// What a store's guest may ask of others.
pub(crate) struct Requests {
    chunk: usize,
    hosts: Arc<[Host]>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(http::Response<WasiBody>, Io), Error>;

impl Requests {
    /// `chunk`: bytes of one write to a body.
    pub(crate) fn new(chunk: usize, hosts: Arc<[Host]>) -> Self {
        Self { chunk, hosts }
    }

    fn may_send(&self, to: &http::Uri) -> bool {
        let usual_port = match to.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => 80,
            Some(scheme) if *scheme == Scheme::HTTPS => 443,
            _ => return false,
        };
        to.authority().is_some_and(|authority| self.hosts.iter().any(|host| host.has(authority, usual_port)))
    }
}

fn bounded(asked: Option<RequestOptions>) -> RequestOptions {
    let asked = asked.unwrap_or_default();
    let at_most = |asked: Option<Duration>, most: Duration| Some(asked.map_or(most, |asked| asked.min(most)));
    RequestOptions {
        connect_timeout: at_most(asked.connect_timeout, CONNECT),
        first_byte_timeout: at_most(asked.first_byte_timeout, FIRST_BYTE),
        between_bytes_timeout: at_most(asked.between_bytes_timeout, BETWEEN_BYTES),
    }
}

async fn send(request: http::Request<WasiBody>, options: RequestOptions) -> Sent {
    use http_body_util::BodyExt;
    // Wasmtime's client bounds all but the handshake of TLS.
    let connect = options.connect_timeout.unwrap_or(CONNECT);
    let most = connect * 2 + options.first_byte_timeout.unwrap_or(FIRST_BYTE);
    let sent = tokio::time::timeout(most, default_send_request(request, Some(options))).await;
    let (response, io) = sent.map_err(|_| Error::ConnectionTimeout)??;
    Ok((response.map(BodyExt::boxed_unsync), Box::new(io)))
}

impl WasiHttpHooks for Requests {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        if !self.may_send(request.uri()) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(send(request, bounded(options)))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        self.chunk
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        // One more is always there.
        HTTP_CHUNKS - 1
    }
}
