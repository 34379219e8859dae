//! The API as an OpenAPI 3.1 document, made from the table of routes and the types of what goes in and out.
//!
//! OpenAPI 3.1 takes JSON Schema 2020-12 as it is, so that one schema serves here and in `wharf schema`.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::VERSION;
use crate::document::Problem;
use crate::route::{ENDPOINTS, ROUTES, Route};

/// Returns the document.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in &ROUTES {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wharf",
            "version": VERSION,
            "description": "The daemon of wharf, on the Unix socket daemon.sock in $XDG_RUNTIME_DIR/wharf (else in \
                the directory run of wharf's state). It answers its own user alone, and no request with an Origin, a \
                Referer or another Host than localhost. Within /v1 routes and fields are only added.",
        },
        "servers": [{ "url": "http://localhost" }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let mut responses = Map::new();
    match route.gives {
        Some(schema) => {
            let schema = schema(generator);
            responses.insert("200".into(), json!({ "description": "Done.", "content": content(schema) }))
        }
        None => responses.insert("204".into(), json!({ "description": "Done." })),
    };
    let problem = generator.subschema_for::<Problem>().to_value();
    responses.insert("default".into(), json!({ "description": "Why not.", "content": content(problem) }));
    let mut operation = json!({ "summary": route.summary, "responses": responses });
    if let Some(schema) = route.takes {
        let schema = schema(generator);
        operation["requestBody"] = json!({ "required": true, "content": content(schema) });
    }
    let parameter = |name: &str, place: &str, schema: Value| json!([{ "name": name, "in": place, "required": place == "path", "schema": schema }]);
    match route.parameter() {
        Some("port") => {
            let port = json!({ "type": "integer", "minimum": 1, "maximum": 65535 });
            operation["parameters"] = parameter("port", "path", port);
        }
        Some(name) => operation["parameters"] = parameter(name, "path", json!({ "type": "string" })),
        None if route.path == ENDPOINTS.path => {
            operation["parameters"] = parameter("filter", "query", json!({ "type": "string" }));
        }
        None => {}
    }
    operation
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::document;

    /// Returns every `$ref` in a document.
    fn references(value: &Value) -> Vec<String> {
        match value {
            Value::Object(map) => map
                .iter()
                .flat_map(|(key, value)| match value {
                    Value::String(text) if key == "$ref" => vec![text.clone()],
                    other => references(other),
                })
                .collect(),
            Value::Array(list) => list.iter().flat_map(references).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = document();
        let named = references(&document);
        assert!(named.len() > 20, "{named:?}");
        for name in named {
            assert!(document.pointer(name.trim_start_matches('#')).is_some(), "{name}");
        }
        let daemon = document.pointer("/paths/~1v1~1daemon/get/responses/200").unwrap();
        assert_eq!(daemon["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Daemon");
    }
}
