//! One partition and the clicks that join it.

use std::path::Path;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use hashbrown::HashMap;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use crate::coverage::Coverage;
use crate::gather::{Pick, TypedClicks, empty_batch, gather, runs};
use crate::lake::{Lake, PartitionKey};
use crate::partition::{BATCH_BYTES, OpenPartition, PartitionError, PartitionWriter, Rows, write_partition};
use crate::schema::{click_schema, position};
use crate::shared::{Picked, Shared};
use crate::versions::merge_versions;
use crate::width::TextBytes;

use super::Folded;
use super::permits::Permit;
use super::proof::Proof;

/// Bytes of text of versions that one pass merges: they are held as plain rows, several times over.
const PASS_BYTES: usize = BATCH_BYTES;

/// What one pass has done.
pub(super) struct Pass {
    pub(super) folded: Folded,
    /// What is left for another: the versions of these clicks together would take too much memory.
    pub(super) later: Vec<Pick>,
}

/// Merges clicks into a partition; and coverage, in the pass after which none are left. Leaves the partition untouched
/// where nothing would change. None where somebody else has replaced it meanwhile: its new version is to be merged with
/// then.
pub(super) fn fold_partition(
    lake: &Lake,
    key: &PartitionKey,
    clicks: &[TypedClicks],
    shared: &Shared,
    picks: Vec<Pick>,
    coverage: &Coverage,
    permit: Permit,
) -> Result<Option<Pass>, PartitionError> {
    let path = &lake.path_of(key);
    let rows_of = |source| PartitionError::Rows { path: path.to_owned(), source };
    let mut fold = Fold { sources: clicks.iter().collect(), picks };
    let own = fold.merge_repeated().map_err(rows_of)?;
    let mut folded = Folded { rows_repeated: own.repeated, ..Folded::default() };
    fold.picks = own.keep;
    // The merged versions live here while the fold refers to them.
    let own_clicks = TypedClicks::from_batch(&own.merged);
    fold.add(&own_clicks);

    let old = lake.open_partition(key)?;
    let matched = match &old {
        Some(old) => fold.match_with(old, path)?,
        None => Vec::new(),
    };
    folded.rows_new = (fold.picks.len() - matched.len()) as u64;
    let changed = match &old {
        Some(old) if !matched.is_empty() => fold.merge_with(old, &matched, path)?,
        _ => Changed::default(),
    };
    folded.rows_changed = changed.old_rows.len() as u64;
    folded.rows_unchanged = (changed.merged - changed.old_rows.len()) as u64;
    let mut later = own.later;
    for (_, position) in &matched[changed.merged..] {
        match fold.picks[*position] {
            (source, row) if source as usize == clicks.len() => later.extend(&own.groups[row as usize]),
            pick => later.push(pick),
        }
    }
    let none = Coverage::default();
    let coverage = if later.is_empty() { coverage } else { &none };
    if folded.rows_new == 0 && folded.rows_changed == 0 && coverage.is_empty() {
        return Ok(Some(Pass { folded, later }));
    }
    let mut is_matched = vec![false; fold.picks.len()];
    matched.iter().for_each(|(_, position)| is_matched[*position] = true);
    let mut positions = is_matched.iter();
    fold.picks.retain(|_| !positions.next().copied().unwrap_or_default());
    changed.clicks.iter().for_each(|clicks| fold.add(clicks));
    fold.sort();

    let kept = old.as_ref().map_or(0, OpenPartition::rows) - changed.old_rows.len();
    let version = old.as_ref().map(|old| old.version().clone()).unwrap_or_default();
    let publication = write_partition(lake, key, &version, kept + fold.picks.len(), permit, |writer| {
        let mut merged = old.as_ref().map(|old| old.coverage().clone()).unwrap_or_default();
        merged.extend(coverage);
        let mut proof = Proof::new(&merged);
        match old.as_ref().filter(|_| kept > 0) {
            None if fold.is_one_group(clicks.len()) => fold.write_group(shared, clicks, path, writer, &mut proof)?,
            old => fold.write(old, &changed.old_rows, path, writer, &mut proof)?,
        }
        Ok(proof.coverage())
    })?;
    folded.partitions_written = 1;
    Ok(publication.is_published().then_some(Pass { folded, later }))
}

