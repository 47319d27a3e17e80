//! Refresh tokens that are good once: stored before use, and lost by nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ports::{HttpRequest, SendError};
use quoin_package::Scheme;
use serde_json::json as value;
use tokio::sync::Semaphore;

use crate::support::*;
use crate::tokens::{api, connection, credential, tokens_used};

#[tokio::test]
async fn a_caller_who_leaves_does_not_lose_the_rotated_token() {
    let gate = Arc::new(Semaphore::new(0));
    let hold = Arc::clone(&gate);
    let vendor = Vendor::start(move |seen| {
        let hold = Arc::clone(&hold);
        async move {
            if seen.path == "/token" {
                hold.acquire().await.unwrap().forget();
                return json(200, value!({"access_token": "access-token-1", "refresh_token": "refresh-token-2"}));
            }
            answer(200, "data")
        }
    })
    .await;
    let house = House::new(
        connection(&vendor, credential(&vendor, Scheme::Oauth2Refresh)),
        &[("client_id", "client-1"), ("refresh_token", "refresh-token-1")],
    );
    let hurried = HttpRequest { timeout_ms: Some(100), ..with_slot(get(&api(&vendor))) };
    let error = house.send(hurried).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent(_)), "{error:?}");
    gate.add_permits(1);
    house.get_with(&api(&vendor)).await.unwrap();
    assert_eq!(vendor.seen_at("/token").len(), 1);
    assert_eq!(house.secrets.text("erp/api/refresh_token"), "refresh-token-2");
}

/// Hands out refresh tokens that are good once.
async fn rotating(rotate: bool) -> Vendor {
    let turn = Arc::new(AtomicU32::new(1));
    Vendor::answering(move |seen| {
        if seen.path != "/token" {
            return answer(200, "data");
        }
        let now = turn.load(Ordering::SeqCst);
        if seen.form().get("refresh_token") != Some(&format!("refresh-token-{now}")) {
            return json(400, value!({"error": "invalid_grant"}));
        }
        let mut grant = value!({"access_token": format!("access-token-{now}"), "expires_in": 100});
        if rotate {
            turn.store(now + 1, Ordering::SeqCst);
            grant["refresh_token"] = value!(format!("refresh-token-{}", now + 1));
        }
        json(200, grant)
    })
    .await
}

const REFRESHING: [(&str, &str); 3] =
    [("client_id", "client-1"), ("client_secret", "client-secret-1"), ("refresh_token", "refresh-token-1")];

#[tokio::test]
async fn a_rotated_refresh_token_is_stored_before_its_access_token_is_used() {
    let vendor = rotating(true).await;
    let house = House::new(connection(&vendor, credential(&vendor, Scheme::Oauth2Refresh)), &REFRESHING);
    house.get_with(&api(&vendor)).await.unwrap();
    assert_eq!(house.secrets.text("erp/api/refresh_token"), "refresh-token-2");
    assert_eq!(
        vendor.seen_at("/token")[0].text(),
        "grant_type=refresh_token&refresh_token=refresh-token-1&client_id=client-1&client_secret=client-secret-1"
    );

    // While it cannot be stored, nothing is sent to the API, and the new token is not forgotten.
    house.clock.advance(100);
    house.secrets.refuse_storing.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = house.get_with(&api(&vendor)).await.unwrap_err();
        assert!(
            matches!(&error, SendError::Credential { needs_person: false, message } if message.contains("the disk is full")),
            "{error:?}"
        );
        assert!(!error.to_string().contains("refresh-token"), "{error}");
    }
    assert_eq!((vendor.seen_at("/api").len(), vendor.seen_at("/token").len()), (1, 2));
    house.secrets.refuse_storing.store(false, Ordering::SeqCst);
    house.get_with(&api(&vendor)).await.unwrap();
    assert_eq!(tokens_used(&vendor), ["1", "3"]);
    assert_eq!(house.secrets.text("erp/api/refresh_token"), "refresh-token-4");

    let lasting = rotating(false).await;
    let house = House::new(connection(&lasting, credential(&lasting, Scheme::Oauth2Refresh)), &REFRESHING);
    house.secrets.refuse_storing.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        house.get_with(&api(&lasting)).await.unwrap();
        house.clock.advance(100);
    }
    assert_eq!(house.secrets.text("erp/api/refresh_token"), "refresh-token-1");
}
