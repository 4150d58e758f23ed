//! Verdicts of earlier days, learned from, as a whole command.

use super::*;

#[tokio::test]
async fn verdicts_about_earlier_days_order_the_next_one() {
    let network = Network::new();
    // Publishers 0 to 5 are found out the day before the last one, about which nobody has said anything yet.
    network.label(&[0, 1, 2, 3, 4, 5], &format!("2026-03-{:02}", DAYS - 1));
    network.run("score", 1, DAYS - 1, &["--daily", "--scores", "scores"]).await;
    let with_labels = ["--labels", "labels.csv", "--scores", "scores"];
    let last = network.run("score", DAYS, DAYS, &with_labels).await;
    let said = format!("learned from {} frauds among {} in {} windows", 6 * (DAYS - 1), 30 * (DAYS - 1), DAYS - 1);
    assert!(last.said.contains(&said), "{}", last.said);
    assert!(last.said.contains("no precision: no verdict was given since this window began"), "{}", last.said);
    let of = |row: &Value, column: &str| row[column].as_f64().unwrap();
    assert!(last.rows.iter().all(|row| (0.0..=1.0).contains(&of(row, "learned"))));
    assert!(last.rows.is_sorted_by(|a, b| of(a, "priority") >= of(b, "priority")));
    assert_eq!(last.rows[0]["verdict"].as_str().map(|verdict| ["fraud", "cleared"].contains(&verdict)), Some(true));

    // Verdicts about the day itself are held out, and measure the order.
    network.label(&[0, 1, 2, 3, 4, 5], "2026-03-31");
    let known = network.run("score", DAYS, DAYS, &with_labels).await;
    assert!(known.said.contains("top 20: ") && known.said.contains("in 12 windows"), "{}", known.said);

    // Without the windows that they are about, verdicts teach nothing, and that is said.
    network.label(&[0, 1, 2, 3, 4, 5], &format!("2026-03-{:02}", DAYS - 1));
    let alone = network.run("score", DAYS, DAYS, &["--labels", "labels.csv", "--no-history"]).await;
    assert!(alone.said.contains("nothing learned: 0 frauds and 0 cleared are known"), "{}", alone.said);
    assert!(alone.rows.iter().all(|row| row["learned"].is_null()));
}
