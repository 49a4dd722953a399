//! A message, read as far as an expression asks.

use std::any::Any;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelString, Type};
use cel::common::value::{CowVal, StaticVal, Val};

use super::value::{Source, of_field};
use crate::program::Cel;
use crate::slots::{Slot, read};
use crate::table::{Field, Table};
use crate::wire::Malformed;

#[derive(Clone, Debug)]
pub(super) struct Message {
    of: Arc<Type>,
    source: Source,
    table: usize,
    bytes: Arc<[u8]>,
}

impl Message {
    pub(super) fn new(source: &Source, table: usize, bytes: &[u8]) -> Message {
        Message {
            of: Arc::new(Type::new_opaque_type(source.0[table].name.clone())),
            source: source.clone(),
            table,
            bytes: bytes.into(),
        }
    }

    /// Whether a field is set.
    pub(super) fn has(&self, name: &str) -> Result<bool, ExecutionError> {
        self.find(name, |field, slot| Ok(field.is_set(slot)))
    }

    fn value(&self, name: &str) -> Result<Cel, ExecutionError> {
        self.find(name, |field, slot| of_field(&self.source, field, slot))
    }

    fn find<T>(
        &self,
        name: &str,
        get: impl FnOnce(&Field, &Slot<'_>) -> Result<T, Malformed>,
    ) -> Result<T, ExecutionError> {
        let table: &Table = &self.source.0[self.table];
        let place = table
            .fields
            .iter()
            .position(|field| field.name.proto == name);
        let place =
            place.ok_or_else(|| ExecutionError::UndeclaredReference(Arc::new(name.to_owned())))?;
        let slots = read(table, &self.bytes, false);
        let value = slots.and_then(|slots| get(&table.fields[place], &slots[place]));
        value.map_err(|Malformed| ExecutionError::function_error(name, "its bytes are no message"))
    }
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
        let fields = &self.source.0[self.table].fields;
        let is_same = |field: &Field| {
            let name = &field.name.proto;
            let values = (self.value(name), other.value(name));
            let are_set = (self.has(name), other.has(name));
            are_set.0 == are_set.1 && matches!(values, (Ok(a), Ok(b)) if a.equals(b.as_ref()))
        };
        // A message that is set in neither has a message that is set in neither, without end.
        let is_set = |field: &&Field| {
            self.has(&field.name.proto) != Ok(false) || other.has(&field.name.proto) != Ok(false)
        };
        self.table == other.table && fields.iter().filter(is_set).all(is_same)
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
            Some(name) => self.value(name.inner()).map(CowVal::Owned),
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
