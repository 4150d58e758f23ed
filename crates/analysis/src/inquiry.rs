//! Asking a lake, for every command that does: which lake and range, and again where it changed under the question.
//!
//! Owns the way from [`LakeArgs`] to answers. Promises that all answers of one [`Opened`] come from one version of the
//! lake, and that a lake whose files cannot be kept open is asked again when a landing replaced one. Leaves to the
//! commands what to ask, and to [`formats`](crate::formats) how it is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use clicks::lake::Place;
use datafusion::arrow::compute::concat_batches;
use datafusion::common::ScalarValue;

use crate::args::LakeArgs;
use crate::engine::completeness::Seconds;
use crate::engine::snapshot::Snapshot;
use crate::engine::statement::Parameters;
use crate::engine::{Answer, Engine, EngineError, Options};
use crate::environment::Environment;
use crate::printer::Printer;
use crate::request::{AskedRange, LakeChoice, Question, RequestError, choose_lake, memory_limit_bytes};
use crate::run::RunError;
use crate::scorecard::{self, ScoredWith};
use crate::temporaries::{SpillFolder, Temporaries};

/// How often a lake may change under a query that cannot keep its files open, before it is given up.
const ATTEMPTS_MAX: usize = 5;

/// What a command asks about: a lake, a range, and what to ask with.
#[derive(Debug)]
pub struct Inquiry {
    lake: LakeChoice,
    range: AskedRange,
    options: Options,
    config: Option<PathBuf>,
    /// Where none can be made, only a query that spills has to know.
    _spill_folder: Option<SpillFolder>,
}

impl Inquiry {
    /// Reads the arguments. Nothing of the lake is opened yet.
    ///
    /// # Errors
    /// A range, zone, lake or size that cannot be meant.
    pub fn of(args: &LakeArgs, environment: &Environment, temporaries: &Temporaries) -> Result<Self, RequestError> {
        let lake = choose_lake(args.lake.as_deref(), environment)?;
        let range = AskedRange::read(args)?;
        let memory_limit_bytes = memory_limit_bytes(args.memory_limit.as_deref())?;
        let spill_folder = temporaries.folder().ok();
        let options = Options {
            account: args.account.clone(),
            lists: args.lists.clone(),
            memory_limit_bytes,
            spill_folder: spill_folder.as_ref().map(|folder| folder.path().to_owned()),
            ..Options::default()
        };
        let config = environment.config.clone();
        Ok(Self { lake, range, options, config, _spill_folder: spill_folder })
    }

    /// Says so where nobody named a lake.
    pub fn say_which_lake(&self, printer: &Printer) {
        if self.lake == LakeChoice::Sample {
            printer.note("no lake is named and there is no ./lake: answering from the sample lake that ships (--lake DIR names yours)");
        }
    }

    /// What the lake is called: where it lies, as it was named.
    #[must_use]
    pub fn lake_name(&self) -> String {
        match &self.lake {
            LakeChoice::Named(place) => format!("the lake {place}"),
            LakeChoice::Sample => "the sample lake that ships".to_owned(),
        }
    }

    /// The lake, where it is a folder that is named.
    #[must_use]
    pub fn lake_folder(&self) -> Option<&Path> {
        match &self.lake {
            LakeChoice::Named(Place::Folder(folder)) => Some(folder),
            _ => None,
        }
    }

    /// An answer must not replace what it was made from.
    ///
    /// # Errors
    /// The output would lie among the lake's own files.
    pub fn refuse_in_lake(&self, output: Option<&Path>) -> Result<(), RunError> {
        let (Some(output), LakeChoice::Named(Place::Folder(lake))) = (output, &self.lake) else { return Ok(()) };
        let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // What cannot be resolved does not exist, and is refused with its own words when it is opened.
        let resolved = output.canonicalize().or_else(|_| folder.canonicalize());
        match (resolved, lake.canonicalize()) {
            (Ok(resolved), Ok(lake)) if resolved.starts_with(&lake) => Err(RunError::OutputInLake(output.to_owned())),
            _ => Ok(()),
        }
    }

