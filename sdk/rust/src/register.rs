//! `register!`: turns a type into a component.

/// Exports a connector's powers from the component:
///
/// ```text
/// quoin_sdk::register!(MyConnector, manifest = include_str!("../connector.toml"), powers = [check, source, sink]);
/// ```
///
/// Only the named powers (`check`, `discover`, `source`, `sink`, `webhook`) are exported, so the
/// component says truthfully what it can do. Outside `wasm32` it expands to nothing.
#[macro_export]
macro_rules! register {
    ($connector:ty, manifest = $manifest:expr, powers = [$($power:ident),* $(,)?] $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)] // the exported functions' calling convention, generated
        const _: () = {
            impl $crate::component::Manifested for $connector {
                const MANIFEST: &'static str = $manifest;
            }
            type Registered = $crate::component::Exported<$connector>;
            $crate::component::bindings::describes::export_describe!(
                Registered with_types_in $crate::component::bindings::describes
            );
            $($crate::__export_power!($power, Registered);)*
        };
    };
}

/// Exports a transform from the component:
///
/// ```text
/// quoin_sdk::register_transform!(MyTransform, manifest = include_str!("../connector.toml"));
/// ```
///
/// Outside `wasm32` it expands to nothing.
#[macro_export]
macro_rules! register_transform {
    ($transform:ty, manifest = $manifest:expr $(,)?) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)] // the exported functions' calling convention, generated
        const _: () = {
            impl $crate::component::Manifested for $transform {
                const MANIFEST: &'static str = $manifest;
            }
            type Registered = $crate::component::Exported<$transform>;
            $crate::component::bindings::transformer::export_transformer!(
                Registered with_types_in $crate::component::bindings::transformer
            );
        };
    };
}

/// One power's exports.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_power {
    (check, $type:ident) => {
        $crate::component::bindings::checks::export_check!($type with_types_in $crate::component::bindings::checks);
    };
    (discover, $type:ident) => {
        $crate::component::bindings::discovers::export_discover!($type with_types_in $crate::component::bindings::discovers);
    };
    (source, $type:ident) => {
        $crate::component::bindings::reads::export_source!($type with_types_in $crate::component::bindings::reads);
    };
    (sink, $type:ident) => {
        $crate::component::bindings::writes::export_sink!($type with_types_in $crate::component::bindings::writes);
    };
    (webhook, $type:ident) => {
        $crate::component::bindings::listens::export_webhook!($type with_types_in $crate::component::bindings::listens);
    };
    ($other:ident, $type:ident) => {
        compile_error!(concat!("no power '", stringify!($other), "': one of check, discover, source, sink, webhook"));
    };
}
