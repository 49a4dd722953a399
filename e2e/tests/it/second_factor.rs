//! An authenticator app that is not ours signs in over REST.

use e2e::Mesh;
use e2e::authenticator::Authenticator;
use e2e::shop::{Customer, PASSWORD};
use serde_json::{Value, json};

crate::on_both!(
    an_authenticator_app_signs_in_once_with_each_code,
    a_lost_app_is_replaced_by_what_is_on_paper,
);

/// The first step; its token.
async fn first(mesh: &Mesh, customer: &Customer) -> String {
    let login = json!({"email": customer.email, "password": PASSWORD});
    let reply = mesh.rest().post("/v1/auth/login", &login).await.expect(200);
    assert_eq!(reply.json["secondFactorRequired"], true, "{}", reply.text);
    for field in ["accessToken", "refreshToken", "userId"] {
        let empty = [Value::Null, json!("")].contains(&reply.json[field]);
        assert!(empty, "{}", reply.text);
    }
    reply.text_at("/secondFactorToken")
}

async fn second(mesh: &Mesh, token: &str, proof: (&str, &str)) -> e2e::Reply {
    let body = json!({"secondFactorToken": token, proof.0: proof.1});
    mesh.rest().post("/v1/auth/login:secondFactor", &body).await
}

async fn an_authenticator_app_signs_in_once_with_each_code(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let app = Authenticator::set_up(&buyer).await;
    let token = first(mesh, &buyer).await;
    mesh.rest()
        .with_token(&token)
        .get("/v1/users/me")
        .await
        .refused(401, "TOKEN_INVALID");
    let wrong = second(mesh, &token, ("code", "00000")).await;
    wrong.refused(401, "SECOND_FACTOR_INVALID");
    let code = app.next_code();
    let session = second(mesh, &token, ("code", &code)).await.expect(200);
    let rest = mesh.rest().with_token(&session.text_at("/accessToken"));
    let me = rest.get("/v1/users/me").await.expect(200);
    assert_eq!(me.text_at("/userId"), buyer.id);
    let again = first(mesh, &buyer).await;
    second(mesh, &again, ("code", &code))
        .await
        .refused(401, "SECOND_FACTOR_INVALID");
    second(mesh, &token, ("code", &code))
        .await
        .refused(401, "SECOND_FACTOR_TOKEN_INVALID");
}

async fn a_lost_app_is_replaced_by_what_is_on_paper(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let app = Authenticator::set_up(&buyer).await;
    let [one, two, ..] = app.recovery_codes.as_slice() else {
        panic!("there are ten: {:?}", app.recovery_codes)
    };
    let token = first(mesh, &buyer).await;
    let session = second(mesh, &token, ("recoveryCode", one))
        .await
        .expect(200);
    let rest = mesh.rest().with_token(&session.text_at("/accessToken"));
    let state = rest.get("/v1/auth/second-factor").await.expect(200).json;
    assert_eq!(
        (&state["enabled"], &state["recoveryCodesLeft"]),
        (&json!(true), &json!(9))
    );
    let disable = "/v1/auth/second-factor:disable";
    let off = json!({"password": PASSWORD, "recoveryCode": one});
    rest.post(disable, &off)
        .await
        .refused(401, "SECOND_FACTOR_INVALID");
    let off = json!({"password": PASSWORD, "recoveryCode": two});
    rest.post(disable, &off).await.expect(200);
    let login = json!({"email": buyer.email, "password": PASSWORD});
    let session = mesh.rest().post("/v1/auth/login", &login).await.expect(200);
    assert_ne!(session.text_at("/accessToken"), "");
}
