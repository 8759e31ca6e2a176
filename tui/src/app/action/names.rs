//! Names of actions, as the configuration and the palette have them.

use super::ActionId;

/// The name of an action in the configuration, like `raise-event`.
pub fn name(id: ActionId) -> String {
    let mut out = String::new();
    for it in format!("{id:?}").chars() {
        if it.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(it.to_ascii_lowercase());
    }
    out
}
