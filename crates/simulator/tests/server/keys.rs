//! Who may ask, and what everybody else is told.

use serde_json::{Value, json};
use simulator::server::{Aggregate, Click, Endpoint, Server};

use crate::client::{MONDAY, NOW, ask, clicks, key, send, window};

/// A body that its endpoint takes.
fn body(endpoint: Endpoint) -> Value {
    let mut body = window(MONDAY, MONDAY + 60);
    if endpoint == Endpoint::EntityTable {
        body["currency_id"] = json!("USD");
        body["columns"] = json!([{ "column": "date" }]);
    }
    body
}

#[tokio::test]
async fn every_endpoint_wants_a_key_of_its_kind() {
    let server = Server::with_clicks(clicks(5), NOW).unwrap();
    for endpoint in Endpoint::ALL {
        let body = body(endpoint);
        let unauthorized = (401, "Unauthorized".to_owned());
        assert_eq!(send(&server, endpoint, None, &body).await.unwrap().error(), unauthorized);
        assert_eq!(
            send(&server, endpoint, Some(("X-Eflow-API-Key", "wrong")), &body).await.unwrap().error(),
            unauthorized
        );
        for name in ["X-Eflow-API-Key", "X-Eflow-Api-Key", "x-eflow-api-key"] {
            let answer = send(&server, endpoint, Some((name, key(endpoint))), &body).await.unwrap();
            assert_eq!(answer.status, 200, "{endpoint}");
        }
        let other = if key(endpoint) == "network-key" { "affiliate-key" } else { "network-key" };
        let answer = send(&server, endpoint, Some(("X-Eflow-API-Key", other)), &body).await.unwrap();
        match endpoint {
            Endpoint::TimeZones => assert_eq!(answer.status, 200),
            _ => assert_eq!(answer.error(), (403, "Out of realm".to_owned()), "{endpoint}"),
        }
    }
}

#[tokio::test]
async fn keys_can_be_changed_while_the_server_runs() {
    let server = Server::with_clicks(Vec::<Click>::new(), NOW).unwrap();
    assert_eq!(ask(&server, Endpoint::Network, &Value::Null).await.status, 200);
    server.configure(|settings| settings.network_key = "another".to_owned());
    assert_eq!(ask(&server, Endpoint::Network, &Value::Null).await.status, 401);
}

#[tokio::test]
async fn the_aggregate_may_be_refused() {
    let server = Server::with_clicks(clicks(5), NOW).unwrap();
    for (aggregate, status) in [(Aggregate::Forbidden, 403), (Aggregate::Missing, 404)] {
        server.configure(|settings| settings.aggregate = aggregate);
        assert_eq!(ask(&server, Endpoint::EntityTable, &body(Endpoint::EntityTable)).await.status, status);
    }
    server.configure(|settings| settings.capitalised_errors = true);
    let answer = ask(&server, Endpoint::EntityTable, &body(Endpoint::EntityTable)).await;
    assert_eq!(answer.json(), json!({ "Error": "Not found" }));
}

#[tokio::test]
async fn what_is_no_endpoint_is_not_found() {
    let server = Server::with_clicks(clicks(5), NOW).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = |path: &str| client.get(format!("{}{path}", server.base_url())).header("X-Eflow-API-Key", "network-key");
    assert_eq!(get("/").send().await.unwrap().status(), 404);
    assert_eq!(get("/v1/networks/").send().await.unwrap().status(), 404);
    assert_eq!(get(Endpoint::InvalidClicks.path()).send().await.unwrap().status(), 405);
    assert!(server.received().is_empty());
}
