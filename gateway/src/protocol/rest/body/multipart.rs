//! `multipart/form-data` onto a method that takes HttpBody: one file, which is the body, and before
//! it other fields of the request.

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use transcoder::multipart::{Event, Multipart, MultipartError};
use transcoder::{Body, Route};

use crate::failure::Failure;

/// Most bytes of all fields that are not the file.
const MAX_FIELDS: usize = 64 << 10;

/// A form with a file in it, as it comes.
pub(super) struct Form {
    parts: Multipart,
    /// The field of the request that the file is, if it is one: a part of this name is the file
    /// also without a file's name.
    body_field: Option<String>,
    /// Path and query hold the fields of the request beside its body. So do the parts before the
    /// file: they count as more of the query.
    query: String,
    within: Within,
    /// The media type of the file.
    content_type: Option<String>,
    fields: usize,
}

/// What the content that comes belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Field,
    File,
}

impl Form {
    /// Of a body with that content type; `None` if it is no form.
    pub(super) fn of(
        content_type: &str,
        query: Option<&str>,
        route: &Route,
    ) -> Result<Option<Self>, Failure> {
        let Some(parts) = Multipart::of(content_type) else {
            return Ok(None);
        };
        Ok(Some(Self {
            parts: parts?,
            body_field: match route.body() {
                Body::Field(field) => Some(field.name().to_owned()),
                _ => None,
            },
            query: query.unwrap_or_default().to_owned(),
            within: Within::Nothing,
            content_type: None,
            fields: 0,
        }))
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.parts.push(piece);
    }

    /// The next piece of the file; `None` if more has to come first, or at the end.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(event) = self.parts.next()? {
            match event {
                Event::Part(part) => {
                    let is_body = self.body_field.as_deref() == Some(&part.name);
                    let has_file = self.content_type.is_some();
                    self.within = match part.file_name.is_some() || is_body {
                        true if has_file => return Err(malformed_form("more than one file")),
                        true => {
                            self.content_type = Some(part.content_type);
                            Within::File
                        }
                        false if has_file => {
                            return Err(malformed_form("fields stand before the file"));
                        }
                        false => {
                            self.count(part.name.len())?;
                            if !self.query.is_empty() {
                                self.query.push('&');
                            }
                            self.query.extend(byte_serialize(part.name.as_bytes()));
                            self.query.push('=');
                            Within::Field
                        }
                    };
                }
                Event::Data(data) => match self.within {
                    Within::File => return Ok(Some(data)),
                    _ => {
                        self.count(data.len())?;
                        self.query.extend(byte_serialize(&data));
                    }
                },
            }
        }
        Ok(None)
    }

    /// The media type of the file, after the end of the form.
    pub(super) fn end(&self) -> Result<&str, Failure> {
        self.parts.end()?;
        self.content_type
            .as_deref()
            .ok_or_else(|| malformed_form("a file is missing"))
    }

    /// What the file says that it is; empty before it has begun.
    pub(super) fn content_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or_default()
    }

    /// Bytes that are kept: the fields before the file, and what has come of the next part.
    pub(super) fn held(&self) -> usize {
        self.parts.held() + self.query.len()
    }

    /// The fields beside the file, as a query.
    pub(super) fn query(&self) -> &str {
        &self.query
    }

    fn count(&mut self, bytes: usize) -> Result<(), Failure> {
        self.fields += bytes;
        match self.fields > MAX_FIELDS {
            true => Err(malformed_form("its fields are larger than 65536 bytes")),
            false => Ok(()),
        }
    }
}

impl From<MultipartError> for Failure {
    fn from(error: MultipartError) -> Self {
        Failure::malformed(error.to_string())
    }
}

fn malformed_form(what: &str) -> Failure {
    Failure::malformed(format!("multipart/form-data: {what}"))
}
