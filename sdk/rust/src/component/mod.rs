//! The component side: generated bindings, the host behind the imports, and the glue that
//! [`crate::register!`] exports. Only in the sandbox (`wasm32`); authors see none of it.

pub mod door;
mod exports;
pub mod lift;

pub use exports::{Exported, Manifested};

/// What a host reads before it links anything: the contract and the SDK a component was built with.
const STAMP: &str = concat!(r#"{"contract":"1.0.0","sdk":""#, env!("CARGO_PKG_VERSION"), r#"","language":"rust"}"#);

#[allow(unsafe_code)] // naming a link section is `unsafe`; the bytes are plain data
#[used]
#[unsafe(link_section = "quoin:contract")]
static CONTRACT_SECTION: [u8; STAMP.len()] = copied(STAMP);

const fn copied<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = text.as_bytes()[at];
        at += 1;
    }
    bytes
}

/// Generated from the contract: one world of imports, and one tiny world per power, so that a
/// component exports exactly the powers it names.
#[allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic)] // generated
pub mod bindings {
    pub mod imports {
        wit_bindgen::generate!({
            path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0"],
            inline: "package quoin:sdk;
                world imports {
                    import quoin:types/types@1.0.0;
                    import quoin:host/log@1.0.0;
                    import quoin:host/http@1.0.0;
                    import quoin:host/clock@1.0.0;
                    import quoin:host/config@1.0.0;
                    import quoin:host/verify@1.0.0;
                }",
            generate_all,
            generate_unused_types: true,
        });
    }

    macro_rules! power {
        ($module:ident, $world:literal, $export:literal) => {
            pub mod $module {
                wit_bindgen::generate!({
                    path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0", "../../wit/connector@1.0.0"],
                    world: $world,
                    with: { "quoin:types/types@1.0.0": crate::component::bindings::imports::quoin::types::types },
                    pub_export_macro: true,
                    export_macro_name: $export,
                });
            }
        };
    }

    pub mod describes {
        wit_bindgen::generate!({
            path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0", "../../wit/connector@1.0.0"],
            world: "quoin:connector/describes@1.0.0",
            pub_export_macro: true,
            export_macro_name: "export_describe",
        });
    }
    pub mod transformer {
        wit_bindgen::generate!({
            path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0", "../../wit/transform@1.0.0"],
            world: "quoin:transform/transformer@1.0.0",
            with: {
                "quoin:types/types@1.0.0": crate::component::bindings::imports::quoin::types::types,
                "quoin:host/log@1.0.0": crate::component::bindings::imports::quoin::host::log,
                "quoin:host/config@1.0.0": crate::component::bindings::imports::quoin::host::config,
            },
            pub_export_macro: true,
            export_macro_name: "export_transformer",
        });
    }
    power!(checks, "quoin:connector/checks@1.0.0", "export_check");
    power!(discovers, "quoin:connector/discovers@1.0.0", "export_discover");
    power!(reads, "quoin:connector/reads@1.0.0", "export_source");
    power!(writes, "quoin:connector/writes@1.0.0", "export_sink");
    power!(listens, "quoin:connector/listens@1.0.0", "export_webhook");
}
