//! `analyze score` and `backtest` as whole processes: what is refused, what is kept where, and that an explanation's
//! commands list the clicks that it speaks of.

use std::path::{Path, PathBuf};

use crate::everflow::{clicks, lines};
use crate::lake_files::bytes_of;
use crate::process::{analyze, isolated, land, said, succeed};
use crate::transcript::{Transcript, assert_transcript};

fn lake(folder: &Path) -> PathBuf {
    let (input, lake) = (folder.join("clicks.ndjson"), folder.join("lake"));
    std::fs::write(&input, lines(&clicks(0..150))).unwrap();
    succeed(land(&lake).arg("--source").arg("network-clicks").arg(&input));
    lake
}

#[test]
fn score_refuses_what_cannot_be_meant() {
    let mut typed = Transcript::begin();
    typed
        .file("labels.csv", "entity,verdict,date\n7,frod,2026-01-01\n")
        .file("wrong.toml", "[score]\nwatch_scroe = 4\n");
    typed.file("right.toml", "[score.signals.proxyrate]\nenabled = false\n");
    typed.analyze("score --labels labels.csv");
    typed.analyze("score --labels none.csv");
    typed.analyze("score --config wrong.toml");
    typed.analyze("score --config none.toml");
    typed.analyze("score --by campaign");
    typed.analyze("score --explain 13 --daily");
    typed.analyze("backtest --config right.toml");
    typed.analyze("backtest");
    assert_transcript!(typed);
}

#[test]
fn scores_are_kept_beside_the_lake_and_nothing_in_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(folder.path());
    let before = bytes_of(&lake);
    let scored = succeed(analyze().args(["score", "--format", "csv"]).arg("--lake").arg(&lake));
    assert_eq!(String::from_utf8_lossy(&scored.stdout).lines().count(), 8, "seven affiliates and a header");
    assert!(said(&scored).contains("7 scored: 7 insufficient data"), "{}", said(&scored));
    assert_eq!(bytes_of(&lake), before);
    let kept = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let beside = folder.path().join("lake.scores/affiliate");
    assert_eq!(kept(&beside), ["2025-01-10T000000Z_2025-01-12T235959Z.parquet"]);
    // Once more: the same file. Day by day: three more. Somewhere else, or nowhere, where that is said.
    succeed(analyze().args(["score", "--daily"]).arg("--lake").arg(&lake));
    assert_eq!(kept(&beside).len(), 4);
    succeed(analyze().args(["score", "--no-history", "--by", "offer"]).arg("--lake").arg(&lake));
    assert!(!folder.path().join("lake.scores/offer").exists());
    let elsewhere = folder.path().join("elsewhere");
    succeed(analyze().args(["score", "--by", "affiliate-offer", "--scores"]).arg(&elsewhere).arg("--lake").arg(&lake));
    assert_eq!(kept(&elsewhere.join("affiliate-offer")).len(), 1);
    // What is no file of ours is named.
    std::fs::write(beside.join("strange.parquet"), "PAR1").unwrap();
    let refused = crate::process::exit_with(analyze().arg("score").arg("--lake").arg(&lake), 2);
    assert!(said(&refused).contains("strange.parquet"), "{}", said(&refused));
}

#[test]
fn an_empty_lake_has_no_scores() {
    let folder = tempfile::tempdir().unwrap();
    let (input, lake) = (folder.path().join("none.json"), folder.path().join("lake"));
    std::fs::write(&input, r#"{"clicks":[]}"#).unwrap();
    succeed(land(&lake).args(["--source", "network-clicks"]).arg(&input));
    let scored = succeed(analyze().args(["score", "--format", "csv"]).arg("--lake").arg(&lake));
    assert_eq!(String::from_utf8_lossy(&scored.stdout).lines().count(), 1, "{}", said(&scored));
    assert!(!folder.path().join("lake.scores").exists());
}

#[test]
fn the_sample_says_who_is_abnormal_and_the_clicks_can_be_listed() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = succeed(analyze().args(arguments).current_dir(folder.path()));
        String::from_utf8(output.stdout).unwrap()
    };
    let table = run(&["run", "affiliate_anomaly", "--format", "csv", "--quiet"]);
    let first = table.lines().nth(1).unwrap();
    assert!(first.starts_with("acme-network,13,") && first.contains(",flag,"), "{first}");
    let text = run(&["score", "--explain", "13"]);
    assert!(text.starts_with("13 Nimbus Traffic Co. (account acme-network): flag, score "), "{text}");
    assert!(text.contains("Evidence, not proof"), "{text}");
    // The first command, pasted into a shell.
    let mut lines = text.lines().skip_while(|line| !line.contains(" clicks behind it"));
    let count: usize = lines.next().unwrap().split_whitespace().next().unwrap().parse().unwrap();
    let command = lines.next().unwrap().trim().replacen("analyze", env!("CARGO_BIN_EXE_analyze"), 1);
    let listed = succeed(isolated("sh").arg("-c").arg(format!("{command} --format ndjson")).current_dir(folder.path()));
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), count);
}

#[test]
fn signals_are_there_to_be_looked_at_and_a_file_adds_one() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake(folder.path());
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let text = "-- title: Odd seconds\n-- about: Odd seconds\n-- family: timing\n-- kind: rate\n-- reason: {observed}\n\
                SELECT account, entity, CAST(sum(CAST(date_part('second', click_time) AS BIGINT) % 2) AS DOUBLE) AS x, CAST(count(*) AS DOUBLE) AS n\n\
                FROM entity_clicks\nGROUP BY account, entity\n";
    std::fs::write(own.join("odd_seconds.sql"), text).unwrap();
    let seen = succeed(
        analyze()
            .args(["signals", "--by", "offer", "--format", "ndjson", "--signals"])
            .arg(&own)
            .arg("--lake")
            .arg(&lake),
    );
    let rows: Vec<serde_json::Value> =
        String::from_utf8_lossy(&seen.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |signal: &str| rows.iter().filter(|row| row["signal"] == signal).cloned().collect::<Vec<_>>();
    // 150 clicks of one offer, of which each eleventh came through a proxy.
    let [proxies] = &of("proxy_rate")[..] else { panic!("{rows:?}") };
    assert_eq!((&proxies["entity"], &proxies["x"], &proxies["n"]), (&"19".into(), &14.0.into(), &150.0.into()));
    let odd = (0..150).filter(|number| number * 7919 % 86_400 % 2 == 1).count();
    assert_eq!(of("odd_seconds")[0]["x"], odd as f64);
}
