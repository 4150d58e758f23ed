//! Files that are damaged or foreign: a clear error, and they stay as they are.

use arrow::array::Int64Array;
use parquet::arrow::ArrowWriter;

use super::*;

fn clicks(id: &str) -> [TypedClicks; 1] {
    [typed(Observation::default(), [row(id, 1, "").as_str(), row("same", 2, "").as_str()])]
}

/// A lake with one partition of these bytes; what landing says, and that the bytes are still there.
fn landing_on(bytes: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<Folded, LandingError> {
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &clicks("a"));
    let path = lake.partitions().unwrap().remove(0).path;
    let written = bytes(fs::read(&path).unwrap());
    fs::write(&path, &written).unwrap();
    let result = landing(&lake).fold(&clicks("b"), Observation::default(), &[], &[]);
    if result.is_err() {
        let left = files(&lake.root().join("clicks"));
        assert!(left == BTreeMap::from([(path, written)]), "the file was touched: {:?}", left.keys());
    }
    result
}

#[test]
fn a_damaged_partition_is_named_and_left_alone() {
    let cut = |keep: usize| move |bytes: Vec<u8>| bytes[..bytes.len() * keep / 10].to_vec();
    let results = [
        landing_on(|_| vec![]),
        landing_on(|bytes| vec![0; bytes.len()]),
        landing_on(|bytes| (0..bytes.len()).map(|at| (at * 7919 % 251) as u8).collect()),
        landing_on(cut(0)),
        landing_on(cut(5)),
        landing_on(cut(9)),
        landing_on(|bytes| [&bytes[..], b"more"].concat()),
        landing_on(|bytes| {
            bytes.iter().enumerate().map(|(at, b)| if at < bytes.len() / 4 { 0xaa } else { *b }).collect()
        }),
    ];
    for (case, result) in results.into_iter().enumerate() {
        let error = result.expect_err(&format!("case {case}"));
        assert!(matches!(error, LandingError::Partition(PartitionError::Damaged { .. })), "{case}: {error}");
        let text = error.to_string();
        assert!(text.contains("clicks.parquet is damaged or no Parquet file"), "{text}");
        assert!(text.contains("restore it from a copy, or move it out of the lake"), "{text}");
    }
}

/// Where a bit is wrong, it is found out or lies in what is not read; there is no panic, and no error touches the file.
#[test]
fn wrong_bits_do_no_harm() {
    for nth in 0..60 {
        let _ = landing_on(|mut bytes| {
            let at = bytes.len() * nth / 60;
            bytes[at] ^= 1 << (nth % 8);
            bytes
        });
    }
}

#[test]
fn a_foreign_parquet_file_is_named_and_left_alone() {
    let error = landing_on(|_| {
        let column: arrow::array::ArrayRef = std::sync::Arc::new(Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        let mut bytes = vec![];
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    });
    let error = error.unwrap_err();
    assert!(matches!(error, LandingError::Partition(PartitionError::Foreign { .. })), "{error}");
    assert!(error.to_string().contains("first difference: transaction_id"), "{error}");
}

#[test]
fn unfinished_files_are_swept_and_foreign_ones_stay() {
    let (_folder, lake) = new_lake(Granularity::Day);
    land(&lake, &clicks("a"));
    let folder = lake.partitions().unwrap()[0].path.parent().unwrap().to_owned();
    let (unfinished, foreign) = (folder.join(".clicks.parquet.77.tmp"), folder.join("notes.txt"));
    fs::write(&unfinished, "half").unwrap();
    fs::write(&foreign, "mine").unwrap();
    land(&lake, &clicks("b"));
    assert!(!unfinished.exists());
    assert_eq!(fs::read(&foreign).unwrap(), b"mine");
    assert_eq!(ids(&batches(&lake)[0].1), ["a", "b", "same"]);
}
