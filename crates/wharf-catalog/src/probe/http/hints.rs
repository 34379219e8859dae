//! What HTTP servers give away: data alone.
//!
//! A header or an answer that one product alone gives is a product. Words in a page, and libraries that many
//! servers are made of, are families: a name learned by looking stands above them.

use crate::probe::finding::Strength::{self, Family, Product};

/// Where a product tells its version: id, path, ports at which it is asked first of a stranger.
#[rustfmt::skip]
pub(super) const PATHS: &[(&str, &str, &[u16])] = &[
    ("node-inspector",  "/json/version", &[9229, 9230]),
    ("chrome-devtools", "/json/version", &[9222]),
    ("deno-inspector",  "/json/version", &[]),
    ("prometheus",      "/api/v1/status/buildinfo", &[9090]),
    ("etcd",            "/version", &[2379]),
    ("dockerd",         "/version", &[2375]),
    ("podman",          "/version", &[]),
    ("kube-apiserver",  "/version", &[]),
    ("jupyter",         "/api", &[8888]),
    ("ollama",          "/api/version", &[11434]),
    ("vite",            "/@vite/client", &[5173, 5174]),
    ("vitest",          "/@vite/client", &[]),
    ("grafana",         "/api/health", &[]),
    ("weaviate",        "/v1/meta", &[]),
    ("influxdb",        "/health", &[8086]),
    ("chroma",          "/api/v2/version", &[]),
    ("chroma",          "/api/v1/version", &[]),
];

/// What to ask further of a server of which only a library or a runtime is known.
#[rustfmt::skip]
pub(super) const BENEATH: &[(&str, &[&str])] = &[
    ("node",     &["/@vite/client", "/json/version"]),
    ("npm",      &["/@vite/client"]),
    ("bun",      &["/@vite/client"]),
    ("deno",     &["/@vite/client", "/json/version"]),
    ("electron", &["/json/version"]),
    ("vscode",   &["/json/version"]),
    ("chromium", &["/json/version"]),
    ("chrome",   &["/json/version"]),
    ("edge",     &["/json/version"]),
    ("brave",    &["/json/version"]),
    ("tornado",  &["/api"]),
    ("http",     &["/version", "/@vite/client", "/json/version"]),
];

/// Products of the Server header, written as they are said.
#[rustfmt::skip]
pub(super) const SERVERS: &[(&str, &str, Strength)] = &[
    ("nginx", "nginx", Product), ("openresty", "openresty", Product), ("Apache", "apache", Product),
    ("Caddy", "caddy", Product), ("lighttpd", "lighttpd", Product), ("h2o", "h2o", Product),
    ("envoy", "envoy", Product), ("istio-envoy", "envoy", Product), ("squid", "squid", Product),
    ("Unit", "nginx-unit", Product), ("thttpd", "thttpd", Product), ("mini_httpd", "mini-httpd", Product),
    ("darkhttpd", "darkhttpd", Product), ("kong", "kong", Product),
    ("SimpleHTTP", "python-http-server", Product), ("BaseHTTP", "python", Family),
    ("WSGIServer", "wsgiref", Family), ("Werkzeug", "werkzeug", Family), ("gunicorn", "gunicorn", Family),
    ("uvicorn", "uvicorn", Family), ("hypercorn-h11", "hypercorn", Family), ("hypercorn-h2", "hypercorn", Family),
    ("daphne", "daphne", Family), ("granian", "granian", Family), ("waitress", "waitress", Family),
    ("TornadoServer", "tornado", Family), ("aiohttp", "aiohttp", Family), ("TwistedWeb", "twisted", Family),
    ("sanic", "sanic", Family), ("WEBrick", "webrick", Family), ("thin", "thin", Family), ("Puma", "puma", Family),
    ("Phusion", "passenger", Family), ("Jetty", "jetty", Family), ("Apache-Coyote", "tomcat", Family),
    ("Kestrel", "dotnet", Family), ("PHP", "php", Family), ("Deno", "deno", Family),
    ("Docker", "dockerd", Product), ("Libpod", "podman", Product), ("MinIO", "minio", Product),
    ("CUPS", "cups", Product), ("CouchDB", "couchdb", Product), ("Prometheus", "prometheus", Product),
    ("InfluxDB", "influxdb", Product), ("qdrant", "qdrant", Product), ("llama.cpp", "llama-cpp", Product),
    ("Jellyfin", "jellyfin", Product), ("ttyd", "ttyd", Product), ("Mailpit", "mailpit", Product),
    ("Transmission", "transmission", Product), ("mitmproxy", "mitmproxy", Product), ("Netdata", "netdata", Product),
    ("GitLab", "gitlab", Product), ("Boa", "http", Strength::Carrier),
];

