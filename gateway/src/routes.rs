//! Routes beside the annotations: the `http.rules` of service configs (google/api/service.proto),
//! in YAML.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::Spanned;
use transcoder::{ConfiguredRule, HttpRule};

/// `google.api.Service`, of which only `http` concerns the gateway.
#[derive(Deserialize)]
struct ServiceConfig {
    http: Http,
}

/// `google.api.Http`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    rules: Vec<Spanned<HttpRule>>,
    #[serde(default, alias = "fullyDecodeReservedExpansion")]
    fully_decode_reserved_expansion: bool,
}

/// The rules of all files, in their order; what is wrong with the files is reported together.
pub(crate) fn read(files: &[PathBuf]) -> Result<Vec<ConfiguredRule>, Vec<String>> {
    let mut rules = Vec::new();
    let mut mistakes = Vec::new();
    for file in files {
        let wrong = |error: &dyn Display| format!("--routes {}: {error}", file.display());
        match std::fs::read_to_string(file) {
            Ok(yaml) => match parse(file, &yaml) {
                Ok(more) => rules.extend(more),
                Err(error) => mistakes.push(wrong(&error)),
            },
            Err(error) => mistakes.push(wrong(&error)),
        }
    }
    match mistakes.is_empty() {
        true => Ok(rules),
        false => Err(mistakes),
    }
}

fn parse(file: &Path, yaml: &str) -> Result<Vec<ConfiguredRule>, String> {
    let config: ServiceConfig = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
    if config.http.fully_decode_reserved_expansion {
        return Err(
            "fully_decode_reserved_expansion: variables of several segments keep their \
                    %2F here, as it is without this option"
                .to_owned(),
        );
    }
    let placed = |rule: Spanned<HttpRule>| ConfiguredRule {
        place: format!("{}:{}", file.display(), rule.referenced.line()),
        rule: rule.value,
    };
    Ok(config.http.rules.into_iter().map(placed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Vec<ConfiguredRule>, String> {
        parse(Path::new("routes.yaml"), yaml)
    }

    #[test]
    fn rules_are_read_in_either_case_with_their_lines() {
        let rules = read(
            "type: google.api.Service\nconfig_version: 3\nname: x\nhttp:\n  rules:\n  \
             - selector: a.B.C\n    post: /c\n    body: '*'\n    responseBody: d\n    \
             additional_bindings:\n    - custom: {kind: PURGE, path: /d}\n  \
             - {selector: a.B.D, get: /d, response_body: e}\n",
        )
        .unwrap();
        assert_eq!(rules.len(), 2);
        assert_eq!(
            (rules[0].place.as_str(), rules[1].place.as_str()),
            ("routes.yaml:6", "routes.yaml:12")
        );
        assert_eq!(rules[0].rule.response_body, "d");
        assert_eq!(rules[0].rule.additional_bindings.len(), 1);
        assert_eq!(rules[1].rule.response_body, "e");
    }

    #[test]
    fn what_is_no_rule_is_told_with_its_line() {
        for (yaml, line, what) in [
            (
                "http:\n  rules:\n  - selector: a.B.C\n    gte: /c\n",
                4,
                "gte",
            ),
            (
                "http:\n  rules:\n  - selector: a.B.C\n    get: [/c]\n",
                4,
                "",
            ),
            ("http:\n  rulez: []\n", 2, "rulez"),
            ("apis: []\n", 1, "http"),
        ] {
            let fault = read(yaml).unwrap_err();
            assert!(fault.contains(&format!("line {line}")), "{fault}");
            assert!(fault.contains(what), "{fault}");
        }
        let fault = read("http:\n  rules: []\n  fully_decode_reserved_expansion: true\n");
        assert!(fault.unwrap_err().starts_with("fully_decode_reserved"));
    }
}
