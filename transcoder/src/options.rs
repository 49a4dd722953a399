/// How a [`Transcoder`](crate::Transcoder) behaves where contracts leave a choice.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The JSON of bodies and replies.
    pub json: JsonOptions,
    /// Query parameters that are not fields and are passed over in silence, such as `ticket` or
    /// `access_token`. All other unknown ones are refused.
    pub ignored_query_parameters: Vec<String>,
    /// Gives each unary and server-streaming method without a rule `POST /pkg.Service/Method` with `body: "*"`.
    pub bind_unannotated: bool,
}

/// The choices of the proto3 JSON mapping, by their names in protobuf's own JSON printers and
/// parsers. The default is the mapping's default.
#[derive(Debug, Clone)]
pub struct JsonOptions {
    /// Prints fields that have no presence (lists, maps, plain scalars) also when they are empty or zero.
    pub always_print_fields_without_presence: bool,
    /// Prints `snake_case` names as they stand in the proto file. Both are always read.
    pub use_proto_names: bool,
    /// Prints enum values as numbers. Both are always read.
    pub enums_as_ints: bool,
    /// Skips unknown fields and enum names in bodies instead of refusing them.
    pub ignore_unknown_fields: bool,
    /// How deep objects and arrays of a body may nest. 100 by default, 120 at most.
    pub max_depth: usize,
    /// How many bytes the JSON of a body may have. 16 MiB by default.
    pub max_bytes: usize,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self {
            always_print_fields_without_presence: false,
            use_proto_names: false,
            enums_as_ints: false,
            ignore_unknown_fields: false,
            max_depth: 100,
            max_bytes: 16 << 20,
        }
    }
}
