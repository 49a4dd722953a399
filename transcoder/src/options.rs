use std::str::FromStr;

use crate::ConfiguredRule;

/// How a [`Transcoder`](crate::Transcoder) behaves where contracts leave a choice.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The JSON of bodies and replies.
    pub json: JsonOptions,
    /// What is different for some packages, services or methods. Where several hold for a method,
    /// the longer selector decides.
    pub json_for: Vec<JsonChoices>,
    /// Rules beside those of the annotations: more routes, or, by `rules_override`, other ones.
    pub rules: Vec<ConfiguredRule>,
    /// The last rule for a method takes the place of its annotation, as google/api/http.proto has
    /// it, rather than being an alias.
    pub rules_override: bool,
    /// What queries may hold.
    pub query: QueryOptions,
    /// Which rules can be served, and which paths are a route's.
    pub dialect: Dialect,
    /// What becomes of what is given where the rule of its route does not look for it.
    pub strays: Strays,
    /// The `update_mask` of a PATCH whose client sent none.
    pub masks: Masks,
    /// Query parameters that are not fields and are passed over in silence, such as `ticket` or
    /// `access_token`. All other unknown ones are refused.
    pub ignored_query_parameters: Vec<String>,
    /// Gives each unary and server-streaming method without a rule `POST /pkg.Service/Method` with `body: "*"`.
    pub bind_unannotated: bool,
}

/// What a query may hold beyond what google/api/http.proto says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Elements of lists by their index, `items[0].sku=A&items[0].quantity=2&items[1].sku=B`: how
    /// lists of messages stand in a query. Indices start at 0 and leave none out.
    pub indexed_lists: bool,
    /// Parameters that are no fields are passed over instead of refused.
    pub ignore_unknown: bool,
    /// How booleans may be written.
    pub booleans: Booleans,
    /// Durations may also be as Go writes them, `1h30m`.
    pub go_durations: bool,
    /// Integers are digits alone, also with zeros or a plus before them, as other languages' parsers
    /// take them; rather than numbers of JSON, such as `1e2`.
    pub decimal_integers: bool,
    /// `+` is itself, rather than a space. In forms it is always a space.
    pub plain_plus: bool,
}

/// How queries and paths may write a boolean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Booleans {
    /// `true` and `false`.
    #[default]
    Json,
    /// As Go's `strconv.ParseBool`: also `1`, `0`, `t`, `f`, and each with a capital or in capitals.
    Go,
    /// As Abseil's `SimpleAtob`: also `1`, `0`, `t`, `f`, `yes`, `no`, `y`, `n`, in whatever case.
    Abseil,
}

/// Whose reading of google/api/http.proto decides which rules can be served, and which paths are
/// whose. The three agree on what is usual; `router/exhaustive.rs` has each of them in full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Its own words. Of several templates that fit, the one with a literal where others have `*`,
    /// or `*` where they have `**`, decides; the first such place counts. HEAD is GET.
    #[default]
    HttpProto,
    /// grpc-gateway's. The path is decoded before it is taken apart: `%2F` separates segments, and
    /// `%3A` begins a verb. A segment may be empty, `**` may stand before others and is
    /// nothing only as the first, a verb may hold
    /// colons and is one for those methods alone that have it. Of several templates that fit, the
    /// last decides. A repeated field in a path is a list with commas; `body` may be a path.
    GrpcGateway,
    /// Envoy's. Slashes at the end say nothing, and a segment before others may be empty. `**` may
    /// stand before literals, and is then at least one segment. What is reserved in RFC 6570 stays
    /// encoded in a variable of several segments. `body` may be a path.
    Envoy,
}

/// What becomes of a query parameter whose field the path or the body has, of a singular parameter
/// that comes twice, and of a body for which the rule has no place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strays {
    /// It is refused.
    #[default]
    Refused,
    /// Nothing: what the path or the body has counts, and such a body is not read. A singular
    /// parameter that comes twice is refused. Where the body is a message, none is an empty one.
    Ignored,
    /// It counts: the query is stronger than the path, the body stronger than both, the last of
    /// several stronger than the first. A body without a place is the request message. Where the
    /// body is a message, none is an empty one.
    Merged,
}

/// Which fields a PATCH changes whose client sent no `update_mask`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Masks {
    /// Those that the body mentions, less those that the path binds or that are OUTPUT_ONLY.
    #[default]
    Meant,
    /// All that the body mentions, sorted, also what is mentioned within a Struct or a Value. Where
    /// the request has one mask, that is it, whatever its name.
    Mentioned,
    /// There is no mask.
    None,
}

