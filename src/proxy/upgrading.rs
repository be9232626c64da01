//! Connections to an origin for requests that ask for a change of protocol.
//!
//! pingora tells the half of a request that writes to the origin that there is no body with an empty last piece. The
//! other half reads the origin's answer. When a quick 101 is read before that piece is taken, pingora takes the piece
//! for the end of what the client says in the new protocol, and closes the connection: one handshake in forty. So on
//! such a connection the answer is not there yet when it is first asked for. Connections that were used before are not
//! taken, as they go by another key.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::{Error, ErrorType, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Keeps connections for upgrades apart from others that are kept for the next request.
pub(super) const GROUP: u64 = 1;

/// How often the answer is not there yet. Once is enough where the half that sends the piece runs first, as it does;
/// a second time costs nothing and is enough in any order.
const DEFERRALS: u8 = 2;

/// Connects to an origin.
#[derive(Debug)]
pub(super) struct Upgrading {
    pub(super) connect_timeout: Duration,
}

#[async_trait]
impl L4Connect for Upgrading {
    async fn connect(&self, address: &SocketAddr) -> Result<Stream> {
        let connected = match address.as_inet() {
            Some(address) => tokio::time::timeout(self.connect_timeout, TcpStream::connect(*address)).await,
            None => return Err(Error::explain(ErrorType::ConnectError, "not an address of a network").into_up()),
        };
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(Error::because(ErrorType::ConnectError, "for a change of protocol", error).into_up());
            }
            Err(_) => return Err(Error::explain(ErrorType::ConnectTimedout, "for a change of protocol").into_up()),
        };
        Ok(VirtualSocketStream::new(Box::new(Deferred { stream, deferrals: DEFERRALS })).into())
    }
}

/// A connection on which nothing has come yet when it is asked for the first time.
#[derive(Debug)]
struct Deferred {
    stream: TcpStream,
    deferrals: u8,
}

impl AsyncRead for Deferred {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.deferrals > 0 {
            self.deferrals -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Deferred {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl VirtualSocket for Deferred {
    fn set_socket_option(&self, option: VirtualSockOpt) -> io::Result<()> {
        match option {
            VirtualSockOpt::NoDelay => self.stream.set_nodelay(true),
            _ => Ok(()),
        }
    }
}
