//! Strangers who try passwords are stopped, and the owner is not.

use std::time::Duration;

use contracts::tradewind::auth::v1::ChangePasswordRequest;
use contracts::tradewind::users::v1::UserDeleted;
use runtime::status::{Reason, reason, retry_delay};
use store::testing::{eventually, refused};
use tonic::Code;

use crate::bed::{Bed, PASSWORD, login_by};

const ADA: &str = "ada@example.com";
const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";
const NETWORKS: &str = "known_networks";

/// A stranger tries a wrong password from each of `count` addresses; how many were looked at.
async fn attack(bed: &Bed, email: &str, count: u32) -> usize {
    let (mut edge, mut looked_at) = (bed.edge().await, 0);
    for number in 0..count {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + number).to_string();
        let status = login_by(&mut edge, &address, email, "a guess")
            .await
            .unwrap_err();
        match reason(&status) {
            Some(Reason::CredentialsInvalid) => looked_at += 1,
            other => assert_eq!(other, Some(Reason::RateLimited), "{status:?}"),
        }
    }
    looked_at
}

store::on_both! {
    async fn a_thousand_wrong_passwords_do_not_keep_the_owner_from_a_known_network(
        database: TestDatabase
    ) {
        let bed = Bed::with(&database, |config| {
            config.throttle.login_account_total_burst = 20;
        }).await;
        bed.register(ADA).await.unwrap();
        bed.login_from(HOME, ADA, PASSWORD).await.unwrap();

        // Strangers are stopped, whether there is such an account or not.
        for (email, guesses) in [(ADA, 1000), ("nobody@example.com", 40)] {
            assert_eq!(attack(&bed, email, guesses).await, 20);
            let status = refused(
                bed.login_from(ELSEWHERE, email, PASSWORD).await,
                Reason::RateLimited
            );
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert_eq!(retry_delay(&status), Some(Duration::from_secs(30)));
        }
        // The owner mistypes, and signs in.
        for _ in 0..3 {
            refused(bed.login_from(HOME, ADA, "a typo").await, Reason::CredentialsInvalid);
        }
        let ada = bed.login_from(HOME, ADA, PASSWORD).await.unwrap();
        // And changes the password, which strangers have not used up either.
        let request = ChangePasswordRequest {
            current_password: PASSWORD.into(),
            new_password: "a new password".into(),
        };
        bed.holder(&ada.access_token).change_password(request).await.unwrap();
    }

    async fn a_network_has_an_allowance_of_its_own_for_each_account(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 2).await;
        bed.register(ADA).await.unwrap();
        let stranger = "192.0.2.66";
        for _ in 0..2 {
            refused(bed.login_from(stranger, ADA, "a guess").await, Reason::CredentialsInvalid);
        }
        refused(bed.login_from(stranger, ADA, PASSWORD).await, Reason::RateLimited);
        refused(bed.login_from(stranger, "eve@example.com", "x").await, Reason::CredentialsInvalid);
        bed.login_from(ELSEWHERE, ADA, PASSWORD).await.unwrap();
        let throttled = |action, limit| {
            let labels = [("action", action), ("limit", limit)];
            bed.metric("tradewind_auth_throttled_total", &labels)
        };
        assert_eq!(throttled("login", "account"), Some(1.0));
        assert_eq!(throttled("register", "address"), Some(0.0));
    }

    async fn a_known_network_has_a_limit_too(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 2).await;
        bed.register(ADA).await.unwrap();
        bed.login_from(HOME, ADA, PASSWORD).await.unwrap();
        for _ in 0..2 {
            refused(bed.login_from(HOME, ADA, "a guess").await, Reason::CredentialsInvalid);
        }
        refused(bed.login_from(HOME, ADA, PASSWORD).await, Reason::RateLimited);
    }

    async fn the_networks_of_one_ipv6_site_have_a_limit_together(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_account_burst = 1).await;
        bed.register(ADA).await.unwrap();
        let home = "2001:db8:1:ffff::1";
        bed.login_from(home, ADA, PASSWORD).await.unwrap();
        for network in 0..4 {
            let address = format!("2001:db8:1:{network}::1");
            refused(bed.login_from(&address, ADA, "a guess").await, Reason::CredentialsInvalid);
            let neighbour = format!("2001:db8:1:{network}::2");
            refused(bed.login_from(&neighbour, ADA, "a guess").await, Reason::RateLimited);
        }
        refused(bed.login_from("2001:db8:1:4::1", ADA, "a guess").await, Reason::RateLimited);
        refused(bed.login_from("2001:db8:2:4::1", ADA, "a guess").await, Reason::CredentialsInvalid);
        // The owner's own network is not refused for its neighbours.
        bed.login_from(home, ADA, PASSWORD).await.unwrap();
    }

    async fn an_ipv6_site_has_a_limit_whatever_the_account(database: TestDatabase) {
        let bed = Bed::with(&database, |config| config.throttle.login_address_burst = 1).await;
        for number in 0..5 {
            let (address, email) = (
                format!("2001:db8:1:{number}::1"),
                format!("{number}@example.com")
            );
            let expected =
                if number < 4 { Reason::CredentialsInvalid } else { Reason::RateLimited };
            refused(bed.login_from(&address, &email, "a guess").await, expected);
        }
    }

    async fn known_networks_are_few_and_private_and_are_forgotten(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.register(ADA).await.unwrap();
        for number in 0..25 {
            bed.time.advance(Duration::from_secs(1));
            bed.login_from(&format!("192.0.2.{number}"), ADA, PASSWORD).await.unwrap();
        }
        assert_eq!(bed.count(NETWORKS).await, 20);
        // What is kept has the length of a MAC, and no address in it.
        let macs = "known_networks WHERE length(network) = 32";
        assert_eq!(bed.count(macs).await, 20);

        let message = UserDeleted { user_id: ada.user_id.clone(), version: 2 };
        bed.tell("users.v1.UserDeleted", &ada.user_id, &message).await;
        assert_eq!(bed.count(NETWORKS).await, 0);

        bed.register("eve@example.com").await.unwrap();
        assert_eq!(bed.count(NETWORKS).await, 1);
        bed.time.advance(Duration::from_secs(91 * 24 * 60 * 60));
        eventually("it is forgotten", async || { bed.count(NETWORKS).await == 0 }).await;
    }
}
