//! Arrow types that every tool reads.
//!
//! View, dictionary and run-end types are how a query computes; many readers of Parquet and Arrow files lack them. So
//! every batch is cast to plain types before it is written, in any format, in pieces small enough that plain text's
//! 32-bit offsets hold.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

/// Text of a piece above which it is cut in two.
const PIECE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The schema that is written: plain types, without metadata. (A lake file's metadata holds its coverage, which says
/// nothing of an answer's rows.)
pub(super) fn schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<FieldRef> = schema.fields().iter().map(plain_field).collect();
    Arc::new(Schema::new(fields))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), plain_type(field.data_type()), field.is_nullable()))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::List(item) | DataType::ListView(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        other => other.clone(),
    }
}

/// The rows of `batch` in the types of `schema`, in one piece or, where there is very much text, several; none for no rows.
pub(super) fn pieces<'a>(
    batch: &'a RecordBatch,
    schema: &'a SchemaRef,
) -> impl Iterator<Item = Result<RecordBatch, String>> + 'a {
    let mut waiting = if batch.num_rows() == 0 { vec![] } else { vec![batch.clone()] };
    std::iter::from_fn(move || {
        let mut piece = waiting.pop()?;
        while piece.num_rows() > 1 && text_bytes(&piece) > PIECE_BYTES_MAX {
            let half = piece.num_rows() / 2;
            waiting.push(piece.slice(half, piece.num_rows() - half));
            piece = piece.slice(0, half);
        }
        Some(to_plain(&piece, schema))
    })
}

fn to_plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let columns: Result<Vec<ArrayRef>, String> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            cast(column, field.data_type()).map_err(|error| format!("column '{}': {error}", field.name()))
        })
        .collect();
    RecordBatch::try_new(schema.clone(), columns?).map_err(|error| error.to_string())
}

/// The bytes of text that casting will lay out flat: what views share and dictionaries hold once counts every time.
fn text_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(flat_bytes).max().unwrap_or(0)
}

fn flat_bytes(column: &ArrayRef) -> usize {
    match column.data_type() {
        DataType::Utf8View => column.as_string_view().lengths().map(|length| length as usize).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(|length| length as usize).sum(),
        DataType::Dictionary(_, _) => {
            let dictionary = column.as_any_dictionary();
            let values = dictionary.values().get_array_memory_size();
            let average = values / dictionary.values().len().max(1);
            average.saturating_mul(column.len())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{DictionaryArray, StringViewArray};
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn much_shared_text_comes_in_pieces_with_every_row() {
        // 1,000 rows that share one text of 1 MB: flat, they are four pieces' worth.
        let long = "x".repeat(1 << 20);
        let mut builder = datafusion::arrow::array::StringViewBuilder::new().with_deduplicate_strings();
        (0..1_000).for_each(|_| builder.append_value(&long));
        let views: StringViewArray = builder.finish();
        let batch = RecordBatch::try_from_iter([("text", Arc::new(views) as ArrayRef)]).unwrap();
        let plain = schema(&batch.schema());
        let rows: Vec<usize> = pieces(&batch, &plain)
            .map(|piece| {
                let piece = piece.unwrap();
                assert_eq!(piece.column(0).as_string::<i32>().value(0), long);
                piece.num_rows()
            })
            .collect();
        assert_eq!(rows.iter().sum::<usize>(), 1_000);
        assert!(rows.len() >= 4 && rows.iter().all(|rows| *rows <= 256), "{rows:?}");
    }

    #[test]
    fn a_null_inside_a_dictionary_stays_null() {
        let dictionary: DictionaryArray<Int32Type> = [Some("a"), None, Some("a")].into_iter().collect();
        let batch = RecordBatch::try_from_iter([("text", Arc::new(dictionary) as ArrayRef)]).unwrap();
        let plain = schema(&batch.schema());
        let piece = pieces(&batch, &plain).next().unwrap().unwrap();
        assert_eq!(piece.schema().field(0).data_type(), &DataType::Utf8);
        assert!(piece.column(0).is_null(1) && piece.column(0).is_valid(2));
    }
}
