//! Emptying a bucket before it is deleted.

use aws_sdk_s3::{
    Client,
    types::{Delete, ObjectIdentifier},
};
use landfall_aws::{fault, found};
use landfall_core::{Fault, FaultKind};

const LIST: &str = "s3:ListBucketVersions";
const DELETE: &str = "s3:DeleteObjectVersion";

/// Deletes every version and delete marker in the bucket, a page at a time; an absent bucket is empty.
///
/// Each page is listed from the start: what was deleted is no longer there, so no marker has to be kept.
pub(super) async fn empty(client: &Client, bucket: &str) -> Result<(), Fault> {
    loop {
        let Some(page) = found(LIST, client.list_object_versions().bucket(bucket).send().await)? else { return Ok(()) };
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let objects = versions
            .chain(markers)
            .map(|(key, version)| {
                let object = ObjectIdentifier::builder().key(key.unwrap_or_default());
                object.set_version_id(version.map(str::to_owned)).build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Fault::incomplete(LIST, &error.to_string()))?;
        if objects.is_empty() {
            return Ok(());
        }
        delete(client, bucket, objects).await?;
    }
}

async fn delete(client: &Client, bucket: &str, objects: Vec<ObjectIdentifier>) -> Result<(), Fault> {
    let request = Delete::builder().set_objects(Some(objects)).quiet(true).build();
    let request = request.map_err(|error| Fault::new(FaultKind::Fatal, DELETE, error.to_string()))?;
    let reply = client.delete_objects().bucket(bucket).delete(request).send().await.map_err(fault(DELETE))?;
    match reply.errors().first() {
        None => Ok(()),
        Some(error) => {
            let code = error.code().unwrap_or_default();
            let kind = match code {
                "AccessDenied" => FaultKind::Denied,
                "InternalError" | "SlowDown" => FaultKind::Throttled,
                _ => FaultKind::Fatal,
            };
            let key = error.key().unwrap_or_default();
            Err(Fault::new(kind, DELETE, format!("{code} for {key}: {}", error.message().unwrap_or_default())))
        }
    }
}
