//! Two tenants' connections to one vendor: what belongs to one never serves the other.

use std::collections::BTreeSet;

use axum::response::Response;
use egress::ConnectionConfig;
use ports::{Access, CallContext, Outbound};
use quoin_package::Scheme;
use serde_json::json as value;

use crate::support::{House, Seen, Vendor, answer, call, config, get, json, slot, with_credential, with_slot};

/// Connections beside `erp`, each with a client of its own.
const TENANTS: [&str; 2] = ["erp", "erp-of-another-tenant"];

/// A vendor whose token names the client, and which sets a cookie on every answer.
async fn vendor() -> Vendor {
    Vendor::answering(|seen: &Seen| -> Response {
        if seen.path == "/token" {
            let client = seen.form()["client_id"].clone();
            return json(200, value!({"access_token": format!("token-of-{client}"), "token_type": "Bearer"}));
        }
        let mut response = answer(200, "data");
        response.headers_mut().insert("set-cookie", "session=1; Path=/".parse().unwrap());
        response
    })
    .await
}

fn connection(vendor: &Vendor, name: &str) -> ConnectionConfig {
    let mut credential = slot(Scheme::Oauth2ClientCredentials);
    credential.token_url = Some(format!("{}/token", vendor.origin()));
    ConnectionConfig { connection: name.to_owned(), ..with_credential(config(&[&vendor.origin()]), credential) }
}

/// A house in which both tenants have a connection.
fn house(vendor: &Vendor) -> House {
    let house = House::new(connection(vendor, TENANTS[0]), &[]);
    house.egress.install(&connection(vendor, TENANTS[1])).unwrap();
    for name in TENANTS {
        house.secrets.set(&format!("{name}/api/client_id"), name);
        house.secrets.set(&format!("{name}/api/client_secret"), "secret");
    }
    house
}

/// In turn, so that whatever one leaves behind is there when the other comes.
async fn both_ask(house: &House, vendor: &Vendor, times: usize) {
    for _ in 0..times {
        for name in TENANTS {
            let context = CallContext { connection: name.to_owned(), ..call(Access::Read) };
            let request = with_slot(get(&format!("{}/api?by={name}", vendor.origin())));
            assert_eq!(house.egress.send(&context, request).await.unwrap().status, 200);
        }
    }
}

fn of(vendor: &Vendor, name: &str) -> Vec<Seen> {
    let by = format!("by={name}");
    vendor.seen_at("/api").into_iter().filter(|seen| seen.query.as_deref() == Some(&by)).collect()
}

#[tokio::test]
async fn a_token_serves_the_connection_it_was_granted_to() {
    let vendor = vendor().await;
    let house = house(&vendor);
    both_ask(&house, &vendor, 3).await;
    assert_eq!(vendor.seen_at("/token").len(), 2, "one grant each, kept");
    for name in TENANTS {
        let used: BTreeSet<String> =
            of(&vendor, name).iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
        assert_eq!(used, [format!("Bearer token-of-{name}")].into());
    }
}

#[tokio::test]
async fn no_socket_is_shared_between_connections() {
    let vendor = vendor().await;
    let house = house(&vendor);
    both_ask(&house, &vendor, 10).await;
    let [one, other] = TENANTS.map(|name| of(&vendor, name).iter().map(|seen| seen.peer).collect::<BTreeSet<_>>());
    assert!(!one.is_empty() && !other.is_empty());
    assert!(one.is_disjoint(&other), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_cookie_is_sent_by_nobody() {
    let vendor = vendor().await;
    let house = house(&vendor);
    both_ask(&house, &vendor, 3).await;
    let with: Vec<Seen> = vendor.seen().into_iter().filter(|seen| seen.header("cookie").is_some()).collect();
    assert!(with.is_empty(), "{with:?}");
}

#[tokio::test]
async fn a_budget_that_one_connection_used_up_is_not_the_others() {
    let vendor = vendor().await;
    let house = house(&vendor);
    let mut tight = connection(&vendor, TENANTS[0]);
    tight.requests_per_second = Some(1.0);
    house.egress.install(&tight).unwrap();
    // The first of them waits a second between its requests; the other does not wait with it.
    let ask = async |name: &str| {
        let context = CallContext { connection: name.to_owned(), ..call(Access::Read) };
        house.egress.send(&context, with_slot(get(&format!("{}/api?by={name}", vendor.origin())))).await
    };
    ask(TENANTS[0]).await.unwrap();
    let (slow, fast) = (ask(TENANTS[0]), async {
        for _ in 0..5 {
            ask(TENANTS[1]).await.unwrap();
        }
        of(&vendor, TENANTS[0]).len()
    });
    let (slow, meanwhile) = tokio::join!(slow, fast);
    slow.unwrap();
    assert_eq!(meanwhile, 1, "the other was served while the first waited");
}
