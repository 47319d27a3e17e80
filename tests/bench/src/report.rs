//! The figures as a table and as JSON: each with what it is compared with, the ratio, the target.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::calls::Calls;
use crate::flows::Flows;
use crate::idle::Idle;
use crate::invoicing::Billing;
use crate::load::Load;
use crate::reference::Reference;
use crate::transform::Conversions;

/// Everything measured.
pub(crate) struct Report {
    /// File to serving.
    pub(crate) load: Load,
    /// Plugin calls.
    pub(crate) calls: Calls,
    /// Conversions.
    pub(crate) conversions: Conversions,
    /// What flows are compared with.
    pub(crate) reference: Reference,
    /// Flows.
    pub(crate) flows: Flows,
    /// Billing.
    pub(crate) billing: Billing,
    /// Idle connections.
    pub(crate) idle: Idle,
}

/// One figure.
struct Row {
    group: &'static str,
    what: String,
    value: f64,
    unit: &'static str,
    /// What it is compared with, and its value in the same unit.
    beside: Option<(&'static str, f64)>,
    target: &'static str,
}

impl Row {
    fn new(group: &'static str, what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { group, what: what.into(), value, unit, beside: None, target: "" }
    }

    fn beside(mut self, what: &'static str, value: f64) -> Self {
        self.beside = Some((what, value));
        self
    }

    fn target(mut self, target: &'static str) -> Self {
        self.target = target;
        self
    }

