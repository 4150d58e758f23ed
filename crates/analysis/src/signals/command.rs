//! `analyze signals`: what every signal saw of every entity, before any scoring.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use super::{SignalError, Signals, observe};
use crate::args::SignalsArgs;
use crate::environment::Environment;
use crate::formats::{self, Meta};
use crate::inquiry::{Inquiry, Opened};
use crate::output::Output;
use crate::printer::Printer;
use crate::run::{Outcome, RunError, format_options, refuse_binary_on_terminal};
use crate::scoring::matrix::{Entity, Kind, Observation, Signal, SignalMatrix};
use crate::temporaries::Temporaries;

/// Writes the signals, a row for each signal and entity.
///
/// # Errors
/// [`RunError`] says what is wrong and what to do.
pub async fn command(
    args: &SignalsArgs,
    environment: &Environment,
    printer: &Printer,
    temporaries: &Temporaries,
) -> Result<Outcome, RunError> {
    let signals = match (&args.signals, args.tables.is_empty()) {
        (Some(dir), false) => Signals::of_folder(dir)?,
        (dir, _) => Signals::load(dir.as_deref())?,
    };
    let inquiry = Inquiry::of(&args.lake, environment, temporaries)?;
    refuse_binary_on_terminal(args.format, args.output.as_deref())?;
    inquiry.say_which_lake(printer);
    inquiry.refuse_in_lake(args.output.as_deref())?;
    let output = Output::open(args.output.as_deref(), temporaries)?;
    let (matrix, notes) = inquiry.ask(printer, |opened| matrix_of(opened, &signals, args)).await?;
    notes.iter().for_each(|note| printer.note(note));
    let batch = table(&matrix).map_err(DataFusionError::from);
    let schema = Arc::new(schema());
    let rows = Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter([batch])));
    let meta = Meta { title: "Signals".to_owned(), notes, ..Meta::default() };
    let options = format_options(args.raw, args.output.is_none(), environment);
    let written = formats::write(args.format, rows, &meta, &options, output.writer()?).await;
    let written = written.map_err(RunError::Format)?;
    output.commit()?;
    written.remarks.iter().for_each(|remark| printer.note(remark));
    Ok(Outcome::Done)
}

async fn matrix_of(
    mut opened: Opened,
    signals: &Signals,
    args: &SignalsArgs,
) -> Result<(SignalMatrix, Vec<String>), RunError> {
    for table in &args.tables {
        table.add_to(&mut opened.engine)?;
    }
    let parameters = opened.range_parameters();
    let matrix = observe(&mut opened.engine, signals, args.by, &parameters).await?;
    Ok((matrix, opened.notes))
}

fn schema() -> Schema {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let number = |name: &str, nullable| Field::new(name, DataType::Float64, nullable);
    Schema::new(vec![
        text("account", false),
        text("entity", false),
        text("name", true),
        Field::new("clicks", DataType::UInt64, false),
        text("family", false),
        text("signal", false),
        number("n", false),
        number("x", true),
        number("value", true),
        number("expected", true),
    ])
}

/// A row for each observation. `value` is the rate, or the value of a shape, which has no `x`.
fn table(matrix: &SignalMatrix) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut cells = Vec::new();
    for (index, signal) in matrix.signals().iter().enumerate() {
        let entities = matrix.entities().iter().zip(matrix.exposure());
        for ((entity, clicks), seen) in entities.zip(matrix.column(index)) {
            cells.extend(seen.map(|seen| Cell { signal, entity, clicks: *clicks, seen }));
        }
    }
    let texts = |of: for<'c> fn(&'c Cell<'_>) -> &'c str| {
        Arc::new(StringArray::from_iter_values(cells.iter().map(of))) as ArrayRef
    };
    let numbers = |of: fn(&Cell) -> Option<f64>| Arc::new(cells.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let columns = vec![
        texts(|cell| &cell.entity.account),
        texts(|cell| &cell.entity.id),
        Arc::new(cells.iter().map(|cell| cell.entity.name.as_deref()).collect::<StringArray>()) as ArrayRef,
        Arc::new(cells.iter().map(|cell| cell.clicks).collect::<UInt64Array>()),
        texts(|cell| &cell.signal.family),
        texts(|cell| &cell.signal.name),
        numbers(|cell| Some(cell.seen.n)),
        numbers(|cell| (cell.signal.kind == Kind::Rate).then_some(cell.seen.x)),
        numbers(|cell| Some(if cell.signal.kind == Kind::Rate { cell.seen.x / cell.seen.n } else { cell.seen.x })),
        numbers(|cell| cell.seen.expected),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns)
}

struct Cell<'m> {
    signal: &'m Signal,
    entity: &'m Entity,
    clicks: u64,
    seen: Observation,
}

impl From<SignalError> for RunError {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Engine(error) => Self::Engine(error),
            other => Self::Signals(other),
        }
    }
}
