//! The sequential reference model.
/// Placeholder
#[derive(Debug)]
pub struct Model;
