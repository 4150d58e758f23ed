//! One session over one snapshot of a lake: tables, planning, execution.
//!
//! Owns what a query sees and may use. Promises one version of every file from planning to the last row, read-only
//! access by construction, bounded memory with spilling, bounded time for planning, and errors that name the place in
//! the SQL or the file in the lake. A landing that comes later is seen by the next [`Engine`].
//! Leaves arguments, catalogue and output formats to their modules.

mod absent;
mod association;
pub mod completeness;
mod coverage;
mod date_rule;
pub mod error_codes;
mod footers;
mod kept;
mod lake_table;
pub mod memory;
mod planner;
mod rounded;
mod session;
pub mod snapshot;
pub mod sql_error;
pub mod statement;
pub mod store;
mod tables;
mod turns;
mod views;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use chrono::NaiveDate;
use clicks::feed::Feed;
use clicks::lake::{Granularity, LakeError};
use clicks::quarantine::quarantine_schema;
use clicks::schema::{REQUIRED, click_schema};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::sqlparser::ast::Statement;

use crate::failpoint;
use crate::lists::{ListError, Lists, SharedLists};
use crate::suggestion::closest;
use absent::AbsentColumns;
use completeness::{Completeness, Seconds};
use coverage::{CoverageReader, CoverageTable};
pub use footers::BadFile;
use lake_table::LakeTable;
use planner::Tables;
use snapshot::Snapshot;
use sql_error::{SqlError, SqlText};
use statement::Parameters;
use store::SnapshotStore;
use turns::Turns;
pub use turns::{in_turn, side_by_side};
#[cfg(test)]
pub(crate) use views::RATED_CLICKS;

/// Most footers of a partition fit; one read then fetches the whole.
const FOOTER_SIZE_HINT_BYTES: usize = 64 << 10;

/// A stream of an answer is worth its cost from about this many bytes of Parquet on, some sixty thousand clicks.
const STREAM_BYTES: u64 = 4 << 20;

/// How long planning may take. A statement that people write takes milliseconds.
const PLANNING_TIME_MAX: Duration = Duration::from_secs(60);

/// What a session is made with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only this account's rows.
    pub account: Option<String>,
    /// The folder of the user's own lists.
    pub lists: Option<PathBuf>,
    /// How much memory queries may use; by default half of the machine's.
    pub memory_limit_bytes: Option<u64>,
    /// How many files may be open at once; by default what the process may open, less a reserve.
    pub max_open_files: Option<usize>,
    /// A folder to spill to; by default one in the system's temporary folder.
    pub spill_folder: Option<PathBuf>,
    /// Into how many streams an answer is cut at most; by default one for each thread that the lake's bytes keep busy.
    pub target_partitions: Option<usize>,
    /// How long planning a statement may take; by default a minute.
    pub planning_time_max: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The lake cannot be opened.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The lake has no such account.
    #[error("no account '{wanted}' in {lake}; {hint}")]
    UnknownAccount {
        /// The account asked for.
        wanted: String,
        /// The lake.
        lake: String,
        /// What there is.
        hint: String,
    },
    /// The user's lists cannot be read.
    #[error(transparent)]
    Lists(#[from] ListError),
    /// The SQL is wrong, or fails on these rows.
    #[error("{0}")]
    Sql(Box<SqlError>),
    /// A file of the lake cannot be read.
    #[error("{0}")]
    BadFile(BadFile),
    /// A file was replaced and its old version could not be kept: planning again cures it.
    #[error("{0}")]
    Replaced(String),
    /// Memory ran out, or the disk it spills to.
    #[error(
        "the query needs more than its memory limit of {}: {detail}; \
         raise --memory-limit, narrow --from and --to, or group by fewer columns",
        bytesize::ByteSize(*limit_bytes)
    )]
    Resources {
        /// The limit.
        limit_bytes: u64,
        /// What DataFusion says.
        detail: String,
    },
    /// Memory that no operator accounts for.
    #[error(
        "the query took much more memory than its limit of {}, in a function such as repeat or array_agg of large \
         values: make those smaller, or raise --memory-limit",
        bytesize::ByteSize(*limit_bytes)
    )]
    Escaped {
        /// The limit.
        limit_bytes: u64,
    },
    /// So complex a statement that planning it does not end.
    #[error(
        "planning takes longer than {} s: the statement has too many terms; write x IN (...) for many values of one \
         column, or join with (VALUES ...) for many of several",
        .0.as_secs_f64()
    )]
    Planning(Duration),
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
    /// Something that no input should cause.
    #[error("internal error, please report it: {0}")]
    Bug(String),
}

