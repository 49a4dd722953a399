//! Environment variables within values, so that no secret need stand in a file.

/// A value with its variables filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) value: String,
    /// Something of it is not in the file.
    pub(super) has_variables: bool,
}

/// Puts variables in the place of `${NAME}`, and a dollar in that of `$$`. Another `$` is itself.
///
/// # Errors
/// With the variable that is not set, or what is no name.
pub(super) fn fill(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Filled, String> {
    let mut filled = Filled {
        value: String::with_capacity(text.len()),
        has_variables: false,
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.value.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            filled.value.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or("${ has no }; a dollar is written as $$")?;
            if !is_name(name) {
                return Err(format!(
                    "${{{name}}} is no name of a variable; a dollar is written as $$"
                ));
            }
            let value = variable(name);
            let value = value.ok_or_else(|| format!("the variable {name} is not set"))?;
            filled.value.push_str(&value);
            filled.has_variables = true;
            rest = after;
        } else {
            filled.value.push('$');
            rest = after;
        }
    }
    filled.value.push_str(rest);
    Ok(filled)
}

/// As POSIX has them, and as [`super::super::schema`] says it.
fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    first.is_some_and(is_letter) && name.chars().all(|it| is_letter(it) || it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let variable = |name: &str| (name == "HOST").then(|| "cache".to_owned());
        fill(text, &variable).map(|filled| filled.value)
    }

    #[test]
    fn variables_stand_for_their_values_and_two_dollars_for_one() {
        for (text, value) in [
            ("redis://${HOST}:6379/${HOST}", "redis://cache:6379/cache"),
            ("$${HOST}", "${HOST}"),
            ("$$$${HOST}$", "$${HOST}$"),
            ("5$ or $HOST", "5$ or $HOST"),
            ("", ""),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(value), "{text}");
        }
        let unset = filled("${PORT}").unwrap_err();
        assert!(unset.contains("PORT"), "{unset}");
        for wrong in ["${HOST", "${}", "${HOST:-x}", "${1}"] {
            assert!(filled(wrong).unwrap_err().contains("$$"), "{wrong}");
        }
    }
}
