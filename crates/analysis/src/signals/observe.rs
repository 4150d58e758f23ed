//! From SQL to the matrix that is scored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;

use super::header::Form;
use super::{By, Shared, SignalError, SignalQuery, Signals, drill_statement};
use crate::engine::sql_error::SqlText;
use crate::engine::statement::{Parameters, tables_read};
use crate::engine::{Engine, EngineError, in_turn};
use crate::scoring::matrix::{Entity, Kind, Observation, SignalMatrix};
use crate::suggestion::closest;

/// The shared table that says which entities there are: account, entity, name, clicks.
const ENTITIES: &str = "entities";

/// Asks every signal about every entity. `parameters` are those that every statement has: from, to, timezone.
///
/// Entities are those of the shared table `entities`, where the signals have one, with their clicks as exposure; an
/// entity that only a signal names has the largest `n` that a signal saw.
///
/// # Errors
/// A statement that fails, or whose answer is no signal's.
pub async fn observe(
    engine: &mut Engine,
    signals: &Signals,
    by: By,
    parameters: &Parameters,
) -> Result<SignalMatrix, SignalError> {
    let waves = signals.shared_in_waves(by)?;
    for wave in &waves {
        let texts = |form| {
            let of_form = wave.iter().map(|name| (name.as_str(), &signals.shared[name]));
            of_form.filter(move |(_, shared)| shared.form == form).map(|(name, shared)| (name, shared.text_for(by)))
        };
        for (name, text) in texts(Form::View) {
            engine.define(name, &text, parameters)?;
        }
        engine.keep(&texts(Form::Table).collect(), parameters).await?;
    }
    let mut roll = Roll::default();
    if signals.shared.contains_key(ENTITIES) {
        roll.read(engine, parameters).await?;
    }
    let mut seen = Vec::with_capacity(signals.signals.len());
    let answers = signals.signals.values().map(|query| engine.collect(&query.text, parameters)).collect();
    // Each is let go before the next is answered: what an answer holds on to may be larger than what it says.
    let mut answers = in_turn(answers);
    for query in signals.signals.values() {
        let Some((_, rows)) = answers.try_next().await? else { break };
        let read = rows.iter().map(|rows| read_rows(query, rows)).collect::<Result<Vec<_>, _>>()?;
        let mut of_signal = BTreeMap::new();
        for row in read.into_iter().flatten() {
            let index = roll.index_of(row.account, row.entity, row.observation.n);
            if of_signal.insert(index, row.observation).is_some() {
                let id = roll.entities[index].id.clone();
                return Err(query.wrong(format!("entity {id} has two rows: group by account, entity")));
            }
        }
        seen.push(of_signal);
    }
    drop(answers);
    engine.drop_tables(waves.iter().flatten().map(String::as_str));
    let aligned = |of_signal: BTreeMap<usize, Observation>| {
        (0..roll.entities.len()).map(|index| of_signal.get(&index).copied()).collect()
    };
    let observations = seen.into_iter().map(aligned).collect();
    let described = signals.iter().map(|signal| {
        let mut signal = signal.clone();
        signal.drill = drill_statement(by, &signal.drill);
        signal
    });
    Ok(SignalMatrix::new(roll.entities, roll.exposure, described.collect(), observations)?)
}

/// The entities, in the order in which they were met.
#[derive(Default)]
struct Roll {
    entities: Vec<Entity>,
    exposure: Vec<u64>,
    index: HashMap<(String, String), usize>,
    is_counted: Vec<bool>,
}

impl Roll {
    async fn read(&mut self, engine: &Engine, parameters: &Parameters) -> Result<(), SignalError> {
        let sql = "SELECT account, entity, max(name) AS name, CAST(sum(clicks) AS DOUBLE) AS clicks FROM entities GROUP BY account, entity ORDER BY account, entity";
        let text = SqlText { name: ENTITIES.to_owned(), sql: sql.to_owned() };
        let (_, rows) = engine.collect(&text, parameters).await?;
        for rows in rows {
            let (accounts, ids, names) = (texts(&rows, "account")?, texts(&rows, "entity")?, texts(&rows, "name")?);
            let clicks = numbers(&rows, "clicks")?;
            for row in 0..rows.num_rows() {
                let index = self.push(accounts.value(row).to_owned(), ids.value(row).to_owned());
                self.entities[index].name = names.is_valid(row).then(|| names.value(row).to_owned());
                self.exposure[index] = clicks.value(row) as u64;
                self.is_counted[index] = true;
            }
        }
        Ok(())
    }

    /// Where an entity stands; one that was not met before has the exposure that is seen now.
    fn index_of(&mut self, account: String, id: String, n: f64) -> usize {
        let key = (account, id);
        let index = self.index.get(&key).copied();
        let index = index.unwrap_or_else(|| self.push(key.0, key.1));
        if !self.is_counted[index] {
            self.exposure[index] = self.exposure[index].max(n as u64);
        }
        index
    }

    fn push(&mut self, account: String, id: String) -> usize {
        let index = self.entities.len();
        self.index.insert((account.clone(), id.clone()), index);
        self.entities.push(Entity { account, id, name: None });
        self.exposure.push(0);
        self.is_counted.push(false);
        index
    }
}

struct Row {
    account: String,
    entity: String,
    observation: Observation,
}

