//! Signing in with a second factor.

use std::time::Duration;

use contracts::tradewind::auth::v1::*;
use contracts::tradewind::users::v1::UserState;
use futures::future::join_all;
use runtime::call::CallContext;
use runtime::status::{Reason, reason, retry_delay};
use store::testing::refused;
use tonic::{Code, Status};

use crate::bed::{Bed, PASSWORD, SecondFactors};
use crate::second_factor::{ADA, App, disable, set_up, state};

const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";

fn by_code(token: &str, code: &str) -> LoginSecondFactorRequest {
    LoginSecondFactorRequest {
        second_factor_token: token.into(),
        code: code.into(),
        recovery_code: String::new(),
    }
}

fn by_paper(token: &str, recovery_code: &str) -> LoginSecondFactorRequest {
    LoginSecondFactorRequest {
        second_factor_token: token.into(),
        code: String::new(),
        recovery_code: recovery_code.into(),
    }
}

async fn second(
    bed: &Bed,
    request: LoginSecondFactorRequest,
) -> Result<LoginSecondFactorResponse, Status> {
    let reply = bed.second_factors("").login_second_factor(request).await;
    reply.map(tonic::Response::into_inner)
}

/// As somebody at this address, whom the edge speaks for.
async fn second_from(
    edge: &mut SecondFactors,
    address: &str,
    request: LoginSecondFactorRequest,
) -> Result<LoginSecondFactorResponse, Status> {
    let call = CallContext {
        client_address: Some(address.parse().unwrap()),
        ..CallContext::background("login")
    };
    let reply = call.scope(edge.login_second_factor(request)).await;
    reply.map(tonic::Response::into_inner)
}

/// The token of the first step.
async fn first(bed: &Bed) -> String {
    let reply = bed.login(ADA, PASSWORD).await.unwrap();
    assert!(reply.second_factor_required);
    reply.second_factor_token
}

async fn ada(bed: &Bed) -> (RegisterResponse, App, Vec<String>) {
    let ada = bed.register(ADA).await.unwrap();
    let (app, codes) = set_up(bed, &ada.access_token).await;
    (ada, app, codes)
}

