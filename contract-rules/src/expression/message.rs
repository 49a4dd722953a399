//! A message, read as far as an expression asks.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelString, Type};
use cel::common::value::{CowVal, StaticVal, Val};

use crate::program::Cel;
use crate::slots::{Slot, read};
use crate::table::{Field, Table};
use crate::wire::Malformed;

/// The tables that say how bytes are read.
#[derive(Clone, Debug)]
pub(crate) struct Source(pub(crate) Arc<Vec<Table>>);

/// How a field is read, set or not.
type Read = fn(&Source, &Field, &Slot<'_>) -> Result<Cel, Malformed>;

/// Clones are of the same message: what one has read, all have.
#[derive(Clone, Debug)]
pub(super) struct Message {
    of: Arc<Type>,
    source: Source,
    table: usize,
    bytes: Arc<[u8]>,
    read: Read,
    /// By the place of a field: an expression may ask for it once for each item of a list.
    values: Arc<[OnceLock<Cel>]>,
    set: Arc<OnceLock<Vec<bool>>>,
}

impl Message {
    pub(super) fn new(source: &Source, table: usize, bytes: &[u8], read: Read) -> Message {
        let Table { name, fields, .. } = &source.0[table];
        Message {
            of: Arc::new(Type::new_opaque_type(name.clone())),
            source: source.clone(),
            table,
            bytes: bytes.into(),
            read,
            values: fields.iter().map(|_| OnceLock::new()).collect(),
            set: Arc::default(),
        }
    }

    fn fields(&self) -> &[Field] {
        &self.source.0[self.table].fields
    }

    fn place(&self, name: &str) -> Result<usize, ExecutionError> {
        let place = self
            .fields()
            .iter()
            .position(|field| field.name.proto == name);
        place.ok_or_else(|| ExecutionError::UndeclaredReference(Arc::new(name.to_owned())))
    }

    /// Whether a field is set.
    pub(super) fn has(&self, name: &str) -> Result<bool, ExecutionError> {
        self.is_set(self.place(name)?)
    }

    fn is_set(&self, place: usize) -> Result<bool, ExecutionError> {
        if let Some(set) = self.set.get() {
            return Ok(set[place]);
        }
        let slots = self.slots()?;
        let fields = self.fields().iter().zip(&slots);
        let set = fields.map(|(field, slot)| field.is_set(slot)).collect();
        Ok(self.set.get_or_init(|| set)[place])
    }

    fn value(&self, place: usize) -> Result<&(dyn Val + 'static), ExecutionError> {
        if let Some(value) = self.values[place].get() {
            return Ok(value.as_ref());
        }
        let slots = self.slots()?;
        let value = (self.read)(&self.source, &self.fields()[place], &slots[place]);
        let value = value.map_err(|Malformed| malformed())?;
        Ok(self.values[place].get_or_init(|| value).as_ref())
    }

    fn slots(&self) -> Result<Vec<Slot<'_>>, ExecutionError> {
        let sorted = read(&self.source.0[self.table], &self.bytes, false);
        sorted
            .map(|sorted| sorted.slots)
            .map_err(|Malformed| malformed())
    }
}

/// It was read before an expression is asked, so that nobody sees it.
fn malformed() -> ExecutionError {
    ExecutionError::function_error("field", "the bytes are no message")
}

impl Val for Message {
    fn get_type(&self) -> &Type {
        &self.of
    }

    fn cel_type() -> &'static Type {
        panic!("each message has a type of its own")
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        let Some(other) = other.downcast_ref::<Message>() else {
            return false;
        };
        let is_same = |place| match (self.is_set(place), other.is_set(place)) {
            // A message may hold itself without end, where it is not set.
            (Ok(false), Ok(false)) => true,
            (Ok(true), Ok(true)) => {
                let values = (self.value(place), other.value(place));
                matches!(values, (Ok(one), Ok(other)) if one.equals(other))
            }
            _ => false,
        };
        self.table == other.table && (0..self.fields().len()).all(is_same)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Message {}

impl Indexer for Message {
    fn get<'b, 'v>(&'b self, name: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match name.downcast_ref::<CelString<'_>>() {
            Some(name) => self.value(self.place(name.inner())?).map(CowVal::Borrowed),
            None => Err(ExecutionError::UnexpectedType {
                got: name.get_type().name().to_owned(),
                want: "string".to_owned(),
            }),
        }
    }

    fn steal<'v>(self: Box<Self>, name: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(name).map(CowVal::into_owned)
    }
}