    /// Does `work` on the lake as it is now; again, from the beginning, where a landing replaced a file that could not
    /// be kept open. So `work` returns what it found and writes nothing.
    ///
    /// # Errors
    /// Those of `work`; a lake that cannot be opened, or changes too often.
    pub async fn ask<T, F>(&self, printer: &Printer, work: impl Fn(Opened) -> F + Send) -> Result<T, RunError>
    where
        F: Future<Output = Result<T, RunError>> + Send,
    {
        let mut attempt = 1;
        loop {
            match work(self.open()?).await {
                Err(RunError::Engine(EngineError::Replaced(reason))) if attempt < ATTEMPTS_MAX => {
                    printer.detail(format_args!("planning again: {reason}"));
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    fn open(&self) -> Result<Opened, EngineError> {
        let snapshot = match &self.lake {
            LakeChoice::Named(place) => Snapshot::open(place)?,
            LakeChoice::Sample => Snapshot::of_sample(),
        };
        let mut notes = Vec::new();
        if let Some(first) = snapshot.strangers.first() {
            notes.push(format!("{first} is no partition of the lake and is not read"));
        }
        let engine = Engine::new(snapshot, &self.options)?;
        if engine.days().is_none() {
            let account = self.options.account.as_deref();
            let whose = account.map_or_else(|| "the lake".to_owned(), |name| format!("account {name}"));
            notes.push(format!("{whose} holds no clicks yet (see: fetcher land --help)"));
        }
        let seconds = self.range.over(engine.days());
        let config = self.config.clone();
        Ok(Opened { engine, range: self.range.clone(), seconds, notes, config, scored_with: None })
    }
}

/// A lake at one moment, and the range that is asked about.
pub struct Opened {
    /// Answers from this version of the lake.
    pub engine: Engine,
    /// The range: its first and last second.
    pub seconds: Seconds,
    /// What is to be said beside any answer.
    pub notes: Vec<String>,
    /// The configuration of scores that the environment names.
    pub config: Option<PathBuf>,
    /// What gave the table of scores, once there is one.
    pub scored_with: Option<ScoredWith>,
    range: AskedRange,
}

/// How far what a question rests on is there.
#[derive(Debug, Default)]
pub struct Completeness {
    /// Whether all of it is.
    pub is_complete: bool,
    /// What is missing, a sentence each.
    pub notes: Vec<String>,
}

impl Opened {
    /// The same version of the lake and the same range, to ask with tables of its own.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            engine: self.engine.beside(),
            seconds: self.seconds,
            notes: self.notes.clone(),
            config: self.config.clone(),
            scored_with: self.scored_with.clone(),
            range: self.range.clone(),
        }
    }

    /// The tables that statements can name, with their columns: those of the engine, and the scores, which are computed
    /// where they are asked for.
    #[must_use]
    pub fn tables(&self) -> BTreeMap<String, SchemaRef> {
        let mut tables = self.engine.tables();
        tables.extend(scorecard::schema().map(|schema| (scorecard::TABLE.to_owned(), schema)));
        tables
    }

    /// The same as [`range_parameters`](Self::range_parameters) over other seconds, such as the period before.
    #[must_use]
    pub fn parameters_over(&self, seconds: Seconds) -> Parameters {
        self.range.parameters(seconds).into()
    }

    /// Whether the range was named whole, or is that of clicks in the lake; else it means nothing.
    #[must_use]
    pub fn has_range(&self) -> bool {
        self.range.is_whole() || self.engine.days().is_some()
    }

    /// The time zone that days are told in.
    #[must_use]
    pub fn timezone(&self) -> String {
        self.range.zone_name().to_owned()
    }

    /// The values of `$from`, `$to`, `$timezone` and of the question's own parameters.
    ///
    /// # Errors
    /// A parameter that is unknown, missing, given twice, or not of its type.
    pub fn parameters(&self, question: &Question, given: &[String]) -> Result<Parameters, RequestError> {
        let mut parameters = question.bind(given)?;
        parameters.extend(self.range.parameters(self.seconds));
        Ok(parameters)
    }

    /// The values of `$from`, `$to` and `$timezone`, which every statement has.
    pub fn range_parameters(&self) -> Parameters {
        self.range.parameters(self.seconds).into()
    }

    /// Plans a question and begins to answer it.
    ///
    /// # Errors
    /// Points at the parameter or the place in the SQL, or names the file of the lake.
    pub async fn answer(&self, question: &Question, given: &[String]) -> Result<Answer, RunError> {
        Ok(self.engine.query(&question.text, &self.parameters(question, given)?).await?)
    }

    /// The whole answer over another range than the one that is asked about, such as the one before it.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub async fn rows_over(
        &self,
        seconds: Seconds,
        question: &Question,
        given: &[String],
    ) -> Result<RecordBatch, RunError> {
        let mut parameters = question.bind(given)?;
        parameters.extend(self.range.parameters(seconds));
        let (schema, rows) = self.engine.collect(&question.text, &parameters).await?;
        let whole = concat_batches(&schema, &rows).map_err(datafusion::error::DataFusionError::from);
        Ok(whole.map_err(|error| self.engine.explain(&question.text, &error))?)
    }

    /// The whole answer, in memory: for questions whose answers are known to be small.
    ///
    /// # Errors
    /// As [`answer`](Self::answer), and where execution fails.
    pub async fn rows(&self, question: &Question, given: &[String]) -> Result<RecordBatch, RunError> {
        self.rows_over(self.seconds, question, given).await
    }

    /// How far the feeds that a question rests on cover the range, and the days before it that it looks back on; one that
    /// rests on no feed is always complete.
    ///
    /// # Errors
    /// A partition whose footer cannot be read; a parameter that is wrong.
    pub async fn completeness(&self, question: &Question, given: &[String]) -> Result<Completeness, RunError> {
        if question.needs.is_empty() {
            return Ok(Completeness { is_complete: true, notes: Vec::new() });
        }
        let measured = self.engine.completeness(&question.needs, self.seconds_read(question, given)?).await?;
        let is_complete = !measured.is_empty() && measured.iter().all(|account| account.is_complete());
        let mut notes: Vec<String> =
            measured.iter().filter(|account| !account.is_complete()).map(ToString::to_string).collect();
        // What two groups of feeds lack alike is said once.
        notes.dedup();
        Ok(Completeness { is_complete, notes })
    }

    /// The range that a question reads.
    fn seconds_read(&self, question: &Question, given: &[String]) -> Result<Seconds, RequestError> {
        let Some(name) = &question.before else { return Ok(self.seconds) };
        Ok(match question.bind(given)?.get(name) {
            Some(ScalarValue::Int64(Some(days))) => self.range.with_days_before(self.seconds, *days),
            _ => self.seconds,
        })
    }
}
