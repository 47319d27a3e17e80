//! Start-up: arguments, listeners, the one line that says where the simulator is, and the end.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Extension;
use axum::middleware::{AddExtension, from_fn_with_state};
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::origin::Scheme;
use crate::switchboard::switchboard;
use crate::{Kit, control, tls};

/// Command line of every simulator.
#[derive(Debug, Clone, Parser)]
#[command(about = "A vendor simulator. Prints one line of JSON with its addresses when it is ready.")]
pub struct Args {
    /// Address for plain HTTP; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub http: SocketAddr,
    /// Address for HTTPS; without it there is no HTTPS.
    #[arg(long)]
    pub https: Option<SocketAddr>,
    /// Further host name in the HTTPS certificate; may be repeated.
    #[arg(long = "tls-name", value_name = "HOST")]
    pub tls_names: Vec<String>,
    /// Data to start with; which names there are is the simulator's to say.
    #[arg(long)]
    pub seed: Option<String>,
    /// An option of this simulator, as name=value; may be repeated.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub options: Vec<(String, String)>,
    /// End when standard input closes, so that the simulator never outlives its parent.
    #[arg(long)]
    pub until_stdin_closes: bool,
}

impl Default for Args {
    /// Plain HTTP on a free local port, no data.
    fn default() -> Self {
        Self {
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            https: None,
            tls_names: Vec::new(),
            seed: None,
            options: Vec::new(),
            until_stdin_closes: false,
        }
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    Ok((name.into(), value.into()))
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be used.
    #[error("cannot listen on {address}: {source}; choose another address or port 0")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No certificate.
    #[error("cannot set up HTTPS: {0}")]
    Tls(String),
}

/// A simulator's `main`: reads the command line, builds the vendor's routes, serves until killed
/// (or until standard input closes), and prints one line of JSON when ready.
pub async fn run(name: &str, build: impl FnOnce(Kit) -> Router) -> ExitCode {
    served(name, Args::parse(), build).await
}

/// Serves with these arguments, until the end.
pub(crate) async fn served(name: &str, args: Args, build: impl FnOnce(Kit) -> Router) -> ExitCode {
    let until_stdin_closes = args.until_stdin_closes;
    let running = match start(name, args, build).await {
        Ok(running) => running,
        Err(error) => {
            let _ = writeln!(io::stderr(), "simulator {name}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ca = running.ca.as_ref().map(|path| path.display().to_string());
    let line = json!({"simulator": name, "http": running.http, "https": running.https, "ca": ca});
    let mut stdout = io::stdout();
    if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    wait_for_the_end(until_stdin_closes).await;
    running.stop();
    ExitCode::SUCCESS
}

async fn wait_for_the_end(until_stdin_closes: bool) {
    let (closed, stdin) = tokio::sync::oneshot::channel::<()>();
    let parent_gone = async {
        if !until_stdin_closes {
            return std::future::pending().await;
        }
        // A thread, because a blocking read of standard input cannot be cancelled.
        std::thread::spawn(move || {
            let mut rest = [0_u8; 256];
            while matches!(io::stdin().read(&mut rest), Ok(count) if count > 0) {}
            let _ = closed.send(());
        });
        let _ = stdin.await;
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = parent_gone => {}
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// A simulator that is up. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    /// Origin of the plain listener, such as `http://127.0.0.1:8080`.
    pub http: String,
    /// Origin of the HTTPS listener, when there is one.
    pub https: Option<String>,
    /// Certificate of the test authority, when there is HTTPS.
    pub ca: Option<std::path::PathBuf>,
    handles: Vec<axum_server::Handle<SocketAddr>>,
    _folder: Option<tempfile::TempDir>,
}

impl Running {
    /// Ends it; connections in use are closed.
    pub fn stop(&self) {
        for handle in &self.handles {
            handle.shutdown();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts a simulator inside this process: for tests.
///
/// # Errors
/// [`StartError`].
pub async fn start(name: &str, args: Args, build: impl FnOnce(Kit) -> Router) -> Result<Running, StartError> {
    let options: BTreeMap<String, String> = args.options.into_iter().collect();
    let kit = Kit::with(name, args.seed, options);
    let vendor = build(kit.clone());
    let app = app(&kit, vendor);

    let (address, http) = listen(args.http, Security::Plain, app.clone())?;
    let mut running =
        Running { http: format!("http://{address}"), https: None, ca: None, handles: vec![http], _folder: None };
    if let Some(wanted) = args.https {
        let folder = tempfile::Builder::new()
            .prefix("simulator-")
            .tempdir()
            .map_err(|error| StartError::Tls(error.to_string()))?;
        let (config, ca) = tls::make(folder.path(), &args.tls_names)?;
        let (address, https) = listen(wanted, Security::Tls(config), app)?;
        running.https = Some(format!("https://{address}"));
        running.ca = Some(ca);
        running.handles.push(https);
        running._folder = Some(folder);
    }
    Ok(running)
}

/// The whole surface: control routes, and the vendor's routes behind the switchboard.
pub fn app(kit: &Kit, vendor: Router) -> Router {
    let vendor = vendor.layer(from_fn_with_state(kit.clone(), switchboard));
    Router::new().nest("/_sim", control::router(kit.clone())).fallback_service(vendor)
}

enum Security {
    Plain,
    Tls(Arc<rustls::ServerConfig>),
}

fn listen(
    wanted: SocketAddr,
    security: Security,
    app: Router,
) -> Result<(SocketAddr, axum_server::Handle<SocketAddr>), StartError> {
    let failed = |source| StartError::Listen { address: wanted, source };
    let listener = std::net::TcpListener::bind(wanted).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let handle = axum_server::Handle::new();
    let server = axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone());
    match security {
        Security::Plain => {
            let acceptor = Cuttable { inner: NoDelayAcceptor, scheme: Scheme::Http };
            let service = app.into_make_service();
            tokio::spawn(async move { server.acceptor(acceptor).serve(service).await });
        }
        Security::Tls(config) => {
            let inner = RustlsAcceptor::new(RustlsConfig::from_config(config)).acceptor(NoDelayAcceptor);
            let acceptor = Cuttable { inner, scheme: Scheme::Https };
            let service = app.into_make_service();
            tokio::spawn(async move { server.acceptor(acceptor).serve(service).await });
        }
    }
    Ok((address, handle))
}

/// Cuts the connection that a request came over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<AtomicBool>);

impl Cut {
    /// From now on nothing can be written to the connection any more.
    pub(crate) fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Accepts connections that can be cut, and tells requests which one they came over.
#[derive(Clone)]
struct Cuttable<A> {
    inner: A,
    scheme: Scheme,
}

type Marked<S> = AddExtension<AddExtension<S, Cut>, Scheme>;

impl<I, S, A> Accept<I, S> for Cuttable<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = CutStream<A::Stream>;
    type Service = Marked<A::Service>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        use tower::Layer as _;
        let accepted = self.inner.accept(stream, service);
        let scheme = self.scheme;
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let cut = Cut::default();
            let service = Extension(scheme).layer(Extension(cut.clone()).layer(service));
            Ok((CutStream { inner: stream, cut }, service))
        })
    }
}

/// A stream whose writes fail once it was cut. The server then drops it, and the client sees the
/// connection end without an answer.
struct CutStream<I> {
    inner: I,
    cut: Cut,
}

impl<I> CutStream<I> {
    fn check(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by the switchboard"));
        }
        Ok(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for CutStream<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for CutStream<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
