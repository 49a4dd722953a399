//! What is asked of each.

use crate::{contract, load};

const PROTOBUF: &str = "application/protobuf";
const JSON: &str = "application/json";

/// A request that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// With a variable in its path.
    Get,
    /// 738 bytes there, 1 kB back.
    Post,
    /// 5 kB there and back.
    Large,
    /// 1 MB back.
    List,
    /// 10,000 messages back.
    Stream,
}

impl Case {
    pub(super) const ALL: [Case; 5] =
        [Case::Get, Case::Post, Case::Large, Case::List, Case::Stream];

    /// All, or those that the words in `BENCH_CASES` begin the names of: `GET,POST`.
    pub(super) fn asked_for() -> Vec<Case> {
        let Ok(words) = std::env::var("BENCH_CASES") else {
            return Case::ALL.to_vec();
        };
        let is_asked_for = |case: &Case| words.split(',').any(|word| case.name().starts_with(word));
        Case::ALL.into_iter().filter(is_asked_for).collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Case::Get => "GET with a path variable",
            Case::Post => "POST of 738 bytes",
            Case::Large => "order of 5 kB both ways",
            Case::List => "list of 1 MB",
            Case::Stream => "stream of 10,000 messages",
        }
    }

    /// How many ask at the same time.
    pub(super) fn connections(self) -> usize {
        match self {
            Case::Get | Case::Post | Case::Large => 32,
            Case::List | Case::Stream => 4,
        }
    }

    /// The request, with its message in protobuf for what knows no JSON.
    pub(super) fn request(self, token: &str, json: bool) -> Vec<u8> {
        let id = contract::ORDER_ID;
        let get = |path: &str| load::request("GET", path, token, b"", "");
        let post = |body: Vec<u8>| {
            if json {
                return load::request("POST", "/v1/orders", token, &body, JSON);
            }
            let message = contract::message_of(&body);
            load::request("POST", "/v1/orders", token, &message, PROTOBUF)
        };
        match self {
            Case::Get => get(&format!("/v1/orders/{id}")),
            Case::Post => post(contract::posted()),
            Case::Large => post(contract::posted_large()),
            Case::List => get("/v1/orders"),
            Case::Stream => get(&format!("/v1/orders/{id}:watch")),
        }
    }
}
