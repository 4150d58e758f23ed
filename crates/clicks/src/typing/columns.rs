//! Builders of columns that cost nothing for absent values: NULLs are only written when a value follows them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BooleanBuilder, Decimal128Builder, Float64Builder, Int32Builder,
    Int64Builder, MapArray, MapBuilder, MapFieldNames, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field};

use crate::schema::{Kind, MONEY_PRECISION, MONEY_SCALE};

use super::scalar::Token;
use super::texts::TextTable;

/// The builder of one column.
pub(super) enum ColumnBuilder {
    Text(StringBuilder),
    /// Texts of rows that others have as well.
    Repeated(Box<TextTable>),
    Integer(Int64Builder),
    Code(Int32Builder),
    Flag(BooleanBuilder),
    Money(Decimal128Builder),
    Score(Float64Builder),
    Seconds(TimestampMicrosecondBuilder),
    TextMap(Box<MapBuilder<StringBuilder, StringBuilder>>),
}

/// Appends NULLs up to a length.
macro_rules! pad {
    ($builder:expr, $len:expr) => {
        if arrow::array::ArrayBuilder::len($builder) < $len {
            $builder.append_nulls($len - arrow::array::ArrayBuilder::len($builder));
        }
    };
}

impl ColumnBuilder {
    pub(super) fn new(kind: Kind) -> ColumnBuilder {
        match kind {
            Kind::Text => ColumnBuilder::Text(StringBuilder::new()),
            Kind::Integer => ColumnBuilder::Integer(Int64Builder::new()),
            Kind::Code => ColumnBuilder::Code(Int32Builder::new()),
            Kind::Flag => ColumnBuilder::Flag(BooleanBuilder::new()),
            Kind::Money => {
                let decimal = DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE);
                ColumnBuilder::Money(Decimal128Builder::new().with_data_type(decimal))
            }
            Kind::Score => ColumnBuilder::Score(Float64Builder::new()),
            Kind::Seconds => ColumnBuilder::Seconds(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::TextMap => ColumnBuilder::TextMap(Box::new(map_builder())),
        }
    }

    /// Sets the value of a row, later than any set before. False where the column cannot hold it exactly; maps are
    /// set by [`ColumnBuilder::set_map`].
    pub(super) fn set(&mut self, row: usize, token: &Token) -> bool {
        macro_rules! set {
            ($builder:expr, $value:expr) => {
                match $value {
                    Some(value) => {
                        pad!($builder, row);
                        $builder.append_value(value);
                        true
                    }
                    None => false,
                }
            };
        }
        match self {
            ColumnBuilder::Text(builder) => set!(builder, token.to_text()),
            ColumnBuilder::Integer(builder) => set!(builder, token.to_integer()),
            ColumnBuilder::Code(builder) => set!(builder, token.to_integer().and_then(|code| i32::try_from(code).ok())),
            ColumnBuilder::Flag(builder) => set!(builder, token.to_flag()),
            ColumnBuilder::Money(builder) => set!(builder, token.to_money()),
            ColumnBuilder::Score(builder) => set!(builder, token.to_score()),
            ColumnBuilder::Seconds(builder) => {
                set!(builder, token.to_integer().and_then(|seconds| seconds.checked_mul(1_000_000)))
            }
            ColumnBuilder::Repeated(table) => token.to_text().map(|text| table.set(row, text)).is_some(),
            ColumnBuilder::TextMap(_) => false,
        }
    }

    /// True where no row has a value.
    pub(super) fn is_empty(&self) -> bool {
        let builder: &dyn ArrayBuilder = match self {
            ColumnBuilder::Repeated(table) => return table.is_empty(),
            ColumnBuilder::Text(builder) => builder,
            ColumnBuilder::Integer(builder) => builder,
            ColumnBuilder::Code(builder) => builder,
            ColumnBuilder::Flag(builder) => builder,
            ColumnBuilder::Money(builder) => builder,
            ColumnBuilder::Score(builder) => builder,
            ColumnBuilder::Seconds(builder) => builder,
            ColumnBuilder::TextMap(builder) => &**builder,
        };
        builder.is_empty()
    }

