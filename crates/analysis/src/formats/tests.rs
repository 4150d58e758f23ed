//! All formats, tested together.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, ListBuilder, MapBuilder, NullArray, RecordBatch, StringArray, StringBuilder, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use datafusion::arrow::ipc::reader::FileReader;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

use super::*;
use reparse::read_csv;

pub(crate) mod reparse;

const ALL: [Format; 8] = [
    Format::Table,
    Format::Csv,
    Format::Json,
    Format::Ndjson,
    Format::Markdown,
    Format::Html,
    Format::Parquet,
    Format::Arrow,
];

/// A writer whose bytes the test can look at.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stream(schema: SchemaRef, batches: Vec<Result<RecordBatch, DataFusionError>>) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches)))
}

fn written(format: Format, batches: &[RecordBatch], meta: &Meta, options: &Options) -> (Vec<u8>, Written) {
    let out = Shared::default();
    let rows = stream(batches[0].schema(), batches.iter().cloned().map(Ok).collect());
    let result = futures::executor::block_on(write(format, rows, meta, options, Box::new(out.clone()))).unwrap();
    let bytes = out.0.lock().unwrap().clone();
    (bytes, result)
}

fn text(format: Format, batch: &RecordBatch) -> String {
    let (bytes, _) = written(format, std::slice::from_ref(batch), &Meta::default(), &Options::default());
    String::from_utf8(bytes).unwrap()
}

fn column(name: &str, array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([(name, array, true)]).unwrap()
}

fn texts(values: &[Option<&str>]) -> RecordBatch {
    column("text", Arc::new(values.iter().copied().collect::<StringArray>()))
}

/// One column of every type that queries return, three rows, the last all NULL.
fn every_type() -> RecordBatch {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("a"), None, Some("=b\"|")]);
    tags.append_value([None::<&str>; 0]);
    tags.append_null();
    let mut query = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    query.keys().append_value("q");
    query.values().append_value("<1>");
    query.keys().append_value("z");
    query.values().append_null();
    query.append(true).unwrap();
    query.append(true).unwrap();
    query.append(false).unwrap();
    let dictionary: DictionaryArray<Int32Type> = [Some("dict"), Some("dict"), None].into_iter().collect();
    let time = TimestampMicrosecondArray::from(vec![Some(1_772_323_200_000_000), Some(1_772_323_200_500_000), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("affiliate_id", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), Some(1_001), None]))),
        ("clicks", Arc::new(Int64Array::from(vec![Some(1_234_567), Some(-5), None]))),
        ("rate", Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), Some(1e-7), None]))),
        (
            "payout",
            Arc::new(
                Decimal128Array::from(vec![Some(1_234_567_890_100_000), Some(-1), None])
                    .with_precision_and_scale(18, 6)
                    .unwrap(),
            ),
        ),
        ("is_proxy", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("click_time", Arc::new(time.clone().with_timezone("UTC"))),
        ("local_time", Arc::new(time)),
        ("day", Arc::new(Date32Array::from(vec![Some(20_513), Some(-1), None]))),
        ("plain", Arc::new(StringArray::from(vec![Some("naïve"), Some(""), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("a view longer than twelve bytes"), Some("v"), None]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some("large"), Some("l"), None]))),
        ("dictionary", Arc::new(dictionary)),
        ("raw", Arc::new(BinaryArray::from(vec![Some(b"\x00\xff".as_ref()), Some(b"".as_ref()), None]))),
        ("tags", Arc::new(tags.finish())),
        ("query", Arc::new(query.finish())),
        ("nothing", Arc::new(NullArray::new(3))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

#[test]
fn csv_of_every_type() {
    insta::assert_snapshot!(text(Format::Csv, &every_type()));
}

#[test]
fn ndjson_of_every_type() {
    insta::assert_snapshot!(text(Format::Ndjson, &every_type()));
}

#[test]
fn table_of_every_type() {
    insta::assert_snapshot!(text(Format::Table, &every_type()));
}

#[test]
fn markdown_of_every_type() {
    let meta = Meta {
        title: "Rates | of *all*".to_owned(),
        about: "What <it> means".to_owned(),
        notes: vec!["covers 40 % of the range".to_owned()],
    };
    let (bytes, _) = written(Format::Markdown, &[every_type()], &meta, &Options::default());
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap());
}

