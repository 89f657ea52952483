//! A connection, whatever it is made of.

use rustix::net::RecvFlags;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// One end of a connection.
pub enum Stream {
    /// A unix socket.
    Unix(UnixStream),
    /// TCP in clear.
    Tcp(TcpStream),
    /// TCP under TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// A unix socket under TLS: MariaDB's clients encrypt there too.
    UnixTls(Box<TlsStream<UnixStream>>),
}

impl Stream {
    /// The process at the other end of a unix socket, where the system tells.
    pub fn process(&self) -> Option<u32> {
        let Stream::Unix(stream) = self else {
            return None;
        };
        let pid = stream.peer_cred().ok()?.pid()?;
        u32::try_from(pid).ok().filter(|pid| *pid > 0)
    }

    /// Which version of TLS protects it, as `TLSv1.3`; empty for none.
    pub fn protection(&self) -> &'static str {
        let version = match self {
            Stream::Tls(stream) => stream.get_ref().1.protocol_version(),
            Stream::UnixTls(stream) => stream.get_ref().1.protocol_version(),
            Stream::Unix(_) | Stream::Tcp(_) => return "",
        };
        match version {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLS",
        }
    }

    /// Resolves when the other side closes before it says anything more. What it says stays
    /// unread.
    pub async fn closed(&self) {
        loop {
            let peeked = match self {
                Stream::Unix(stream) => match stream.readable().await {
                    Ok(()) => stream.try_io(Interest::READABLE, || peek(stream)),
                    Err(error) => Err(error),
                },
                Stream::Tcp(stream) => match stream.readable().await {
                    Ok(()) => stream.try_io(Interest::READABLE, || peek(stream)),
                    Err(error) => Err(error),
                },
                // Only a server's, and no server is watched like this.
                Stream::Tls(_) | Stream::UnixTls(_) => Ok(1),
            };
            match peeked {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
                Ok(_) => std::future::pending().await,
            }
        }
    }

    /// Whether what is written may lie in a buffer of ours until it is flushed.
    pub fn buffers(&self) -> bool {
        matches!(self, Stream::Tls(_) | Stream::UnixTls(_))
    }
}

fn peek(stream: impl AsFd) -> io::Result<usize> {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let (n, _) = rustix::net::recv(stream, &mut [0; 1], flags)?;
    Ok(n)
}

/// Does the same with whichever it is.
macro_rules! each {
    ($self:expr, $stream:ident => $what:expr) => {
        match $self.get_mut() {
            Stream::Unix(stream) => {
                let $stream = Pin::new(stream);
                $what
            }
            Stream::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $what
            }
            Stream::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $what
            }
            Stream::UnixTls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $what
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_shutdown(cx))
    }
}
