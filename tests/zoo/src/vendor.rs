//! A vendor on loopback, spoken to over a real socket: answers, redirects, or never answers; and counts who came.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub struct Vendor {
    pub port: u16,
    /// Requests that came.
    pub asked: Arc<AtomicUsize>,
}

impl Vendor {
    /// A vendor that answers as `answer` says by the path; an empty answer never comes.
    pub async fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (answer, count) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                tokio::spawn(async move { serve(socket, answer.as_ref(), &count).await });
            }
        });
        Self { port, asked }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(mut socket: TcpStream, answer: &(impl Fn(&str) -> String + ?Sized), asked: &AtomicUsize) {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if socket.read_exact(&mut byte).await.is_err() {
            return;
        }
        head.extend(byte);
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let text = String::from_utf8_lossy(&head);
    let answer = answer(text.split_whitespace().nth(1).unwrap_or_default());
    if answer.is_empty() {
        // Held open until whoever asked gives up.
        let _closed = socket.read(&mut byte).await;
        return;
    }
    let _gone = socket.write_all(answer.as_bytes()).await;
}

/// A whole answer that ends its connection.
pub fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// A redirect.
pub fn to(place: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}