#[test]
fn json_is_ndjson_in_an_array() {
    let batch = every_type();
    let lines: Vec<serde_json::Value> =
        text(Format::Ndjson, &batch).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let array: Vec<serde_json::Value> = serde_json::from_str(&text(Format::Json, &batch)).unwrap();
    assert_eq!(array, lines);
    assert_eq!(array[0]["affiliate_id"], serde_json::json!(9_007_199_254_740_993_i64));
    assert!(text(Format::Json, &batch).contains("\"payout\":1234567890.100000,"), "money keeps its digits");
    assert!(array[2].as_object().unwrap().values().all(serde_json::Value::is_null), "NULL is explicit");
}

#[test]
fn parquet_and_arrow_hold_the_same_plain_rows() {
    let batch = every_type();
    let meta = Meta { title: "t".to_owned(), about: String::new(), notes: vec!["n1".to_owned(), "n2".to_owned()] };
    let (parquet_bytes, _) = written(Format::Parquet, &[batch.clone(), batch.clone()], &meta, &Options::default());
    let (arrow_bytes, _) = written(Format::Arrow, &[batch.clone(), batch.clone()], &meta, &Options::default());
    assert!(arrow_bytes.starts_with(b"ARROW1") && arrow_bytes.ends_with(b"ARROW1"));

    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet_bytes)).unwrap();
    let keys = builder.metadata().file_metadata().key_value_metadata().unwrap().clone();
    assert!(keys.iter().any(|entry| entry.key == "clickproof.notes" && entry.value.as_deref() == Some("n1\nn2")));
    let from_parquet: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let reader = FileReader::try_new(io::Cursor::new(arrow_bytes), None).unwrap();
    assert_eq!(reader.schema().metadata()["clickproof.title"], "t");
    let from_arrow: Vec<RecordBatch> = reader.map(Result::unwrap).collect();

    let plain = plain::schema(&batch.schema());
    let expected = plain::pieces(&batch, &plain).next().unwrap().unwrap();
    for batches in [from_parquet, from_arrow] {
        let all = datafusion::arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
        assert_eq!(all.num_rows(), 6);
        assert_eq!(all.slice(0, 3).columns(), expected.columns());
        assert_eq!(all.slice(3, 3).columns(), expected.columns());
        for name in ["plain", "view", "dictionary"] {
            assert_eq!(all.schema().field_with_name(name).unwrap().data_type(), &DataType::Utf8, "{name}");
        }
    }
}

#[test]
fn no_rows_still_have_a_header() {
    let none = every_type().slice(0, 0);
    for batches in [vec![], vec![Ok(none.clone())]] {
        for format in ALL {
            let out = Shared::default();
            let rows = stream(
                none.schema(),
                batches
                    .iter()
                    .map(|batch: &Result<RecordBatch, DataFusionError>| Ok(batch.as_ref().unwrap().clone()))
                    .collect(),
            );
            let result = futures::executor::block_on(write(
                format,
                rows,
                &Meta::default(),
                &Options::default(),
                Box::new(out.clone()),
            ))
            .unwrap();
            assert_eq!(result.rows, 0);
            let bytes = out.0.lock().unwrap().clone();
            match format {
                Format::Json => {
                    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), serde_json::json!([]))
                }
                Format::Ndjson => assert!(bytes.is_empty()),
                Format::Parquet => {
                    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
                    assert_eq!(
                        (builder.metadata().file_metadata().num_rows(), builder.schema().fields().len()),
                        (0, 16)
                    );
                }
                Format::Arrow => {
                    let reader = FileReader::try_new(io::Cursor::new(bytes), None).unwrap();
                    assert_eq!((reader.schema().fields().len(), reader.count()), (16, 0));
                }
                _ => assert!(String::from_utf8(bytes).unwrap().contains("local"), "{format} lacks a header"),
            }
        }
    }
}

