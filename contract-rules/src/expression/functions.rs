//! The functions that protovalidate adds to CEL.

use std::collections::HashSet;

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelInt, CelList, CelString, DYN_TYPE, STRING_TYPE,
};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, extensions};

use super::message::Message;
use super::presence::HAS;
use crate::bytes::contains;
use crate::format::host::{is_email, is_host_and_port, is_hostname};
use crate::format::ip::{Version, is_ip, is_prefix};
use crate::format::uri::{is_uri, is_uri_reference};

pub(super) fn env() -> Env {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings)
        .and_then(|()| env.add_extension(formats))
        .and_then(|()| env.add_extension(others))
        .expect("no name is taken twice");
    env
}

fn formats(env: &mut Env) -> Result<(), DeclarationError> {
    add_member_overload!(env, fn email: (CelString<'_>) -> CelBool, name = "isEmail")?;
    add_member_overload!(env, fn hostname: (CelString<'_>) -> CelBool, name = "isHostname")?;
    add_member_overload!(env, fn host_and_port: (CelString<'_>, CelBool) -> CelBool, name = "isHostAndPort")?;
    add_member_overload!(env, fn uri: (CelString<'_>) -> CelBool, name = "isUri")?;
    add_member_overload!(env, fn uri_ref: (CelString<'_>) -> CelBool, name = "isUriRef")?;
    add_member_overload!(env, fn ip: (CelString<'_>) -> CelBool, name = "isIp")?;
    add_member_overload!(env, fn ip_of: (CelString<'_>, CelInt) -> CelBool, name = "isIp")?;
    add_member_overload!(env, fn prefix: (CelString<'_>) -> CelBool, name = "isIpPrefix")?;
    add_member_overload!(env, fn prefix_of: (CelString<'_>, CelInt) -> CelBool, name = "isIpPrefix")?;
    add_member_overload!(env, fn prefix_strict: (CelString<'_>, CelBool) -> CelBool, name = "isIpPrefix")?;
    add_member_overload!(env, fn prefix_of_strict: (CelString<'_>, CelInt, CelBool) -> CelBool, name = "isIpPrefix")
}

fn others(env: &mut Env) -> Result<(), DeclarationError> {
    add_member_overload!(env, fn is_nan: (CelDouble) -> CelBool)?;
    add_member_overload!(env, fn is_inf: (CelDouble) -> CelBool)?;
    add_member_overload!(env, fn is_inf_of: (CelDouble, CelInt) -> CelBool, name = "isInf")?;
    add_member_overload!(env, fn unique: (CelList<'_>) -> CelBool)?;
    add_member_overload!(env, fn starts_with: (CelBytes<'_>, CelBytes<'_>) -> CelBool)?;
    add_member_overload!(env, fn ends_with: (CelBytes<'_>, CelBytes<'_>) -> CelBool)?;
    add_member_overload!(env, fn contains_bytes: (CelBytes<'_>, CelBytes<'_>) -> CelBool, name = "contains")?;
    env.add_overload(
        "getField",
        "getField",
        vec![DYN_TYPE, STRING_TYPE],
        get_field,
    )?;
    env.add_overload(HAS, HAS, vec![DYN_TYPE, STRING_TYPE], has)
}

fn email(text: &CelString<'_>) -> CelBool {
    is_email(text.inner()).into()
}

fn hostname(text: &CelString<'_>) -> CelBool {
    is_hostname(text.inner()).into()
}

fn host_and_port(text: &CelString<'_>, needs_port: &CelBool) -> CelBool {
    is_host_and_port(text.inner(), *needs_port.inner()).into()
}

fn uri(text: &CelString<'_>) -> CelBool {
    is_uri(text.inner()).into()
}

fn uri_ref(text: &CelString<'_>) -> CelBool {
    is_uri_reference(text.inner()).into()
}

fn version(version: i64) -> Option<Version> {
    match version {
        0 => Some(Version::Any),
        4 => Some(Version::V4),
        6 => Some(Version::V6),
        _ => None,
    }
}

fn ip(text: &CelString<'_>) -> CelBool {
    is_ip(text.inner(), Version::Any).into()
}

fn ip_of(text: &CelString<'_>, of: &CelInt) -> CelBool {
    version(*of.inner())
        .is_some_and(|version| is_ip(text.inner(), version))
        .into()
}

fn prefix(text: &CelString<'_>) -> CelBool {
    is_prefix(text.inner(), Version::Any, false).into()
}

fn prefix_of(text: &CelString<'_>, of: &CelInt) -> CelBool {
    prefix_of_strict(text, of, &false.into())
}

fn prefix_strict(text: &CelString<'_>, strict: &CelBool) -> CelBool {
    is_prefix(text.inner(), Version::Any, *strict.inner()).into()
}

fn prefix_of_strict(text: &CelString<'_>, of: &CelInt, strict: &CelBool) -> CelBool {
    version(*of.inner())
        .is_some_and(|version| is_prefix(text.inner(), version, *strict.inner()))
        .into()
}

fn is_nan(value: &CelDouble) -> CelBool {
    value.inner().is_nan().into()
}

fn is_inf(value: &CelDouble) -> CelBool {
    value.inner().is_infinite().into()
}

/// Of a sign: positive, negative, or either if it is 0.
fn is_inf_of(value: &CelDouble, sign: &CelInt) -> CelBool {
    let (value, sign) = (*value.inner(), *sign.inner());
    (value.is_infinite() && (sign == 0 || (sign > 0) == (value > 0.0))).into()
}

fn unique(list: &CelList<'_>) -> CelBool {
    let mut seen = HashSet::new();
    let mut is_new = |item: &dyn Val| match item.downcast_ref::<CelDouble>() {
        // It equals nothing, not even itself.
        Some(number) if number.inner().is_nan() => true,
        // Minus zero is zero.
        Some(number) => seen.insert(format!("{:?}", number.inner() + 0.0)),
        None => seen.insert(format!("{item:?}")),
    };
    list.inner().iter().all(|item| is_new(item.as_ref())).into()
}

fn starts_with(bytes: &CelBytes<'_>, prefix: &CelBytes<'_>) -> CelBool {
    bytes.inner().starts_with(prefix.inner()).into()
}

fn ends_with(bytes: &CelBytes<'_>, suffix: &CelBytes<'_>) -> CelBool {
    bytes.inner().ends_with(suffix.inner()).into()
}

fn contains_bytes(bytes: &CelBytes<'_>, part: &CelBytes<'_>) -> CelBool {
    contains(bytes.inner(), part.inner()).into()
}

/// A field whose name is a word of CEL, such as `in`.
#[expect(clippy::needless_pass_by_value, reason = "the interpreter calls it so")]
fn get_field<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let indexer = args[0].as_indexer().ok_or_else(|| not_indexed(&args[0]))?;
    indexer
        .get(args[1].as_ref())
        .map(|value| CowVal::Owned(value.into_owned()))
}

#[expect(clippy::needless_pass_by_value, reason = "the interpreter calls it so")]
fn has<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let name = args[1].downcast_ref::<CelString<'_>>();
    let is_set = match (args[0].downcast_ref::<Message>(), name) {
        (Some(message), Some(name)) => message.has(name.inner())?,
        _ => {
            let indexer = args[0].as_indexer().ok_or_else(|| not_indexed(&args[0]))?;
            match indexer.get(args[1].as_ref()) {
                Ok(_) => true,
                Err(ExecutionError::NoSuchKey(_)) => false,
                Err(other) => return Err(other),
            }
        }
    };
    Ok(CowVal::owned(CelBool::from(is_set)))
}

fn not_indexed(value: &CowVal<'_, '_>) -> ExecutionError {
    ExecutionError::UnexpectedType {
        got: value.get_type().name().to_owned(),
        want: "message or map".to_owned(),
    }
}
