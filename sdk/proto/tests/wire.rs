//! Compares the compiled descriptor with the table of the official contract, both ways.
//!
//! The table (`data/wire.tsv`) has one fact per line; the descriptor is written down in the
//! same words, and every line that only one of the two has is reported.

use std::collections::BTreeSet;

use prost_reflect::Cardinality;
use prost_reflect::DescriptorPool;
use prost_reflect::FieldDescriptor;
use prost_reflect::FileDescriptor;
use prost_reflect::Kind;
use prost_reflect::MessageDescriptor;
use prost_reflect::ServiceDescriptor;

const TABLE: &str = include_str!("data/wire.tsv");

/// The official contract has more facts than this; fewer means that a reader lost them.
const FACTS_MIN: usize = 400;

#[test]
fn descriptor_and_table_state_the_same_facts() {
    let pool = DescriptorPool::decode(durascope_proto::FILE_DESCRIPTOR_SET).unwrap();
    let files: Vec<FileDescriptor> = pool
        .files()
        .filter(|file| file.package_name().is_empty())
        .collect();
    assert_eq!(
        files.len(),
        1,
        "one file without a package holds the official contract"
    );

    let table: BTreeSet<String> = TABLE.lines().map(str::to_owned).collect();
    let descriptor = facts(&files[0]);
    assert_eq!(
        table.len(),
        TABLE.lines().count(),
        "the table states a fact twice"
    );
    assert!(
        table.len() >= FACTS_MIN,
        "the table has only {} facts",
        table.len()
    );

    let mut differences: Vec<String> = Vec::new();
    differences.extend(
        table
            .difference(&descriptor)
            .map(|fact| format!("only in the table:      {fact}")),
    );
    differences.extend(
        descriptor
            .difference(&table)
            .map(|fact| format!("only in the descriptor: {fact}")),
    );
    assert!(
        differences.is_empty(),
        "{} differences between the table and the compiled proto:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Every fact of one file, each as the line that the table would have.
fn facts(file: &FileDescriptor) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for message in file.messages() {
        message_facts(&message, &mut facts);
    }
    for of in file.enums() {
        for value in of.values() {
            facts.insert(format!(
                "enum\t{}\t{}\t{}",
                of.full_name(),
                value.number(),
                value.name()
            ));
        }
    }
    for service in file.services() {
        service_facts(&service, &mut facts);
    }
    facts
}

fn message_facts(message: &MessageDescriptor, facts: &mut BTreeSet<String>) {
    let owner = message.full_name();
    if message.fields().len() == 0 {
        facts.insert(format!("message\t{owner}\t-\t(empty)"));
    }
    for field in message.fields() {
        facts.insert(field_fact(owner, &field));
    }
    for nested in message
        .child_messages()
        .filter(|nested| !nested.is_map_entry())
    {
        message_facts(&nested, facts);
    }
    for of in message.child_enums() {
        for value in of.values() {
            facts.insert(format!(
                "enum\t{}\t{}\t{}",
                of.full_name(),
                value.number(),
                value.name()
            ));
        }
    }
}

fn field_fact(owner: &str, field: &FieldDescriptor) -> String {
    let deprecated = if is_deprecated(field) {
        " deprecated"
    } else {
        ""
    };
    // `optional` makes a oneof of its own in the descriptor, which is no oneof to a reader.
    let optional = field
        .containing_oneof()
        .is_some_and(|oneof| oneof.is_synthetic());
    let oneof = match field.containing_oneof() {
        Some(oneof) if !optional => format!("\toneof {}", oneof.name()),
        _ => String::new(),
    };
    let label = if optional { "optional " } else { "" };
    format!(
        "message\t{owner}\t{}\t{label}{}\t{}{deprecated}{oneof}",
        field.number(),
        type_name(field),
        field.name(),
    )
}

fn is_deprecated(field: &FieldDescriptor) -> bool {
    field
        .field_descriptor_proto()
        .options
        .as_ref()
        .is_some_and(|options| options.deprecated())
}

fn type_name(field: &FieldDescriptor) -> String {
    if field.is_map()
        && let Kind::Message(entry) = field.kind()
    {
        let key = kind_name(&entry.map_entry_key_field().kind());
        let value = kind_name(&entry.map_entry_value_field().kind());
        return format!("map<{key},{value}>");
    }
    let of = kind_name(&field.kind());
    match field.cardinality() {
        Cardinality::Repeated => format!("repeated {of}"),
        Cardinality::Optional | Cardinality::Required => of,
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(of) => of.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn service_facts(service: &ServiceDescriptor, facts: &mut BTreeSet<String>) {
    let stream = |streams: bool| if streams { "stream " } else { "" };
    for method in service.methods() {
        facts.insert(format!(
            "rpc\t{}\t{}\t{}{}\t{}{}",
            service.full_name(),
            method.name(),
            stream(method.is_client_streaming()),
            method.input().full_name(),
            stream(method.is_server_streaming()),
            method.output().full_name(),
        ));
    }
}
