//! The JSON Schemas of what `--json` prints, generated from the types. Not here: the types (`wharf-model`).

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use wharf_model::daemon::{DAEMON_SCHEMA, Daemon};
use wharf_model::detail::{PORT_SCHEMA, PortDetail};
use wharf_model::diagnosis::{CAUSES_SCHEMA, Causes, DIAGNOSIS_SCHEMA, Diagnosis};
use wharf_model::event::{EVENT_SCHEMA, Event};
use wharf_model::free::{FREE_SCHEMA, Freeing};
use wharf_model::lease::{LEASES_SCHEMA, Leases};
use wharf_model::names::{NAMES_SCHEMA, Names};
use wharf_model::route::{ROUTES_SCHEMA, Routes};
use wharf_model::run::{RUNS_SCHEMA, Runs};
use wharf_model::snapshot::{ENDPOINTS_SCHEMA, Snapshot};
use wharf_model::trust::{TRUST_SCHEMA, Trust};

/// Names that [`schema`] knows.
pub const NAMES: [&str; 12] = [
    "endpoints",
    "port",
    "event",
    "leases",
    "runs",
    "daemon",
    "routes",
    "trust",
    "names",
    "diagnosis",
    "causes",
    "free",
];

/// Returns the JSON Schema (2020-12) of one document; `None` for a name that is not in [`NAMES`].
///
/// `endpoints` is what `wharf ls --json` prints, `port` what `wharf show --json` prints, and `event` a line of
/// `wharf watch --json`. `$id` is the name and version that the document carries in its field `schema`.
#[must_use]
pub fn schema(name: &str) -> Option<Value> {
    match name {
        "endpoints" => Some(of::<Snapshot>(ENDPOINTS_SCHEMA)),
        "port" => Some(of::<PortDetail>(PORT_SCHEMA)),
        "event" => Some(of::<Event>(EVENT_SCHEMA)),
        "leases" => Some(of::<Leases>(LEASES_SCHEMA)),
        "runs" => Some(of::<Runs>(RUNS_SCHEMA)),
        "daemon" => Some(of::<Daemon>(DAEMON_SCHEMA)),
        "routes" => Some(of::<Routes>(ROUTES_SCHEMA)),
        "trust" => Some(of::<Trust>(TRUST_SCHEMA)),
        "diagnosis" => Some(of::<Diagnosis>(DIAGNOSIS_SCHEMA)),
        "causes" => Some(of::<Causes>(CAUSES_SCHEMA)),
        "names" => Some(of::<Names>(NAMES_SCHEMA)),
        "free" => Some(of::<Freeing>(FREE_SCHEMA)),
        _ => None,
    }
}

fn of<T: JsonSchema>(id: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), json!(id));
    schema.insert("title".to_owned(), json!(id));
    let mut value = Value::from(schema);
    if let Some(version) = value.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        version.insert("const".to_owned(), json!(id));
    }
    value
}
