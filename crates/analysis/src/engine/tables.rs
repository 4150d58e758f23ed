//! Further tables of a session, beside those of the lake: rows in memory, answers in temporary files, statements with a name.
//!
//! Only the code of this crate adds them; SQL stays read-only.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::common::runtime::SpawnedTask;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::physical_plan::{collect, execute_stream};

use super::kept::KeptTable;
use super::rounded::without_noise;
use super::statement::{self, Parameters};
use super::{Engine, EngineError, SqlText, planner, side_by_side};

impl Engine {
    /// Gives rows a name, under which statements can read them from now on; they replace a table of this name.
    ///
    /// # Errors
    /// Rows of another schema.
    pub fn add_rows(&mut self, name: &str, schema: SchemaRef, rows: Vec<RecordBatch>) -> Result<(), EngineError> {
        let table = MemTable::try_new(schema, vec![rows]).map_err(|error| EngineError::Bug(error.to_string()))?;
        self.add_table(name, Arc::new(table));
        Ok(())
    }

    /// The whole answer of a statement, in memory, for answers that are known to be small; fractions to twelve significant
    /// digits, so that it is the same each time. Statements that are asked side by side are planned so, and answered in turn.
    ///
    /// # Errors
    /// As [`query`](Self::query), and where execution fails.
    pub async fn collect(
        &self,
        text: &SqlText,
        parameters: &Parameters,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
        let plan = self.plan(text, parameters).await?;
        let schema = plan.schema();
        let rows = self.in_own_turn(text, collect(plan, self.state.task_ctx())).await?;
        let rows = rows.iter().map(without_noise).collect::<Result<_, _>>();
        Ok((schema, rows.map_err(|error| EngineError::Bug(error.to_string()))?))
    }

    /// Answers statements once, side by side, and keeps the rows of each in a temporary file, as a table that later
    /// statements can read by the name that it is given.
    ///
    /// # Errors
    /// As [`collect`](Self::collect), and a full disk.
    pub async fn keep(
        &mut self,
        statements: &BTreeMap<&str, SqlText>,
        parameters: &Parameters,
    ) -> Result<(), EngineError> {
        let kept = statements.values().map(async |text| {
            let plan = self.plan(text, parameters).await?;
            let (task, folder) = (self.state.task_ctx(), self.spill_folder.clone());
            let write = async move { KeptTable::write(execute_stream(plan, task)?, folder.as_deref()).await };
            self.in_own_turn(text, write).await
        });
        let kept = side_by_side(kept.collect()).await?;
        for (name, table) in statements.keys().zip(kept) {
            self.add_table(name, Arc::new(table));
        }
        Ok(())
    }

    /// Waits for a turn to answer, and then for what is done in it, on a thread of its own: an answer in one stream computes
    /// without a pause, and must not keep others waiting.
    async fn in_own_turn<T: Send + 'static>(
        &self,
        text: &SqlText,
        answering: impl Future<Output = Result<T, DataFusionError>> + Send + 'static,
    ) -> Result<T, EngineError> {
        let _turn = self.turns.to_answer().await;
        match SpawnedTask::spawn(answering).join_unwind().await {
            Ok(answer) => answer.map_err(|error| self.explain(text, &error)),
            Err(stopped) => Err(EngineError::Bug(stopped.to_string())),
        }
    }

    /// Forgets tables that were added.
    pub fn drop_tables<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let tables = Arc::make_mut(&mut self.tables);
        names.for_each(|name| drop(tables.remove(name)));
    }

    /// Gives a statement a name: who reads it reads its rows, computed anew each time and never held in memory as a whole.
    ///
    /// # Errors
    /// A statement that cannot be planned.
    pub fn define(&mut self, name: &str, text: &SqlText, parameters: &Parameters) -> Result<(), EngineError> {
        let parsed = statement::parse(text, parameters).map_err(EngineError::Sql)?;
        let plan = planner::plan(&self.state, &self.tables, parsed, parameters);
        let plan = plan.map_err(|error| self.explain(text, &error))?;
        self.add_table(name, Arc::new(ViewTable::new(plan, None)));
        Ok(())
    }

    /// Whether statements can read a table of this name.
    #[must_use]
    pub fn has_table(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    fn add_table(&mut self, name: &str, table: Arc<dyn TableProvider>) {
        Arc::make_mut(&mut self.tables).insert(name.to_owned(), table);
    }
}
