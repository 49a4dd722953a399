use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::*;

/// No other test has the variables.
const LIMIT: &str = "NET_FILE_TEST_LIMIT";

fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name);
    Command::new("door")
        .arg(flag("config"))
        .arg(
            flag("body-limit")
                .env(LIMIT)
                .default_value("7")
                .value_parser(value_parser!(u32)),
        )
        .arg(flag("body-memory").value_parser(value_parser!(u32)))
        .arg(flag("body-memory-per-address").value_parser(value_parser!(u32)))
        .arg(
            flag("upstream")
                .value_name("[NAME=]URL")
                .action(ArgAction::Append),
        )
        .arg(flag("upstream-ca"))
        .arg(
            flag("routes")
                .action(ArgAction::Append)
                .value_delimiter(','),
        )
        .arg(
            flag("routes-override")
                .action(ArgAction::SetTrue)
                .requires("routes"),
        )
        .arg(flag("descriptor-set").requires("upstream"))
        .arg(
            flag("reflection")
                .action(ArgAction::Set)
                .value_parser(value_parser!(bool)),
        )
        .arg(flag("version-name"))
        .arg(
            flag("cache-url")
                .hide_env_values(true)
                .value_parser(|url: &str| {
                    url.strip_prefix("redis://")
                        .map(str::to_owned)
                        .ok_or("no URL")
                }),
        )
}

fn parse_with(yaml: &str, more: &[&str]) -> Result<ArgMatches, Refused> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(yaml.as_bytes()).unwrap();
    let words = ["door", "--config"].into_iter().map(OsString::from);
    let words = words.chain([file.path().into()]);
    let words = words.chain(more.iter().map(OsString::from));
    let parsed = parse(command(), words.collect(), &["config"])?;
    assert_eq!(parsed.text.as_deref(), Some(yaml));
    Ok(parsed.matches)
}

fn parsed(yaml: &str) -> ArgMatches {
    parse_with(yaml, &[]).unwrap_or_else(|refused| panic!("{refused:?}: {yaml}"))
}

/// Without the file's own name.
fn mistakes(yaml: &str) -> Vec<String> {
    match parse_with(yaml, &[]) {
        Err(Refused::Mistakes(mistakes)) => mistakes
            .iter()
            .map(|mistake| match mistake.split_once(':') {
                Some((file, rest)) if PathBuf::from(file).is_absolute() => rest.to_owned(),
                _ => mistake.clone(),
            })
            .collect(),
        other => panic!("{other:?}: {yaml}"),
    }
}

fn all(matches: &ArgMatches, flag: &str) -> Vec<String> {
    let values = matches.get_many::<String>(flag);
    values.into_iter().flatten().cloned().collect()
}

#[test]
fn sections_are_flags_with_dashes_and_lists_are_flags_several_times() {
    let flat = "body-limit: 1\nbody-memory: 2\nbody-memory-per-address: 3\n";
    let nested = "body:\n  limit: 1\n  memory: 2\n  memory-per-address: 3\n";
    let deep = "body: {limit: 1, memory: 2}\nbody-memory: {per: {address: 3}}\n";
    for yaml in [flat, nested, deep] {
        let matches = parsed(yaml);
        let number = |name| matches.get_one::<u32>(name).copied();
        let numbers = ["body-limit", "body-memory", "body-memory-per-address"].map(number);
        assert_eq!(numbers, [Some(1), Some(2), Some(3)], "{yaml}");
    }
    let matches = parsed("routes: [a, b]\nroutes-override: true\n");
    assert_eq!(all(&matches, "routes"), ["a", "b"]);
    assert!(matches.get_flag("routes-override"));
    let matches = parsed("routes: a\nroutes-override: false\nreflection: false\n");
    assert_eq!(all(&matches, "routes"), ["a"]);
    assert!(!matches.get_flag("routes-override"));
    assert_eq!(matches.get_one("reflection"), Some(&false));
    assert_eq!(parsed("").get_one::<u32>("body-limit"), Some(&7));
}

#[test]
fn a_mapping_is_a_list_of_pairs_where_the_flag_takes_them() {
    let mapping = "upstream:\n  greet.v1: http://a:1\n  shop.v1.Till: http://b:2\n";
    let list = "upstream: [greet.v1=http://a:1, shop.v1.Till=http://b:2]\n";
    for yaml in [mapping, list] {
        let upstream = all(&parsed(yaml), "upstream");
        assert_eq!(upstream, ["greet.v1=http://a:1", "shop.v1.Till=http://b:2"]);
    }
    let told = mistakes("upstream: {ca: ca.pem}\n");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("upstream-ca is a setting of its own"),
        "{told:?}"
    );
}