/// Rows of one transaction id that came more than once.
struct OwnVersions {
    repeated: u64,
    /// One row for each group.
    merged: RecordBatch,
    groups: Vec<Vec<Pick>>,
    /// The picks that came once.
    keep: Vec<Pick>,
    /// Versions for another pass.
    later: Vec<Pick>,
}

/// Clicks whose merge with what came differs from what the partition has.
#[derive(Default)]
struct Changed {
    clicks: Vec<TypedClicks>,
    /// The rows that they replace.
    old_rows: Vec<usize>,
    /// How many matches were merged, changed or not.
    merged: usize,
}

struct Fold<'a> {
    sources: Vec<&'a TypedClicks>,
    picks: Vec<Pick>,
}

impl<'a> Fold<'a> {
    fn id(&self, pick: Pick) -> &'a str {
        text(self.sources[pick.0 as usize], position::TRANSACTION_ID, pick.1 as usize)
    }

    /// Finds ids that came more than once, and merges their versions.
    fn merge_repeated(&self) -> Result<OwnVersions, ArrowError> {
        let mut first: HashMap<&str, usize, foldhash::fast::RandomState> =
            HashMap::with_capacity_and_hasher(self.picks.len(), foldhash::fast::RandomState::default());
        let mut versions: Vec<Vec<Pick>> = Vec::new();
        let mut group_of: HashMap<usize, usize> = HashMap::new();
        for (index, pick) in self.picks.iter().enumerate() {
            let known = *first.entry(self.id(*pick)).or_insert(index);
            if known != index {
                let group = *group_of.entry(known).or_insert_with(|| {
                    versions.push(vec![self.picks[known]]);
                    versions.len() - 1
                });
                versions[group].push(*pick);
            }
        }
        if versions.is_empty() {
            let keep = self.picks.clone();
            return Ok(OwnVersions { repeated: 0, merged: empty_batch(), groups: versions, keep, later: Vec::new() });
        }
        let in_group: hashbrown::HashSet<Pick> = versions.iter().flatten().copied().collect();
        let keep = self.picks.iter().copied().filter(|pick| !in_group.contains(pick)).collect();
        let later = self.postpone(&mut versions);
        let repeated = versions.iter().map(|group| group.len() as u64 - 1).sum();
        let picks: Vec<Pick> = versions.iter().flatten().copied().collect();
        let merged = merge_groups(gather(&self.sources, &picks)?, versions.iter().map(Vec::len).collect())?;
        Ok(OwnVersions { repeated, merged, groups: versions, keep, later })
    }

    /// Takes away the versions that one pass cannot hold. Two are always left, so that every pass gets on.
    fn postpone(&self, groups: &mut Vec<Vec<Pick>>) -> Vec<Pick> {
        let (mut bytes, mut held) = (0, 0);
        let mut later = Vec::new();
        for group in groups.iter_mut() {
            let fits = |(source, row): &&Pick| {
                bytes += self.sources[*source as usize].text_bytes(*row as usize);
                held += 1;
                bytes <= PASS_BYTES || held <= 2
            };
            let fitting = group.iter().take_while(fits).count();
            later.extend(group.drain(fitting..));
        }
        groups.retain(|group| !group.is_empty());
        later
    }

    /// Takes clicks in as a source of their own.
    fn add(&mut self, clicks: &'a TypedClicks) {
        let source = self.sources.len() as u32;
        self.sources.push(clicks);
        self.picks.extend((0..clicks.len() as u32).map(|row| (source, row)));
    }

    /// The rows of the old version that are other versions of picks: (row, position of the pick), by row.
    fn match_with(&self, old: &OpenPartition, path: &Path) -> Result<Vec<(usize, usize)>, PartitionError> {
        let mut positions: HashMap<&str, usize, foldhash::fast::RandomState> = HashMap::default();
        positions.extend(self.picks.iter().enumerate().map(|(position, pick)| (self.id(*pick), position)));
        let mut matched = Vec::new();
        let mut is_matched = vec![false; self.picks.len()];
        let mut row = 0;
        if positions.is_empty() {
            return Ok(matched);
        }
        for batch in old.read(Some(&["transaction_id"]), None)? {
            for id in batch?.column(0).as_string::<i32>() {
                if let Some(position) = id.and_then(|id| positions.get(id)) {
                    if std::mem::replace(&mut is_matched[*position], true) {
                        let id = id.unwrap_or_default().to_owned();
                        return Err(PartitionError::Repeated { path: path.to_owned(), id });
                    }
                    matched.push((row, *position));
                }
                row += 1;
            }
        }
        Ok(matched)
    }

    /// Merges the matched picks with their old versions; keeps those that this changes.
    fn merge_with(
        &self,
        old: &OpenPartition,
        matched: &[(usize, usize)],
        path: &Path,
    ) -> Result<Changed, PartitionError> {
        let rows_of = |source| PartitionError::Rows { path: path.to_owned(), source };
        let rows: Vec<usize> = matched.iter().map(|(row, _)| *row).collect();
        let mut changed = Changed::default();
        let mut bytes = 0;
        for batch in old.read(None, Some(selection(&rows, old.rows(), true)))? {
            let batch = batch?;
            let here = &matched[changed.merged..][..batch.num_rows()];
            let picks: Vec<Pick> = here.iter().map(|(_, position)| self.picks[*position]).collect();
            let mut at = 0;
            for picks in runs(&self.sources, &picks) {
                if bytes > PASS_BYTES {
                    return Ok(changed);
                }
                let fresh = gather(&self.sources, picks).map_err(rows_of)?;
                let held = batch.slice(at, picks.len());
                let newer = merge_versions(&held, &fresh).map_err(rows_of)?;
                let differs = rows_that_differ(&held, &newer);
                let here = here[at..].iter().zip(&differs);
                changed.old_rows.extend(here.filter(|(_, differs)| **differs).map(|((row, _), _)| row));
                if differs.contains(&true) {
                    let newer = filter_record_batch(&newer, &BooleanArray::from(differs)).map_err(rows_of)?;
                    bytes += TextBytes::of_batch(&newer).iter().sum::<usize>();
                    changed.clicks.push(TypedClicks::from_batch(&newer));
                }
                at += picks.len();
                changed.merged += picks.len();
            }
        }
        Ok(changed)
    }

    fn sort(&mut self) {
        let mut keyed: Vec<(Key<'a>, Pick)> = self.picks.iter().map(|pick| (self.key(*pick), *pick)).collect();
        keyed.sort_unstable();
        self.picks = keyed.into_iter().map(|(_, pick)| pick).collect();
    }

    fn key(&self, (source, row): Pick) -> Key<'a> {
        Key::of(self.sources[source as usize], row as usize)
    }

    /// True where the picks are all of the first so many sources, and few enough to be one row group.
    fn is_one_group(&self, sources: usize) -> bool {
        let (mut text_bytes, mut widest) = (0, 0);
        for (source, row) in &self.picks {
            let bytes = self.sources[*source as usize].text_bytes(*row as usize);
            text_bytes += bytes;
            widest = bytes.max(widest);
        }
        self.picks.iter().all(|(source, _)| (*source as usize) < sources)
            && PartitionWriter::is_one_group(self.picks.len(), text_bytes, widest)
    }

    /// Writes the picks, which are all there is.
    fn write_group(
        &self,
        shared: &Shared,
        clicks: &[TypedClicks],
        path: &Path,
        writer: &mut PartitionWriter,
        proof: &mut Proof,
    ) -> Result<(), PartitionError> {
        let mut rows = Picked::new(clicks, shared, &self.sources, &self.picks);
        if proof.is_counting() {
            let mut whole = |column| rows.values(column, 0..self.picks.len());
            let columns = whole(position::CLICK_TIME).and_then(|times| Ok((times, whole(position::FEED_LIST)?)));
            let (times, feeds) = columns.map_err(|source| PartitionError::Rows { path: path.to_owned(), source })?;
            proof.count(&times, &feeds);
        }
        writer.write_group(&mut rows)
    }

    /// Writes the picks, merged with what is kept of the old version.
    fn write(
        &self,
        old: Option<&OpenPartition>,
        replaced: &[usize],
        path: &Path,
        writer: &mut PartitionWriter,
        proof: &mut Proof,
    ) -> Result<(), PartitionError> {
        let rows_of = |source| PartitionError::Rows { path: path.to_owned(), source };
        let mut next = 0;
        if let Some(old) = old {
            let kept = (!replaced.is_empty()).then(|| selection(replaced, old.rows(), false));
            for batch in old.read(None, kept)? {
                let kept = TypedClicks::from_batch(&batch?);
                let mut sources = self.sources.clone();
                sources.push(&kept);
                let old_source = self.sources.len() as u32;
                let mut picks = Vec::with_capacity(kept.len());
                for row in 0..kept.len() {
                    let key = Key::of(&kept, row);
                    while next < self.picks.len() && self.key(self.picks[next]) < key {
                        picks.push(self.picks[next]);
                        next += 1;
                    }
                    picks.push((old_source, row as u32));
                }
                for picks in runs(&sources, &picks) {
                    proof.write(writer, gather(&sources, picks).map_err(rows_of)?)?;
                }
            }
        }
        for picks in runs(&self.sources, &self.picks[next..]) {
            proof.write(writer, gather(&self.sources, picks).map_err(rows_of)?)?;
        }
        Ok(())
    }
}

