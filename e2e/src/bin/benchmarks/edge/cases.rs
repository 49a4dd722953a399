//! What is asked of each.

use std::time::Duration;

use crate::{
    contract,
    load::{self, Outcome, Pace},
};

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
    /// The message of the POST in gRPC.
    Call,
}

impl Case {
    pub(super) const ALL: [Case; 6] = [
        Case::Get,
        Case::Post,
        Case::Large,
        Case::List,
        Case::Stream,
        Case::Call,
    ];
    /// All that is asked by REST.
    pub(super) const REST: &[Case] = Case::ALL.split_at(5).0;

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
            Case::Call => "call of gRPC, passed through",
        }
    }

    /// How many ask at the same time.
    pub(super) fn connections(self) -> usize {
        match self {
            Case::Get | Case::Post | Case::Large | Case::Call => 32,
            Case::List | Case::Stream => 4,
        }
    }

    /// Asks for so long.
    pub(super) fn load(self, address: &str, token: &str, json: bool, length: Duration) -> Outcome {
        let clients = self.connections();
        if self == Case::Call {
            let call = load::Call {
                path: format!("/{}/CreateOrder", contract::SERVICE),
                token: token.to_owned(),
                frame: contract::framed(&contract::message_of(&contract::posted())),
            };
            return load::run_calls(address, &call, clients, length);
        }
        let mut clients = load::same(&self.request(token, json), clients);
        load::run(address, &mut clients, Pace::Closed, length)
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
            Case::Post | Case::Call => post(contract::posted()),
            Case::Large => post(contract::posted_large()),
            Case::List => get("/v1/orders"),
            Case::Stream => get(&format!("/v1/orders/{id}:watch")),
        }
    }
}
