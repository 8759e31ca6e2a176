//! By what failures are sorted: the groups, and the instances of one.

use std::cmp::Ordering;
use std::cmp::Reverse;

use durascope_proto::monitor::FailedInstance;
use durascope_proto::monitor::HubFailure;

use crate::data::status;

/// What the groups can be sorted by.
pub const ORDERS: [&str; 6] = ["last", "count", "instances", "error", "where", "first"];
/// What the instances of a group can be sorted by.
pub const INSTANCE_ORDERS: [&str; 4] = ["last", "id", "name", "status"];

/// Which of two groups comes first in an order of [`ORDERS`].
pub fn rank(order: usize, one: &HubFailure, other: &HubFailure) -> Ordering {
    let last = |it: &HubFailure| Reverse(status::micros(it.last_at.as_ref()));
    match order {
        1 => other.count.cmp(&one.count),
        2 => other.instances.cmp(&one.instances),
        3 => (&one.error_type, &one.shape).cmp(&(&other.error_type, &other.shape)),
        4 => (&one.name, one.place).cmp(&(&other.name, other.place)),
        5 => {
            let first = |it: &HubFailure| status::micros(it.first_at.as_ref());
            first(one).cmp(&first(other))
        }
        _ => last(one).cmp(&last(other)),
    }
}

/// Which of two instances comes first in an order of [`INSTANCE_ORDERS`].
pub fn rank_instances(order: usize, one: &FailedInstance, other: &FailedInstance) -> Ordering {
    let at = |it: &FailedInstance| Reverse(status::micros(it.at.as_ref()));
    match order {
        1 => one.instance_id.cmp(&other.instance_id),
        2 => one.name.cmp(&other.name),
        3 => status::word(status::of(one.status)).cmp(status::word(status::of(other.status))),
        _ => at(one).cmp(&at(other)),
    }
}
