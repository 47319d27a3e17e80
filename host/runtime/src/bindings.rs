//! Generated from the contract: the imports that the host serves, and one tiny world per power,
//! each probed on the component.
#![allow(missing_docs, clippy::all, clippy::pedantic)] // generated

pub mod imports {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0"],
        inline: "package quoin:runtime;
            world imports {
                import quoin:types/types@1.0.0;
                import quoin:host/log@1.0.0;
                import quoin:host/http@1.0.0;
                import quoin:host/clock@1.0.0;
                import quoin:host/config@1.0.0;
                import quoin:host/verify@1.0.0;
            }",
        imports: { default: async },
    });
}

macro_rules! power {
    ($module:ident, $world:literal) => {
        pub mod $module {
            wasmtime::component::bindgen!({
                path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0", "../../wit/connector@1.0.0"],
                world: $world,
                exports: { default: async },
                with: { "quoin:types/types": crate::bindings::imports::quoin::types::types },
            });
        }
    };
}

pub mod describes {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0", "../../wit/connector@1.0.0"],
        world: "quoin:connector/describes@1.0.0",
        exports: { default: async },
    });
}
power!(checks, "quoin:connector/checks@1.0.0");
power!(discovers, "quoin:connector/discovers@1.0.0");
power!(reads, "quoin:connector/reads@1.0.0");
power!(writes, "quoin:connector/writes@1.0.0");
power!(listens, "quoin:connector/listens@1.0.0");

pub mod transformer {
    wasmtime::component::bindgen!({
        path: ["../../wit/types@1.0.0", "../../wit/host@1.0.0", "../../wit/transform@1.0.0"],
        world: "quoin:transform/transformer@1.0.0",
        imports: { default: async },
        exports: { default: async },
        with: {
            "quoin:types/types": crate::bindings::imports::quoin::types::types,
            "quoin:host/log": crate::bindings::imports::quoin::host::log,
            "quoin:host/config": crate::bindings::imports::quoin::host::config,
        },
    });
}
