//! Where a client can put something.

use std::time::Duration;

use contracts::tradewind::auth::v1::LoginRequest;
use contracts::tradewind::orders::v1::OrderConfirmed;
use e2e::authenticator::Authenticator;
use e2e::shop::{self, Customer};
use e2e::{Mesh, Rest, grpc};
use futures::{StreamExt as _, stream};
use net::clock::Clock;
use prost::Message as _;
use prost::bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;

use super::flock::{Flock, Kind, Outlet};

/// Where the ids of requests are.
const IDS: [Outlet; 3] = [Outlet::Log, Outlet::AccessLog, Outlet::Telemetry];
const LOGIN: &str = "/tradewind.auth.v1.AuthService/Login";

/// A door of the mesh.
pub(super) struct Door {
    pub(super) rest: Rest,
    /// Where paths are told.
    pub(super) paths: &'static [Outlet],
}

/// Who knocks, and what there is to buy.
pub(super) struct Known {
    pub(super) admin: Rest,
    pub(super) buyer: Customer,
    pub(super) sku: String,
}

impl Door {
    fn of(&self, who: &Rest) -> Rest {
        self.rest.with_token(who.token())
    }
}

/// Puts canaries into all that can be sent by HTTP to an edge.
pub(super) async fn requests(flock: &Flock, door: &Door, known: &Known) {
    let mut requests = Vec::new();
    for kind in Kind::ALL {
        requests.extend(headers(flock, door, known, kind));
        requests.extend(targets(flock, door, known, kind));
        requests.extend(bodies(flock, door, known, kind));
    }
    let sent = stream::iter(requests).map(async |request: RequestBuilder| {
        let reply = request
            .send()
            .await
            .expect("whatever it is, it is answered");
        // What it says is for its client.
        let _ = reply.bytes().await;
    });
    sent.buffer_unordered(8).collect::<Vec<()>>().await;
}

/// Gives an account a second factor and a personal access token, and uses them: what it was given.
pub(super) async fn proofs(mesh: &Mesh) -> Vec<(String, String)> {
    let buyer = Customer::register(mesh).await;
    let app = Authenticator::set_up(&buyer).await;
    let login = json!({"email": buyer.email, "password": shop::PASSWORD});
    let first = mesh.rest().post("/v1/auth/login", &login).await;
    let first = first.expect(200).text_at("/secondFactorToken");
    let [one, two, ..] = app.recovery_codes.as_slice() else {
        panic!("there are ten")
    };
    let second = json!({"secondFactorToken": first, "recoveryCode": one});
    let second = mesh
        .rest()
        .post("/v1/auth/login:secondFactor", &second)
        .await;
    let session = mesh
        .rest()
        .with_token(&second.expect(200).text_at("/accessToken"));
    let expire_time = Clock::system().now() + Duration::from_secs(60 * 60);
    let wish = json!({
        "name": "a script", "roles": ["user"], "expireTime": expire_time.to_rfc3339(),
        "password": shop::PASSWORD, "recoveryCode": two,
    });
    let token = session
        .post("/v1/auth/access-tokens", &wish)
        .await
        .expect(201)
        .text_at("/token");
    for edge in &mesh.edges {
        mesh.rest()
            .at(edge)
            .with_token(&token)
            .get("/v1/orders")
            .await
            .expect(200);
    }
    let mut proofs = vec![
        ("a personal access token".to_owned(), token),
        ("the token of a first step".to_owned(), first),
        ("the secret of an app".to_owned(), app.secret),
    ];
    let codes = app.recovery_codes.into_iter();
    proofs.extend(codes.map(|code| ("a recovery code".to_owned(), code)));
    proofs
}

