//! Misbehaviour that the SDK does not let through: written on the bare border.
#![allow(unsafe_code)] // the exported functions' calling convention, generated

use quoin_sdk::component::bindings::imports::quoin::types::types::{Fault, Reference};
use quoin_sdk::component::bindings::{reads, writes};
use quoin_sdk::component::{door, lift};
use reads::exports::quoin::connector::source;
use writes::exports::quoin::connector::sink;

use crate::behave;

struct Raw;

reads::export_source!(Raw with_types_in reads);
writes::export_sink!(Raw with_types_in writes);

impl source::Guest for Raw {
    fn read(request: source::ReadRequest) -> Result<source::Page, Fault> {
        let host = door::open();
        let guest = behave::guest(&host).map_err(lift::fault_out)?;
        let one = |data: &str| Ok(page(vec![change("1", data.to_owned())]));
        match guest.as_str() {
            "bad_json" => one("{\"name\": "),
            "wrong_canonical_field" => one(
                r#"{"name":"A","status":"active","addresses":[{"purpose":"billing","lines":7,"city":"","postal_code":"","country":"DE"}]}"#,
            ),
            "unknown_canonical_field" => one(r#"{"name":"A","status":"active","favourite_colour":"red"}"#),
            "invalid_by_rule" => one(r#"{"name":"","status":"active"}"#),
            "empty_external" => Ok(page(vec![change("", r#"{"name":"A","status":"active"}"#.to_owned())])),
            // A later version reads another amount, and asks once more.
            "priced" => {
                let asked = |path: &str| {
                    quoin_sdk::Host::send(&host, quoin_sdk::Request::get(&format!("https://vendor.example{path}")))
                };
                asked("/price").map_err(lift::fault_out)?;
                let later = !behave::is_first_version();
                if later {
                    let _ = asked("/discount");
                }
                let limit = if later { "110.00" } else { "100.00" };
                one(&format!(
                    r#"{{"name":"A","status":"active","credit":{{"status":"ok","limit":{{"amount":"{limit}","currency":"EUR"}}}},"addresses":[{{"purpose":"billing","lines":["Ana Rocha"],"city":"Bonn","postal_code":"53111","country":"DE"}}]}}"#
                ))
            }
            "huge_output" => one(&" ".repeat(20 << 20)),
            "million_small_texts" => Ok(page((0..600_000).map(|_| change("", String::new())).collect())),
            guest => {
                let request = lift::request_in(request)?;
                behave::read(&host, &request, guest).map(lift::page_out).map_err(lift::fault_out)
            }
        }
    }
}

fn page(changes: Vec<source::Change>) -> source::Page {
    source::Page { changes, next: None, more: false, cursor_format: 1 }
}

fn change(external: &str, data: String) -> source::Change {
    source::Change { op: source::Op::Upsert, external: external.into(), version: None, data }
}

impl sink::Guest for Raw {
    fn apply(_: String, items: Vec<sink::Item>) -> Result<Vec<sink::Outcome>, Fault> {
        let host = door::open();
        let guest = behave::guest(&host).map_err(lift::fault_out)?;
        let mut outcomes: Vec<sink::Outcome> = items.iter().map(created).collect();
        match guest.as_str() {
            "sink_too_few" => drop(outcomes.pop()),
            "sink_wrong_key" => outcomes.iter_mut().for_each(|outcome| outcome.key = "another".into()),
            "sink_created_without_id" => outcomes.iter_mut().for_each(|outcome| outcome.external = None),
            "sink_rejected_without_fault" => {
                outcomes.iter_mut().for_each(|outcome| outcome.status = sink::Status::Rejected)
            }
            "sink_wrong_data" => outcomes.iter_mut().for_each(|outcome| outcome.data = Some(r#"{"name":7}"#.into())),
            "sink_unknown_kind" => outcomes.iter_mut().for_each(|outcome| {
                let reference = Reference { object: "spaceship".into(), id: "1".into(), external: "1".into() };
                outcome.references.push(reference);
            }),
            "sink_dies_after_sending" => {
                let _ = quoin_sdk::Host::send(&host, quoin_sdk::Request::post("https://vendor.example/customers"));
                panic!("died after sending");
            }
            _ => {}
        }
        Ok(outcomes)
    }

    fn lookup(_: String, items: Vec<sink::Item>) -> Result<Vec<sink::Outcome>, Fault> {
        Ok(items.iter().map(created).collect())
    }
}

fn created(item: &sink::Item) -> sink::Outcome {
    sink::Outcome {
        key: item.key.clone(),
        status: sink::Status::Created,
        external: Some(format!("v-{}", item.id)),
        version: None,
        data: Some(item.data.clone()),
        references: Vec::new(),
        fault: None,
    }
}
