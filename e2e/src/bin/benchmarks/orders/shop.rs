//! Customers and products, and clients that order.

use e2e::{
    Mesh,
    shop::{self, Customer},
};
use serde_json::json;

use crate::{
    load::{self, Client},
    pgbench::SKUS,
};

pub(crate) const CUSTOMERS: usize = 16;
const UNITS: i64 = 1_000_000;

/// Products and customers of a mesh.
pub(crate) struct Shop {
    address: String,
    skus: Vec<String>,
    tokens: Vec<String>,
}

impl Shop {
    pub(crate) async fn open(mesh: &Mesh) -> Shop {
        let admin = mesh.admin().await;
        let mut skus = Vec::new();
        for _ in 0..SKUS {
            skus.push(shop::product(&admin, UNITS).await);
        }
        let mut tokens = Vec::new();
        for _ in 0..CUSTOMERS {
            tokens.push(Customer::register(mesh).await.rest.token().to_owned());
        }
        let address = mesh.edges[0].trim_start_matches("http://").to_owned();
        Shop {
            address,
            skus,
            tokens,
        }
    }

    /// `host:port` of the edge.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Clients that order three products each time, different ones.
    pub(crate) fn clients(&self, count: usize) -> Vec<Client> {
        (0..count).map(|number| self.client(number)).collect()
    }

    /// Clients that look at the first page of their orders.
    pub(crate) fn readers(&self, count: usize) -> Vec<Client> {
        let reader = |number: usize| {
            let token = &self.tokens[number % CUSTOMERS];
            load::same(&load::request("GET", "/v1/orders", token, b"", ""), 1)
        };
        (0..count).flat_map(reader).collect()
    }

    fn client(&self, number: usize) -> Client {
        let (skus, token) = (self.skus.clone(), self.tokens[number % CUSTOMERS].clone());
        let mut state = number as u64 + 1;
        let mut random = move |below: usize| {
            // Knuth's MMIX generator; its upper bits are good enough for a choice of products.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        Box::new(move |_, request| {
            let third = skus.len() / 3;
            let mut choose = |part: usize| &skus[part * third + random(third)];
            let items = [0, 1, 2].map(|part| json!({"sku": choose(part), "quantity": 1}));
            let address = json!({"name": "A buyer", "lines": ["1 Quay Street"], "city": "Bristol",
                "postalCode": "BS1 4DB", "country": "GB"});
            let body =
                json!({"items": items, "shipTo": address, "paymentToken": "tok_ok"}).to_string();
            let (path, kind) = ("/v1/orders", "application/json");
            request.extend(load::request("POST", path, &token, body.as_bytes(), kind));
        })
    }
}