#[test]
fn html_stands_alone() {
    let meta = Meta {
        title: "A <b>title</b>".to_owned(),
        about: "about & more".to_owned(),
        notes: vec!["only \"half\"".to_owned()],
    };
    let (bytes, _) = written(Format::Html, &[every_type()], &meta, &Options::default());
    let page = String::from_utf8(bytes).unwrap();
    for expected in [
        "<title>A &lt;b&gt;title&lt;/b&gt;</title>",
        "<caption>A &lt;b&gt;title&lt;/b&gt;</caption>",
        "<p class=\"about\">about &amp; more</p>",
        "<p class=\"note\">only &quot;half&quot;</p>",
        "<td class=\"n\"><data value=\"1234567\">1,234,567</data></td>",
        "<td class=\"n\"><data value=\"1234567890.100000\">1,234,567,890.10</data></td>",
        "<td class=\"n\"><data value=\"0.30000000000000004\">0.3000</data></td>",
        "<td class=\"n\"></td>",
        "prefers-color-scheme: dark",
        "default-src 'none'",
    ] {
        assert!(page.contains(expected), "{expected} is missing:\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
    assert_eq!(page.matches("<tr>").count(), 4);
}

#[test]
fn spreadsheets_do_not_run_text() {
    let hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"];
    let values: Vec<Option<&str>> = hostile.into_iter().chain(["1=1", "it's", ""]).map(Some).collect();
    let batch = RecordBatch::try_from_iter([
        ("=heading", texts(&values).column(0).clone()),
        ("number", Arc::new(Int64Array::from(vec![-1; values.len()]))),
        ("amount", Arc::new(Decimal128Array::from(vec![-1; values.len()]).with_precision_and_scale(18, 6).unwrap())),
    ])
    .unwrap();
    let guarded = read_csv(&text(Format::Csv, &batch));
    let (raw, _) = written(
        Format::Csv,
        std::slice::from_ref(&batch),
        &Meta::default(),
        &Options { raw: true, ..Options::default() },
    );
    let raw = read_csv(&String::from_utf8(raw).unwrap());
    assert_eq!(guarded[0], ["'=heading", "number", "amount"]);
    assert_eq!(raw[0], ["=heading", "number", "amount"]);
    for (row, value) in values.iter().enumerate() {
        let value = value.unwrap();
        let expected = if hostile.contains(&value) { format!("'{value}") } else { value.to_owned() };
        assert_eq!(guarded[row + 1], [expected.as_str(), "-1", "-0.000001"]);
        assert_eq!(raw[row + 1][0], value);
    }
}

#[test]
fn the_table_is_safe_for_terminals() {
    let table = text(Format::Table, &texts(&[Some("\u{1b}[2Jgone\nrow\u{202e}"), None, Some("東京")]));
    assert_eq!(table, "text\n--------------------------\n\\u{1b}[2Jgone\\nrow\\u{202e}\n-\n東京\n");
}

#[test]
fn the_table_fits_the_terminal() {
    let batch = RecordBatch::try_from_iter([
        (
            "user_agent",
            Arc::new(StringArray::from(vec!["Mozilla/5.0 (X11; Linux x86_64)", "東京東京東京東京"])) as ArrayRef,
        ),
        ("note", Arc::new(StringArray::from(vec!["short", "words that go on"]))),
        ("clicks", Arc::new(Int64Array::from(vec![1_000_000, 7]))),
    ])
    .unwrap();
    let options = Options { width: Some(38), ..Options::default() };
    let (bytes, result) = written(Format::Table, std::slice::from_ref(&batch), &Meta::default(), &options);
    let table = String::from_utf8(bytes).unwrap();
    assert!(table.lines().all(|line| visible::columns(line) <= 38), "{table}");
    assert!(table.contains('…') && table.contains("1,000,000") && result.remarks.len() == 1, "{table}");
    let whole = text(Format::Table, &batch);
    assert!(whole.contains("Mozilla/5.0 (X11; Linux x86_64)") && !whole.contains('…'));
    let color = Options { color: true, ..Options::default() };
    let (bytes, _) = written(Format::Table, &[texts(&[None])], &Meta::default(), &color);
    assert_eq!(String::from_utf8(bytes).unwrap(), "\u{1b}[1mtext\u{1b}[0m\n----\n\u{1b}[2m-\u{1b}[0m\n");
}

#[test]
fn a_long_table_streams_after_its_first_rows() {
    let short = texts(&vec![Some("short"); 6_000]);
    let long = texts(&[Some("much longer than the rest"), Some("short")]);
    let batches = [short.clone(), short, long];
    let (bytes, result) = written(Format::Table, &batches, &Meta::default(), &Options::default());
    let table = String::from_utf8(bytes).unwrap();
    assert_eq!((result.rows, table.lines().count()), (12_002, 12_004));
    assert!(table.ends_with("short\nmuch longer than the rest\nshort\n"));
    assert_eq!(result.remarks, ["columns are aligned on the first rows only; later cells may be wider"]);
}

/// A writer that takes some bytes, then fails.
struct Failing(usize, io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(self.1, "no more"));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_told_from_a_full_disk() {
    let rows = texts(&vec![Some("some text that fills the buffers"); 20_000]);
    for format in ALL {
        for room in [0, 100] {
            for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
                let rows = stream(rows.schema(), vec![Ok(rows.clone())]);
                let out = Box::new(Failing(room, kind));
                let error =
                    futures::executor::block_on(write(format, rows, &Meta::default(), &Options::default(), out))
                        .unwrap_err();
                match error {
                    FormatError::BrokenPipe => assert_eq!(kind, io::ErrorKind::BrokenPipe, "{format}"),
                    FormatError::Output(source) => {
                        assert_eq!((kind, source.kind()), (io::ErrorKind::StorageFull, kind), "{format}")
                    }
                    other => panic!("{format}: {other}"),
                }
            }
        }
    }
}

#[test]
fn a_failing_query_writes_nothing() {
    let schema = texts(&[]).schema();
    for format in ALL {
        let out = Shared::default();
        let rows = stream(schema.clone(), vec![Err(DataFusionError::Execution("divide by zero".to_owned()))]);
        let error = futures::executor::block_on(write(
            format,
            rows,
            &Meta::default(),
            &Options::default(),
            Box::new(out.clone()),
        ))
        .unwrap_err();
        assert!(matches!(error, FormatError::Query(_)));
        assert!(out.0.lock().unwrap().is_empty(), "{format}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let number = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let twice = RecordBatch::try_from_iter([("a", number.clone()), ("a", number)]).unwrap();
    let beyond = column("time", Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX]).with_timezone("UTC")));
    let no_columns = Arc::new(Schema::new(Vec::<Field>::new()));
    for format in ALL {
        let run = |rows| {
            futures::executor::block_on(write(
                format,
                rows,
                &Meta::default(),
                &Options::default(),
                Box::new(io::sink()),
            ))
        };
        let needs_names = matches!(format, Format::Json | Format::Ndjson | Format::Parquet | Format::Arrow);
        match run(stream(twice.schema(), vec![Ok(twice.clone())])) {
            Ok(_) => assert!(!needs_names, "{format}"),
            Err(error) => {
                assert!(needs_names && error.to_string().contains("two columns are called 'a'"), "{format}: {error}")
            }
        }
        match run(stream(beyond.schema(), vec![Ok(beyond.clone())])) {
            Ok(_) => assert!(format.is_binary(), "{format}"),
            Err(error) => assert!(
                error.to_string().contains("column 'time' holds a time beyond the calendar"),
                "{format}: {error}"
            ),
        }
        assert!(matches!(run(stream(no_columns.clone(), vec![])), Err(FormatError::NoColumns)));
    }
}
