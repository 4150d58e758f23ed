//! Files and standard input, decompressed by what they hold, not by what they are called.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Input that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {source}")]
pub struct InputError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Bytes read so far, before decompression.
#[derive(Debug, Clone, Default)]
pub struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R> {
    inner: R,
    read: BytesRead,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.read.0.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Opens a file, or standard input for `-`, and decompresses gzip and zstd.
///
/// # Errors
/// Where it cannot be opened or is a folder.
pub fn open(path: &Path, read: &BytesRead) -> Result<Box<dyn Read + Send>, InputError> {
    let failed = |source| InputError { path: path.to_owned(), source };
    let raw: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file")));
        }
        Box::new(file)
    };
    let counted = Counted { inner: raw, read: read.clone() };
    decompress(BufReader::with_capacity(1 << 18, counted)).map_err(failed)
}

fn decompress(mut input: BufReader<impl Read + Send + 'static>) -> io::Result<Box<dyn Read + Send>> {
    let beginning = input.fill_buf()?;
    if beginning.starts_with(GZIP) {
        Ok(Box::new(flate2::bufread::MultiGzDecoder::new(input)))
    } else if beginning.starts_with(ZSTD) {
        Ok(Box::new(zstd::Decoder::with_buffer(input)?))
    } else {
        Ok(Box::new(input))
    }
}

/// The size of all files together, where it is known, for a progress bar.
#[must_use]
pub fn total_bytes(paths: &[PathBuf]) -> Option<u64> {
    paths
        .iter()
        .map(|path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn reads_what_was_compressed_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"{\"transaction_id\":\"a\"}\n".repeat(1000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        // Two members, as `cat a.gz b.gz` makes them.
        let twice = [gzip.finish().unwrap(), zstd_free_gzip(&text)].concat();
        for (name, bytes, copies) in
            [("plain", text.clone(), 1), ("z", zstd::encode_all(&text[..], 1).unwrap(), 1), ("g", twice, 2)]
        {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let mut back = Vec::new();
            open(&path, &BytesRead::default()).unwrap().read_to_end(&mut back).unwrap();
            assert_eq!(back, text.repeat(copies), "{name}");
        }
    }

    fn zstd_free_gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }
}