/// Merges the rows of each group, which follow each other, to one. Pair by pair, so that ten thousand versions of one
/// click take fourteen rounds.
fn merge_groups(mut rows: RecordBatch, mut groups: Vec<usize>) -> Result<RecordBatch, ArrowError> {
    while groups.iter().any(|rows| *rows > 1) {
        // Those without a partner stand behind the pairs; `order` then brings the rows of a group together again.
        let (mut firsts, mut seconds, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0_u32;
        for len in &groups {
            let end = at + *len as u32;
            while at + 1 < end {
                firsts.push(at);
                seconds.push(at + 1);
                at += 2;
            }
            if at < end {
                alone.push(at);
                at += 1;
            }
        }
        let take = |indices: &[u32]| take_record_batch(&rows, &UInt32Array::from(indices.to_vec()));
        let pairs = merge_versions(&take(&firsts)?, &take(&seconds)?)?;
        let (mut order, mut next_pair, mut next_alone) = (Vec::new(), 0_u32, pairs.num_rows() as u32);
        for len in &mut groups {
            order.extend(next_pair..next_pair + (*len / 2) as u32);
            next_pair += (*len / 2) as u32;
            if *len % 2 == 1 {
                order.push(next_alone);
                next_alone += 1;
            }
            *len = len.div_ceil(2);
        }
        let joined = concat_batches(&click_schema(), [&pairs, &take(&alone)?])?;
        rows = take_record_batch(&joined, &UInt32Array::from(order))?;
    }
    Ok(rows)
}

/// What rows are sorted by: affiliate with NULL last, time, id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    affiliate_is_null: bool,
    affiliate: i64,
    time: i64,
    id: &'a str,
}

