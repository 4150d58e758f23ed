//! `--dry-run`: what would be asked for, and nothing is.

use super::*;
use crate::process::succeed;

fn plan_of(scene: &Scene, flags: &str) -> String {
    let before = scene.requests();
    let output = succeed(scene.pull(flags).arg("--dry-run").env_remove("EVERFLOW_API_KEY"));
    assert_eq!(scene.requests(), before, "something was asked");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_plan_is_shown_and_nothing_is_sent_or_made() {
    let (from, to) = (now() - 20 * DAY, now() - 10 * DAY);
    let scene = Scene::new(regular(from, to, 60));
    let line = format!("--source invalid-clicks --from {} --to {}", time(from), time(to));
    let plan = plan_of(&scene, &line);
    assert!(plan.contains(&format!("to ask           864,001 seconds: {} .. {}", time(from), time(to))), "{plan}");
    assert!(plan.contains("at least 1; how dense the clicks are is not known yet"), "{plan}");
    assert!(!scene.lake().exists());

    let middle = format!("--source invalid-clicks --from {} --to {}", time(from + DAY), time(from + 2 * DAY - 1));
    succeed(&mut scene.pull(&middle));
    let plan = plan_of(&scene, &line);
    assert!(plan.contains("covered          86,400 seconds"), "{plan}");
    assert!(plan.contains("to ask           777,601 seconds"), "{plan}");
    // A click a minute: 12,960 rows, which are thirteen full answers.
    assert!(plan.contains("about 13 to "), "{plan}");

    let plan = plan_of(&scene, "--source invalid-clicks --from 2020-01-01");
    assert!(plan.contains("out of retention") && plan.contains("2020-01-01T00:00:00Z"), "{plan}");
    assert!(plan.contains("not settled      600 seconds") || plan.contains("not settled      601 seconds"), "{plan}");
}
