//! What is wrong on the disk: one clear sentence, exit code 2, and nothing changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use crate::everflow;
use crate::lake_files::{bytes_of, paths_of, unique_ids};
use crate::process::{exit_with, land, said, succeed, within};

/// A lake of two days, and a file that changes both and begins a third.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene { folder: tempfile::tempdir().unwrap() };
        fs::write(scene.file(), everflow::lines(&everflow::clicks(0..100))).unwrap();
        succeed(land(&scene.lake()).arg(scene.file()));
        fs::write(scene.file(), everflow::lines(&everflow::later_clicks(50..150))).unwrap();
        scene
    }

    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("rows.ndjson")
    }

    fn partition(&self) -> PathBuf {
        self.lake().join("clicks/account=default/date=2025-01-11/clicks.parquet")
    }

    /// Landing exits with 2, says so, and changes no byte of the lake.
    #[track_caller]
    fn is_refused(&self, expected: &str) {
        let before = bytes_of(&self.lake());
        self.refuse(land(&self.lake()).arg(self.file()), expected);
        assert!(bytes_of(&self.lake()) == before, "the lake changed");
    }

    #[track_caller]
    fn refuse(&self, command: &mut Command, expected: &str) {
        let output = exit_with(command, 2);
        assert_eq!(output.stdout, b"");
        let text = said(&output).replace(&self.folder.path().display().to_string(), "DIR");
        assert!(text.contains(expected), "said: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "more than one sentence: {text}");
        assert!(text.starts_with("error: "), "{text}");
    }
}

fn has_temporaries(root: &Path) -> bool {
    paths_of(root).iter().any(|path| path.to_string_lossy().ends_with(".tmp"))
}

