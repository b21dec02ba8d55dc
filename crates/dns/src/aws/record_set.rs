//! Record sets on Amazon Route 53.

mod live;
mod request;

use std::mem::discriminant;

use async_trait::async_trait;
use aws_sdk_route53::{
    Client,
    types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType},
};
use landfall_aws::{fault, found};
use landfall_core::{Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::{
    Route53, change,
    wire::{built, name, plain},
};
use crate::record_set::{RecordSet, RecordSetAttributes};

pub(super) struct Provider(pub(super) Route53);

type LiveRecord = Live<RecordSet, RecordSetAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = RecordSet;
    type Attributes = RecordSetAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveRecord>, Fault> {
        let key = Key::parse(id)?;
        let record = look_up(&self.0.of(cx), &key).await?;
        record.map(|record| live(&key, record)).transpose()
    }

    async fn find(&self, cx: &Context, want: &RecordSet) -> Result<Option<LiveRecord>, Fault> {
        let found = self.read(cx, &Key::of(want).id()).await?;
        // Records have no mark of who made them: one that says the same is what our interrupted create made.
        Ok(found.filter(|found| same(&found.resource, want)))
    }

    async fn create(&self, cx: &Context, want: &RecordSet) -> Result<RecordSetAttributes, Fault> {
        // CREATE, unlike UPSERT, leaves alone what exists and is not ours.
        let changes = [(ChangeAction::Create, request::record(want)?)];
        submit(&self.0.of(cx), cx, want.zone.id(), changes).await?;
        Ok(attributes(want))
    }

    async fn update(&self, cx: &Context, want: &RecordSet, have: &LiveRecord) -> Result<RecordSetAttributes, Fault> {
        let (client, wanted) = (self.0.of(cx), request::record(want)?);
        let key = Key::parse(&have.attributes.id)?;
        if key != Key::of(want) || discriminant(&want.routing) != discriminant(&have.resource.routing) {
            // Another identifier or policy makes another record, which takes the place of the old one in the same change.
            let old = look_up(&client, &key).await?.map(|record| (ChangeAction::Delete, record));
            let changes = old.into_iter().chain([(ChangeAction::Create, wanted)]);
            submit(&client, cx, want.zone.id(), changes).await?;
        } else if !same(&have.resource, want) {
            submit(&client, cx, want.zone.id(), [(ChangeAction::Upsert, wanted)]).await?;
        }
        Ok(attributes(want))
    }

    async fn delete(&self, cx: &Context, have: &LiveRecord) -> Result<(), Fault> {
        let (client, key) = (self.0.of(cx), Key::parse(&have.attributes.id)?);
        // AWS wants to be told exactly what it is to remove.
        let Some(record) = look_up(&client, &key).await? else { return Ok(()) };
        submit(&client, cx, key.zone, [(ChangeAction::Delete, record)]).await
    }
}

fn attributes(of: &RecordSet) -> RecordSetAttributes {
    RecordSetAttributes { id: Key::of(of).id() }
}

/// What names a record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key<'a> {
    zone: &'a str,
    name: &'a str,
    record_type: String,
    set_identifier: &'a str,
}

impl<'a> Key<'a> {
    fn of(record: &'a RecordSet) -> Self {
        Self {
            zone: record.zone.id(),
            name: record.name.value(),
            record_type: name(&record.record_type),
            set_identifier: record.routing.set_identifier(),
        }
    }