    /// Sets text that is known to be there.
    pub(super) fn set_text(&mut self, row: usize, text: &str) {
        match self {
            ColumnBuilder::Text(builder) => {
                pad!(builder, row);
                builder.append_value(text);
            }
            ColumnBuilder::Repeated(table) => table.set(row, text),
            _ => {}
        }
    }

    /// Sets a map from entries sorted by key.
    pub(super) fn set_map<'a>(&mut self, row: usize, entries: impl Iterator<Item = (&'a str, Option<&'a str>)>) {
        if let ColumnBuilder::TextMap(builder) = self {
            pad_map(builder, row);
            for (key, value) in entries {
                builder.keys().append_value(key);
                builder.values().append_option(value);
            }
            // As many keys as values were appended: this cannot fail.
            let _ = builder.append(true);
        }
    }

    /// Bytes that it takes, where they are not those of the values set.
    pub(super) fn shared_bytes(&self) -> Option<usize> {
        match self {
            ColumnBuilder::Repeated(table) => Some(table.bytes()),
            _ => None,
        }
    }

    /// The distinct values, and the position of that of each row; none where each row has a value of its own.
    pub(super) fn finish_shared(&mut self) -> Option<(ArrayRef, Vec<u32>)> {
        let ColumnBuilder::Repeated(table) = self else { return None };
        let (texts, of_rows) = table.finish();
        Some((Arc::new(texts), of_rows))
    }

    /// The column, of so many rows.
    pub(super) fn finish(&mut self, rows: usize) -> ArrayRef {
        macro_rules! finish {
            ($builder:expr) => {{
                pad!($builder, rows);
                Arc::new($builder.finish())
            }};
        }
        match self {
            ColumnBuilder::Repeated(table) => Arc::new(table.finish().0),
            ColumnBuilder::Text(builder) => {
                pad!(builder, rows);
                let texts = builder.finish();
                // The next clicks will be much like these: texts that grow by doubling are copied again and again.
                *builder = StringBuilder::with_capacity(with_reserve(rows), with_reserve(texts.value_data().len()));
                Arc::new(texts)
            }
            ColumnBuilder::Integer(builder) => finish!(builder),
            ColumnBuilder::Code(builder) => finish!(builder),
            ColumnBuilder::Flag(builder) => finish!(builder),
            ColumnBuilder::Money(builder) => finish!(builder),
            ColumnBuilder::Score(builder) => finish!(builder),
            ColumnBuilder::Seconds(builder) => finish!(builder),
            ColumnBuilder::TextMap(builder) => {
                pad_map(builder, rows);
                let maps = builder.finish();
                **builder = map_builder_like(&maps);
                Arc::new(maps)
            }
        }
    }
}

/// Room for a little more than there was.
pub(super) fn with_reserve(size: usize) -> usize {
    size + size / 16
}

fn pad_map(builder: &mut MapBuilder<StringBuilder, StringBuilder>, len: usize) {
    while arrow::array::ArrayBuilder::len(builder) < len {
        // A NULL needs no keys or values: this cannot fail.
        if builder.append(false).is_err() {
            break;
        }
    }
}

fn map_builder() -> MapBuilder<StringBuilder, StringBuilder> {
    map_builder_of(StringBuilder::new(), StringBuilder::new(), 0)
}

/// With room for as much as some maps hold.
fn map_builder_like(maps: &MapArray) -> MapBuilder<StringBuilder, StringBuilder> {
    let texts = |texts: &ArrayRef| {
        let bytes = texts.as_string::<i32>().value_data().len();
        StringBuilder::with_capacity(with_reserve(texts.len()), with_reserve(bytes))
    };
    map_builder_of(texts(maps.keys()), texts(maps.values()), with_reserve(maps.len()))
}

fn map_builder_of(keys: StringBuilder, values: StringBuilder, maps: usize) -> MapBuilder<StringBuilder, StringBuilder> {
    let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    MapBuilder::with_capacity(Some(names), keys, values, maps)
        .with_keys_field(Arc::new(Field::new("key", DataType::Utf8, false)))
        .with_values_field(Arc::new(Field::new("value", DataType::Utf8, true)))
}
