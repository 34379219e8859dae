//! Many bytes that go from one socket to another through a pipe, and are not looked at: splice(2).
//!
//! A flow begins with copies, which cost less for what is small, and comes here once it has been full for a while; it goes
//! back when little comes. Not here: where a body ends ([`crate::http1::framing`]), and copies ([`crate::flow`]).

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use wharf_os::pipe::Pipe;

use crate::stream::Stream;

/// A flow's share in this.
#[derive(Debug, Default)]
pub(crate) struct Bulk {
    pipe: Option<Lent>,
    /// Moves in a row that were small.
    thin: u8,
    /// Whether it is left alone from now on, as it cannot be here.
    is_off: bool,
}

/// What a move has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// So many bytes went into the pipe.
    In(u64),
    /// So many bytes went out of it.
    Out(u64),
    /// The stream has ended.
    End,
    /// Copies are better from now on.
    Copy,
}

/// Which side a move has failed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// That which bytes come from.
    From,
    /// That which they go to.
    To,
}

/// Pipes: how many are lent, and those that nobody uses at the moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipes(Arc<Mutex<Stock>>);

#[derive(Debug, Default)]
struct Stock {
    lent: usize,
    spare: Vec<Pipe>,
}

/// A pipe that is given back when this is dropped; one in which something lies is closed then.
#[derive(Debug)]
struct Lent {
    pipe: Option<Pipe>,
    pipes: Pipes,
}

impl Pipes {
    fn lend(&self) -> Option<Lent> {
        let mut stock = self.stock();
        if stock.lent >= MOST {
            return None;
        }
        let pipe = stock.spare.pop().or_else(|| Pipe::open(SIZE).ok())?;
        stock.lent += 1;
        Some(Lent { pipe: Some(pipe), pipes: self.clone() })
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut stock = self.pipes.stock();
        stock.lent -= 1;
        if let Some(pipe) = self.pipe.take().filter(|pipe| pipe.held() == 0 && stock.spare.len() < MOST_SPARE)
        {
            stock.spare.push(pipe);
        }
    }
}

impl Bulk {
    /// Returns whether a flow between these that has moved so much already had better go through a pipe.
    pub(crate) fn is_for(&self, moved: u64, from: &Stream, to: &Stream) -> bool {
        moved >= BEGIN && !self.is_off && from.is_plain() && to.is_plain()
    }

    /// Returns how many bytes lie in the pipe.
    pub(crate) fn held(&self) -> usize {
        self.pipe.as_ref().and_then(|lent| lent.pipe.as_ref()).map_or(0, Pipe::held)
    }

    /// Moves some bytes on, not more than `limit` of those that come.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &Stream,
        to: &Stream,
        limit: u64,
        pipes: &Pipes,
    ) -> Poll<Result<Moved, Failed>> {
        if self.pipe.is_none() {
            self.pipe = pipes.lend();
        }
        let Some(pipe) = self.pipe.as_mut().and_then(|lent| lent.pipe.as_mut()) else {
            // There are as many as there may be.
            return Poll::Ready(Ok(Moved::Copy));
        };
        if pipe.held() > 0 {
            let count = ready!(to.poll_drain(context, pipe)).map_err(|_| Failed::To)?;
            return Poll::Ready(Ok(Moved::Out(count as u64)));
        }
        if self.thin > MOST_THIN {
            self.rest();
            return Poll::Ready(Ok(Moved::Copy));
        }
        match from.poll_fill_pipe(context, pipe, limit) {
            Poll::Ready(Ok(0)) => Poll::Ready(Ok(Moved::End)),
            Poll::Ready(Ok(count)) => {
                self.thin = if count < THIN { self.thin + 1 } else { 0 };
                Poll::Ready(Ok(Moved::In(count as u64)))
            }
            // Of a kind that has no splice(2).
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                self.is_off = true;
                self.rest();
                Poll::Ready(Ok(Moved::Copy))
            }
            Poll::Ready(Err(_)) => Poll::Ready(Err(Failed::From)),
            Poll::Pending => {
                // Who waits without anything needs no pipe.
                self.pipe = None;
                Poll::Pending
            }
        }
    }

    /// Gives the pipe back, and begins anew.
    pub(crate) fn rest(&mut self) {
        self.pipe = None;
        self.thin = 0;
    }
}

