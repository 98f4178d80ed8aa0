//! A place set aside.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use forebay_contract::{Bytes, Codec, Permitted, PutError, Raw, Refusal};

use crate::attachment::{Attachment, Farewell};
use crate::producer::parcel;

/// A place set aside in the buffer, for one item that can then be put without waiting (C5). Dropped, it is given back;
/// and so it is when its process has been silent for 30 seconds: put after that, it is a put like any other.
pub struct Permit<T = Bytes, C = Raw> {
    attachment: Arc<Attachment>,
    codec: C,
    /// Taken out once used.
    number: Option<u64>,
    item: PhantomData<fn(T)>,
    _farewell: Farewell,
}

impl<T, C: Codec<T>> Permit<T, C> {
    pub(crate) fn new(
        attachment: &Arc<Attachment>,
        codec: C,
        number: u64,
        farewell: Farewell,
    ) -> Self {
        Self {
            attachment: Arc::clone(attachment),
            codec,
            number: Some(number),
            item: PhantomData,
            _farewell: farewell,
        }
    }

    /// Places the item. Refused, with the item, after the close (C6), and when it is heavier than what was set aside
    /// (C1).
    pub fn put(mut self, item: T) -> Result<(), PutError<T>> {
        match self.put_encoded(&item) {
            Ok(()) => Ok(()),
            Err(refusal) => Err(PutError { item, refusal }),
        }
    }

    fn put_encoded(&mut self, item: &T) -> Result<(), Refusal> {
        let parcel = parcel(&self.codec, &self.attachment, item)?;
        let number = self.number.take().expect("a permit is used once");
        self.attachment.ask(move |engine| {
            Box::pin(async move { engine.put_permitted(number, &parcel).await })
        })?
    }

    /// As [`put`](Self::put), for a task. Once it was polled the item is put, also when the future is dropped.
    pub async fn put_async(mut self, item: T) -> Result<(), PutError<T>> {
        let put = match parcel(&self.codec, &self.attachment, &item) {
            Ok(parcel) => {
                let number = self.number.take().expect("a permit is used once");
                let put = self.attachment.ask_async(move |engine| {
                    Box::pin(async move { engine.put_permitted(number, &parcel).await })
                });
                put.await.unwrap_or_else(|fault| Err(fault.into()))
            }
            Err(refusal) => Err(refusal),
        };
        put.map_err(|refusal| PutError { item, refusal })
    }
}

impl<T, C> Drop for Permit<T, C> {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.attachment.owe(move |engine| engine.release(number));
        }
    }
}

impl<T, C> fmt::Debug for Permit<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("buffer", &self.attachment.address).finish_non_exhaustive()
    }
}

impl<T: Send + 'static, C: Codec<T>> Permitted<T> for Permit<T, C> {
    fn put(self, item: T) -> Result<(), PutError<T>> {
        Permit::put(self, item)
    }
}
