//! The walls of the house: who may depend on whom. Between crates ARCHITECTURE.md's table of rooms is
//! the rule; between the rooms of a crate it is [`WALLS`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use regex::Regex;
use serde_json::Value;

use crate::imports::Imports;

/// What must never be imported, and where.
struct Wall {
    /// Folders and files, from the root; `*` stands for a part of a name.
    rooms: &'static [&'static str],
    /// Crates and modules that no path there goes through.
    never: &'static str,
    why: &'static str,
}

const WALLS: &[Wall] = &[
    Wall {
        rooms: &["svc-*/src/domain", "svc-*/src/domain.rs"],
        never: "tonic|sqlx|contracts|grpc|store",
        why: "rules know neither what carries them nor what keeps them",
    },
    Wall {
        rooms: &["svc-*/src/store", "svc-*/src/store.rs"],
        never: "tonic|contracts|grpc",
        why: "SQL knows the domain, not the contract",
    },
    Wall {
        rooms: &["net/src"],
        never: "contracts|runtime|store|bus",
        why: "it carries anybody's calls, and knows no contract and no service",
    },
    Wall {
        rooms: &[
            "svc-*/src/administrator.rs",
            "svc-*/src/convert.rs",
            "svc-*/src/driver.rs",
            "svc-*/src/events.rs",
            "svc-*/src/expiry.rs",
            "svc-*/src/history.rs",
            "svc-*/src/hints.rs",
            "svc-*/src/progress.rs",
            "svc-*/src/recovery.rs",
            "svc-*/src/registration.rs",
            "svc-*/src/saga.rs",
            "svc-*/src/service.rs",
            "svc-*/src/upkeep.rs",
        ],
        never: "grpc",
        why: "what goes on without a call knows none",
    },
    Wall {
        rooms: &["svc-orders/src/progress.rs", "svc-orders/src/saga.rs"],
        never: "store::Claim|store::Idempotency",
        why: "a saga goes on whoever began it, and answers nobody",
    },
    Wall {
        rooms: &["contract-rules/src"],
        never: "tokio|hyper|axum|tonic|sqlx|http|contracts|runtime|transcoder",
        why: "it reads descriptors and bytes, whoever's they are",
    },
    Wall {
        rooms: &["transcoder/src"],
        never: "tokio|hyper|axum|tonic|sqlx",
        why: "it turns one text into another, and has no sockets",
    },
    Wall {
        rooms: &["gateway/src", "gateway/tests", "gateway/examples"],
        never: "contracts|runtime|store|bus|money|edge",
        why: "it stands in front of anybody's servers, and knows nothing of ours",
    },
    Wall {
        rooms: &["gateway/src/wire", "gateway/src/wire.rs"],
        never: "failure|metadata|policy|call|protocol|routing|door",
        why: "bytes mean what they mean, whoever sends them",
    },
    Wall {
        rooms: &[
            "gateway/src/call",
            "gateway/src/call.rs",
            "gateway/src/failure",
            "gateway/src/failure.rs",
            "gateway/src/body",
            "gateway/src/body.rs",
            "gateway/src/relay.rs",
            "gateway/src/routing.rs",
            "gateway/src/admitted.rs",
        ],
        never: "protocol|pipeline|plan|gateway",
        why: "protocols stand on it",
    },
    Wall {
        rooms: &[
            "gateway/src/cors.rs",
            "gateway/src/compression.rs",
            "gateway/src/deadline.rs",
            "gateway/src/metadata",
            "gateway/src/metadata.rs",
        ],
        never: "protocol::(connect|grpc|grpc_web|reflection|rest|websocket)",
        why: "it serves every protocol by what each declares of itself",
    },
    Wall {
        rooms: &["edge/src"],
        never: "contracts::tradewind::(orders|catalog|users|inventory|shipping)::v1",
        why: "routes are of the contract's descriptors, whatever services there are",
    },
    Wall {
        rooms: &["gateway/src/protocol", "gateway/src/protocol.rs"],
        never: "door|pipeline|plan|gateway|entrance|serving",
        why: "a protocol is handed what it needs, and knows nothing of the whole",
    },
];

#[test]
fn crates_depend_on_what_the_table_of_rooms_allows() {
    let page = read(&root().join("ARCHITECTURE.md"));
    let rules = rooms(&page);
    let graph = graph();
    for (name, used) in &graph {
        let Some(allowed) = rules.iter().find(|(room, _)| fits(room, name)) else {
            panic!("{name} stands in no row of ARCHITECTURE.md's table of rooms");
        };
        let Allowed::These(allowed) = &allowed.1 else {
            continue;
        };
        let wrong: Vec<_> = used.difference(allowed).collect();
        assert!(
            wrong.is_empty(),
            "{name} depends on {wrong:?}, and may on {allowed:?} alone"
        );
        // What nobody uses is not allowed either, or the table would not be true.
        let unused = allowed
            .iter()
            .filter(|one| !room_uses(&graph, &rules, name, one));
        let unused: Vec<_> = unused.collect();
        assert!(
            unused.is_empty(),
            "{name} may depend on {unused:?}, and does not: mend the table"
        );
    }
}

