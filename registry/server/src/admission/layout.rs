//! The OCI layout of a component (CNCF TAG Runtime, "Wasm OCI Artifact layout"), as `wkg` pushes it too.

use quoin_package::PluginName;

use crate::error::{Code, Refusal};
use crate::manifest::{Descriptor, IMAGE_MANIFEST, Manifest};

/// Media type of the configuration.
const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
/// Media type of the one layer.
const LAYER_TYPE: &str = "application/wasm";

/// The component of a version.
///
/// # Errors
/// What differs from the layout, and the command that makes it right.
pub fn component<'m>(manifest: &'m Manifest, plugin: &PluginName) -> Result<&'m Descriptor, Refusal> {
    let refuse = |what: String| {
        Err(Refusal::invalid(
            Code::ManifestInvalid,
            format!("{what}; publish with `quoin publish FILE.wasm --as {plugin}`, which lays it out"),
        ))
    };
    if manifest.media_type != IMAGE_MANIFEST {
        return refuse(format!("a version is an image manifest ({IMAGE_MANIFEST}), not {}", manifest.media_type));
    }
    let config = manifest.config.as_ref().map_or("", |config| config.media_type.as_str());
    if config != CONFIG_TYPE {
        return refuse(format!("the config is '{config}'; that of a component is {CONFIG_TYPE}"));
    }
    match manifest.layers.as_slice() {
        [layer] if layer.media_type == LAYER_TYPE => Ok(layer),
        [layer] => refuse(format!("the layer is '{}'; a component is {LAYER_TYPE}", layer.media_type)),
        layers => refuse(format!("there are {} layers; a version has one, the component", layers.len())),
    }
}
