//! What a mail is, when it is sent, and what becomes of it. What is in it is made when it is sent.

pub(crate) mod attempt;
pub(crate) mod content;
pub(crate) mod message;
pub(crate) mod state;
pub(crate) mod template;

pub(crate) use attempt::{Next, Outcome, Schedule};
pub use content::Language;
pub(crate) use content::{Cause, Content, Line, OrderContent, Parcel};
pub(crate) use message::{Message, NewMessage, Recipient, Subject};
pub(crate) use state::State;
pub(crate) use template::Template;
