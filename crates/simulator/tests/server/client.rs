//! A small client of the server, which judges nothing.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use simulator::Feed;
use simulator::server::{Click, Endpoint, Server};

/// 2026-03-02T00:00:00Z.
pub(crate) const MONDAY: i64 = 1_772_409_600;
/// 2026-03-09T00:00:00Z: what the clock shows.
pub(crate) const NOW: i64 = MONDAY + 7 * 86_400;

pub(crate) struct Answer {
    pub(crate) status: u16,
    #[allow(dead_code)]
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The rows, whatever they are wrapped in.
    pub(crate) fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        match self.json() {
            Value::Array(rows) => rows,
            Value::Object(mut object) => match object.remove("clicks").or_else(|| object.remove("table")) {
                Some(rows) => rows.as_array().unwrap().clone(),
                None => vec![Value::Object(object)],
            },
            other => panic!("{other}"),
        }
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.rows().iter().map(|row| row["transaction_id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn key(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::AffiliateClicks | Endpoint::Affiliate => "affiliate-key",
        _ => "network-key",
    }
}

/// One request, and its answer or what went wrong below HTTP.
pub(crate) async fn send(
    server: &Server,
    endpoint: Endpoint,
    key: Option<(&str, &str)>,
    body: &Value,
) -> reqwest::Result<Answer> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}{}", server.base_url(), endpoint.path());
    let is_get = matches!(endpoint, Endpoint::TimeZones | Endpoint::Network | Endpoint::Affiliate);
    let mut request = if is_get { client.get(url) } else { client.post(url).json(body) };
    if let Some((name, key)) = key {
        request = request.header(name, key);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}

pub(crate) async fn try_ask(server: &Server, endpoint: Endpoint, body: &Value) -> reqwest::Result<Answer> {
    send(server, endpoint, Some(("X-Eflow-API-Key", key(endpoint))), body).await
}

pub(crate) async fn ask(server: &Server, endpoint: Endpoint, body: &Value) -> Answer {
    try_ask(server, endpoint, body).await.unwrap()
}

pub(crate) async fn ask_feed(server: &Server, feed: Feed, body: &Value) -> Answer {
    ask(server, Endpoint::of(feed), body).await
}

/// The body for some seconds, in UTC.
pub(crate) fn window(from: i64, to: i64) -> Value {
    json!({ "from": text(from), "to": text(to), "timezone_id": 67 })
}

pub(crate) fn text(second: i64) -> String {
    let time = chrono::DateTime::from_timestamp(second, 0).unwrap();
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Invalid clicks of affiliate 17, one a second from [`MONDAY`] on.
pub(crate) fn clicks(count: i64) -> Vec<Click> {
    (0..count)
        .map(|number| Click {
            error_code: 9,
            affiliate_id: 17,
            ..Click::new(MONDAY + number, format!("click-{number}"))
        })
        .collect()
}

/// The bytes of an answer until the server closes the connection, or until there are `enough`.
pub(crate) async fn raw(server: &Server, endpoint: Endpoint, headers: &str, body: &Value, enough: usize) -> Vec<u8> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let body = body.to_string();
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nX-Eflow-API-Key: {}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        endpoint.path(),
        key(endpoint),
        body.len(),
    );
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while answer.len() < enough {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
        }
    }
    answer
}
