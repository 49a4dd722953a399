//! A body that goes upstream piece by piece, as a stream of `google.api.HttpBody`.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use transcoder::{Content, Matched};

use super::content_type;
use super::multipart::Form;
use crate::admitted::Admitted;
use crate::body::{self, Incoming};
use crate::call::replies::Replies;
use crate::call::step::Step;
use crate::failure::Failure;
use crate::wire::envelope;

/// Calls a method that takes a stream of HttpBody; gives back its leading metadata and its replies.
pub(in crate::protocol::rest) async fn upload(
    admitted: &Admitted<'_>,
    matched: &Matched,
    head: &Parts,
    body: Incoming,
) -> Result<(HeaderMap, Replies), Failure> {
    let settings = admitted.settings();
    let limit = settings.mapping.upload_limit;
    let announced = head.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        return Err(Failure::too_large(
            usize::try_from(limit).unwrap_or(usize::MAX),
        ));
    }
    let upload = Upload::new(matched.clone(), head, limit)?;
    let call = admitted.call(&head.headers)?;
    let coding = body::coding(&head.headers)?;
    admitted.stream(&call, body, coding, upload).await
}

/// An upload in progress.
struct Upload {
    matched: Matched,
    query: Option<String>,
    content_type: String,
    form: Option<Form>,
    /// Bytes that may yet come.
    left: u64,
    limit: u64,
    /// The first message, which has the fields of path and query, has gone.
    has_begun: bool,
}

impl Upload {
    fn new(matched: Matched, head: &Parts, limit: u64) -> Result<Self, Failure> {
        let content_type = content_type(&head.headers)?.to_owned();
        let query = head.uri.query();
        let upload = Self {
            form: Form::of(&content_type, query, matched.route())?,
            query: query.map(str::to_owned),
            matched,
            content_type,
            left: limit,
            limit,
            has_begun: false,
        };
        if upload.form.is_none() {
            // What does not fit is told before anybody upstream hears of it.
            upload.first(b"")?;
        }
        Ok(upload)
    }

    /// The fields and the media type of the first message are known.
    fn is_of(&mut self, form: &Form) {
        if !self.has_begun {
            self.content_type = form.content_type().to_owned();
            self.query = Some(form.query().to_owned());
        }
    }

    fn frame(&mut self, data: &[u8]) -> Result<Bytes, Failure> {
        let message = match self.has_begun {
            true => self.matched.piece(data),
            false => self.first(data)?,
        };
        self.has_begun = true;
        Ok(envelope::write(0, &message))
    }

    fn first(&self, data: &[u8]) -> Result<Bytes, Failure> {
        let content = Content::Raw {
            content_type: &self.content_type,
            data,
        };
        let message = self.matched.request_of(self.query.as_deref(), content);
        message.map_err(|error| Failure::unfit(error, self.matched.route()))
    }
}

impl Step for Upload {
    /// gRPC's frames of what a piece of the body completes.
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure> {
        if let Some(piece) = &piece {
            let left = self.left.checked_sub(piece.len() as u64);
            let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
            self.left = left.ok_or_else(|| Failure::too_large(limit))?;
        }
        match (self.form.take(), piece) {
            (None, Some(piece)) if piece.is_empty() => Ok(piece),
            (None, Some(piece)) => self.frame(&piece),
            (Some(mut form), Some(piece)) => {
                form.push(&piece);
                let mut frames = BytesMut::new();
                while let Some(data) = form.next()? {
                    self.is_of(&form);
                    frames.extend_from_slice(&self.frame(&data)?);
                }
                self.form = Some(form);
                Ok(frames.freeze())
            }
            (form, None) => {
                if let Some(form) = &form {
                    form.end()?;
                    self.is_of(form);
                }
                match self.has_begun {
                    true => Ok(Bytes::new()),
                    false => self.frame(b""),
                }
            }
        }
    }

    /// A body that ends has no place to be silent at.
    fn has_begun(&self) -> bool {
        true
    }

    fn held(&self) -> usize {
        self.form.as_ref().map_or(0, Form::held)
    }
}