/// The rows of a signal's answer; one without a value, or without exposure, saw nothing.
fn read_rows(query: &SignalQuery, rows: &RecordBatch) -> Result<Vec<Row>, SignalError> {
    let (required, optional): (&[&str], &[&str]) = match query.signal.kind {
        Kind::Rate => (&["account", "entity", "x", "n"], &["expected"]),
        Kind::Shape => (&["account", "entity", "n", "value"], &[]),
    };
    let all = || required.iter().chain(optional).copied();
    for field in rows.schema().fields() {
        if !all().any(|name| name == field.name()) {
            let hint = closest(field.name(), all()).map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
            return Err(query.wrong(format!("the column '{}' means nothing here{hint}", field.name())));
        }
    }
    if let Some(missing) = required.iter().find(|name| rows.column_by_name(name).is_none()) {
        let needs = required.join(", ");
        return Err(query.wrong(format!("no column '{missing}': it must return {needs}")));
    }
    let value = if query.signal.kind == Kind::Rate { "x" } else { "value" };
    let wrong = |error: EngineError| query.wrong(error.to_string());
    let (accounts, entities) = (texts(rows, "account").map_err(wrong)?, texts(rows, "entity").map_err(wrong)?);
    let (n, x) = (numbers(rows, "n").map_err(wrong)?, numbers(rows, value).map_err(wrong)?);
    let has_expected = rows.column_by_name("expected").is_some();
    let expected = has_expected.then(|| numbers(rows, "expected")).transpose().map_err(wrong)?;
    let mut read = Vec::with_capacity(rows.num_rows());
    for row in 0..rows.num_rows() {
        if accounts.is_null(row) || entities.is_null(row) {
            return Err(query.wrong("a row names no account or no entity: leave such rows out".to_owned()));
        }
        if n.is_null(row) || x.is_null(row) || n.value(row) == 0.0 {
            continue;
        }
        let expected = expected.as_ref().filter(|column| column.is_valid(row)).map(|column| column.value(row));
        let observation = Observation { n: n.value(row), x: x.value(row), expected };
        read.push(Row { account: accounts.value(row).to_owned(), entity: entities.value(row).to_owned(), observation });
    }
    Ok(read)
}

impl Shared {
    /// The statement about these entities.
    fn text_for(&self, by: By) -> SqlText {
        let sql = self.text.sql.replace("{entity}", &by.id()).replace("{entity_name}", by.name());
        SqlText { name: self.text.name.clone(), sql }
    }
}

impl SignalQuery {
    fn wrong(&self, problem: String) -> SignalError {
        SignalError::Signal { signal: self.signal.name.clone(), problem }
    }
}

fn texts(rows: &RecordBatch, name: &str) -> Result<StringArray, EngineError> {
    column(rows, name, &DataType::Utf8, |array| array.as_any().downcast_ref::<StringArray>().cloned())
}

fn numbers(rows: &RecordBatch, name: &str) -> Result<Float64Array, EngineError> {
    column(rows, name, &DataType::Float64, |array| array.as_any().downcast_ref::<Float64Array>().cloned())
}

fn column<T>(
    rows: &RecordBatch,
    name: &str,
    data_type: &DataType,
    downcast: impl Fn(&dyn Array) -> Option<T>,
) -> Result<T, EngineError> {
    let found = rows.column_by_name(name).and_then(|column| cast(column, data_type).ok());
    let found = found.and_then(|column| downcast(column.as_ref()));
    found.ok_or_else(|| EngineError::Bug(format!("the column '{name}' cannot be read as {data_type}")))
}

impl Signals {
    /// The shared tables that the signals read, each in a later wave than all those that it reads itself.
    fn shared_in_waves(&self, by: By) -> Result<Vec<Vec<String>>, SignalError> {
        let mut depths = BTreeMap::new();
        let mut open = Vec::new();
        for query in self.signals.values() {
            for name in self.shared_read(&query.text)? {
                self.visit(&name, by, &mut open, &mut depths)?;
            }
        }
        if self.shared.contains_key(ENTITIES) {
            self.visit(ENTITIES, by, &mut open, &mut depths)?;
        }
        let mut waves = vec![Vec::new(); depths.values().max().map_or(0, |deepest| deepest + 1)];
        depths.into_iter().for_each(|(name, depth)| waves[depth].push(name));
        Ok(waves)
    }

    /// How many tables lie below a shared one, at most, where each reads the next.
    fn visit(
        &self,
        name: &str,
        by: By,
        open: &mut Vec<String>,
        depths: &mut BTreeMap<String, usize>,
    ) -> Result<usize, SignalError> {
        if let Some(depth) = depths.get(name) {
            return Ok(*depth);
        }
        if open.iter().any(|begun| begun == name) {
            return Err(SignalError::Cycle(name.to_owned()));
        }
        open.push(name.to_owned());
        let mut depth = 0;
        for other in self.shared_read(&self.shared[name].text_for(by))? {
            depth = depth.max(1 + self.visit(&other, by, open, depths)?);
        }
        open.pop();
        depths.insert(name.to_owned(), depth);
        Ok(depth)
    }

    fn shared_read(&self, text: &SqlText) -> Result<BTreeSet<String>, SignalError> {
        let mut read = tables_read(text).map_err(EngineError::Sql)?;
        read.retain(|name| self.shared.contains_key(name));
        Ok(read)
    }
}
