//! Pure conversions of canonical objects, through transform plugins.

use async_trait::async_trait;
use serde_json::Value;

use crate::Called;

/// The loaded transforms.
#[async_trait]
pub trait Transforms: Send + Sync {
    /// Converts one canonical object. Without network, clock or state: the same input gives the same
    /// output. `CallError::NoConnection` names a transform that is not loaded.
    async fn convert(&self, transform: &str, object: &str, data: &Value) -> Called<String>;
    /// Ids of the loaded transforms that take this object, in order.
    fn transforms(&self, object: &str) -> Vec<String>;
}
