//! Proxies, TLS, HTTP, databases. One file a cause.

use crate::cause::Cause;

mod browser_proxy;
mod certificate_expired;
mod certificate_name_mismatch;
mod certificate_not_yet_valid;
mod certificate_untrusted;
mod client_certificate_required;
mod container;
mod cookies_too_large;
mod cors_denied;
mod database;
mod database_access_denied;
mod database_auth_failed;
mod database_has_no_tls;
mod database_host_blocked;
mod database_host_not_allowed;
mod database_missing;
mod database_password_required;
mod database_read_only;
mod database_recovering;
mod database_refuses;
mod database_requires_tls;
mod database_shutting_down;
mod database_starting;
mod database_tls_fails;
mod database_too_many_connections;
mod database_user_missing;
mod host_not_allowed;
mod hsts_remembered;
mod http1_only;
mod http2_only;
mod http_to_https_port;
mod https_to_http_port;
mod local_network_access;
mod login_required;
mod mixed_content;
mod not_http;
mod origin;
mod proxy_catches_localhost;
mod redirect_to_down_place;
mod server_error;
mod tls_handshake_fails;
mod tls_version_too_old;
mod tls_words;
mod too_old_protocol;
mod tunnel_remote_refuses;
mod upstream;
mod websocket_not_proxied;
mod websocket_refused;
mod wrong_protocol;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &proxy_catches_localhost::CAUSE,
    &browser_proxy::CAUSE,
    &local_network_access::CAUSE,
    &mixed_content::CAUSE,
    &https_to_http_port::CAUSE,
    &http_to_https_port::CAUSE,
    &http2_only::CAUSE,
    &http1_only::CAUSE,
    &not_http::CAUSE,
    &wrong_protocol::CAUSE,
    &client_certificate_required::CAUSE,
    &certificate_expired::CAUSE,
    &certificate_not_yet_valid::CAUSE,
    &certificate_name_mismatch::CAUSE,
    &certificate_untrusted::CAUSE,
    &tls_version_too_old::CAUSE,
    &container::LOOPBACK,
    &container::DOWN,
    &tunnel_remote_refuses::CAUSE,
    &upstream::DOWN,
    &upstream::SLOW,
    &upstream::NOT_REACHED,
    &database_auth_failed::CAUSE,
    &database_password_required::CAUSE,
    &database_missing::CAUSE,
    &database_access_denied::CAUSE,
    &database_user_missing::CAUSE,
    &database_too_many_connections::CAUSE,
    &database_host_not_allowed::CAUSE,
    &database_host_blocked::CAUSE,
    &database_requires_tls::CAUSE,
    &database_has_no_tls::CAUSE,
    &database_tls_fails::CAUSE,
    &database_starting::CAUSE,
    &database_shutting_down::CAUSE,
    &database_recovering::CAUSE,
    &database_read_only::CAUSE,
    &too_old_protocol::CAUSE,
    &database_refuses::CAUSE,
    &tls_handshake_fails::CAUSE,
    &host_not_allowed::CAUSE,
    &cookies_too_large::CAUSE,
    &redirect_to_down_place::CAUSE,
    &websocket_not_proxied::CAUSE,
    &websocket_refused::CAUSE,
    &cors_denied::CAUSE,
    &login_required::CAUSE,
    &server_error::CAUSE,
    &hsts_remembered::CAUSE,
];