#[test]
fn no_room_imports_what_stands_behind_a_wall() {
    let files = rust_files(&root());
    for wall in WALLS {
        let inside: Vec<_> = files
            .iter()
            .filter(|file| wall.rooms.iter().any(|room| is_in(file, room)))
            .collect();
        assert!(!inside.is_empty(), "{:?} stands nowhere", wall.rooms);
        // `tokio::runtime` is not `runtime`.
        let behind = format!("^((crate|super|self)::)*({})(::|$)", wall.never);
        let behind = Regex::new(&behind).expect("a pattern");
        for file in inside {
            let imports = Imports::of(&read(&root().join(file)));
            let paths = imports.paths.iter().map(|path| path.join("::"));
            let broken: Vec<_> = paths.filter(|path| behind.is_match(path)).collect();
            assert!(
                broken.is_empty(),
                "{}: {broken:?}\nis behind a wall: {}",
                file.display(),
                wall.why
            );
        }
    }
}

/// What `.dockerignore` keeps out, no image can be built from.
#[test]
fn an_image_is_built_from_every_crate() {
    let page = read(&root().join(".dockerignore"));
    let let_in: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    let crates = graph();
    let left_out: Vec<_> = crates
        .keys()
        .filter(|name| *name != "contracts" && !let_in.iter().any(|room| fits(room, name)))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?} must be let in");
}

/// The gateway's protocols know nothing of each other, so that one can be added or taken away.
#[test]
fn no_protocol_imports_another() {
    let folder = root().join("gateway/src/protocol");
    let names_of = |path: &Path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let protocols: BTreeSet<String> = fs::read_dir(&folder)
        .expect("it is there")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| names_of(&entry.path()))
        .collect();
    for file in rust_files(&folder) {
        let Some(own) = file
            .components()
            .next()
            .map(|first| first.as_os_str().to_owned())
        else {
            continue;
        };
        let own = own.to_string_lossy().trim_end_matches(".rs").to_owned();
        if !protocols.contains(&own) {
            continue;
        }
        let text = read(&folder.join(&file));
        for other in protocols.iter().filter(|other| **other != own) {
            let path = format!(r"(protocol|super)::(\{{[^}}]*\b)?{other}\b");
            let path = Regex::new(&path).expect("a pattern");
            assert!(
                !path.is_match(&text),
                "{own} imports {other}, in {}",
                file.display()
            );
        }
    }
}

enum Allowed {
    Everything,
    These(BTreeSet<String>),
}

/// The rows of the table of rooms: a room, and what it may depend on.
fn rooms(page: &str) -> BTreeMap<String, Allowed> {
    let table = page
        .split("| may depend on |")
        .nth(1)
        .expect("there is a table of rooms");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let [_, rooms, .., may, _] = &cells[..] else {
            panic!("a row of the table of rooms is broken: {row}");
        };
        let allowed = |may: &str| match may.trim() {
            "everything" => Allowed::Everything,
            may => Allowed::These(codes(may).map(str::to_owned).collect()),
        };
        let of = |room: &str| match room {
            "." => "contracts".to_owned(),
            room => room.trim_end_matches('/').to_owned(),
        };
        let rows: Vec<_> = codes(rooms).map(|room| (of(room), allowed(may))).collect();
        rows
    })
    .collect()
}

/// What stands in back-ticks.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Each crate of the repository, and those of it that it depends on other than for tests.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let name = |one: &Value| one["name"].as_str().expect("a name").to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let used = |package: &Value| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().expect("a list").iter();
        let all = all.filter(|one| one["kind"].is_null()).map(name);
        all.filter(|one| ours.contains(one)).collect()
    };
    packages
        .iter()
        .map(|package| (name(package), used(package)))
        .collect()
}

/// Whether any crate of the same row depends on `one`.
fn room_uses(
    graph: &BTreeMap<String, BTreeSet<String>>,
    rules: &BTreeMap<String, Allowed>,
    name: &str,
    one: &str,
) -> bool {
    let room = rules.keys().find(|room| fits(room, name));
    let of_row = graph
        .iter()
        .filter(|(name, _)| room.is_some_and(|room| fits(room, name)));
    of_row.into_iter().any(|(_, used)| used.contains(one))
}

/// Whether a name is what a pattern with at most one `*` says.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// Whether a file is a room, or stands in it.
fn is_in(file: &Path, room: &str) -> bool {
    let mut parts = file.components();
    room.split('/').all(|wanted| {
        let part = parts
            .next()
            .map(|part| part.as_os_str().to_string_lossy().into_owned());
        part.is_some_and(|part| fits(wanted, &part))
    })
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Paths from `folder` of the Rust files in it that are the repository's.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.rs",
        ])
        .current_dir(folder)
        .output()
        .expect("git runs");
    let text = String::from_utf8(output.stdout).expect("names are text");
    let files = text.lines().map(PathBuf::from);
    files.filter(|file| folder.join(file).is_file()).collect()
}
