//! How findings look: a sign and a role by their weight.

use crate::data::verdict::Finding;
use crate::data::verdict::Weight;
use crate::ui::pen::Piece;
use crate::ui::pen::piece;
use crate::ui::theme::Role;

/// The role of a finding.
pub fn role(finding: &Finding) -> Role {
    match finding.rule.weight() {
        Weight::Bad => Role::Bad,
        Weight::Warn => Role::Warn,
        Weight::Wait => Role::Wait,
        Weight::Fine => Role::Text,
    }
}

/// `!` before what needs a look, a dot before the rest.
pub fn sign(finding: &Finding) -> &'static str {
    match finding.rule.weight() {
        Weight::Bad | Weight::Warn => "!",
        Weight::Wait | Weight::Fine => "·",
    }
}

/// A finding on one line.
pub fn line<'a>(finding: Finding) -> Vec<Piece<'a>> {
    let role = role(&finding);
    let sign = format!("{} ", sign(&finding));
    vec![piece(sign, role), piece(finding.text, Role::Text)]
}