#[test]
fn a_full_disk_leaves_each_partition_as_it_was_or_as_it_should_be() {
    let scene = Scene::new();
    let before = bytes_of(&scene.lake());
    let after = {
        let undisturbed = Scene::new();
        succeed(land(&undisturbed.lake()).arg(undisturbed.file()));
        bytes_of(&undisturbed.lake())
    };
    let sizes: Vec<usize> =
        after.iter().filter(|(path, _)| path.starts_with("clicks")).map(|(_, it)| it.len()).collect();
    // Smaller than every partition: no commit succeeds. A shell counts blocks of 512 or of 1,024 bytes.
    let largest_blocks = sizes.iter().min().unwrap() / 1024 - 1;
    for blocks in [0, 1, largest_blocks / 2, largest_blocks] {
        // A write beyond the limit is an error like that of a full disk, once its signal is ignored.
        let limits = format!("trap '' XFSZ; ulimit -f {blocks}");
        scene.refuse(&mut within(&limits, land(&scene.lake()).arg(scene.file())), "File too large");
        assert!(bytes_of(&scene.lake()) == before, "{blocks} blocks: the lake changed");
    }
    succeed(land(&scene.lake()).arg(scene.file()));
    assert!(bytes_of(&scene.lake()) == after, "with room again, landing does not complete");
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_no_lake() {
    let scene = Scene::new();
    let new = scene.folder.path().join("new");
    scene.refuse(
        &mut within("trap '' XFSZ; ulimit -f 0", land(&new).arg(scene.file())),
        "cannot write DIR/new/lake.json",
    );
    // The writers' lock is empty, and stays.
    assert!(paths_of(&new).iter().all(|path| path.ends_with(".lock")), "{:?}", paths_of(&new));
    succeed(land(&new).arg(scene.file()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_may_not_be_written_to_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let folder = scene.partition().parent().unwrap().to_owned();
    let before = bytes_of(&folder);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let ignores_permissions = fs::write(folder.join("probe"), "").is_ok();
    let landing = || {
        let mut landing = land(&scene.lake());
        landing.arg(scene.file());
        if !ignores_permissions {
            return landing;
        }
        // Whoever is root may write anywhere, unless that capability is dropped.
        let mut without = crate::process::isolated("setpriv");
        without.arg("--bounding-set=-dac_override").arg(landing.get_program()).args(landing.get_args());
        without
    };
    if ignores_permissions {
        fs::remove_file(folder.join("probe")).unwrap();
    }
    scene.refuse(&mut landing(), "date=2025-01-11/clicks.parquet: Permission denied");
    assert!(bytes_of(&folder) == before && !has_temporaries(&scene.lake()));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    succeed(&mut landing());
    assert_eq!(unique_ids(&scene.lake()).len(), 150);
}

#[test]
fn a_file_where_a_folder_should_be_is_named() {
    let scene = Scene::new();
    fs::remove_dir_all(scene.lake().join("clicks")).unwrap();
    fs::write(scene.lake().join("clicks"), "not a folder").unwrap();
    scene.is_refused("DIR/lake/clicks");
    let beneath = scene.file().join("lake");
    scene.refuse(land(&beneath).arg(scene.file()), "DIR/rows.ndjson/lake");
    scene.refuse(land(&scene.file()).arg(scene.file()), "DIR/rows.ndjson");
}

#[test]
fn a_damaged_partition_is_named_and_left_alone() {
    let scene = Scene::new();
    let good = fs::read(scene.partition()).unwrap();
    let damages: BTreeMap<&str, Vec<u8>> = BTreeMap::from([
        ("empty", vec![]),
        ("cut off", good[..good.len() / 2].to_vec()),
        ("text", b"hello".repeat(100)),
        ("a footer that lies", [&good[..good.len() - 8], b"\xff\xff\xff\x7fPAR1"].concat()),
        ("zeros in the middle", {
            let mut bytes = good.clone();
            bytes[4..good.len() / 2].fill(0);
            bytes
        }),
    ]);
    for (damage, bytes) in damages {
        fs::write(scene.partition(), bytes).unwrap();
        // The other days of the input may land: only this one may not change.
        let before = fs::read(scene.partition()).unwrap();
        let text = said(&exit_with(land(&scene.lake()).arg(scene.file()), 2));
        let path = scene.partition().display().to_string();
        assert!(text.starts_with(&format!("error: {path} is damaged or no Parquet file (")), "{damage}: {text}");
        assert!(
            text.contains("restore it from a copy, or move it out of the lake and land its clicks again"),
            "{text}"
        );
        assert_eq!(fs::read(scene.partition()).unwrap(), before, "{damage}");
        assert!(!has_temporaries(&scene.lake()), "{damage}");
    }
    fs::write(scene.partition(), good).unwrap();
    succeed(land(&scene.lake()).arg(scene.file()));
    assert_eq!(unique_ids(&scene.lake()).len(), 150);
}

#[test]
fn a_parquet_file_of_somebody_else_is_named_and_left_alone() {
    let scene = Scene::new();
    let column = Arc::new(Int64Array::from(vec![1, 2, 3])) as _;
    let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let foreign = writer.into_inner().unwrap();
    fs::write(scene.partition(), &foreign).unwrap();
    let text = said(&exit_with(land(&scene.lake()).arg(scene.file()), 2));
    assert!(text.contains("does not have the columns of a Clickproof partition"), "{text}");
    assert_eq!(fs::read(scene.partition()).unwrap(), foreign);
    assert!(!has_temporaries(&scene.lake()));
}

#[test]
fn files_of_somebody_else_stay() {
    let scene = Scene::new();
    let theirs = ["notes.txt", "clicks/README", "clicks/account=default/date=2025-01-11/notes.txt"];
    theirs_stay(&scene, &theirs);
}

#[test]
fn unfinished_files_of_somebody_else_stay() {
    let scene = Scene::new();
    theirs_stay(&scene, &[".notes.tmp", "clicks/account=default/date=2025-01-11/.clicks.parquet.part.tmp"]);
}

fn theirs_stay(scene: &Scene, theirs: &[&str]) {
    for path in theirs {
        fs::write(scene.lake().join(path), "mine").unwrap();
    }
    succeed(land(&scene.lake()).arg(scene.file()));
    for path in theirs {
        assert_eq!(fs::read(scene.lake().join(path)).unwrap(), b"mine", "{path}");
    }
}

#[test]
fn a_lake_of_a_later_release_or_with_a_broken_description_is_left_alone() {
    let scene = Scene::new();
    let description = scene.lake().join("lake.json");
    fs::write(&description, r#"{"format_version": 2, "partition": "day", "colour": "blue"}"#).unwrap();
    scene.is_refused(
        "DIR/lake/lake.json: format version 2 is newer than 1, the newest this build knows: upgrade Clickproof",
    );
    for broken in ["", "{", "[]", r#"{"format_version": "one", "partition": "day"}"#, r#"{"format_version": 1}"#] {
        fs::write(&description, broken).unwrap();
        scene.is_refused("restore the file, it holds the lake's format version and granularity");
    }
    fs::remove_file(&description).unwrap();
    scene.is_refused("DIR/lake is not empty and has no lake.json, so it is not a Clickproof lake");
}

#[test]
fn a_lake_of_a_later_release_is_known_by_its_version_alone() {
    let scene = Scene::new();
    fs::write(scene.lake().join("lake.json"), r#"{"format_version": 2, "partition": "minute"}"#).unwrap();
    scene.is_refused("DIR/lake/lake.json: format version 2 is newer than 1");
}

#[test]
fn a_folder_of_other_things_never_becomes_a_lake() {
    let scene = Scene::new();
    let folder = scene.folder.path().join("thesis");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("chapter-1.txt"), "x").unwrap();
    scene.refuse(land(&folder).arg(scene.file()), "DIR/thesis is not empty and has no lake.json");
    assert_eq!(paths_of(&folder).len(), 1);
}

#[test]
fn an_input_that_is_not_there_makes_no_lake() {
    let scene = Scene::new();
    let new = scene.folder.path().join("new");
    scene.refuse(land(&new).arg(scene.file()).arg(scene.folder.path().join("gone.json")), "cannot read DIR/gone.json");
    assert!(!new.exists());
}
