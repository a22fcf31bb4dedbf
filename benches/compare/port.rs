//! Ports for servers that do not tell which one they took, and when such a server is there.
//!
//! The tests with real registries start them the same way and use this file as well.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};

/// A port on which nobody listens. It is below the ports that a system gives away by itself, so that neither a server
/// on port 0 nor a connection takes it before it is used, and nobody else in this process is given it again.
pub fn free() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
    loop {
        let offset = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", FIRST + offset)).is_ok() {
            return FIRST + offset;
        }
    }
}

/// Whether an HTTP server is on a port. A connection alone says nothing: Linux may connect a socket that looks for a
/// local port nobody listens on with itself.
pub fn answers(port: u16) -> bool {
    let ask = || {
        let mut connection = TcpStream::connect(("127.0.0.1", port))?;
        connection.write_all(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 5];
        connection.read_exact(&mut start)?;
        Ok::<_, io::Error>(&start == b"HTTP/")
    };
    ask().unwrap_or(false)
}
