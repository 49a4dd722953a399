//! The comments of the proto files, from the descriptors' source info.

use std::collections::HashMap;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, FileDescriptor,
    MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};

use super::keywords::is_deprecated;

/// By file and path within it (descriptor.proto, SourceCodeInfo.Location).
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub(super) fn of(pool: &DescriptorPool) -> Self {
        let mut comments = HashMap::new();
        for file in pool.files() {
            let Some(info) = &file.file_descriptor_proto().source_code_info else {
                continue;
            };
            for location in &info.location {
                let text = [location.leading_comments(), location.trailing_comments()].map(cleaned);
                let text = text.join("\n\n").trim().to_owned();
                if !text.is_empty() {
                    comments.insert((file.name().to_owned(), location.path.clone()), text);
                }
            }
        }
        Self(comments)
    }

    fn at(&self, file: &FileDescriptor, path: &[i32]) -> String {
        self.0
            .get(&(file.name().to_owned(), path.to_vec()))
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn of_service(&self, service: &ServiceDescriptor) -> String {
        self.at(&service.parent_file(), service.path())
    }

    pub(super) fn of_method(&self, method: &MethodDescriptor) -> String {
        self.at(&method.parent_file(), method.path())
    }

    pub(super) fn of_message(&self, message: &MessageDescriptor) -> String {
        self.at(&message.parent_file(), message.path())
    }

    pub(super) fn of_field(&self, field: &FieldDescriptor) -> String {
        self.at(&field.parent_file(), field.path())
    }

    /// The comment of the enum, and a list of those of its values that are allowed.
    pub(super) fn of_enum(
        &self,
        values: &EnumDescriptor,
        is_allowed: impl Fn(i32) -> bool,
    ) -> String {
        let shown = values.values().filter(|value| is_allowed(value.number()));
        self.with_values(values, shown, "")
    }

    /// The same of an enum whose values are told without this prefix, and without the first.
    pub(super) fn of_reasons(&self, values: &EnumDescriptor, prefix: &str) -> String {
        let shown = values.values().filter(|value| value.number() != 0);
        self.with_values(values, shown, prefix)
    }

    fn with_values(
        &self,
        values: &EnumDescriptor,
        shown: impl Iterator<Item = EnumValueDescriptor>,
        prefix: &str,
    ) -> String {
        let own = self.at(&values.parent_file(), values.path());
        let line = |value: EnumValueDescriptor| {
            let text = self
                .at(&value.parent_file(), value.path())
                .replace('\n', " ");
            let deprecated = match is_deprecated(&value.options()) {
                true => "Deprecated. ",
                false => "",
            };
            let text = format!("{deprecated}{text}");
            let name = value.name().trim_start_matches(prefix);
            (!text.is_empty()).then(|| format!("- `{name}`: {}", text.trim_end()))
        };
        let lines: Vec<_> = shown.filter_map(line).collect();
        [own, lines.join("\n")].join("\n\n").trim().to_owned()
    }
}

/// The first sentence of a text, without its full stop.
pub(super) fn summary(text: &str) -> String {
    let paragraph = text
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    let end = paragraph.find(". ").unwrap_or(paragraph.len());
    paragraph[..end].trim_end_matches('.').to_owned()
}

/// protoc and protox keep the space after `//`.
fn cleaned(comment: &str) -> String {
    let lines: Vec<_> = comment
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    lines.join("\n").trim().to_owned()
}
