//! Messages, and rules over several of their fields.

use prost_reflect::{DynamicMessage, ExtensionDescriptor, MessageDescriptor};

use super::Pass;
use crate::program::Program;
use crate::table::{Choice, Field, Name, Oneof, Table};
use crate::written::Expression;

impl Pass<'_> {
    /// The place of a message's table.
    pub(super) fn table(&mut self, message: &MessageDescriptor) -> usize {
        if let Some(place) = self.places.get(message.full_name()) {
            return *place;
        }
        let place = self.tables.len();
        self.places.insert(message.full_name().to_owned(), place);
        self.tables.push(Table::default());
        let rules = option(&message.options(), self.compiler.message.as_ref());
        let (choices, programs) = rules
            .map(|rules| self.of_message(message, &rules))
            .unwrap_or_default();
        let oneofs: Vec<_> = message.oneofs().filter(|one| !one.is_synthetic()).collect();
        let mut fields: Vec<Field> = Vec::new();
        for descriptor in message.fields() {
            let is_chosen = choices.iter().any(|choice| choice.has(descriptor.name()));
            let mut field = self.field(&descriptor, is_chosen);
            field.oneof = descriptor
                .containing_oneof()
                .and_then(|oneof| oneofs.iter().position(|one| *one == oneof));
            fields.push(field);
        }
        fields.sort_by_key(|field| field.number);
        let choices = choices.iter().map(|choice| choice.among(&fields)).collect();
        let oneofs = oneofs.iter().map(|oneof| Oneof {
            name: Name {
                json: oneof.name().to_owned(),
                proto: oneof.name().to_owned(),
            },
            required: option(&oneof.options(), self.compiler.oneof.as_ref())
                .is_some_and(|rules| flag(&rules, "required")),
        });
        self.tables[place] = Table {
            name: message.full_name().to_owned(),
            programs,
            oneofs: oneofs.collect(),
            choices,
            fields,
        };
        place
    }

    /// The rules of a whole message.
    fn of_message(
        &mut self,
        message: &MessageDescriptor,
        rules: &DynamicMessage,
    ) -> (Vec<Named>, Vec<Program>) {
        let (mut choices, mut programs) = (Vec::new(), Vec::new());
        for (rule, value) in rules.fields() {
            match rule.name() {
                "oneof" => {
                    let rules = value.as_list().unwrap_or_default().iter();
                    choices = rules
                        .filter_map(|one| one.as_message())
                        .map(Named::of)
                        .collect();
                }
                "cel" | "cel_expression" => {
                    let expressions = Expression::all(value);
                    programs.extend(self.compiled(message.full_name(), &expressions, None));
                }
                other => self.unsupported(message.full_name(), &format!("{other}, of a message")),
            }
        }
        for choice in &choices {
            let fields = &choice.fields;
            let is_known = |name: &String| message.get_field_by_name(name).is_some();
            let is_repeated = |at: usize| fields[..at].contains(&fields[at]);
            if fields.is_empty()
                || !fields.iter().all(is_known)
                || (0..fields.len()).any(is_repeated)
            {
                let rule = format!("oneof of the fields [{}]", fields.join(", "));
                self.unsupported(message.full_name(), &rule);
            }
        }
        (choices, programs)
    }
}

/// `buf.validate.MessageOneofRule`.
struct Named {
    fields: Vec<String>,
    required: bool,
}

impl Named {
    fn of(rule: &DynamicMessage) -> Named {
        let fields = rule.get_field_by_name("fields");
        let fields = fields.as_ref().and_then(|fields| fields.as_list());
        let names = fields.unwrap_or_default().iter();
        Named {
            fields: names
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect(),
            required: flag(rule, "required"),
        }
    }

    fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|name| name == field)
    }

    fn among(&self, fields: &[Field]) -> Choice {
        let place = |name: &String| fields.iter().position(|field| field.name.proto == *name);
        Choice {
            fields: self.fields.iter().filter_map(place).collect(),
            required: self.required,
        }
    }
}

fn option(
    options: &DynamicMessage,
    extension: Option<&ExtensionDescriptor>,
) -> Option<DynamicMessage> {
    let extension = extension?;
    if !options.has_extension(extension) {
        return None;
    }
    options.get_extension(extension).as_message().cloned()
}

fn flag(rules: &DynamicMessage, name: &str) -> bool {
    let value = rules.get_field_by_name(name);
    value.is_some_and(|value| value.as_bool() == Some(true))
}