fn headers(flock: &Flock, door: &Door, known: &Known, kind: Kind) -> Vec<RequestBuilder> {
    let buyer = door.of(&known.buyer.rest);
    let get = |who: &Rest| who.request(Method::GET, "/v1/orders?pageSize=1");
    let mut requests = Vec::new();
    for (name, before, after) in [
        ("accept", "application/", ""),
        ("accept-language", "", ""),
        ("authorization", "Basic ", ""),
        ("authorization", "Bearer ", ""),
        ("baggage", "user=", ""),
        ("content-type", "application/", ""),
        ("cookie", "session=", ""),
        ("forwarded", "for=", ""),
        ("grpc-timeout", "", ""),
        ("idempotency-key", "", ""),
        ("if-match", "\"", "\""),
        ("last-event-id", "", ""),
        ("origin", "https://", ""),
        ("request-timeout", "", ""),
        ("stripe-signature", "t=1,v1=", ""),
        ("traceparent", "00-", "-01"),
        ("x-api-key", "", ""),
        ("x-forwarded-client-cert", "Hash=", ""),
        ("x-forwarded-for", "", ""),
        ("x-workload-authorization", "Bearer ", ""),
    ] {
        let who = match name {
            "authorization" => &door.rest,
            _ => &buyer,
        };
        let canary = flock.secret(kind, name);
        requests.push(get(who).header(name, format!("{before}{canary}{after}")));
    }
    // The state of a trace that has an id belongs to whoever began it.
    let canary = flock.secret(kind, "tracestate");
    let trace = uuid::Uuid::now_v7().simple();
    let traced = get(&door.rest).header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    requests.push(traced.header("tracestate", format!("shop={canary}")));
    for name in ["referer", "user-agent"] {
        let canary = flock.text(kind, name, &[Outlet::AccessLog]);
        requests.push(get(&buyer).header(name, format!("https://shop.example/{canary}?q=1")));
    }
    let canary = flock.text(kind, "x-request-id", &IDS);
    requests.push(get(&door.rest).header("x-request-id", canary));
    requests
}

fn targets(flock: &Flock, door: &Door, known: &Known, kind: Kind) -> Vec<RequestBuilder> {
    let buyer = door.of(&known.buyer.rest);
    let mut requests = Vec::new();
    for path in [
        "/",
        "/v1/orders/",
        "/v1/products/",
        "/v1/payment-providers/",
    ] {
        let canary = flock.text(kind, path, door.paths);
        requests.push(buyer.request(Method::GET, &format!("{path}{canary}")));
    }
    for query in [
        "/v1/orders?orderId=",
        "/v1/orders?pageSize=",
        "/v1/orders?pageToken=",
        "/v1/products:search?query=",
        "/v1/users:search?query=",
        "/nothing?q=",
    ] {
        let canary = flock.text(kind, query, &[Outlet::AccessLog]);
        requests.push(buyer.request(Method::GET, &format!("{query}{canary}")));
    }
    // What a parameter calls a secret is one.
    for query in [
        "/v1/orders?ticket=",
        "/nothing?access_token=",
        "/?password=",
    ] {
        let canary = flock.secret(kind, query);
        requests.push(buyer.request(Method::GET, &format!("{query}{canary}")));
    }
    let canary = flock.secret(kind, "a message of Connect in a query");
    let message = json!({"query": canary});
    let call = buyer.request(Method::GET, "/tradewind.users.v1.UsersService/SearchUsers");
    let call = call.query(&[("connect", "v1"), ("encoding", "json")]);
    requests.push(call.query(&[("message", message.to_string())]));
    requests
}