    /// Value by reference; none where there is nothing to divide by.
    fn ratio(&self) -> Option<f64> {
        self.beside.filter(|(_, reference)| *reference > 0.0).map(|(_, reference)| self.value / reference)
    }
}

impl Report {
    /// For a terminal.
    pub(crate) fn to_text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["", "measured", "value", "beside it, in this run", "", "ratio", "target"]);
        for row in self.rows() {
            let (what, reference) = row
                .beside
                .map_or((String::new(), String::new()), |(what, value)| (what.to_owned(), figure(value, row.unit)));
            let ratio = row.ratio().map(|ratio| format!("{} x", plain(ratio))).unwrap_or_default();
            let value = figure(row.value, row.unit);
            table.add_row([row.group.to_owned(), row.what, value, what, reference, ratio, row.target.to_owned()]);
        }
        format!("{table}\n{}", self.notes())
    }

    /// For a program.
    pub(crate) fn to_json(&self) -> Value {
        let rows = self.rows().into_iter().map(|row| {
            json!({
                "group": row.group, "what": row.what, "value": row.value, "unit": row.unit, "ratio": row.ratio(),
                "reference": row.beside.map(|(what, value)| json!({"what": what, "value": value})), "target": row.target,
            })
        });
        json!({
            "rows": rows.collect::<Vec<_>>(), "notes": self.notes(),
            "raw": {"load": self.load, "calls": self.calls, "conversions": self.conversions, "reference": self.reference, "flows": self.flows, "billing": self.billing, "idle": self.idle},
        })
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = self.call_rows();
        rows.extend(self.conversion_rows());
        rows.extend(self.flow_rows());
        rows.extend(self.billing_rows());
        rows.extend(self.limit_rows());
        for plugin in &self.load.plugins {
            rows.push(
                Row::new("plugin", format!("{}: file to serving, cold", plugin.id), plugin.cold_ms, "ms")
                    .target("<= 1,000 ms, reach for 300"),
            );
            rows.push(
                Row::new("plugin", format!("{}: file to serving, cached", plugin.id), plugin.cached_ms, "ms")
                    .beside("cold", plugin.cold_ms)
                    .target("<= 50 ms, reach for 5"),
            );
        }
        rows.extend([
            Row::new("memory", "peak, host under the storm", self.flows.peak_mib, "MiB")
                .beside("references", self.reference.peak_mib)
                .target("<= 150 MiB, reach for 80"),
            Row::new("memory", "peak, billing of 100,000 entries", self.billing.peak_mib, "MiB").target("<= 500 MiB"),
            Row::new("memory", "peak, plugin calls", self.calls.peak_mib, "MiB"),
            Row::new(
                "memory",
                format!("idle connection, of {}", self.idle.connections),
                self.idle.connection_kib,
                "KiB",
            ),
            Row::new("memory", "the same after a call", self.idle.used_kib, "KiB"),
            Row::new("memory", format!("loaded plugin, of {}", self.idle.plugins), self.idle.plugin_kib, "KiB"),
            Row::new("memory", "host that holds them all", self.idle.resident_mib, "MiB"),
            Row::new("memory", "peak, host that loads plugins", self.load.peak_mib, "MiB"),
        ]);
        rows
    }

    fn call_rows(&self) -> Vec<Row> {
        let calls = &self.calls;
        vec![
            Row::new("call", "plugin call, fresh instance, 1 object", calls.single_us, "us")
                .beside("native", calls.native_us)
                .target("<= native + 15 us, reach for + 12"),
            Row::new("call", "of that, over native", calls.single_us - calls.native_us, "us").target("<= 15 us"),
            Row::new("call", "smallest call", calls.bare_us, "us"),
            Row::new("call", "batch of 100, per object", calls.batch_us, "us")
                .beside("native", calls.native_us)
                .target("<= 1.5 x"),
            Row::new("call", "page of 100 quotes read, per quote", calls.quote_us, "us")
                .beside("native, 1 customer", calls.native_us),
        ]
    }

    fn conversion_rows(&self) -> Vec<Row> {
        let Conversions { native_us, fresh_us, extism, .. } = &self.conversions;
        let ours = || Row::new("call", "transform, fresh instance, 1 object", *fresh_us, "us");
        let mut rows = vec![ours().beside("native", *native_us)];
        if let Some(extism) = extism {
            rows.push(ours().beside("Extism, fresh instance", extism.fresh_us).target("< 1 x"));
            rows.push(ours().beside("Extism, kept instance", extism.warm_us));
        }
        rows
    }

    fn flow_rows(&self) -> Vec<Row> {
        let (flows, reference) = (&self.flows, &self.reference);
        let flush = reference.flush.ready.p50_ms;
        let rate = |what: &'static str, beside: f64| {
            Row::new("flows", "durable flows", flows.per_second, "/s").beside(what, beside)
        };
        vec![
            rate("native, 2 requests", reference.native.per_second).target(">= 0.15 x"),
            rate("native + 4 fresh instances", reference.wasm.per_second).target(">= 0.40 x, reach for 0.60"),
            rate("native, 6 requests", reference.as_many.per_second),
            Row::new("flows", "end to end p50, at half of that rate", flows.half.p50_ms, "ms")
                .beside("flush p50", flush),
            Row::new("flows", "end to end p99, at half of that rate", flows.half.p99_ms, "ms")
                .beside("flush p50", flush)
                .target("<= 20 x and <= 25 ms, reach for 10"),
            Row::new("flows", "end to end p50, storm", flows.storm.p50_ms, "ms")
                .beside("native, 2 requests", reference.native.took.p50_ms),
            Row::new("flows", "end to end p99, storm", flows.storm.p99_ms, "ms")
                .beside("native, 2 requests", reference.native.took.p99_ms),
        ]
    }

    fn billing_rows(&self) -> Vec<Row> {
        let billing = &self.billing;
        let at = |index: usize| billing.us_per_entry.get(index).copied().unwrap_or_default();
        vec![
            Row::new("billing", "100,000 entries to invoices, one core", billing.seconds, "s").target("<= 1 s"),
            Row::new("billing", "one of 1,000,000 entries", at(2), "us")
                .beside("one of 10,000", at(0))
                .target("flat: <= 1.3 x"),
            Row::new("billing", "one of 100,000 entries", at(1), "us").beside("one of 10,000", at(0)),
        ]
    }

    fn limit_rows(&self) -> Vec<Row> {
        let flush = &self.reference.flush;
        vec![
            Row::new("disk", "1 KiB + fdatasync, file ready", flush.ready_per_second, "/s")
                .beside("growing file", flush.appends_per_second),
            Row::new("disk", "flush p50", flush.ready.p50_ms, "ms"),
            Row::new("disk", "flush p99", flush.ready.p99_ms, "ms"),
        ]
    }

    fn notes(&self) -> String {
        let flows = &self.flows;
        let extism = match &self.conversions.extism {
            Some(_) => "",
            None => "\nExtism could not be built here, so nothing stands beside the conversion but native code.",
        };
        format!(
            "{} flows a run, {} webhooks in flight; {:.1} vendor requests and {:.1} recorded events a flow; objects of {} bytes.\n\
             Targets are ratios against this run's own limits: absolute figures move from machine to machine.{extism}",
            flows.flows, flows.in_flight, flows.requests, flows.events, self.calls.object_bytes
        )
    }
}

fn figure(value: f64, unit: &str) -> String {
    format!("{} {unit}", plain(value))
}

/// Three digits that matter, at least.
fn plain(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
