//! The build-and-run logic behind `scripts/`.