/// A session over one snapshot of a lake.
pub struct Engine {
    snapshot: Snapshot,
    store: Arc<SnapshotStore>,
    state: SessionState,
    tables: Arc<Tables>,
    absent: AbsentColumns,
    coverage: CoverageReader,
    turns: Turns,
    memory_limit_bytes: u64,
    planning_time_max: Duration,
    spill_folder: Option<PathBuf>,
}

/// A planned query.
pub struct Answer {
    /// The rows, in the types that they were computed in.
    pub rows: SendableRecordBatchStream,
}

impl Engine {
    /// Makes a session over a snapshot.
    ///
    /// # Errors
    /// An account that is not in the lake, or lists that cannot be read.
    pub fn new(mut snapshot: Snapshot, options: &Options) -> Result<Self, EngineError> {
        if let Some(account) = &options.account {
            check_account(&snapshot, account)?;
            snapshot.retain_account(account);
        }
        let files = snapshot.clicks.iter().chain(&snapshot.quarantine);
        let files = files.map(|file| (file.location.clone(), file.source.clone()));
        let store = Arc::new(match options.max_open_files {
            Some(capacity) => SnapshotStore::with_capacity(files, capacity),
            None => SnapshotStore::new(files),
        });
        let memory_limit_bytes = options.memory_limit_bytes.unwrap_or_else(memory::default_limit_bytes);
        let lists = SharedLists(Arc::new(Lists::load(options.lists.as_deref())?));
        let runtime = memory::runtime(memory_limit_bytes, options.spill_folder.as_deref());
        let threads = available_parallelism().map_or(1, usize::from);
        let streams = options.target_partitions.unwrap_or_else(|| snapshot.multiples_of(STREAM_BYTES, threads).max(1));
        let turns = Turns::new(threads, streams);
        let engine = runtime
            .and_then(|runtime| Self::assemble(snapshot, store, turns, memory_limit_bytes, streams, runtime, &lists));
        let mut engine = engine.map_err(|error| EngineError::Bug(error.to_string()))?;
        engine.planning_time_max = options.planning_time_max.unwrap_or(PLANNING_TIME_MAX);
        engine.spill_folder.clone_from(&options.spill_folder);
        engine.define_views()?;
        Ok(engine)
    }

    fn assemble(
        snapshot: Snapshot,
        store: Arc<SnapshotStore>,
        turns: Turns,
        memory_limit_bytes: u64,
        streams: usize,
        runtime: Arc<RuntimeEnv>,
        lists: &SharedLists,
    ) -> Result<Self, DataFusionError> {
        let url = ObjectStoreUrl::parse("lake://snapshot")?;
        let state = session::session(runtime, memory_limit_bytes, streams, &url, &store, lists)?;
        let keys: &[&str] = match snapshot.granularity {
            Granularity::Day => &["account", "date"],
            Granularity::Hour => &["account", "date", "hour"],
        };
        let clicks = LakeTable::try_new(
            Arc::clone(&store),
            url.clone(),
            snapshot.clicks.clone(),
            &click_schema(),
            keys,
            &REQUIRED,
        )?;
        let absent = clicks.absent();
        let coverage = CoverageReader {
            store: Arc::clone(&store),
            cache: state.runtime_env().cache_manager.get_file_metadata_cache(),
            required: clicks.required(),
        };
        let quarantined = quarantine_schema();
        let quarantine = LakeTable::try_new(
            Arc::clone(&store),
            url,
            snapshot.quarantine.clone(),
            &quarantined,
            &["account"],
            &["raw_sha256", "reason"],
        )?;
        let tables: [(&str, Arc<dyn TableProvider>); 4] = [
            ("clicks", Arc::new(clicks)),
            ("coverage", Arc::new(CoverageTable::new(coverage.clone(), snapshot.clicks.clone()))),
            ("error_codes", Arc::new(error_codes::table(&lists.0.codes)?)),
            ("quarantine", Arc::new(quarantine)),
        ];
        let tables: Tables = tables.into_iter().map(|(name, table)| (name.to_owned(), table)).collect();
        let tables = Arc::new(tables);
        Ok(Self {
            snapshot,
            store,
            state,
            tables,
            absent,
            coverage,
            turns,
            memory_limit_bytes,
            planning_time_max: PLANNING_TIME_MAX,
            spill_folder: None,
        })
    }

