//! A proxy that leads every name to one port of this machine, and writes down what it was asked.
//!
//! It speaks HTTP, or SOCKS 5 (RFC 1928, RFC 1929). What does not belong here: a proxy that fails in some other way than
//! by saying no.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What a proxy does with those who come.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Speaks HTTP and lets all through.
    Http,
    /// Speaks HTTP and says this, whoever comes.
    Says(&'static str),
    /// Speaks HTTP and wants `Proxy-Authorization` to have this value.
    Asks(&'static str),
    /// Speaks SOCKS and lets all through.
    Socks,
    /// Speaks SOCKS and wants this name and password.
    SocksAsks(&'static str, &'static str),
}

/// The proxy, as long as the test runs.
pub struct Proxy {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts one on a free port, in front of a port of this machine.
    pub fn before(behind: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, ended) = (Arc::clone(&heard), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            for client in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), log) = (client, Arc::clone(&log)) else { continue };
                // Whoever has gone needs no proxy.
                std::thread::spawn(move || serve(client, behind, manner, &log).ok());
            }
        });
        Self { address, heard, over, thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The heads of HTTP that came, and the hosts and ports that were asked for by SOCKS.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(
    mut client: TcpStream,
    behind: u16,
    manner: Manner,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let note = |text: String| log.lock().unwrap().push(text);
    if let Manner::Socks | Manner::SocksAsks(..) = manner {
        let Some(place) = greet(&mut client, manner)? else { return Ok(()) };
        note(place);
        return pipe(client, TcpStream::connect(("127.0.0.1", behind))?);
    }
    let head = head(&mut client)?;
    note(head.clone());
    let refusal = match manner {
        Manner::Says(answer) => Some(answer),
        Manner::Asks(wanted)
            if !head.to_lowercase().contains(&format!("proxy-authorization: {wanted}").to_lowercase()) =>
        {
            Some("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"")
        }
        _ => None,
    };
    if let Some(refusal) = refusal {
        client.write_all(
            format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
        )?;
        client.shutdown(Shutdown::Write)?;
        std::io::copy(&mut client, &mut std::io::sink())?;
        return Ok(());
    }
    let mut registry = TcpStream::connect(("127.0.0.1", behind))?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        // `GET http://host/path` becomes `GET /path`.
        let (method, rest) = head.split_once(" http://").unwrap();
        registry.write_all(format!("{method} /{}", rest.split_once('/').unwrap().1).as_bytes())?;
    }
    pipe(client, registry)
}

/// One byte after the other, so that nothing behind the head is taken.
fn head(client: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(bytes::<1>(client)?[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn bytes<const N: usize>(client: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text behind its length.
fn text(client: &mut TcpStream) -> std::io::Result<String> {
    let mut text = vec![0; usize::from(bytes::<1>(client)?[0])];
    client.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The beginning of SOCKS: where the client wants to go; none if it may not.
fn greet(client: &mut TcpStream, manner: Manner) -> std::io::Result<Option<String>> {
    let [_, count] = bytes(client)?;
    let mut methods = vec![0; usize::from(count)];
    client.read_exact(&mut methods)?;
    let method = if let Manner::SocksAsks(..) = manner { 2 } else { 0 };
    if !methods.contains(&method) {
        client.write_all(&[5, 0xff])?;
        return Ok(None);
    }
    client.write_all(&[5, method])?;
    if let Manner::SocksAsks(name, password) = manner {
        bytes::<1>(client)?;
        let right = (text(client)?, text(client)?) == (name.to_owned(), password.to_owned());
        client.write_all(&[1, u8::from(!right)])?;
        if !right {
            return Ok(None);
        }
    }
    let [_, _, _, kind] = bytes(client)?;
    let host = match kind {
        1 => std::net::Ipv4Addr::from(bytes::<4>(client)?).to_string(),
        3 => text(client)?,
        _ => std::net::Ipv6Addr::from(bytes::<16>(client)?).to_string(),
    };
    let port = u16::from_be_bytes(bytes(client)?);
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
    Ok(Some(format!("{host}:{port}")))
}

/// Carries bytes both ways until both sides have ended.
fn pipe(mut client: TcpStream, mut registry: TcpStream) -> std::io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, registry.try_clone()?);
    let there = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut registry, &mut client);
    let _ = client.shutdown(Shutdown::Write);
    drop(there.join());
    Ok(())
}