/// Bytes after which a flow is one of many.
const BEGIN: u64 = 256 * 1024;
/// Bytes that a pipe is to take.
const SIZE: usize = 1024 * 1024;
/// Pipes that are lent at most: together they take half of what an ordinary user may have.
const MOST: usize = 32;
/// Pipes that are kept for the next.
const MOST_SPARE: usize = 4;
/// A move of less is small.
const THIN: usize = 16 * 1024;
/// Small moves in a row, after which copies are better.
const MOST_THIN: u8 = 8;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::{Read, Write};

    use tokio::net::TcpStream;
    use wharf_os::entrance;

    use super::MOST;
    use crate::buffer::{Buffer, Spare};
    use crate::flow::{Broken, Flow, Side};
    use crate::http1::framing::Framing;
    use crate::stream::Stream;

    /// A connection: the end of the router, and that of another.
    async fn pair() -> (Stream, std::net::TcpStream) {
        let listener = entrance::open(0).unwrap().swap_remove(0);
        listener.set_nonblocking(false).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let far = listener.accept().unwrap().0;
        (Stream::Tcp(near), far)
    }

    /// Moves `sent` bytes of a body of 8 MB, in writes of `piece` bytes. Returns how it ends, what came and what the flow says.
    async fn moved(spare: &Spare, sent: usize, piece: usize) -> (Result<(), Broken>, Vec<u8>, u64) {
        let ((from, mut source), (mut to, mut sink)) = (pair().await, pair().await);
        let bytes: Vec<u8> = pattern(sent);
        let writer =
            std::thread::spawn(move || bytes.chunks(piece).all(|some| source.write_all(some).is_ok()));
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            sink.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let mut from = Side { stream: from, buffer: Buffer::default() };
        let mut flow = Flow::new(b"head".to_vec(), Framing::Length(BODY as u64));
        let outcome = poll_fn(|context| flow.poll(context, &mut from, &mut to, spare)).await;
        drop(to);
        let moved = flow.moved;
        drop(flow);
        assert!(writer.join().unwrap());
        (outcome, reader.join().unwrap(), moved)
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn a_body_of_many_bytes_goes_through_a_pipe_and_ends_where_it_should() {
        run(async {
            let spare = Spare::default();
            let (outcome, bytes, moved) = moved(&spare, BODY + 1000, BODY + 1000).await;
            assert!(outcome.is_ok() && moved == BODY as u64);
            assert!(bytes[..4] == *b"head" && bytes[4..] == pattern(BODY));
            let stock = spare.pipes.stock();
            assert_eq!((stock.lent, stock.spare.len()), (0, 1), "one was used and given back");
        });
    }

    #[test]
    fn a_source_that_ends_too_early_is_broken_and_all_that_came_is_there() {
        run(async {
            let spare = Spare::default();
            let (outcome, bytes, moved) = moved(&spare, BODY - 1, 1 << 20).await;
            assert!(matches!(outcome, Err(Broken::From)) && moved == BODY as u64 - 1);
            assert!(bytes[4..] == pattern(BODY - 1));
            assert_eq!(spare.pipes.stock().lent, 0);
        });
    }

    #[test]
    fn without_a_pipe_it_is_copied() {
        run(async {
            let spare = Spare::default();
            let lent: Vec<_> = std::iter::from_fn(|| spare.pipes.lend()).collect();
            assert!((1..=MOST).contains(&lent.len()));
            let (outcome, bytes, _) = moved(&spare, BODY, 1 << 20).await;
            assert!(outcome.is_ok() && bytes[4..] == pattern(BODY));
            assert_eq!(spare.pipes.stock().lent, lent.len());
            drop(lent);
            assert_eq!(spare.pipes.stock().lent, 0);
        });
    }

    #[test]
    fn a_sink_that_is_gone_closes_the_pipe_with_what_lies_in_it() {
        run(async {
            let spare = Spare::default();
            let ((from, mut source), (mut to, mut sink)) = (pair().await, pair().await);
            std::thread::spawn(move || while source.write_all(&[1; 1 << 16]).is_ok() {});
            std::thread::spawn(move || sink.read_exact(&mut vec![0; BODY]).unwrap());
            let mut from = Side { stream: from, buffer: Buffer::default() };
            let mut flow = Flow::new(Vec::new(), Framing::UntilEnd);
            let outcome = poll_fn(|context| flow.poll(context, &mut from, &mut to, &spare)).await;
            assert!(matches!(outcome, Err(Broken::To)));
            let lent = spare.pipes.stock().lent;
            drop(flow);
            let stock = spare.pipes.stock();
            assert_eq!(
                (stock.lent, stock.spare.len()),
                (0, 1 - lent),
                "what something lies in is not lent again"
            );
        });
    }

    const BODY: usize = 8_000_000;
}
