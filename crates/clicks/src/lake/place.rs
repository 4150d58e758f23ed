//! Where a lake is: what `--lake` names.
//!
//! Promises that a URL that holds credentials is refused without being repeated: what is typed ends up in histories
//! and logs.

use std::fmt;
use std::path::{Path, PathBuf};

use object_store::path::Path as Key;
use url::Url;

/// Where a lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A prefix in a bucket of S3, or of a store that speaks its protocol.
    Bucket {
        /// The bucket.
        bucket: String,
        /// What the names of all objects of the lake begin with; may be empty.
        prefix: Key,
    },
}

/// A name that can be none of a lake.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Passwords do not belong in a URL.
    #[error(
        "the lake's URL holds a user name or a password: leave them out, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    Credentials,
    /// Nor in that of the server.
    #[error(
        "AWS_ENDPOINT_URL holds a user name or a password: leave them out, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    EndpointCredentials,
    /// Not a URL.
    #[error("the lake's URL cannot be understood ({0}): write a folder, or s3://BUCKET/PREFIX")]
    NoUrl(url::ParseError),
    /// Not a place that lakes can be in.
    #[error("a lake cannot be at {scheme}://: write a folder, or s3://BUCKET/PREFIX{hint}")]
    Scheme {
        /// The scheme.
        scheme: String,
        /// What may have been meant.
        hint: &'static str,
    },
    /// Parts that mean nothing here, or a part that is missing.
    #[error("the lake's URL {problem}: write s3://BUCKET/PREFIX")]
    Form {
        /// What is wrong.
        problem: &'static str,
    },
}

impl Place {
    /// Reads what was typed: a folder, `file://FOLDER` or `s3://BUCKET/PREFIX`.
    ///
    /// # Errors
    /// A URL of another form.
    pub fn parse(typed: &Path) -> Result<Place, PlaceError> {
        let Some(text) = typed.to_str() else {
            return Ok(Place::Folder(typed.to_owned()));
        };
        if !text.contains("://") {
            return match text.split_once(":/").map(|(scheme, _)| scheme.to_lowercase()) {
                Some(scheme) if scheme == "s3" || scheme == "file" => {
                    Err(PlaceError::Form { problem: "has one slash where two belong" })
                }
                _ => Ok(Place::Folder(typed.to_owned())),
            };
        }
        let url = Url::parse(text).map_err(PlaceError::NoUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PlaceError::Credentials);
        }
        // A signed URL carries its signature there.
        if url.query().is_some() || url.fragment().is_some() {
            return Err(PlaceError::Form { problem: "has a query or a fragment" });
        }
        match url.scheme() {
            "file" => url
                .to_file_path()
                .map(Place::Folder)
                .map_err(|()| PlaceError::Form { problem: "names a folder of another machine" }),
            "s3" | "s3a" => Place::of_bucket(&url),
            scheme => Err(PlaceError::Scheme {
                scheme: scheme.to_owned(),
                hint: match scheme {
                    "http" | "https" => " and name the server in AWS_ENDPOINT_URL",
                    _ => "",
                },
            }),
        }
    }

    fn of_bucket(url: &Url) -> Result<Place, PlaceError> {
        let bucket = url.host_str().filter(|bucket| !bucket.is_empty());
        let bucket = bucket.ok_or(PlaceError::Form { problem: "names no bucket" })?;
        if url.port().is_some() {
            return Err(PlaceError::Form { problem: "names a port, which belongs into AWS_ENDPOINT_URL" });
        }
        let prefix = Key::from_url_path(url.path().trim_matches('/'))
            .map_err(|_| PlaceError::Form { problem: "has a prefix that cannot name an object" })?;
        Ok(Place::Bucket { bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(f),
            Place::Bucket { bucket, prefix } if prefix.as_ref().is_empty() => write!(f, "s3://{bucket}"),
            Place::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Place, PlaceError> {
        Place::parse(Path::new(text))
    }

    #[test]
    fn folders_and_buckets() {
        for (typed, meant) in [
            ("lake", "lake"),
            ("/var/lake", "/var/lake"),
            ("file:///var/my%20lake", "/var/my lake"),
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("s3a://bucket/a/b/", "s3://bucket/a/b"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(parse(typed).unwrap().to_string(), meant, "{typed}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_a_hint() {
        for (typed, expected) in [
            ("gs://bucket/lake", "a lake cannot be at gs://: write a folder, or s3://BUCKET/PREFIX"),
            ("https://s3.example.com/bucket", "name the server in AWS_ENDPOINT_URL"),
            ("s3:///lake", "names no bucket"),
            ("s3://bucket:9000/lake", "names a port"),
            ("s3:/bucket/lake", "one slash where two belong"),
            ("file://server/lake", "names a folder of another machine"),
            ("s3://bucket/lake?X-Amz-Signature=hush", "has a query"),
            ("s3://bucket/a//b", "cannot name an object"),
            ("://", "cannot be understood"),
        ] {
            let error = parse(typed).unwrap_err().to_string();
            assert!(error.contains(expected), "{typed}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        for typed in ["s3://AKIA123:hush@bucket/lake", "s3://AKIA123@bucket", "gs://AKIA123:hush@host/lake"] {
            let error = parse(typed).unwrap_err();
            assert!(matches!(error, PlaceError::Credentials), "{error}");
            let said = format!("{error} {error:?}");
            assert!(!said.contains("AKIA123") && !said.contains("hush"), "{said}");
        }
    }
}
