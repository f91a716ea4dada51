//! The edge to the cloud: authentication, calls, envelopes, parsing, quota, download.
