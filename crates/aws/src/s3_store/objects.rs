//! Objects of one log in a bucket.

use aws_sdk_s3::{Client, primitives::ByteStream, types::ServerSideEncryption};
use landfall_core::{Fault, FaultKind};

use super::location::Encryption;
use crate::fault::{fault, is_code};

const GET: &str = "s3:GetObject";
const PUT: &str = "s3:PutObject";
const LIST: &str = "s3:ListBucket";

/// How often an object is read whose answer breaks off; what fails before the body is repeated by the SDK.
const ATTEMPTS: usize = 3;

/// The folder of one log.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) client: Client,
    pub(super) bucket: String,
    /// Prefix of every name, with the slash at its end.
    pub(super) root: String,
    pub(super) encryption: Encryption,
}

/// An object as it was read.
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: String,
}

/// When a put is performed.
#[derive(Debug, Clone, Copy)]
pub(super) enum When<'a> {
    Always,
    /// `If-None-Match: *`.
    Absent,
    /// `If-Match`: the object is the one with this `ETag`.
    Unchanged(&'a str),
}

impl Objects {
    /// The URL of an object, for people.
    pub(super) fn url(&self, name: &str) -> String {
        format!("s3://{}/{}{name}", self.bucket, self.root)
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Object>, Fault> {
        let mut attempt = 1;
        loop {
            let sent = self.client.get_object().bucket(&self.bucket).key(self.key(name)).send().await;
            let output = match sent {
                Ok(output) => output,
                Err(error) if is_code(&error, &["NoSuchKey"]) => return Ok(None),
                Err(error) => return Err(fault(GET)(error)),
            };
            let etag = output.e_tag.ok_or_else(|| Fault::incomplete(GET, "ETag"))?;
            match output.body.collect().await {
                Ok(body) => return Ok(Some(Object { bytes: body.to_vec(), etag })),
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(Fault::new(FaultKind::Unavailable, GET, error.to_string())),
            }
        }
    }

    /// Writes an object; its `ETag`, or `None` when the condition does not hold.
    pub(super) async fn put(&self, name: &str, body: Vec<u8>, when: When<'_>) -> Result<Option<String>, Fault> {
        let mut put = self.client.put_object().bucket(&self.bucket).key(self.key(name));
        put = put.body(ByteStream::from(body)).content_type("application/json");
        put = match &self.encryption {
            Encryption::S3 => put.server_side_encryption(ServerSideEncryption::Aes256),
            Encryption::Kms(key) => {
                put.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(key).bucket_key_enabled(true)
            }
            Encryption::Bucket => put,
        };
        put = match when {
            When::Always => put,
            When::Absent => put.if_none_match("*"),
            When::Unchanged(etag) => put.if_match(etag),
        };
        match put.send().await {
            Ok(output) => output.e_tag.ok_or_else(|| Fault::incomplete(PUT, "ETag")).map(Some),
            Err(error) if is_code(&error, &["PreconditionFailed"]) => Ok(None),
            // What was to be unchanged is gone.
            Err(error) if matches!(when, When::Unchanged(_)) && is_code(&error, &["NoSuchKey"]) => Ok(None),
            // Another conditional write of the same object is under way: it is worth another try.
            Err(error) if is_code(&error, &["ConditionalRequestConflict"]) => {
                Err(Fault { kind: FaultKind::NotYet, ..fault(PUT)(error) })
            }
            Err(error) => Err(fault(PUT)(error)),
        }
    }

    /// Names of objects in a folder that sort after `after`, in order.
    pub(super) async fn list(&self, folder: &str, after: &str) -> Result<Vec<String>, Fault> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.key(folder));
        let mut pages = list.start_after(self.key(after)).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let keys = page.map_err(fault(LIST))?.contents.into_iter().flatten().filter_map(|object| object.key);
            names.extend(keys.filter_map(|key| key.strip_prefix(&self.root).map(str::to_owned)));
        }
        Ok(names)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.root)
    }
}
