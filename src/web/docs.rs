//! `/docs`: a page to try the API from a browser. It is made of what `GET /v1/openapi.json` says, so
//! that it knows every call; it asks nobody but this server, and keeps the key nowhere but in itself.
//! Whoever reaches the listener may read it: it tells no more than the description.

use axum::{Router, http::header, routing::get};

const FILES: [(&str, &str, &str); 3] = [
    (
        "/docs",
        "text/html; charset=utf-8",
        include_str!("docs/page.html"),
    ),
    (
        "/docs/page.js",
        "text/javascript; charset=utf-8",
        include_str!("docs/page.js"),
    ),
    (
        "/docs/page.css",
        "text/css; charset=utf-8",
        include_str!("docs/page.css"),
    ),
];

/// Own files and own calls alone; nobody may put the page into a frame to have somebody press on it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page and its two files.
pub(super) fn router() -> Router {
    FILES
        .iter()
        .fold(Router::new(), |routes, (path, kind, text)| {
            let headers = [
                (header::CONTENT_TYPE, *kind),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            routes.route(path, get((headers, *text)))
        })
}
