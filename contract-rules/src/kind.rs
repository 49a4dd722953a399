//! How values are written.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Enum,
    Text,
    Bytes,
    /// A message, by the place of its table; `checked` is false where its rules are ignored.
    Message {
        table: usize,
        checked: bool,
        /// It stands between tags, not behind its length.
        is_group: bool,
    },
}

impl Kind {
    /// Whether many values may be written as one.
    pub(crate) fn is_packable(self) -> bool {
        !matches!(self, Kind::Text | Kind::Bytes | Kind::Message { .. })
    }
}
