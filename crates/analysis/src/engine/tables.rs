//! Further tables of a session, beside those of the lake: rows in memory, answers in temporary files, statements with a name.
//!
//! Only the code of this crate adds them; SQL stays read-only.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::physical_plan::collect;

use super::kept::KeptTable;
use super::statement::{self, Parameters};
use super::{Engine, EngineError, SqlText, planner};

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

    /// The whole answer of a statement, in memory: for answers that are known to be small. Statements that are asked side
    /// by side are planned so, and answered one after the other.
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
        let _turn = self.turns.to_answer().await;
        let rows = collect(plan, self.state.task_ctx()).await.map_err(|error| self.explain(text, &error))?;
        Ok((schema, rows))
    }

    /// Answers a statement once and keeps the rows in a temporary file, as a table that later statements can read.
    ///
    /// # Errors
    /// As [`collect`](Self::collect), and a full disk.
    pub async fn keep(&mut self, name: &str, text: &SqlText, parameters: &Parameters) -> Result<(), EngineError> {
        let rows = self.query(text, parameters).await?.rows;
        let table = KeptTable::write(rows, self.spill_folder.as_deref()).await;
        let table = table.map_err(|error| self.explain(text, &error))?;
        self.add_table(name, Arc::new(table));
        Ok(())
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
