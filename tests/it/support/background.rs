//! A server on a thread of its own, as long as this lives.
//!
//! What does not belong here: what it serves.

use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// The server. It has ended when this is dropped, and if it has failed that fails.
pub struct Background {
    port: u16,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Runs a server, which tells its port when it is ready, and ends when it hears something, also that there is nobody
    /// any more who could say it.
    pub fn run<F, S>(mut runtime: Builder, serve: F) -> Self
    where
        F: FnOnce(mpsc::Sender<u16>, oneshot::Receiver<()>) -> S + Send + 'static,
        S: Future<Output = ()>,
    {
        let (end, ended) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime.enable_all().build().unwrap().block_on(serve(tell, ended));
        });
        let port = told.recv().expect("the server does not start");
        Self { port, end: Some(end), thread: Some(thread) }
    }

    /// Listens on a free port, on one thread.
    pub fn listen<F, S>(serve: F) -> Self
    where
        F: FnOnce(TcpListener) -> S + Send + 'static,
        S: Future<Output = ()>,
    {
        Self::run(Builder::new_current_thread(), |tell, ended| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap().port()).unwrap();
            tokio::select! {
                () = serve(listener) => {}
                _ = ended => {}
            }
        })
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.end.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().expect("the server failed");
        }
    }
}
