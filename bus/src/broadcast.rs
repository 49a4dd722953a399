use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, stream::BoxStream};

use crate::Event;

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BroadcastItem {
    /// Something happened.
    Event(Event),
    /// Events may have been missed: read again what they would have told.
    Gap,
}

/// A stream of what is published. It never ends while the bus lives.
pub struct Broadcast(BoxStream<'static, BroadcastItem>);

impl Broadcast {
    pub(crate) fn new(items: impl Stream<Item = BroadcastItem> + Send + 'static) -> Self {
        Self(items.boxed())
    }
}

impl Stream for Broadcast {
    type Item = BroadcastItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl std::fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Broadcast")
    }
}