    fn parse(id: &'a str) -> Result<Self, Fault> {
        let mut parts = id.splitn(4, '|');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(zone), Some(name), Some(record_type), set_identifier) => Ok(Self {
                zone,
                name,
                record_type: record_type.to_owned(),
                set_identifier: set_identifier.unwrap_or_default(),
            }),
            _ => Err(Fault::new(
                FaultKind::Invalid,
                "route53:ListResourceRecordSets",
                format!("`{id}` names no record: write `ZONE|NAME|TYPE`, with `|IDENTIFIER` for a routed one"),
            )),
        }
    }

    fn id(&self) -> String {
        format!("{}|{}|{}|{}", self.zone, self.name, self.record_type, self.set_identifier)
    }

    /// Whether the record is of this name and type.
    fn is_beside(&self, record: &ResourceRecordSet) -> bool {
        plain(&record.name) == plain(self.name) && record.r#type.as_str() == self.record_type
    }

    fn is_of(&self, record: &ResourceRecordSet) -> bool {
        self.is_beside(record) && record.set_identifier().unwrap_or_default() == self.set_identifier
    }
}

/// The record of a key, `None` when it or its zone does not exist.
async fn look_up(client: &Client, key: &Key<'_>) -> Result<Option<ResourceRecordSet>, Fault> {
    let mut call = client
        .list_resource_record_sets()
        .hosted_zone_id(key.zone)
        .start_record_name(key.name)
        .start_record_type(RrType::from(key.record_type.as_str()));
    loop {
        let Some(page) = found("route53:ListResourceRecordSets", call.clone().send().await)? else { return Ok(None) };
        // The list goes on with other names; those of this name and type come first.
        for record in page.resource_record_sets {
            if key.is_of(&record) {
                return Ok(Some(record));
            }
        }
        let more = page.next_record_name.as_deref().is_some_and(|name| plain(name) == plain(key.name))
            && page.next_record_type.as_ref().is_some_and(|kind| kind.as_str() == key.record_type);
        if !(page.is_truncated && more) {
            return Ok(None);
        }
        call = call.set_start_record_identifier(page.next_record_identifier);
    }
}

/// Makes changes that AWS takes all at once or not at all.
async fn submit(
    client: &Client,
    cx: &Context,
    zone: &str,
    changes: impl IntoIterator<Item = (ChangeAction, ResourceRecordSet)>,
) -> Result<(), Fault> {
    let change = |(action, record)| built(Change::builder().action(action).resource_record_set(record).build());
    let changes = changes.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let batch = built(ChangeBatch::builder().set_changes(Some(changes)).build())?;
    let reply = client.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await;
    let reply = reply.map_err(fault("route53:ChangeResourceRecordSets"))?;
    change::in_sync(client, cx, reply.change_info).await
}

/// Whether two records say the same: the order of values does not matter.
fn same(a: &RecordSet, b: &RecordSet) -> bool {
    live::in_order(a.clone()) == live::in_order(b.clone())
}

fn live(key: &Key<'_>, record: ResourceRecordSet) -> Result<LiveRecord, Fault> {
    Ok(Live {
        resource: live::resource(Ref::existing(key.zone), record)?,
        attributes: RecordSetAttributes { id: key.id() },
        tags: Tags::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn an_id_is_read_as_the_key_that_wrote_it(
            zone in "Z[A-Z0-9]{5,20}",
            name in "(\\*\\.)?([a-z_]{1,5}\\.){1,3}com",
            set_identifier in "[ -~]{0,20}",
        ) {
            let key = Key { zone: &zone, name: &name, record_type: "AAAA".to_owned(), set_identifier: &set_identifier };
            let id = key.id();
            proptest::prop_assert_eq!(Key::parse(&id).unwrap(), key);
        }
    }

    #[test]
    fn an_id_names_zone_name_type_and_identifier() {
        let check = |id: &str, expected: Option<(&str, &str, &str, &str)>| {
            let key = Key::parse(id).ok();
            let parts = key.as_ref().map(|key| (key.zone, key.name, key.record_type.as_str(), key.set_identifier));
            assert_eq!(parts, expected);
        };
        check("Z1|www.example.com|A|", Some(("Z1", "www.example.com", "A", "")));
        check("Z1|www.example.com|A", Some(("Z1", "www.example.com", "A", "")));
        check("Z1|*.example.com|AAAA|a|b", Some(("Z1", "*.example.com", "AAAA", "a|b")));
        check("Z1|www.example.com", None);
    }
}
