//! Compression with gzip, at its best.

use std::io::{Result, Write};

use flate2::{Compression, write::GzEncoder};

/// The same for the same content: the format's name and time stay empty.
pub(crate) fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}