    /// Another session over the same version of the lake: it has tables of its own from now on, and is answered while this
    /// one is, so that each keeps the threads busy that the other leaves idle.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            snapshot: self.snapshot.clone(),
            store: Arc::clone(&self.store),
            state: self.state.clone(),
            tables: Arc::clone(&self.tables),
            absent: self.absent.clone(),
            coverage: self.coverage.clone(),
            turns: self.turns.beside(),
            memory_limit_bytes: self.memory_limit_bytes,
            planning_time_max: self.planning_time_max,
            spill_folder: self.spill_folder.clone(),
        }
    }

    /// The first and the last day that have a partition.
    pub fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.snapshot.days()
    }

    /// How many different files were opened so far.
    pub fn files_opened(&self) -> usize {
        self.store.files_opened()
    }

    /// Which columns that the queries so far read their clicks lack, because of their feed; a sentence.
    pub fn absent_columns(&self) -> Option<String> {
        self.absent.said()
    }

    /// Plans a statement and begins to execute it.
    ///
    /// # Errors
    /// Points at the place in the SQL, or names the file of the lake.
    pub async fn query(&self, text: &SqlText, parameters: &Parameters) -> Result<Answer, EngineError> {
        let plan = self.plan(text, parameters).await?;
        let rows = execute_stream(plan, self.state.task_ctx()).map_err(|error| self.explain(text, &error))?;
        Ok(Answer { rows })
    }

    async fn plan(&self, text: &SqlText, parameters: &Parameters) -> Result<Arc<dyn ExecutionPlan>, EngineError> {
        let statement = statement::parse(text, parameters).map_err(EngineError::Sql)?;
        let _turn = self.turns.to_plan().await;
        // Boxed: it holds a session and a statement, and who asks many side by side holds many.
        let planned = Box::pin(self.plan_statement(statement, parameters)).await?;
        planned.map_err(|error| self.explain(text, &error))
    }

    /// Plans on a thread of its own: planning computes without a pause, and must not keep others waiting.
    async fn plan_statement(
        &self,
        statement: Statement,
        parameters: &Parameters,
    ) -> Result<Result<Arc<dyn ExecutionPlan>, DataFusionError>, EngineError> {
        let (state, tables, parameters) = (self.state.clone(), Arc::clone(&self.tables), parameters.clone());
        let runtime = tokio::runtime::Handle::current();
        let planning = SpawnedTask::spawn_blocking(move || {
            failpoint::hit("planning");
            let plan = planner::plan(&state, &tables, statement, &parameters)?;
            runtime.block_on(state.create_physical_plan(&plan))
        });
        match tokio::time::timeout(self.planning_time_max, planning.join_unwind()).await {
            Ok(Ok(planned)) => Ok(planned),
            Ok(Err(stopped)) => Err(EngineError::Bug(stopped.to_string())),
            Err(_) => Err(EngineError::Planning(self.planning_time_max)),
        }
    }

    /// How completely each account covers the range, for each group of feeds of which one is needed.
    ///
    /// # Errors
    /// A partition whose footer cannot be read.
    pub async fn completeness(&self, needs: &[Vec<Feed>], range: Seconds) -> Result<Vec<Completeness>, EngineError> {
        let day = |seconds: i64| chrono::DateTime::from_timestamp(seconds, 0).map(|time| time.date_naive());
        let (first, last) = (day(range.0), day(range.1));
        let within = self.snapshot.clicks.iter().filter(|file| {
            first.is_none_or(|first| file.date >= Some(first)) && last.is_none_or(|last| file.date <= Some(last))
        });
        let covered = match self.coverage.read(within.cloned().collect()).await {
            Ok(covered) => covered,
            Err(error) => return Err(self.explain_without_sql(&error)),
        };
        let mut found = Vec::new();
        for account in self.snapshot.accounts() {
            let own = covered.iter().filter(|covered| covered.account == account);
            let intervals: Vec<_> = own.map(|covered| covered.interval.clone()).collect();
            let measured = needs.iter().filter_map(|feeds| completeness::measure(account, feeds, &intervals, range));
            found.extend(measured);
        }
        Ok(found)
    }

    /// What an error of planning or execution means to the user.
    pub fn explain(&self, text: &SqlText, error: &DataFusionError) -> EngineError {
        match error.find_root() {
            DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Execution(_)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Collection(_)
            | DataFusionError::SQL(..)
            | DataFusionError::Configuration(_)
                if !self.store.saw_version_change() && !is_out_of_disk(error) =>
            {
                // Pages that cannot be decoded surface as Arrow errors, too: then a file is to blame, not the SQL.
                match self.find_undecodable(error) {
                    Some(bad) => EngineError::BadFile(bad),
                    None => EngineError::Sql(Box::new(SqlError::from_planning(text, error, || self.functions()))),
                }
            }
            _ => self.explain_without_sql(error),
        }
    }

    /// The tables that SQL can name, by name, with their columns.
    pub fn tables(&self) -> BTreeMap<String, SchemaRef> {
        self.tables.iter().map(|(name, table)| (name.clone(), table.schema())).collect()
    }

    /// The accounts that have clicks or quarantined rows.
    pub fn accounts(&self) -> Vec<&str> {
        self.snapshot.accounts()
    }

    /// The functions that SQL can call.
    pub fn functions(&self) -> Vec<String> {
        let state = &self.state;
        let names = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
        names.chain(state.window_functions().keys()).cloned().collect()
    }

    fn explain_without_sql(&self, error: &DataFusionError) -> EngineError {
        let message = error.strip_backtrace();
        if self.store.saw_version_change() {
            return EngineError::Replaced(message);
        }
        let root = error.find_root();
        if let DataFusionError::External(source) = root
            && let Some(BadFile { file, reason }) = source.downcast_ref()
        {
            return EngineError::BadFile(BadFile { file: file.clone(), reason: reason.clone() });
        }
        match root {
            DataFusionError::ResourcesExhausted(detail) => {
                EngineError::Resources { limit_bytes: self.memory_limit_bytes, detail: first_line(detail) }
            }
            _ if is_out_of_disk(error) => {
                let folder = self.spill_folder.clone().unwrap_or_else(std::env::temp_dir);
                EngineError::Io(format!("{message}; temporary files need room in {} (or set TMPDIR)", folder.display()))
            }
            DataFusionError::IoError(_)
            | DataFusionError::ObjectStore(_)
            | DataFusionError::ParquetError(_)
            | DataFusionError::External(_) => match self.find_undecodable(error) {
                Some(bad) => EngineError::BadFile(bad),
                None => EngineError::Io(message),
            },
            _ => EngineError::Bug(message),
        }
    }

    /// Libraries do not say which file their error is about: read every file that was opened until one fails.
    fn find_undecodable(&self, error: &DataFusionError) -> Option<BadFile> {
        let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let concerns_files = causes.any(|cause| {
            cause.is::<datafusion::parquet::errors::ParquetError>()
                || cause.is::<object_store::Error>()
                || cause.to_string().to_lowercase().contains("parquet")
        });
        if !concerns_files {
            return None;
        }
        self.store.opened().into_iter().find_map(|location| {
            let reason = self.store.decode_all(&location).err()?;
            Some(BadFile { file: self.store.name_of(&location), reason })
        })
    }
}

fn check_account(snapshot: &Snapshot, wanted: &str) -> Result<(), EngineError> {
    let accounts = snapshot.accounts();
    if accounts.contains(&wanted) {
        return Ok(());
    }
    let hint = match closest(wanted, accounts.iter().copied()) {
        Some(similar) => format!("did you mean '{similar}'?"),
        None if accounts.is_empty() => "it is empty".to_owned(),
        None => format!("it has {}", accounts.join(", ")),
    };
    Err(EngineError::UnknownAccount { wanted: wanted.to_owned(), lake: snapshot.name.clone(), hint })
}

fn is_out_of_disk(error: &DataFusionError) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge))
    })
}

/// DataFusion goes on with a list of its internal reservations, which help nobody who asked a question.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split(" with top memory consumers").next().unwrap_or_default().trim_end_matches([':', '.']).to_owned()
}

#[cfg(test)]
pub(crate) mod test_lake;
#[cfg(test)]
mod tests;