fn bodies(flock: &Flock, door: &Door, known: &Known, kind: Kind) -> Vec<RequestBuilder> {
    let mut requests = Vec::new();
    let mut put = |rest: &Rest, method: Method, path: &str, body: &dyn Fn(&str) -> Value| {
        let canary = flock.secret(kind, &format!("a body for {path}"));
        requests.push(rest.request(method, path).json(&body(&canary)));
    };
    let (post, patch) = (Method::POST, Method::PATCH);
    let (rest, admin, buyer) = (
        &door.rest,
        &door.of(&known.admin),
        &door.of(&known.buyer.rest),
    );
    let good = shop::order(&[(&known.sku, 1)]);
    let order = |pointer: &'static str| {
        let good = good.clone();
        move |canary: &str| {
            let mut order = good.clone();
            *order.pointer_mut(pointer).expect("the field is there") = json!(canary);
            order
        }
    };
    let mail = |canary: &str| match canary.contains('@') {
        true => canary.to_owned(),
        false => format!("{}@example.org", &canary[..canary.len().min(60)]),
    };

    let register =
        |canary: &str| json!({"email": mail(canary), "password": canary, "displayName": "A"});
    put(rest, post.clone(), "/v1/auth/register", &register);
    let wrong =
        |canary: &str| json!({"email": {canary: canary}, "password": [canary], "displayName": 7});
    put(rest, post.clone(), "/v1/auth/register", &wrong);
    let named = |canary: &str| json!({"email": "a@example.org", canary: "x", "password": "x"});
    put(rest, post.clone(), "/v1/auth/register", &named);
    let long = |canary: &str| json!({"email": mail(canary), "password": canary.repeat(90)});
    put(rest, post.clone(), "/v1/auth/login", &long);
    let login = |canary: &str| json!({"email": mail(canary), "password": canary});
    put(rest, post.clone(), "/v1/auth/login", &login);
    put(rest, post.clone(), LOGIN, &login);
    let refresh = |canary: &str| json!({"refreshToken": canary});
    put(rest, post.clone(), "/v1/auth/refresh", &refresh);
    put(rest, post.clone(), "/v1/auth/logout", &refresh);
    let reset = |canary: &str| json!({"token": canary, "newPassword": canary});
    put(rest, post.clone(), "/v1/auth/password:reset", &reset);
    let forgotten = |canary: &str| json!({"email": mail(canary)});
    let path = "/v1/auth/password:requestReset";
    put(rest, post.clone(), path, &forgotten);
    let proof = |canary: &str| json!({"token": canary});
    put(rest, post.clone(), "/v1/auth/email:verify", &proof);
    let address = |canary: &str| json!({"newEmail": mail(canary), "password": canary, "code": canary, "recoveryCode": canary});
    put(buyer, post.clone(), "/v1/auth/email:change", &address);
    let operator = |canary: &str| json!({"clientAssertion": canary});
    put(rest, post.clone(), "/v1/auth/login:operator", &operator);
    let change = |canary: &str| json!({"currentPassword": canary, "newPassword": canary});
    put(buyer, post.clone(), "/v1/auth/password:change", &change);
    let factor = |canary: &str| json!({"password": canary, "code": canary, "recoveryCode": canary});
    for path in [
        "/v1/auth/second-factor",
        "/v1/auth/second-factor:confirm",
        "/v1/auth/second-factor:disable",
        "/v1/auth/second-factor:regenerateRecoveryCodes",
    ] {
        put(buyer, post.clone(), path, &factor);
    }
    let path = "/v1/auth/second-factors/01890a5d-ac96-774b-bcce-b302099a8057:remove";
    put(admin, post.clone(), path, &factor);
    let second = |canary: &str| json!({"secondFactorToken": canary, "recoveryCode": canary});
    put(rest, post.clone(), "/v1/auth/login:secondFactor", &second);
    let script = |canary: &str| json!({"name": canary, "roles": [canary], "expireTime": canary, "password": canary});
    put(buyer, post.clone(), "/v1/auth/access-tokens", &script);
    let ticket = |canary: &str| json!({"path": format!("/v1/{canary}")});
    put(buyer, post.clone(), "/v1/auth/tickets", &ticket);
    let event = |canary: &str| json!({"id": canary, "type": canary, "data": {"object": canary}});
    put(
        rest,
        post.clone(),
        "/v1/payment-providers/sandbox/events",
        &event,
    );
    for pointer in [
        "/paymentToken",
        "/items/0/sku",
        "/items/0/quantity",
        "/shipTo/name",
        "/shipTo/country",
        "/shipTo/lines/0",
    ] {
        put(buyer, post.clone(), "/v1/orders", &order(pointer));
    }
    let cancel = |canary: &str| json!({"reason": canary, "etag": canary});
    put(buyer, post.clone(), "/v1/orders/x:cancel", &cancel);
    let me = |canary: &str| json!({"displayName": canary, "avatarUrl": format!("https://a.example/{canary}")});
    put(buyer, patch, "/v1/users/me", &me);
    let user =
        |canary: &str| json!({"externalId": canary, "displayName": canary, "email": mail(canary)});
    put(admin, post.clone(), "/v1/users", &user);
    let imported = |canary: &str| json!({"credentials": [{"userId": uuid::Uuid::now_v7(), "passwordHash": canary}]});
    put(
        admin,
        post.clone(),
        "/v1/auth/credentials:import",
        &imported,
    );
    let product = |canary: &str| {
        let price = json!({"currencyCode": canary, "units": canary});
        json!({"sku": canary, "title": canary, "description": canary, "price": price})
    };
    put(admin, post.clone(), "/v1/products", &product);
    let adjust = |canary: &str| json!({"delta": 1, "reason": canary});
    let path = format!("/v1/stock/{}:adjust", known.sku);
    put(admin, post, &path, &adjust);

    for (form, before, after) in [
        ("application/json", "{\"password\": \"", ""),
        ("application/json", "{\"password\": \"x\"} ", ""),
        ("application/json", "{\"password\": ", "}"),
        ("application/json", "{\"password\": \"\\u00", "\"}"),
        ("application/x-www-form-urlencoded", "password=", ""),
        ("application/grpc-web+proto", "", ""),
        ("application/connect+json", "", ""),
        ("application/proto", "\u{1}", ""),
        ("text/plain", "", ""),
    ] {
        for path in ["/v1/auth/login", LOGIN] {
            let canary = flock.secret(kind, &format!("{form} for {path}"));
            let request = door.rest.request(Method::POST, path);
            let request = request.header(CONTENT_TYPE, form);
            requests.push(request.body(format!("{before}{canary}{after}")));
        }
    }
    requests
}

