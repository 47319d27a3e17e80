//! The simulator, held against what the vendor documents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_simulator::{Args, Running, start};
use rcgen::{KeyPair, PKCS_RSA_SHA256, SigningKey as _};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use simulator_salesforce::{CLIENT_ID, CLIENT_SECRET, SCENARIO_OPPORTUNITY, USERNAME, build};

struct Org {
    running: Running,
    client: Client,
    token: String,
}

async fn org(options: &[(&str, &str)]) -> Org {
    let options = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let args = Args { seed: Some("scenario".into()), options, ..Args::default() };
    let running = start("salesforce", args, build).await.unwrap();
    let mut org = Org { running, client: Client::new(), token: String::new() };
    let form = [("grant_type", "client_credentials"), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let answer: Value = org.token(&form).await.json().await.unwrap();
    org.token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(answer["instance_url"], org.running.http);
    assert!(answer.get("expires_in").is_none(), "the vendor tells no lifetime");
    org
}

impl Org {
    fn at(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.client.request(method, format!("{}{path}", self.running.http)).bearer_auth(&self.token)
    }

    async fn token(&self, form: &[(&str, &str)]) -> Response {
        self.client.post(format!("{}/services/oauth2/token", self.running.http)).form(form).send().await.unwrap()
    }

    async fn data(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.at(method, &format!("/services/data/v66.0{path}"));
        let answer = if body.is_null() { request } else { request.json(&body) }.send().await.unwrap();
        assert!(answer.headers().contains_key("sforce-limit-info"), "{path} lacks Sforce-Limit-Info");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn query(&self, soql: &str) -> (u16, Value) {
        let path =
            format!("/query?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("q", soql).finish());
        self.data("GET", &path, Value::Null).await
    }

    async fn act(&self, action: &str, body: Value) -> Value {
        let answer = self.at("POST", &format!("/_sim/act/{action}")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{action}");
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn client_credentials_are_checked_and_the_login_host_refuses_them() {
    let org = org(&[]).await;
    let cases = [
        ("client_credentials", CLIENT_ID, "wrong", None, 400, "invalid_client"),
        ("client_credentials", "wrong", CLIENT_SECRET, None, 400, "invalid_client_id"),
        ("client_credentials", CLIENT_ID, CLIENT_SECRET, Some("login.salesforce.com"), 400, "invalid_grant"),
        ("client_credentials", CLIENT_ID, CLIENT_SECRET, Some("advisory.my.salesforce.com"), 200, ""),
        ("password", CLIENT_ID, CLIENT_SECRET, None, 400, "unsupported_grant_type"),
    ];
    for (grant, id, secret, host, status, error) in cases {
        let form = [("grant_type", grant), ("client_id", id), ("client_secret", secret)];
        let mut request = org.client.post(format!("{}/services/oauth2/token", org.running.http)).form(&form);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{grant} {id} {host:?}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"].as_str().unwrap_or_default(), error);
    }
    let basic = org.client.post(format!("{}/services/oauth2/token", org.running.http));
    let basic = basic.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&[("grant_type", "client_credentials")]);
    assert_eq!(basic.send().await.unwrap().status(), 200);
}

fn assertion(key: &KeyPair, algorithm: &str, claims: Value) -> String {
    let encode =
        |bytes: &[u8]| quoin_simulator::sign::to_base64(bytes).replace('+', "-").replace('/', "_").replace('=', "");
    let head = encode(json!({"alg": algorithm}).to_string().as_bytes());
    let signed = format!("{head}.{}", encode(claims.to_string().as_bytes()));
    format!("{signed}.{}", encode(&key.sign(signed.as_bytes()).unwrap()))
}

#[tokio::test]
async fn a_jwt_needs_signature_audience_time_and_user() {
    let org = org(&[]).await;
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let stranger = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let now = jiff::Timestamp::now().as_second();
    let good = json!({"iss": CLIENT_ID, "sub": USERNAME, "aud": "https://login.salesforce.com", "exp": now + 180});
    let with = |field: &str, value: Value| {
        let mut claims = good.clone();
        claims[field] = value;
        claims
    };
    let unregistered = assertion(&key, "RS256", good.clone());
    org.act("expire_tokens", Value::Null).await;
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let refused: Value = org.token(&[("grant_type", grant), ("assertion", &unregistered)]).await.json().await.unwrap();
    assert_eq!(refused["error"], "invalid_client_id");

    org.act("register_public_key", json!({"pem": key.public_key_pem()})).await;
    let cases = [
        (assertion(&key, "RS256", good.clone()), ""),
        (assertion(&key, "RS256", with("aud", json!("https://test.salesforce.com"))), ""),
        (assertion(&stranger, "RS256", good.clone()), "invalid assertion"),
        (assertion(&key, "PS256", good.clone()), "invalid assertion"),
        (assertion(&key, "RS256", with("aud", json!("https://example.com"))), "audience is invalid"),
        (assertion(&key, "RS256", with("exp", json!(now - 1))), "token validity expired"),
        (assertion(&key, "RS256", with("exp", Value::Null)), "token validity expired"),
        (assertion(&key, "RS256", with("sub", json!("nobody"))), "user hasn't approved this consumer"),
        ("nonsense".to_owned(), "invalid assertion"),
    ];
    for (assertion, error) in cases {
        let answer = org.token(&[("grant_type", grant), ("assertion", &assertion)]).await;
        assert_eq!(answer.status().as_u16(), if error.is_empty() { 200 } else { 400 }, "{error}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error_description"].as_str().unwrap_or_default(), error);
    }
}

#[tokio::test]
async fn refusals_are_arrays_in_the_vendors_words() {
    let org = org(&[]).await;
    let opportunity = format!("/sobjects/Opportunity/{SCENARIO_OPPORTUNITY}");
    let cases = [
        ("GET", "/nowhere", Value::Null, 404, "NOT_FOUND"),
        ("PUT", opportunity.as_str(), Value::Null, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/sobjects/Nothing/describe", Value::Null, 404, "NOT_FOUND"),
        ("GET", "/sobjects/Opportunity/006000000000009AAA", Value::Null, 404, "NOT_FOUND"),
        ("GET", "/sobjects/Opportunity/short", Value::Null, 400, "MALFORMED_ID"),
        ("GET", "/query/01gnone-2000", Value::Null, 400, "INVALID_QUERY_LOCATOR"),
        ("PATCH", &opportunity, json!({"Colour__c": "red"}), 400, "INVALID_FIELD"),
        (
            "PATCH",
            &opportunity,
            json!({"SystemModstamp": "2026-01-01T00:00:00Z"}),
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("PATCH", &opportunity, json!({"StageName": "Dreaming"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("PATCH", &opportunity, json!({"StageName": null}), 400, "REQUIRED_FIELD_MISSING"),
        ("PATCH", &opportunity, json!({"Amount": "many"}), 400, "JSON_PARSER_ERROR"),
        ("PATCH", &opportunity, json!({"Quoin_Project_Code__c": "P".repeat(81)}), 400, "STRING_TOO_LONG"),
        ("POST", "/sobjects/Opportunity", json!({"Name": "No stage"}), 400, "REQUIRED_FIELD_MISSING"),
        ("PATCH", "/sobjects/Account/Name/Helix", json!({}), 404, "NOT_FOUND"),
        ("PATCH", "/composite/sobjects", json!({"records": vec![json!({}); 201]}), 400, "EXCEEDED_ID_LIMIT"),
    ];
    for (method, path, body, status, code) in cases {
        let (seen, answer) = org.data(method, path, body).await;
        assert_eq!((seen, answer[0]["errorCode"].as_str()), (status, Some(code)), "{method} {path}: {answer}");
    }
    let soql = [
        ("SELECT Id FROM Opportunity WHERE", "MALFORMED_QUERY"),
        ("SELECT Id, Nope__c FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Nope.Name FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nopes) FROM Opportunity", "INVALID_TYPE"),
        ("SELECT Id FROM Opportunity WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Amount = '1'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Quoin_Reason__c = 'x'", "INVALID_FIELD"),
    ];
    for (soql, code) in soql {
        let (status, answer) = org.query(soql).await;
        assert_eq!((status, answer[0]["errorCode"].as_str()), (400, Some(code)), "{soql}: {answer}");
    }
}

#[tokio::test]
async fn sessions_versions_and_allowance_are_guarded() {
    let org = org(&[]).await;
    let at = |path: &str| org.client.get(format!("{}{path}", org.running.http));
    let anonymous = at("/services/data/v66.0/limits").send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert!(anonymous.headers().contains_key("sforce-limit-info"));
    assert_eq!(anonymous.json::<Value>().await.unwrap()[0]["errorCode"], "INVALID_SESSION_ID");
    assert_eq!(at("/services/data").send().await.unwrap().status(), 200);
    for version in ["v30.0", "v99.0", "66.0", "latest"] {
        let answer = org.at("GET", &format!("/services/data/{version}/limits")).send().await.unwrap();
        assert_eq!(answer.status(), 500, "{version}");
        assert_eq!(answer.json::<Value>().await.unwrap()[0]["errorCode"], "UNSUPPORTED_API_VERSION");
    }
    let (_, limits) = org.data("GET", "/limits", Value::Null).await;
    let used =
        limits["DailyApiRequests"]["Max"].as_u64().unwrap() - limits["DailyApiRequests"]["Remaining"].as_u64().unwrap();
    assert_eq!(used, 5);
    org.act("set_daily_limit", json!({"calls": 6})).await;
    assert_eq!(org.data("GET", "/limits", Value::Null).await.0, 200);
    let (status, answer) = org.data("GET", "/limits", Value::Null).await;
    assert_eq!((status, answer[0]["errorCode"].as_str()), (403, Some("REQUEST_LIMIT_EXCEEDED")));
    // Two hours later the session is over.
    org.act("set_daily_limit", json!({"calls": 100})).await;
    org.at("POST", "/_sim/clock").json(&json!({"advance_seconds": 7_200})).send().await.unwrap();
    assert_eq!(org.data("GET", "/limits", Value::Null).await.0, 401);
}

#[tokio::test]
async fn queries_follow_parents_and_children_and_page() {
    let org = org(&[("batch_size", "2")]).await;
    let (_, page) = org
        .query("SELECT Id, Account.Name, Account.Parent.Name, (SELECT Line_Id__c FROM OpportunityLineItems ORDER BY SortOrder DESC) FROM Opportunity WHERE Quote_Number__c = 'q-2026-0042'")
        .await;
    let record = &page["records"][0];
    assert_eq!(
        record["attributes"]["url"],
        format!("/services/data/v66.0/sobjects/Opportunity/{SCENARIO_OPPORTUNITY}")
    );
    assert_eq!(
        (&record["Account"]["Name"], &record["Account"]["Parent"]["Name"]),
        (&json!("Helix GmbH"), &json!("Helix Group AG"))
    );
    let lines: Vec<&str> = record["OpportunityLineItems"]["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["Line_Id__c"].as_str().unwrap())
        .collect();
    assert_eq!(lines, ["L3", "L2", "L1"]);

    let (_, first) = org.query("SELECT Line_Id__c FROM OpportunityLineItem ORDER BY Id").await;
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(3), &json!(false)));
    let next = first["nextRecordsUrl"].as_str().unwrap().to_owned();
    let last: Value = org.at("GET", &next).send().await.unwrap().json().await.unwrap();
    assert_eq!((&last["done"], &last["records"][0]["Line_Id__c"]), (&json!(true), &json!("L3")));
    assert!(last.get("nextRecordsUrl").is_none());
}

#[tokio::test]
async fn upserts_create_once_change_after_and_refuse_to_guess() {
    let org = org(&[]).await;
    let path = "/sobjects/Account/VAT_Id__c/DE999";
    let (status, created) = org.data("PATCH", path, json!({"Name": "Neu GmbH"})).await;
    assert_eq!((status, &created["created"]), (201, &json!(true)));
    let (status, updated) = org.data("PATCH", path, json!({"Name": "Neuer GmbH"})).await;
    assert_eq!((status, &updated["created"], &updated["id"]), (200, &json!(false), &created["id"]));
    org.data("POST", "/sobjects/Account", json!({"Name": "Zwilling", "VAT_Id__c": "DE999"})).await;
    let (status, several) = org.data("PATCH", path, json!({"Name": "Wer?"})).await;
    assert_eq!((status, several.as_array().map(Vec::len)), (300, Some(2)));

    let rows = json!({"allOrNone": false, "records": [
        {"attributes": {"type": "Account"}, "VAT_Id__c": "DE999", "Name": "Wer?"},
        {"attributes": {"type": "Account"}, "VAT_Id__c": "DE998", "Name": "Allein"},
        {"attributes": {"type": "Account"}, "Name": "Ohne"},
    ]});
    let (_, answer) = org.data("PATCH", "/composite/sobjects/Account/VAT_Id__c", rows).await;
    let codes: Vec<&str> =
        answer.as_array().unwrap().iter().map(|row| row["errors"][0]["statusCode"].as_str().unwrap_or("ok")).collect();
    assert_eq!(codes, ["DUPLICATE_EXTERNAL_ID", "ok", "MISSING_ARGUMENT"]);

    let ledger: Value = org.at("GET", "/_sim/ledger").send().await.unwrap().json().await.unwrap();
    assert_eq!(ledger["counts"], json!({"customer": 3, "customer_update": 1}));
}

#[tokio::test]
async fn deletes_stay_in_the_bin_and_edits_in_between_are_seen() {
    let org = org(&[]).await;
    let path = format!("/sobjects/Opportunity/{SCENARIO_OPPORTUNITY}");
    let patch = org.at("PATCH", &format!("/services/data/v66.0{path}"));
    let stale = patch.header("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT").json(&json!({"Name": "X"}));
    assert_eq!(stale.send().await.unwrap().status(), 412);
    assert_eq!(org.data("PATCH", &path, json!({"Name": "X"})).await.0, 204);
    assert_eq!(org.data("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(org.data("PATCH", &path, json!({"Name": "Y"})).await.1[0]["errorCode"], "ENTITY_IS_DELETED");
    assert_eq!(org.query("SELECT Id FROM Opportunity").await.1["totalSize"], 0);
    let (_, all) = org.data("GET", "/queryAll?q=SELECT+Id,IsDeleted+FROM+Opportunity", Value::Null).await;
    assert_eq!(all["records"][0]["IsDeleted"], true);
    let window = "/sobjects/Opportunity/deleted/?start=2026-01-01T00:00:00Z&end=2100-01-01T00:00:00Z";
    assert_eq!(org.data("GET", window, Value::Null).await.1["deletedRecords"][0]["id"], SCENARIO_OPPORTUNITY);
}

#[tokio::test]
async fn describe_answers_304_until_something_changes() {
    let org = org(&[]).await;
    let url = "/services/data/v66.0/sobjects/Opportunity/describe";
    let since = "Thu, 01 Jan 2026 00:00:00 GMT";
    let ask = || org.at("GET", url).header("if-modified-since", since).send();
    assert_eq!(ask().await.unwrap().status(), 304);
    org.act("rename_field", json!({"object": "Opportunity", "field": "Quote_Number__c", "to": "QuoteNo__c"})).await;
    let answer = ask().await.unwrap();
    assert_eq!(answer.status(), 200);
    let names: Vec<String> = answer.json::<Value>().await.unwrap()["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"QuoteNo__c".to_owned()) && !names.contains(&"Quote_Number__c".to_owned()));
    let (_, page) = org.query("SELECT QuoteNo__c FROM Opportunity").await;
    assert_eq!(page["records"][0]["QuoteNo__c"], "Q-2026-0042");
}
