//! A web server that stays well when twenty times too much comes.
//!
//! Connections are tasks, which cost little; the work is done by a few threads. Between them is a bounded
//! buffer of requests. A request that finds it full is refused at once, with 503 and `Retry-After`: so those
//! that are accepted wait no longer than capacity ÷ service rate, and memory stays as it is.
//!
//! ```sh
//! cargo run --release -p forebay-examples --example web_server -- --port 8080 --service-ms 2000 --capacity 2
//! for n in 1 2 3 4 5 6 7 8; do curl -i "http://127.0.0.1:8080/$n" & done     # in another terminal
//! ```
//!
//! Look for: 503 once all workers are busy and the buffer is full; Ctrl-C, on which the server answers what it
//! has accepted and only then ends. A client that sends slowly holds up nobody, because it has no worker yet;
//! one that has gone meanwhile costs no work. `cargo xtask bench web` measures it under 20 times its load.

use std::convert::Infallible;
use std::error::Error;
use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use forebay::{Consumer, Producer, Semaphore, bounded};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpSocket;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// The most connections that are open: each is a file, and a process may often have 1,024.
const CONNECTIONS: usize = 900;

/// The most connections that wait to be seen at all: a client that finds no place there asks again after a
/// second, so there are enough for a moment in which this program does not run.
const BACKLOG: u32 = 4_096;

/// A web server with a bounded buffer of requests
#[derive(Parser)]
struct Args {
    /// Where to listen; 0 is any port that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many threads work
    #[arg(long, default_value = "4")]
    workers: NonZeroUsize,
    /// The most requests that wait for them
    #[arg(long, default_value = "64")]
    capacity: NonZeroUsize,
    /// How long the work for one request takes
    #[arg(long, default_value_t = 10)]
    service_ms: u64,
    /// How long a client may take to send the head of a request
    #[arg(long, default_value_t = 5_000)]
    patience_ms: u64,
}

/// What waits in the buffer: what is asked, and where the answer goes.
struct Request {
    path: String,
    reply: oneshot::Sender<String>,
}

/// Where requests are accepted or refused.
struct Desk {
    requests: Producer<Request>,
    workers: u64,
    /// Microseconds that the work for a request takes, in the mean of the last few.
    service: AtomicU64,
    refused: AtomicU64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let (requests, waiting) = bounded(args.capacity.get());
    let workers = args.workers.get() as u64;
    let desk = Arc::new(Desk { requests, workers, service: 0.into(), refused: 0.into() });
    let workers: Vec<_> = (0..workers)
        .map(|_| {
            let (waiting, desk) = (waiting.clone(), Arc::clone(&desk));
            let service = Duration::from_millis(args.service_ms);
            thread::spawn(move || serve(&waiting, &desk, service))
        })
        .collect();
    tokio::runtime::Runtime::new()?.block_on(listen(&args, &desk))?;
    desk.requests.close(); // the workers drain it, and end
    for worker in workers {
        worker.join().expect("the work's panics are caught");
    }
    let (told, refused) = (waiting.statistics(), desk.refused.load(Ordering::Relaxed));
    println!("accepted {}, refused {refused}, at most {} waited", told.produced, told.high_water);
    Ok(())
}

/// Serves connections until Ctrl-C or SIGTERM, and then those that are open to their end.
async fn listen(args: &Args, desk: &Arc<Desk>) -> Result<(), Box<dyn Error>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    let address = (Ipv4Addr::LOCALHOST, args.port).into();
    socket.bind(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on http://{}", listener.local_addr()?);

    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(args.patience_ms));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let open = GracefulShutdown::new();
    loop {
        let connection = async {
            let place = Arc::clone(&places).acquire_owned_async(1).await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            connection = connection => connection,
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        };
        let Ok((stream, _)) = accepted else {
            // Perhaps too many files are open; at once it would only fail again.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let desk = Arc::clone(desk);
        let service = service_fn(move |request: hyper::Request<_>| {
            let (desk, path) = (Arc::clone(&desk), request.uri().path().to_owned());
            async move { Ok::<_, Infallible>(desk.answer(path).await) }
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            let _ = connection.await; // an error here is the client's
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}

impl Desk {
    /// Waits for a worker's answer if there is room for the request; else refuses it at once.
    async fn answer(&self, path: String) -> Response<Full<Bytes>> {
        let (reply, answer) = oneshot::channel();
        let response = Response::builder();
        let response = if self.requests.try_put(Request { path, reply }).is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            response
                .status(StatusCode::SERVICE_UNAVAILABLE)
                .header(RETRY_AFTER, self.retry_after())
                .body("busy\n".into())
        } else if let Ok(text) = answer.await {
            response.body(text.into())
        } else {
            response.status(StatusCode::INTERNAL_SERVER_ERROR).body("the work failed\n".into())
        };
        response.expect("status and header are valid")
    }

    /// The seconds until those who wait now are served: their number ÷ service rate.
    fn retry_after(&self) -> u64 {
        let waiting = self.requests.statistics().waiting;
        let micros = waiting * self.service.load(Ordering::Relaxed) / self.workers;
        micros.div_ceil(1_000_000).max(1)
    }

    /// Takes a measured time into the mean.
    fn served_in(&self, time: Duration) {
        let mean = self.service.load(Ordering::Relaxed);
        let now = time.as_micros() as u64;
        let mean = if mean == 0 { now } else { (mean * 7 + now) / 8 };
        self.service.store(mean, Ordering::Relaxed);
    }
}

/// A worker: works on one request after the other.
fn serve(waiting: &Consumer<Request>, desk: &Desk, service: Duration) {
    while let Ok(Request { path, reply }) = waiting.take() {
        if reply.is_closed() {
            continue; // its client has gone
        }
        let begun = Instant::now();
        // A panic drops the reply, which is an answer too, and the worker goes on.
        let done = catch_unwind(|| {
            thread::sleep(service); // here is what takes time: a query, a page, a picture
            format!("you asked for {path}\n")
        });
        desk.served_in(begun.elapsed());
        if let Ok(text) = done {
            let _ = reply.send(text);
        }
    }
}
