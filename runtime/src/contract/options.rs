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
const FOR_MACHINES: &str = "tradewind.options.v1.for_machines";
const FOR_SCRIPTS: &str = "tradewind.options.v1.for_scripts";
const ACCESS: &str = "tradewind.options.v1.access";

/// Who may call the method; none if it does not say.
pub(super) fn access(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<Access> {
    let access = message(pool, method, ACCESS)?;
    if access.get_field_by_name("public")?.as_bool()? {
        return Some(Access::Public);
    }
    let (roles, workloads) = (strings(&access, "roles"), strings(&access, "workloads"));
    let says_something = !(roles.is_empty() && workloads.is_empty());
    let of_method = access.get_field_by_name("for_scripts")?.as_bool()?;
    let of_service = is_set(pool, &method.parent_service().options(), FOR_SCRIPTS);
    says_something.then_some(Access::Alternatives {
        roles,
        workloads,
        for_scripts: of_method || of_service,
    })
}

pub(super) fn has_optional_user(pool: &DescriptorPool, method: &MethodDescriptor) -> bool {
    let read = || {
        message(pool, method, ACCESS)?
            .get_field_by_name("optional_user")?
            .as_bool()
    };
    read().unwrap_or(false)
}

pub(super) fn is_conditional(pool: &DescriptorPool, method: &MethodDescriptor) -> bool {
    is_set(pool, &method.options(), CONDITIONAL)
}

pub(super) fn is_for_machines(pool: &DescriptorPool, method: &MethodDescriptor) -> bool {
    is_set(pool, &method.options(), FOR_MACHINES)
}

pub(super) fn cache(pool: &DescriptorPool, method: &MethodDescriptor) -> Option<Cache> {
    let cache = message(pool, method, CACHE)?;
    Some(Cache {
        max_age: cache.get_field_by_name("max_age")?.as_u32()?,
        public: cache.get_field_by_name("public")?.as_bool()?,
    })
}

/// An option that is a message; none if the method does not have it.
fn message(pool: &DescriptorPool, method: &MethodDescriptor, name: &str) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(name)?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

/// Whether an option that is a `bool` is true.
fn is_set(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> bool {
    pool.get_extension_by_name(name)
        .is_some_and(|extension| options.get_extension(&extension).as_bool() == Some(true))
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
    is_set(pool, &field.options(), "tradewind.options.v1.sensitive")
}