store::on_both! {
    async fn the_password_alone_opens_no_session_and_the_code_does(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (ada, app, _) = ada(&bed).await;
        let reply = bed.login(ADA, PASSWORD).await.unwrap();
        // A client that knows nothing of it finds no tokens.
        assert_eq!(LoginResponse {
            second_factor_required: true,
            second_factor_token: reply.second_factor_token.clone(),
            ..LoginResponse::default()
        }, reply);
        assert!(!format!("{reply:?}").contains(&reply.second_factor_token));
        assert_eq!(bed.count("sessions").await, 1);
        let code = app.fresh(&bed).await;
        let session = second(&bed, by_code(&reply.second_factor_token, &code)).await.unwrap();
        assert_eq!((session.user_id, session.token_type), (ada.user_id, "Bearer".into()));
        bed.verify(&session.access_token).await.unwrap();
        bed.refresh(&session.refresh_token).await.unwrap();
    }

    async fn nothing_tells_of_the_second_factor_before_the_password_is_right(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        ada(&bed).await;
        bed.register("eve@example.com").await.unwrap();
        let mut answers = Vec::new();
        for email in [ADA, "eve@example.com", "nobody@example.com"] {
            let status = refused(bed.login(email, "wrong").await, Reason::CredentialsInvalid);
            answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(bed.count("second_factor_logins").await, 0);
    }

    async fn a_code_is_good_once_and_so_is_the_first_steps_token(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (_, app, _) = ada(&bed).await;
        let (one, two) = (first(&bed).await, first(&bed).await);
        // The one that has turned it on is used up too.
        refused(second(&bed, by_code(&one, &app.code(&bed))).await, Reason::SecondFactorInvalid);
        let code = app.fresh(&bed).await;
        let status = refused(
            second(&bed, by_code(&one, &app.code_in(&bed, 20))).await,
            Reason::SecondFactorInvalid
        );
        assert_eq!(status.code(), Code::Unauthenticated);
        // A wrong code does not use up the token.
        second(&bed, by_code(&one, &code)).await.unwrap();
        refused(second(&bed, by_code(&two, &code)).await, Reason::SecondFactorInvalid);
        let code = app.fresh(&bed).await;
        let status = refused(
            second(&bed, by_code(&one, &code)).await,
            Reason::SecondFactorTokenInvalid
        );
        assert_eq!(status.code(), Code::Unauthenticated);
        second(&bed, by_code(&two, &code)).await.unwrap();
    }

    async fn a_clock_may_be_one_step_off_and_no_step_is_gone_back(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (_, app, _) = ada(&bed).await;
        bed.advance(Duration::from_secs(300)).await;
        for (steps, expected) in [(-2, false), (-1, true), (2, false), (1, true), (0, false)] {
            let code = app.code_in(&bed, steps);
            let result = second(&bed, by_code(&first(&bed).await, &code)).await;
            assert_eq!(result.is_ok(), expected, "{steps}");
        }
    }

    async fn of_many_with_the_same_code_one_signs_in(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (_, app, _) = ada(&bed).await;
        let mut tokens = Vec::new();
        for _ in 0..6 {
            tokens.push(first(&bed).await);
        }
        let code = app.fresh(&bed).await;
        let tried = join_all(tokens.iter().map(|token| second(&bed, by_code(token, &code)))).await;
        assert_eq!(tried.iter().filter(|result| result.is_ok()).count(), 1, "{tried:?}");
        // And of many with the same token.
        let token = first(&bed).await;
        bed.advance(Duration::from_secs(90)).await;
        let codes: Vec<_> = (-1..=1).map(|steps| app.code_in(&bed, steps)).collect();
        let tried = join_all(codes.iter().map(|code| second(&bed, by_code(&token, code)))).await;
        assert_eq!(tried.iter().filter(|result| result.is_ok()).count(), 1, "{tried:?}");
    }

    async fn a_recovery_code_signs_in_once_however_it_is_typed(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (_, _, codes) = ada(&bed).await;
        let typed = codes[0].replace('-', " ").to_uppercase();
        let session = second(&bed, by_paper(&first(&bed).await, &typed)).await.unwrap();
        assert_eq!(state(&bed, &session.access_token).await.recovery_codes_left, 9);
        let again = second(&bed, by_paper(&first(&bed).await, &codes[0])).await;
        refused(again, Reason::SecondFactorInvalid);
        let used = "audit_events WHERE action = 'USE_RECOVERY_CODE'";
        assert_eq!(bed.count(used).await, 1);

        let (one, two) = (first(&bed).await, first(&bed).await);
        let at_once = [by_paper(&one, &codes[1]), by_paper(&two, &codes[1])];
        let tried = join_all(at_once.map(|request| second(&bed, request))).await;
        assert_eq!(tried.iter().filter(|result| result.is_ok()).count(), 1, "{tried:?}");
        assert_eq!(state(&bed, &session.access_token).await.recovery_codes_left, 8);
    }

    async fn the_first_steps_token_opens_nothing_else(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        ada(&bed).await;
        let token = first(&bed).await;
        refused(bed.sessions(&token).await, Reason::TokenInvalid);
        refused(bed.refresh(&token).await, Reason::RefreshTokenInvalid);
        let request = GetSecondFactorRequest {};
        let result = bed.second_factors(&token).get_second_factor(request).await;
        refused(result, Reason::TokenInvalid);
        let request = ResetPasswordRequest { token: token.clone(), new_password: "seven green lamps".into() };
        refused(bed.anybody().reset_password(request).await, Reason::ResetTokenInvalid);
        let request = RedeemTicketRequest { ticket: token.clone(), path: "/".into(), ..Default::default() };
        refused(bed.edge().await.redeem_ticket(request).await, Reason::TicketInvalid);
        let request = RedeemAccessTokenRequest { token };
        refused(bed.redeemer().await.redeem_access_token(request).await, Reason::TokenInvalid);
    }

    async fn the_first_steps_token_is_good_for_five_minutes_and_for_its_password(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let (ada, app, _) = ada(&bed).await;
        let (late, before) = (first(&bed).await, first(&bed).await);
        let request = ChangePasswordRequest {
            current_password: PASSWORD.into(),
            new_password: "seven green lamps".into(),
        };
        bed.holder(&ada.access_token).change_password(request).await.unwrap();
        let code = app.fresh(&bed).await;
        refused(second(&bed, by_code(&before, &code)).await, Reason::SecondFactorTokenInvalid);
        let session = bed.login(ADA, "seven green lamps").await.unwrap();
        second(&bed, by_code(&session.second_factor_token, &code)).await.unwrap();
        bed.advance(Duration::from_secs(5 * 60)).await;
        let code = app.code(&bed);
        for token in [&late, "unknown"] {
            refused(second(&bed, by_code(token, &code)).await, Reason::SecondFactorTokenInvalid);
        }
    }

    async fn one_of_both_is_asked_for(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (_, app, codes) = ada(&bed).await;
        let token = first(&bed).await;
        let code = app.fresh(&bed).await;
        let both = LoginSecondFactorRequest {
            recovery_code: codes[0].clone(),
            ..by_code(&token, &code)
        };
        for wrong in [both, by_code(&token, "")] {
            let status = refused(second(&bed, wrong).await, Reason::InvalidField);
            assert_eq!(status.code(), Code::InvalidArgument);
        }
        second(&bed, by_code(&token, &code)).await.unwrap();
    }

    async fn wrong_codes_are_throttled_for_strangers_and_not_for_the_owners_network(
        database: TestDatabase
    ) {
        let bed = Bed::with(&database, |config| {
            config.second_factors.second_factor_burst = 3;
        }).await;
        let ada = bed.register(ADA).await.unwrap();
        bed.login_from(HOME, ADA, PASSWORD).await.unwrap();
        let (app, codes) = set_up(&bed, &ada.access_token).await;
        let token = first(&bed).await;
        let mut edge = bed.second_factors_by_edge().await;
        // However many networks the stranger has.
        for number in 1..=3 {
            let address = format!("192.0.2.{number}");
            let result = second_from(&mut edge, &address, by_code(&token, "000000")).await;
            refused(result, Reason::SecondFactorInvalid);
        }
        for request in [by_code(&token, "000000"), by_paper(&token, &codes[0])] {
            let status = refused(
                second_from(&mut edge, ELSEWHERE, request).await,
                Reason::RateLimited
            );
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert_eq!(retry_delay(&status), Some(Duration::from_secs(600)));
        }
        let labels = [("action", "second_factor"), ("limit", "account_total")];
        assert_eq!(bed.metric("tradewind_auth_throttled_total", &labels), Some(2.0));
        let wrong = second_from(&mut edge, HOME, by_code(&token, "000000")).await;
        refused(wrong, Reason::SecondFactorInvalid);
        let code = app.fresh(&bed).await;
        let mut edge = bed.second_factors_by_edge().await;
        second_from(&mut edge, HOME, by_code(&token, &code)).await.unwrap();
    }

    async fn many_guesses_at_once_count_as_many(database: TestDatabase) {
        let bed = Bed::with(&database, |config| {
            config.second_factors.second_factor_burst = 3;
        }).await;
        ada(&bed).await;
        let token = first(&bed).await;
        let tried = (0..12).map(|_| second(&bed, by_code(&token, "000000")));
        let results = join_all(tried).await;
        let count = |expected| {
            let refusals = results.iter().filter_map(|result| reason(result.as_ref().err()?));
            refusals.filter(|reason| *reason == expected).count()
        };
        assert_eq!((count(Reason::SecondFactorInvalid), count(Reason::RateLimited)), (3, 9));
    }

    async fn a_repeated_registration_is_no_way_around_it(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        ada(&bed).await;
        let status = refused(bed.register(ADA).await, Reason::ResourceExists);
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(bed.count("sessions").await, 1);
    }

    async fn a_closed_account_does_not_get_in_by_the_second_step(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let (ada, app, _) = ada(&bed).await;
        let token = first(&bed).await;
        let code = app.fresh(&bed).await;
        bed.users.set_away(true);
        let away = second(&bed, by_code(&token, &code)).await;
        refused(away, Reason::DependencyUnavailable);
        bed.users.set_away(false);
        bed.users.change(&ada.user_id, |user| user.state = UserState::Deactivated.into());
        refused(second(&bed, by_code(&token, &code)).await, Reason::SecondFactorTokenInvalid);
        bed.users.change(&ada.user_id, |user| user.state = UserState::Active.into());
        // Nothing was used up meanwhile.
        second(&bed, by_code(&token, &code)).await.unwrap();
    }

    async fn what_waits_for_its_second_step_ends_when_the_factor_is_turned_off(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let (ada, app, codes) = ada(&bed).await;
        let token = first(&bed).await;
        let code = app.fresh(&bed).await;
        disable(&bed, &ada.access_token, PASSWORD, ("", &codes[0])).await.unwrap();
        refused(second(&bed, by_code(&token, &code)).await, Reason::SecondFactorTokenInvalid);
    }
}
