//! Files and standard input, decompressed by what they hold, not by what they are called.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::GzDecoder;

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
        Ok(Box::new(GzipMembers { member: Some(GzDecoder::new(input)) }))
    } else if beginning.starts_with(ZSTD) {
        Ok(Box::new(ZstdFrames { frames: zstd::Decoder::with_buffer(input)? }))
    } else {
        Ok(Box::new(input))
    }
}

/// Gzip streams one behind the other, as `cat a.gz b.gz` makes them, and the zeros that tapes pad them with.
struct GzipMembers<R: BufRead> {
    /// None at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.member = match self.member.take() {
                Some(ended) => next_member(ended.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

fn next_member<R: BufRead>(mut input: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let next = input.fill_buf()?;
        match next.first() {
            None => return Ok(None),
            Some(0) => {
                let zeros = next.iter().take_while(|byte| **byte == 0).count();
                input.consume(zeros);
            }
            Some(first) if *first == GZIP[0] => return Ok(Some(GzDecoder::new(input))),
            Some(_) => {
                let words = "what follows the end of the gzip data is neither gzip nor padding: is the file damaged?";
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
        }
    }
}

/// As the library reads them, but for the words.
struct ZstdFrames<R: BufRead> {
    frames: zstd::Decoder<'static, R>,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.frames.read(buffer).map_err(|error| {
            let words = format!("the zstd data is damaged, or something else follows its end: {error}");
            io::Error::new(error.kind(), words)
        })
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

    #[test]
    fn padding_behind_gzip_is_passed_over_and_anything_else_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"{\"transaction_id\":\"a\"}\n".repeat(1000);
        let (gzip, zstd) = (zstd_free_gzip(&text), zstd::encode_all(&text[..], 1).unwrap());
        let read = |bytes: Vec<u8>| {
            let path = folder.path().join("file");
            std::fs::write(&path, bytes).unwrap();
            let mut back = Vec::new();
            let result = open(&path, &BytesRead::default()).unwrap().read_to_end(&mut back);
            (back, result.err().map(|error| error.to_string()))
        };
        let padded = |zeros: usize| [gzip.clone(), vec![0; zeros]].concat();
        for (bytes, copies) in [(padded(1), 1), (padded(1 << 20), 1), ([padded(512), gzip.clone()].concat(), 2)] {
            assert_eq!(read(bytes), (text.repeat(copies), None));
        }
        for (bytes, words) in [
            ([padded(0), b"x".to_vec()].concat(), "neither gzip nor padding"),
            ([padded(9), b"{}".to_vec()].concat(), "neither gzip nor padding"),
            ([zstd.clone(), b"{}    ".to_vec()].concat(), "something else follows its end"),
        ] {
            let (back, error) = read(bytes);
            assert_eq!(back, text);
            assert!(error.as_ref().unwrap().contains(words), "{error:?}");
        }
        // Nothing that is cut off passes for whole.
        for bytes in [&gzip[..gzip.len() - 1], &zstd[..zstd.len() - 1], &[&gzip[..], &gzip[..9]].concat()] {
            assert!(read(bytes.to_vec()).1.is_some());
        }
    }

    fn zstd_free_gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }
}
