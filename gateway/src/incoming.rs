//! A client's socket, with limits on what it sends that hold before a message is complete: how many frames, how much
//! memory, how long. Where one is exceeded, reading fails with the [`CloseReason`].

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::{
    addresses::Place,
    budget::{Budget, Room},
    close::CloseReason,
    config::Limits,
    frames::Frames,
    rate::Rate,
};

/// A buffer of so many bytes each client may keep, uncounted.
const SMALL: u64 = 4096;

/// A socket that a client sends frames on.
#[derive(Debug)]
pub(crate) struct Incoming<S> {
    socket: S,
    /// Nothing once it does not matter any more what comes.
    watch: Option<Watch>,
}

#[derive(Debug)]
struct Watch {
    frames: Frames,
    rate: Rate,
    place: Arc<Place>,
    max_frame_size: usize,
    memory: Arc<Budget>,
    /// What is taken by the message that is not complete, and by the buffer it arrives in.
    room: Option<Room>,
    /// The size of that, in bytes.
    size: u64,
    message_timeout: Duration,
    silence: Duration,
    /// Of what the client is waited for: the rest of a message, or anything at all.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Incoming<S> {
    pub(crate) fn new(socket: S, limits: &Limits, place: Arc<Place>) -> Self {
        let of_address = &place.allowance.memory.incoming;
        let watch = Watch {
            frames: Frames::default(),
            rate: Rate::new(limits.max_message_rate),
            max_frame_size: limits.max_frame_size,
            memory: of_address.of_client(limits.max_frame_size),
            place,
            room: None,
            size: 0,
            message_timeout: limits.message_timeout,
            silence: limits.ping_interval * 2,
            deadline: None,
        };
        Self {
            socket,
            watch: Some(watch),
        }
    }

    /// Nothing that still comes is limited.
    pub(crate) fn stop_watching(&mut self) {
        self.watch = None;
    }
}

impl Watch {
    fn see(&mut self, bytes: &[u8]) -> Result<(), CloseReason> {
        let (rate, of_address) = (&self.rate, &self.place.allowance.rate);
        let before = (self.frames.is_incomplete(), self.frames.completed());
        self.frames.follow(bytes, |size| {
            // A frame that is too large is refused for that, by who reads it.
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let size = size.min(self.max_frame_size);
            if !rate.admits(size) {
                return Err(CloseReason::TooManyMessages(rate.per_second()));
            }
            if !of_address.admits(size) {
                let per_second = of_address.per_second();
                return Err(CloseReason::TooManyMessagesOfAddress(per_second));
            }
            Ok(())
        })?;
        // More of the same message does not give it more time.
        if before != (true, self.frames.completed()) {
            self.deadline = None;
        }
        self.account()
    }

    /// Takes memory for what has arrived. The buffer that a frame arrives in stays as large as the largest one.
    fn account(&mut self) -> Result<(), CloseReason> {
        let largest = self.frames.largest();
        let kept = if largest > SMALL { largest } else { 0 };
        let size = self.frames.arrived().max(kept);
        if size != self.size {
            self.room = None;
            self.size = size;
            if size > 0 {
                let room = self
                    .memory
                    .try_take(usize::try_from(size).unwrap_or(usize::MAX));
                let room = room.map_err(|owner| CloseReason::TooMuchIncoming { owner, size });
                self.room = Some(room?);
            }
        }
        Ok(())
    }

    /// The client is waited for; it may have been too long.
    fn poll_deadline(&mut self, context: &mut Context) -> Poll<CloseReason> {
        let is_incomplete = self.frames.is_incomplete();
        let limit = match is_incomplete {
            true => self.message_timeout,
            false => self.silence,
        };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(match is_incomplete {
            true => CloseReason::MessageTimeout(limit),
            false => CloseReason::Unresponsive(limit),
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Incoming<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context,
        buffer: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer)?;
        let Some(watch) = &mut this.watch else {
            return read.map(Ok);
        };
        if read.is_pending() {
            return watch.poll_deadline(context).map(io::Error::other).map(Err);
        }
        let seen = watch.see(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(seen.map_err(|reason| {
            buffer.set_filled(before);
            io::Error::other(reason)
        }))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Incoming<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}
