//! Code made from the protos by `tests/codegen.rs`; not edited by hand.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::allow_attributes_without_reason,
    unused_qualifications,
    unreachable_pub,
    elided_lifetimes_in_paths,
    rustdoc::invalid_html_tags,
    deprecated,
    reason = "generated"
)]

#[rustfmt::skip]
pub(crate) mod messages {
    include!("messages.rs");
    pub mod durascope {
        pub mod monitor {
            pub mod v1 {
                include!("monitor.rs");
            }
        }
    }
}

#[cfg(feature = "server")]
#[rustfmt::skip]
pub(crate) mod server {
    include!("server.rs");
}
