//! A delivery is believed only when its proof holds.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ports::Inbound;
use process::FaultKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::stage::{Stage, skip};
use crate::plan::{Action, filled};

/// Longest wait for the simulator's delivery: it is on this machine.
const DELIVERY_WAIT: Duration = Duration::from_secs(10);
/// Largest delivery taken, bytes.
const DELIVERY_BYTES_MAX: usize = 4 << 20;

/// A real delivery is believed, and a changed one is not.
pub async fn proven(stage: &Stage<'_>) -> anyhow::Result<()> {
    if stage.bench.manifest.webhook.is_none() {
        return skip("connector.toml has no [webhook]");
    }
    let Some(plan) = stage.bench.plan.webhook.clone() else {
        return skip("tests/conform.toml: no [webhook] says how a delivery comes about");
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let hook = format!("http://{}/hook", listener.local_addr()?);
    let register = Action { input: filled(&plan.register.input, &[("hook", &hook)]), ..plan.register };
    stage.act(&register, "").await?;
    let receiving = tokio::spawn(async move { received(&listener).await });
    if let Some(cause) = &plan.cause {
        stage.act(cause, "").await?;
    }
    if let Some(object) = &plan.make {
        stage.make(object, 1).await?;
    }
    let received = tokio::time::timeout(DELIVERY_WAIT, receiving).await;
    let inbound = received.context("the simulator delivered nothing")???;
    let inbound = Inbound { url: hook, ..inbound };

    let reply = match stage.bench.handle(inbound.clone()).await.result {
        Ok(reply) => reply,
        Err(error) => bail!("a true delivery was refused: {error}"),
    };
    ensure!((200..300).contains(&reply.status), "a true delivery was answered with {}", reply.status);
    ensure!(!reply.touched.is_empty(), "a true delivery names nothing to read again");
    for touched in &reply.touched {
        let reads = stage.bench.manifest.object(&touched.object).is_some_and(|object| object.read);
        ensure!(reads, "a delivery names '{}', which this connector does not read", touched.object);
    }
    let again = stage.bench.handle(inbound.clone()).await.result.map(|reply| reply.delivery);
    ensure!(again == Ok(reply.delivery), "the same delivery has another delivery id the second time");
    for (how, forged) in forgeries(&inbound) {
        match stage.bench.handle(forged).await.result {
            Ok(_) => bail!("a delivery {how} was believed"),
            Err(error) if error.as_fault().kind != FaultKind::Permission => {
                bail!("a delivery {how} was refused as {:?}; it is kind permission", error.as_fault().kind)
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// The same delivery, changed in ways that its proof must not survive.
fn forgeries(inbound: &Inbound) -> Vec<(String, Inbound)> {
    let mut forged = Vec::new();
    let mut body = inbound.clone();
    match body.body.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
        Some(byte) => *byte = if *byte == b'9' { b'8' } else { *byte + 1 },
        None => body.body.push(b' '),
    }
    forged.push(("with a changed body".to_owned(), body));
    let proofs = inbound.headers.iter().filter(|(name, value)| {
        let name = name.to_lowercase();
        let known = ["host", "content-type", "content-length", "accept", "user-agent", "accept-encoding"];
        !known.contains(&name.as_str())
            && value.len() >= 16
            && ["sign", "secret", "token", "auth", "hmac"].iter().any(|part| name.contains(part))
    });
    for (name, _) in proofs {
        let mut without = inbound.clone();
        without.headers.retain(|(other, _)| other != name);
        forged.push((format!("without its header {name}"), without));
        let mut other = inbound.clone();
        for (_, value) in other.headers.iter_mut().filter(|(known, _)| known == name) {
            let last = value.pop();
            value.push(if last == Some('0') { '1' } else { '0' });
        }
        forged.push((format!("with another header {name}"), other));
    }
    forged
}

/// The first delivery that comes; it is answered 200.
async fn received(listener: &TcpListener) -> anyhow::Result<Inbound> {
    let (mut socket, _) = listener.accept().await?;
    let inbound = request(&mut socket).await?;
    socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
    socket.shutdown().await?;
    Ok(inbound)
}

/// One HTTP/1.1 request with a length, which is how the kit delivers.
async fn request(socket: &mut TcpStream) -> anyhow::Result<Inbound> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 8_192];
        let read = socket.read(&mut part).await?;
        bytes.extend_from_slice(&part[..read]);
        ensure!(read > 0 && bytes.len() <= DELIVERY_BYTES_MAX, "the delivery ended early or is too large");
        let Some(head_end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let headers: Vec<(String, String)> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.and_then(|(_, value)| value.parse().ok()).context("the delivery has no length")?;
        let body = &bytes[head_end + 4..];
        if body.len() >= length {
            let method = head.split_whitespace().next().unwrap_or("POST").to_owned();
            return Ok(Inbound { method, url: String::new(), headers, body: body[..length].to_vec() });
        }
    }
}
