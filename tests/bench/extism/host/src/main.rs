//! Times one conversion in Extism: in an instance made for it, and in one that is there already.
//! Arguments: the plugin, a file with the object. Prints one line of JSON.

use std::hint::black_box;
use std::time::{Duration, Instant};

use extism::{CompiledPlugin, Error, Manifest, Plugin, PluginBuilder, Wasm};

/// Rounds before anything counts.
const WARM_UP: u32 = 200;
/// How long rounds are counted.
const LOOP: Duration = Duration::from_secs(2);

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(plugin), Some(object)) = (arguments.next(), arguments.next()) else {
        return Err(Error::msg("name the plugin, and a file with the object"));
    };
    let object = std::fs::read_to_string(object)?;
    let manifest = Manifest::new([Wasm::file(std::path::PathBuf::from(plugin))]);
    let compiled = CompiledPlugin::new(PluginBuilder::new(manifest).with_wasi(false))?;
    let fresh = |object: &str| -> Result<String, Error> {
        Plugin::new_from_compiled(&compiled)?.call::<&str, String>("convert", object)
    };
    let document = fresh(&object)?;
    let fresh_us = micros(|| fresh(black_box(&object)))?;
    let mut held = Plugin::new_from_compiled(&compiled)?;
    let warm_us = micros(|| held.call::<&str, String>("convert", black_box(&object)))?;
    println!("{}", serde_json::json!({ "fresh_us": fresh_us, "warm_us": warm_us, "document": document }));
    Ok(())
}

/// Microseconds per round, one after the other.
fn micros(mut round: impl FnMut() -> Result<String, Error>) -> Result<f64, Error> {
    for _ in 0..WARM_UP {
        round()?;
    }
    let (start, mut rounds) = (Instant::now(), 0_u32);
    while start.elapsed() < LOOP {
        black_box(round()?);
        rounds += 1;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds))
}