/// JSON options of one package, service or method that differ from those of all.
///
/// As text (`FromStr`): `selector:option,option=false`, the options by their names in
/// [`JsonOptions`], with `-` or `_`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonChoices {
    /// `package`, `package.Service`, `package.Service.Method`, or `*` for everything.
    pub selector: String,
    /// See [`JsonOptions::always_print_fields_without_presence`].
    pub always_print_fields_without_presence: Option<bool>,
    /// See [`JsonOptions::use_proto_names`].
    pub use_proto_names: Option<bool>,
    /// See [`JsonOptions::enums_as_ints`].
    pub enums_as_ints: Option<bool>,
    /// See [`JsonOptions::ignore_unknown_fields`].
    pub ignore_unknown_fields: Option<bool>,
}

impl JsonChoices {
    /// Whether it holds for the method of that full name.
    pub(crate) fn covers(&self, method: &str) -> bool {
        let rest = method.strip_prefix(self.selector.as_str());
        self.selector == "*" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl FromStr for JsonChoices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?}: expected selector:option,option=false");
        let (selector, options) = text.split_once(':').ok_or_else(form)?;
        if selector.is_empty() {
            return Err(form());
        }
        let mut choices = Self {
            selector: selector.to_owned(),
            ..Self::default()
        };
        for option in options.split(',') {
            let (name, value) = option.split_once('=').unwrap_or((option, "true"));
            let value = value
                .parse()
                .map_err(|_| format!("{name}: expected true or false, not {value:?}"))?;
            let choice = match name.replace('-', "_").as_str() {
                "always_print_fields_without_presence" => {
                    &mut choices.always_print_fields_without_presence
                }
                "use_proto_names" => &mut choices.use_proto_names,
                "enums_as_ints" => &mut choices.enums_as_ints,
                "ignore_unknown_fields" => &mut choices.ignore_unknown_fields,
                _ => {
                    return Err(format!(
                        "{name:?}: expected always-print-fields-without-presence, \
                         use-proto-names, enums-as-ints or ignore-unknown-fields"
                    ));
                }
            };
            *choice = Some(value);
        }
        Ok(choices)
    }
}

impl Options {
    /// The JSON options of the method of that full name.
    pub(crate) fn json_of(&self, method: &str) -> JsonOptions {
        let mut json = self.json.clone();
        let mut choices: Vec<_> = self.json_for.iter().filter(|c| c.covers(method)).collect();
        choices.sort_by_key(|choices| match choices.selector.as_str() {
            "*" => 0,
            selector => selector.len(),
        });
        for choices in choices {
            let JsonChoices {
                selector: _,
                always_print_fields_without_presence,
                use_proto_names,
                enums_as_ints,
                ignore_unknown_fields,
            } = choices;
            let choose = |option: &mut bool, choice: &Option<bool>| {
                *option = choice.unwrap_or(*option);
            };
            choose(
                &mut json.always_print_fields_without_presence,
                always_print_fields_without_presence,
            );
            choose(&mut json.use_proto_names, use_proto_names);
            choose(&mut json.enums_as_ints, enums_as_ints);
            choose(&mut json.ignore_unknown_fields, ignore_unknown_fields);
        }
        json
    }
}

/// The choices of the proto3 JSON mapping, by their names in protobuf's own JSON printers and
/// parsers. The default is the mapping's default.
#[derive(Debug, Clone)]
pub struct JsonOptions {
    /// Prints fields that have no presence (lists, maps, plain scalars) also when they are empty or zero.
    pub always_print_fields_without_presence: bool,
    /// Beside those, prints absent messages as null, except members of a oneof.
    pub absent_messages_as_null: bool,
    /// Prints `snake_case` names as they stand in the proto file. Both are always read.
    pub use_proto_names: bool,
    /// Prints enum values as numbers. Both are always read.
    pub enums_as_ints: bool,
    /// Skips unknown fields and enum names in bodies instead of refusing them.
    pub ignore_unknown_fields: bool,
    /// Takes a string for an enum value whose declared number it holds, as Envoy does.
    pub quoted_enum_numbers: bool,
    /// How deep objects and arrays of a body may nest. 100 by default, 120 at most.
    pub max_depth: usize,
    /// How many bytes the JSON of a body may have. 16 MiB by default.
    pub max_bytes: usize,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self {
            always_print_fields_without_presence: false,
            absent_messages_as_null: false,
            use_proto_names: false,
            enums_as_ints: false,
            ignore_unknown_fields: false,
            quoted_enum_numbers: false,
            max_depth: 100,
            max_bytes: 16 << 20,
        }
    }
}
