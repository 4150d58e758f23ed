//! From a checked statement to a logical plan over the tables of the lake.
//!
//! Owns what SQL can name: our tables, the session's functions, and nothing else: no catalogs, no schemas, no file
//! paths, no variables. Parameters reach the planner with their types, so that `$min_clicks + 1` or
//! `date_trunc('day', $from)` plan as they would with a column, and their values are bound to the finished plan.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::catalog::{TableFunctionArgs, TableProvider};
use datafusion::common::config::ConfigOptions;
use datafusion::common::format::ExplainFormat;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::{ParamValues, Result, TableReference, plan_datafusion_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::logical_plan::ExplainOption;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner};
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, LogicalPlanBuilder, ScalarUDF, TableSource, WindowUDF,
};
use datafusion::sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion::sql::sqlparser::ast::{DescribeAlias, Statement};

use super::statement::Parameters;
use crate::suggestion::closest;

/// The tables that SQL can name.
pub(super) type Tables = HashMap<String, Arc<dyn TableProvider>>;

/// Plans a statement that [`statement::parse`](super::statement::parse) let pass.
pub(super) fn plan(
    state: &SessionState,
    tables: &Tables,
    statement: Statement,
    parameters: &Parameters,
) -> Result<LogicalPlan> {
    let names = Names { state, tables };
    let options = ParserOptions { collect_spans: true, ..ParserOptions::default() };
    let planner = SqlToRel::new_with_options(&names, options);
    let plan = match statement {
        Statement::Explain { describe_alias: DescribeAlias::Explain, statement, analyze, verbose, format, .. } => {
            let plan = bound_plan(&planner, *statement, parameters)?;
            let format = format.map(|format| ExplainFormat::from_str(&format.to_string())).transpose()?;
            let explain = ExplainOption::default()
                .with_analyze(analyze)
                .with_verbose(verbose)
                .with_format(format.unwrap_or(ExplainFormat::Indent));
            LogicalPlanBuilder::from(plan).explain_option_format(explain)?.build()?
        }
        other => bound_plan(&planner, other, parameters)?,
    };
    // The statement was checked already; this holds even if a way around that check is found.
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(&plan)?;
    Ok(plan)
}

fn bound_plan(planner: &SqlToRel<Names>, statement: Statement, parameters: &Parameters) -> Result<LogicalPlan> {
    let mut types: Vec<Option<FieldRef>> = Vec::with_capacity(parameters.len());
    let mut values: Vec<ScalarAndMetadata> = Vec::with_capacity(parameters.len());
    for (name, value) in parameters {
        types.push(Some(Arc::new(Field::new(name, value.data_type(), true))));
        values.push(value.clone().into());
    }
    let mut context = PlannerContext::new().with_prepare_param_data_types(types);
    planner.sql_statement_to_plan_with_context(statement, &mut context)?.with_param_values(ParamValues::List(values))
}

/// What a name in SQL stands for.
struct Names<'a> {
    state: &'a SessionState,
    tables: &'a Tables,
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let bare = if name.schema().is_none() { self.tables.get(name.table()) } else { None };
        bare.map(|table| provider_as_source(Arc::clone(table))).ok_or_else(|| {
            let mut known: Vec<&str> = self.tables.keys().map(String::as_str).collect();
            known.sort_unstable();
            let hint = match closest(name.table(), known.iter().copied()) {
                Some(similar) => format!("did you mean '{similar}'?"),
                None => format!("did you mean one of {}?", known.join(", ")),
            };
            plan_datafusion_err!("no table '{name}'\n{hint}")
        })
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let function = self.state.table_functions().get(name);
        let function = function.ok_or_else(|| plan_datafusion_err!("no table function '{name}'"))?;
        let args = TableFunctionArgs::new(&args, self.state);
        function.create_table_provider_with_args(args).map(provider_as_source)
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}
