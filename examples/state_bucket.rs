//! The bucket in which a team keeps its states, and on request the table that guards them.
//!
//! `cargo run --example state_bucket` shows it in the sandbox. On AWS:
//!
//! ```text
//! state_bucket --bucket example-state --region eu-west-2 --target aws apply
//! my_platform  --state 's3://example-state/platform' --target aws apply
//! ```
//!
//! S3 itself guards a state by conditional writes, so a team needs no table. For a bucket whose service or policy knows
//! none there is `--table`, and `--state 's3://example-state/platform?lease_table=example-locks'`.
//!
//! The state of this program itself is small and stays in a folder, or moves into the bucket once that exists.

use std::process::ExitCode;

use landfall::{
    Environment, Options, PlaceCode, Topology,
    datalayer::{
        Bucket, BucketName, BucketPolicy, Encryption, KeyAttribute, LifecycleRule, Table, TableName, statements,
    },
    security::{Key, PolicyDocument},
};

#[derive(clap::Args)]
struct Own {
    /// Name of the bucket, unique in all of AWS
    #[arg(long, value_name = "NAME", default_value = "example-landfall-state")]
    bucket: BucketName,
    /// Region of bucket and table
    #[arg(long, value_name = "CODE", default_value = "eu-west-2")]
    region: PlaceCode,
    /// Also make a DynamoDB table of this name, which guards the states instead of S3
    #[arg(long, value_name = "NAME")]
    table: Option<TableName>,
    /// Encrypt with a KMS key of one's own instead of S3's keys
    #[arg(long)]
    kms: bool,
    /// Refuse to delete anything of it, whatever the code says
    #[arg(long)]
    keep_data: bool,
}

fn topology(own: &Own) -> Topology {
    let topology = Topology::new("state", Environment::new("shared"));
    let home = topology.any_region(own.region);
    let options = || if own.keep_data { Options::new().protect() } else { Options::new() };
    let encryption = if own.kms {
        let key = Key::builder().description("States of Landfall").enable_key_rotation(true).build();
        Encryption::kms(home.add_with("state", options(), key))
    } else {
        Encryption::SseS3
    };
    // The log is never overwritten; what ages are former leases and checkpoints, and whatever people did by hand.
    let tidy = LifecycleRule::builder()
        .id("tidy")
        .noncurrent_version_expiration_days(90)
        .abort_incomplete_multipart_upload_days(7)
        .build();
    let bucket = Bucket::builder()
        .bucket(own.bucket.clone())
        .versioning(true)
        .encryption(encryption)
        .lifecycle_rules(vec![tidy])
        .build();
    let bucket = home.add_with("state", options(), bucket);
    let policy = PolicyDocument::new(statements::tls_only(bucket));
    home.add_with("state", options(), BucketPolicy::builder().bucket(bucket).policy(policy).build());
    if let Some(name) = &own.table {
        let table = Table::builder()
            .table_name(name.clone())
            .hash_key(KeyAttribute::string("LockID"))
            .point_in_time_recovery(true)
            .deletion_protection(own.keep_data)
            .build();
        home.add_with("leases", options(), table);
    }
    topology
}

fn main() -> ExitCode {
    landfall::cli::run_with(|own: &Own| Ok(topology(own)))
}