/// Classes of Python's standard library, whose version has not changed since Python 2.
pub(super) const CONSTANT_VERSIONS: &[&str] = &["SimpleHTTP", "BaseHTTP", "WSGIServer"];

/// Where products lead whoever asks for their first page.
pub(super) const LOCATIONS: &[(&str, &str)] = &[
    ("/graph", "prometheus"),
    ("/query", "prometheus"),
    ("/classic/graph", "prometheus"),
    ("/web/index.html", "jellyfin"),
];

/// Names of the X-Powered-By header.
#[rustfmt::skip]
pub(super) const POWERED_BY: &[(&str, &str, Strength)] = &[
    ("Next.js", "next", Product), ("Nuxt", "nuxt", Product), ("Strapi", "strapi", Product),
    ("Directus", "directus", Product), ("Express", "express", Family), ("PHP", "php", Family),
    ("Hono", "hono", Family), ("ASP.NET", "dotnet", Family), ("Sails", "sails", Family),
];

/// Headers that one product alone sends; where the value is a version, it is that.
pub(super) const OWN_HEADERS: &[(&str, &str)] = &[
    ("x-jenkins", "jenkins"),
    ("x-influxdb-version", "influxdb"),
    ("x-clickhouse-server-display-name", "clickhouse"),
    ("x-clickhouse-summary", "clickhouse"),
    ("x-elastic-product", "elasticsearch"),
    ("kbn-name", "kibana"),
    ("x-vault-request", "vault"),
    ("x-consul-index", "consul"),
    ("x-nextjs-cache", "next"),
    ("x-nextjs-prerender", "next"),
    ("x-syncthing-version", "syncthing"),
    ("x-gitea-version", "gitea"),
];

/// Bodies in JSON: pointer, how its text begins, id, pointer to the version.
#[rustfmt::skip]
pub(super) const JSON: &[(&str, &str, &str, &str)] = &[
    ("/tagline", "You Know, for Search", "elasticsearch", "/version/number"),
    ("/tagline", "The OpenSearch Project", "opensearch", "/version/number"),
    ("/couchdb", "Welcome", "couchdb", "/version"),
    ("/title", "qdrant", "qdrant", "/version"),
    ("/status", "Meilisearch is running", "meilisearch", ""),
    ("/neo4j_version", "", "neo4j", "/neo4j_version"),
    ("/server", "arango", "arangodb", "/version"),
    ("/etcdserver", "", "etcd", "/etcdserver"),
];

/// How the titles of products' own pages begin.
#[rustfmt::skip]
pub(super) const TITLES: &[(&str, &str)] = &[
    ("RabbitMQ Management", "rabbitmq"), ("Prometheus", "prometheus"), ("Grafana", "grafana"),
    ("MailHog", "mailhog"), ("Mailpit", "mailpit"), ("MinIO Console", "minio"), ("RedisInsight", "redisinsight"),
    ("Alertmanager", "alertmanager"), ("Node Exporter", "node-exporter"), ("Traefik", "traefik"),
    ("Consul by HashiCorp", "consul"), ("Jaeger UI", "jaeger"), ("Zipkin", "zipkin"), ("Flower", "flower"),
    ("JupyterLab", "jupyter"), ("Jupyter Server", "jupyter"), ("Jupyter Notebook", "jupyter"),
    ("Streamlit", "streamlit"), ("MLflow", "mlflow"), ("TensorBoard", "tensorboard"), ("phpMyAdmin", "phpmyadmin"),
    ("pgAdmin 4", "pgadmin"), ("Selenium Grid", "selenium"), ("Directory listing for ", "python-http-server"),
    ("webpack-dev-server", "webpack-dev-server"), ("Node-RED", "node-red"), ("Open WebUI", "open-webui"),
    ("Verdaccio", "verdaccio"), ("code-server", "code-server"), ("Sign in · GitLab", "gitlab"), ("SonarQube", "sonarqube"),
];

/// Words in a page that only one product puts there.
#[rustfmt::skip]
pub(super) const BODIES: &[(&str, &str)] = &[
    ("/@vite/client", "vite"), ("Blocked request. This host (", "vite"),
    ("/_next/static/", "next"), ("__NEXT_DATA__", "next"), ("/_nuxt/", "nuxt"),
    ("Ollama is running", "ollama"),
    ("WebSockets request was expected", "node-inspector"),
    ("Invalid Host/Origin header", "webpack-dev-server"),
    ("/sb-manager/", "storybook"),
    ("window.gradio_config", "gradio"),
];