/// Puts canaries into metadata and messages of gRPC, at an edge and at the services themselves.
pub(super) async fn calls(flock: &Flock, mesh: &Mesh) {
    let edge = mesh.edges[0].trim_start_matches("http://");
    for address in [edge, &mesh.grpc["svc-auth"][0], &mesh.grpc["svc-orders"][0]] {
        let channel = grpc::connect(address).await;
        for kind in Kind::ALL {
            let secret = |place: &str| flock.secret(kind, &format!("{place} at {address}"));
            let mut metadata = MetadataMap::new();
            for name in [
                "authorization",
                "baggage",
                "idempotency-key",
                "x-forwarded-client-cert",
                "x-whatever",
                "x-workload-authorization",
            ] {
                let canary = format!("Bearer {}", secret(name));
                metadata.insert(name, canary.parse().expect("it is ASCII"));
            }
            let login = LoginRequest {
                email: secret("an e-mail address"),
                password: secret("a password"),
            };
            let mut not_utf8 = login.encode_to_vec();
            not_utf8[2] = 0xff;
            let no_message = secret("no message").into_bytes();
            let orders = "/tradewind.orders.v1.OrdersService/CreateOrder";
            for path in [LOGIN, orders] {
                for message in [&login.encode_to_vec(), &not_utf8, &no_message] {
                    let message = Bytes::copy_from_slice(message);
                    // Not even the ones that make sense are allowed to.
                    let _ = grpc::call(&channel, path, message, metadata.clone()).await;
                }
            }
        }
    }
}

/// Puts canaries into events that nobody can take; their ids.
pub(super) async fn events(flock: &Flock, mesh: &Mesh) -> Vec<String> {
    let mut ids = Vec::new();
    for kind in Kind::ALL {
        let undecodable = flock.secret(kind, "an event that does not decode");
        let senseless = OrderConfirmed {
            order_id: flock.secret(kind, "an id in an event"),
            user_id: flock.secret(kind, "a user's id in an event"),
            ..OrderConfirmed::default()
        };
        for data in [undecodable.into_bytes(), senseless.encode_to_vec()] {
            let id = uuid::Uuid::now_v7();
            let subject = "orders.v1.OrderConfirmed";
            mesh.databases
                .append_event("svc-orders", id, subject, &data)
                .await;
            ids.push(id.to_string());
        }
    }
    ids
}
