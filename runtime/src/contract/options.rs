//! The options of a method, as its descriptor has them.

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    Value,
};

use super::method::{Access, Cache, Idempotency, Priority};

/// The full name of the option of a method that holds to `if-match` and `if-none-match`.
pub const CONDITIONAL: &str = "tradewind.options.v1.conditional";
/// The full name of the option of a method whose replies may be kept.
pub const CACHE: &str = "tradewind.options.v1.cache";

pub(super) fn access(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<Access> {
    let extension = pool.get_extension_by_name("tradewind.options.v1.access")?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let value = options.get_extension(&extension);
    let access = value.as_message()?;
    if access.get_field_by_name("public")?.as_bool()? {
        return Some(Access::Public);
    }
    let (roles, workloads) = (strings(access, "roles"), strings(access, "workloads"));
    let says_something = !(roles.is_empty() && workloads.is_empty());
    says_something.then_some(Access::Alternatives { roles, workloads })
}

pub(super) fn has_optional_user(pool: &DescriptorPool, method: &MethodDescriptor) -> bool {
    let read = || {
        let extension = pool.get_extension_by_name("tradewind.options.v1.access")?;
        let options = method.options();
        let value = options.get_extension(&extension);
        value
            .as_message()?
            .get_field_by_name("optional_user")?
            .as_bool()
    };
    read().unwrap_or(false)
}

pub(super) fn is_conditional(pool: &DescriptorPool, method: &MethodDescriptor) -> bool {
    let extension = pool.get_extension_by_name(CONDITIONAL);
    extension
        .is_some_and(|extension| method.options().get_extension(&extension).as_bool() == Some(true))
}

pub(super) fn cache(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<Cache> {
    let extension = pool.get_extension_by_name(CACHE)?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let value = options.get_extension(&extension);
    let cache = value.as_message()?;
    Some(Cache {
        max_age: cache.get_field_by_name("max_age")?.as_u32()?,
        public: cache.get_field_by_name("public")?.as_bool()?,
    })
}

fn strings(message: &DynamicMessage, field: &str) -> Vec<String> {
    let value = message.get_field_by_name(field);
    let list = value
        .as_deref()
        .and_then(Value::as_list)
        .unwrap_or_default();
    list.iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(super) fn priority(pool: &DescriptorPool, method: &MethodDescriptor) -> Priority {
    let number = pool
        .get_extension_by_name("tradewind.options.v1.priority")
        .and_then(|extension| method.options().get_extension(&extension).as_enum_number());
    match number {
        Some(1) => Priority::Low,
        Some(3) => Priority::High,
        _ => Priority::Normal,
    }
}

pub(super) fn idempotency(method: &MethodDescriptor) -> Idempotency {
    use prost_types::method_options::IdempotencyLevel;
    let options = method
        .method_descriptor_proto()
        .options
        .clone()
        .unwrap_or_default();
    match options.idempotency_level() {
        IdempotencyLevel::IdempotencyUnknown => Idempotency::Unknown,
        IdempotencyLevel::NoSideEffects => Idempotency::NoSideEffects,
        IdempotencyLevel::Idempotent => Idempotency::Idempotent,
    }
}

pub(super) fn has_sensitive(
    pool: &DescriptorPool,
    message: &MessageDescriptor,
    seen: &mut Vec<String>,
) -> bool {
    if seen.iter().any(|name| name == message.full_name()) {
        return false;
    }
    seen.push(message.full_name().to_owned());
    message.fields().any(|field| {
        is_sensitive(pool, &field)
            || matches!(field.kind(), Kind::Message(inner) if has_sensitive(pool, &inner, seen))
    })
}

fn is_sensitive(pool: &DescriptorPool, field: &FieldDescriptor) -> bool {
    pool.get_extension_by_name("tradewind.options.v1.sensitive")
        .is_some_and(|extension| field.options().get_extension(&extension).as_bool() == Some(true))
}