impl<'a> Key<'a> {
    fn of(clicks: &'a TypedClicks, row: usize) -> Key<'a> {
        let affiliates = clicks.own_column(position::AFFILIATE_ID).as_primitive::<Int64Type>();
        let at = clicks.position(position::AFFILIATE_ID, row);
        let affiliate_is_null = affiliates.is_null(at);
        Key {
            affiliate_is_null,
            affiliate: if affiliate_is_null { 0 } else { affiliates.value(at) },
            time: clicks.own_column(position::CLICK_TIME).as_primitive::<TimestampMicrosecondType>().value(row),
            id: text(clicks, position::TRANSACTION_ID, row),
        }
    }
}

fn text(clicks: &TypedClicks, column: usize, row: usize) -> &str {
    clicks.own_column(column).as_string::<i32>().value(row)
}

/// Selects the given rows, which are ascending, or all others.
fn selection(rows: &[usize], total: usize, selects_them: bool) -> RowSelection {
    let mut selectors = Vec::with_capacity(rows.len() * 2 + 1);
    let selector = |rows, selects| if selects { RowSelector::select(rows) } else { RowSelector::skip(rows) };
    let mut at = 0;
    for row in rows {
        if *row > at {
            selectors.push(selector(row - at, !selects_them));
        }
        selectors.push(selector(1, selects_them));
        at = row + 1;
    }
    if at < total {
        selectors.push(selector(total - at, !selects_them));
    }
    // Joins neighbours of a kind.
    selectors.into()
}

/// Which rows are not the same in both.
fn rows_that_differ(a: &RecordBatch, b: &RecordBatch) -> Vec<bool> {
    let mut differs = vec![false; a.num_rows()];
    for (a, b) in a.columns().iter().zip(b.columns()) {
        if a == b {
            continue;
        }
        for (row, differs) in differs.iter_mut().enumerate() {
            *differs = *differs || a.slice(row, 1) != b.slice(row, 1);
        }
    }
    differs
}
