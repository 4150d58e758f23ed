//! The DataFusion session of an engine: what it knows, and how it plans.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder, SessionStateDefaults};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::ObjectStore;

use super::store::SnapshotStore;
use super::{date_rule, memory};
use crate::lists::SharedLists;

/// A session that knows functions and the snapshot's store, but neither files nor catalogs.
pub(super) fn session(
    runtime: Arc<RuntimeEnv>,
    memory_limit_bytes: u64,
    streams: usize,
    url: &ObjectStoreUrl,
    store: &Arc<SnapshotStore>,
    lists: &SharedLists,
) -> Result<SessionState, DataFusionError> {
    let object_store: Arc<dyn ObjectStore> = Arc::clone(store) as _;
    runtime.register_object_store(url.as_ref(), object_store);
    let mut config = SessionConfig::new().with_information_schema(false).with_target_partitions(streams);
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    options.execution.sort_spill_reservation_bytes = memory::sort_reservation_bytes(memory_limit_bytes, streams);
    let table_functions = SessionStateDefaults::default_table_functions();
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(SessionStateDefaults::default_scalar_functions())
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_table_function_list(table_functions)
        // Appended: filters have been folded and pushed into the scans by then.
        .with_optimizer_rule(Arc::new(date_rule::ClickTimeBoundsDate))
        .build();
    let context = SessionContext::new_with_state(state);
    crate::functions::register_all(&context, lists);
    Ok(context.state())
}