#[test]
fn values_are_the_text_that_stands_there() {
    for (yaml, text) in [
        ("1.10", "1.10"),
        ("007", "007"),
        ("0x10", "0x10"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("'yes'", "yes"),
        ("2024-01-02", "2024-01-02"),
        ("1_000  # so many", "1_000"),
        ("-5", "-5"),
        ("|\n  a\n  b", "a\nb\n"),
        ("ä 1.5", "ä 1.5"),
    ] {
        let matches = parsed(&format!("# ä\nversion-name: {yaml}\n"));
        assert_eq!(all(&matches, "version-name"), [text], "{yaml}");
    }
    let matches = parsed("version-name: &it 1.10\nroutes: [*it, x]\n");
    assert_eq!(all(&matches, "routes"), ["1.10", "x"]);
}

#[test]
fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
    let yaml = "body-limit: 1\nroutes: [a, b]\n";
    let matches = parse_with(yaml, &["--body-limit", "2", "--routes=c"]).unwrap();
    assert_eq!(matches.get_one::<u32>("body-limit"), Some(&2));
    assert_eq!(all(&matches, "routes"), ["c"], "lists are not mixed");
    // What a flag wants may be in the file, and the other way round.
    let upstream = "upstream: http://a:1\n";
    assert!(parse_with(upstream, &["--descriptor-set", "x"]).is_ok());
    assert!(parse_with("descriptor-set: x\n", &["--upstream", "http://a:1"]).is_ok());
    assert!(parse_with("descriptor-set: x\n", &[]).is_err());
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line() {
    let told = mistakes(
        "body-limit: many\nbdy-memory: 1\nroutes:\n- {a: b}\nversion-name: [1, 2]\n\
         body: {memory: 1}\nbody-memory: 2\nroutes-override: on\nreflection:\n\
         config: x\nrouting: x\ndescriptor: x\n",
    );
    for part in [
        "2: there is no setting bdy-memory; is it body-memory?",
        "4: routes: expected values in the list",
        "5: version-name has one value, not a list",
        "7: body-memory stands here twice",
        "8: routes-override: expected true or false",
        "9: reflection has no value; leave it out",
        "10: config belongs to the command line: --config",
        "11: there is no setting routing",
        "12: descriptor has settings of its own: expected a mapping",
        "1: --body-limit (NET_FILE_TEST_LIMIT) \"many\": invalid digit found in string",
    ] {
        assert!(
            told.iter().any(|it| it.starts_with(part)),
            "{part}: {told:#?}"
        );
    }
    assert_eq!(told.len(), 10, "{told:#?}");
}

#[test]
fn what_is_no_yaml_is_told_with_its_line() {
    for (yaml, line) in [
        ("body-limit: 1\nbody-limit: 2\n", "2: "),
        ("body-limit: 1\n  b: [\n", "2: "),
        ("- a\n", "1: expected settings"),
        ("a: 1\n---\nb: 1\n", "3: a second document"),
    ] {
        let told = mistakes(yaml);
        assert!(told[0].starts_with(line), "{yaml}: {told:?}");
        assert!(!told[0].contains('\n'), "{told:?}");
    }
    let words = ["door", "--config", "/no/such/file"].map(OsString::from);
    let refused = parse(command(), words.to_vec(), &["config"]);
    let Err(Refused::Mistakes(told)) = refused else {
        panic!("{refused:?}")
    };
    assert!(told[0].starts_with("--config /no/such/file: "), "{told:?}");
}

#[test]
fn a_secret_of_the_environment_is_not_told() {
    let secret = std::env::var("PATH").unwrap();
    let matches = parsed("version-name: ${PATH}-$$1\n");
    assert_eq!(all(&matches, "version-name"), [format!("{secret}-$1")]);
    let told = mistakes("body-limit: ${PATH}x\nversion-name: ${NET_UNSET}\n");
    let all = told.join("\n");
    assert!(
        all.contains("2: version-name: the variable NET_UNSET is not set"),
        "{all}"
    );
    assert!(
        all.contains("1: --body-limit") && !all.contains(&secret),
        "{all}"
    );
    let told = mistakes("cache-url: mysql://hunter2\n").join("\n");
    assert!(
        told.contains("1: --cache-url") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn help_tells_the_values_that_a_flag_takes() {
    for file in ["", "body-limit: 1\n"] {
        let Err(Refused::Clap(help)) = parse_with(file, &["--help"]) else {
            panic!("no help");
        };
        let told = help.to_string();
        assert!(told.contains("[possible values: true, false]"), "{told}");
    }
    let words = ["door", "--help"].map(OsString::from);
    let Err(Refused::Clap(help)) = parse(command(), words.to_vec(), &["config"]) else {
        panic!("no help");
    };
    assert!(help.to_string().contains("[possible values: true, false]"));
}
