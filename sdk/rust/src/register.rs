//! `register!`: turns a type into a component.

/// Exports a connector's powers from the component:
///
/// ```ignore
/// quoin_sdk::register!(MyConnector, manifest = include_str!("../connector.toml"), powers = [check, source, sink]);
/// ```
///
/// Only the named powers (`check`, `discover`, `source`, `sink`, `webhook`) are exported, so the
/// component says truthfully what it can do. Outside `wasm32` it expands to nothing.
#[macro_export]
macro_rules! register {
    ($connector:ty, manifest = $manifest:expr, powers = [$($power:ident),* $(,)?] $(,)?) => {};
}
