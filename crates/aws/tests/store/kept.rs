//! What only the store in S3 does.

use landfall_aws::{
    S3Store,
    s3_store::Encryption,
    tap::{Access, Effect, Rule},
};
use landfall_conformance::Emulator;
use landfall_core::{
    State,
    state::Entry,
    store::{Store, StoreError},
};
use landfall_store_conformance::{entries, opened, owner, ran};

use crate::emulators::{Log, Place, runtime};

/// Writes groups of entries as one run does, and ends it.
async fn write(store: &S3Store, groups: &[&[Entry]]) {
    let lease = store.acquire(&owner("writer")).await.unwrap();
    for group in groups {
        store.append(&lease, group).await.unwrap();
    }
    store.release(lease).await.unwrap();
}

impl Place {
    async fn text(&self, key: &str) -> String {
        let object = self.s3.get_object().bucket(&self.bucket).key(key).send().await.unwrap();
        String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
    }
    async fn put(&self, key: &str, text: &str) {
        let body = text.as_bytes().to_vec().into();
        self.s3.put_object().bucket(&self.bucket).key(key).body(body).send().await.unwrap();
    }
    async fn remove(&self, key: &str) {
        self.s3.delete_object().bucket(&self.bucket).key(key).send().await.unwrap();
    }
    fn count(&self, operation: &str) -> usize {
        self.tap.calls().iter().filter(|call| call.asked.operation == operation).count()
    }
}

fn on(emulator: Emulator, bucket: &str, check: impl AsyncFnOnce(Place)) {
    runtime().block_on(async { check(Place::make(emulator, bucket).await).await });
}

#[test]
fn an_append_is_one_put_and_a_lost_answer_is_settled_by_looking() {
    on(Emulator::Ministack, "settled", async |place| {
        for log in [place.log(), place.log_with_table()] {
            let store = log.store();
            let lease = store.acquire(&owner("a")).await.unwrap();
            place.tap.clear_calls();
            store.append(&lease, &[opened()]).await.unwrap();
            let puts = if log.location.lease_table.is_some() { (1, 1) } else { (1, 0) };
            assert_eq!((place.count("PutObject"), place.count("PutItem")), puts);
            assert_eq!(place.tap.calls().len(), puts.0 + puts.1, "and nothing else");

            let effects = [Effect::LoseResponse, Effect::unavailable(), Effect::Reset, Effect::LoseResponse];
            for (effect, at) in effects.into_iter().zip(1..) {
                place.tap.add(Rule::new(effect).access(Access::Change).times(2));
                store.append(&lease, &[ran(at)]).await.unwrap();
            }
            place.tap.clear_rules();
            store.append(&lease, &[ran(5)]).await.unwrap();
            let expected = [opened(), ran(1), ran(2), ran(3), ran(4), ran(5)];
            assert_eq!(store.entries(None).await.unwrap(), expected);
            store.release(lease).await.unwrap();
        }
    });
}

#[test]
fn answers_lost_while_the_lease_changes_hands_lose_no_lease() {
    on(Emulator::Ministack, "hands", async |place| {
        for log in [place.log(), place.log_with_table()] {
            let store = log.store();
            write(&store, &[&[opened()]]).await;
            let lose = |times| place.tap.add(Rule::new(Effect::LoseResponse).access(Access::Change).times(times));
            lose(1);
            let lease = store.acquire(&owner("a")).await.unwrap();
            lose(1);
            store.renew(&lease).await.unwrap();
            lose(1);
            store.release(lease).await.unwrap();
            assert_eq!(store.holder().await.unwrap(), None);
            place.tap.clear_rules();
        }
    });
}

#[test]
fn objects_are_encrypted_as_asked() {
    on(Emulator::Ministack, "encrypted", async |place| {
        let key = "arn:aws:kms:eu-west-2:123456789012:key/0d2a8b5e-0000-4000-8000-000000000000";
        let kms = Encryption::Kms(key.to_owned());
        for (encryption, algorithm, id) in [(Encryption::S3, Some("AES256"), None), (kms, Some("aws:kms"), Some(key))] {
            let mut log = place.log();
            log.location.encryption = encryption;
            write(&log.store(), &[&[opened()]]).await;
            for name in ["header.json", "lease.json", "log/000000000001.jsonl", "log/000000000002.jsonl"] {
                let head = place.s3.head_object().bucket(&place.bucket).key(log.key(name)).send().await.unwrap();
                let found = head.server_side_encryption().map(aws_sdk_s3::types::ServerSideEncryption::as_str);
                assert_eq!((found, head.ssekms_key_id()), (algorithm, id), "{name}");
            }
        }
    });
}

#[test]
fn a_checkpoint_spares_reading_and_its_damage_costs_nothing_but_time() {
    on(Emulator::Ministack, "checkpoint", async |place| {
        for log in [place.log(), place.log_with_table()] {
            let all = entries(60);
            write(&log.store(), &all[..50].chunks(2).collect::<Vec<_>>()).await;
            write(&log.store(), &all[50..].chunks(2).collect::<Vec<_>>()).await;
            let expected = State::fold(all.clone()).unwrap();
            place.tap.clear_calls();
            assert_eq!(log.store().load().await.unwrap().state, expected);
            // The header, the checkpoint, and the six segments after it.
            assert_eq!(place.count("GetObject"), 8);
            assert_eq!(log.store().entries(None).await.unwrap(), all);

            let key = log.key("checkpoint.json");
            let text = place.text(&key).await;
            place.put(&key, &text.replacen("10.0.1.0", "10.0.1.9", 1)).await;
            let loaded = log.store().load().await.unwrap();
            assert_eq!(loaded.state, expected);
            assert!(loaded.warnings[0].contains("checkpoint.json"), "{:?}", loaded.warnings);
        }
    });
}

async fn damaged(log: &Log, names: &str) {
    let store = log.store();
    let errors = [
        store.load().await.map(drop).unwrap_err(),
        store.entries(None).await.map(drop).unwrap_err(),
        store.acquire(&owner("next")).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(names), "{error}");
    }
    assert_eq!(store.holder().await.unwrap(), None, "a refused owner holds no lease");
}

#[test]
fn damage_and_gaps_name_the_object_and_change_nothing() {
    on(Emulator::Ministack, "damage", async |place| {
        let log = place.log();
        write(&log.store(), &entries(9).chunks(3).collect::<Vec<_>>()).await;
        let key = log.key("log/000000000003.jsonl");
        let whole = place.text(&key).await;
        place.put(&key, &whole.replacen("10.0.", "10.9.", 1)).await;
        damaged(&log, "log/000000000003.jsonl").await;
        place.put(&key, &whole[..whole.len() - 20]).await;
        damaged(&log, "log/000000000003.jsonl").await;
        place.remove(&key).await;
        damaged(&log, "segment 3").await;
        // A segment of another number.
        place.put(&key, &place.text(&log.key("log/000000000002.jsonl")).await).await;
        damaged(&log, "log/000000000003.jsonl").await;
        place.put(&key, &whole).await;
        assert_eq!(log.store().load().await.unwrap().state, State::fold(entries(9)).unwrap());
        let header = place.text(&log.key("header.json")).await;
        place.remove(&log.key("header.json")).await;
        let error = log.store().acquire(&owner("a")).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        place.put(&log.key("header.json"), &header).await;
        write(&log.store(), &[&[ran(1)]]).await;
        assert_eq!(log.store().load().await.unwrap().state.revision, 10);
    });
}

#[test]
fn a_log_cut_behind_its_checkpoint_is_damage() {
    on(Emulator::Ministack, "cut", async |place| {
        let log = place.log();
        write(&log.store(), &entries(12).chunks(1).collect::<Vec<_>>()).await;
        for segment in 10..=13 {
            place.remove(&log.key(&format!("log/{segment:012}.jsonl"))).await;
        }
        let error = log.store().load().await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    });
}

#[test]
fn a_newer_format_another_topology_and_another_lease_are_refused() {
    on(Emulator::Ministack, "refused", async |place| {
        let log = place.log();
        write(&log.store(), &[&[opened()]]).await;
        let key = log.key("header.json");
        let header = place.text(&key).await;
        let refusals = async || {
            let store = log.store();
            [
                store.load().await.map(drop).unwrap_err(),
                store.entries(None).await.map(drop).unwrap_err(),
                store.acquire(&owner("a")).await.map(drop).unwrap_err(),
                store.holder().await.map(drop).unwrap_err(),
                store.revoke(1).await.unwrap_err(),
            ]
        };
        place.put(&key, r#"{"format":2,"what":"nobody knows yet"}"#).await;
        for error in refusals().await {
            assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
        }
        place.put(&key, &header.replace("\"twin\"", "\"other\"")).await;
        for error in refusals().await {
            assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        }
        place.put(&key, &header.replace("\"s3\"", "\"dynamodb:locks\"")).await;
        for error in refusals().await {
            assert!(error.to_string().contains("?lease_table=locks"), "{error}");
        }
        place.put(&key, &header).await;
        let mut other = log;
        other.location.lease_table = Some(place.bucket.clone());
        let error = other.store().acquire(&owner("a")).await.unwrap_err();
        assert!(error.to_string().contains("say no `lease_table`"), "{error}");
        assert!(matches!(error, StoreError::Unusable { .. }));
    });
}

#[test]
fn a_bucket_is_found_wherever_it_is_and_missed_where_there_is_none() {
    for emulator in [Emulator::Moto, Emulator::Ministack] {
        on(emulator, "found-anywhere", async |place| {
            let log = place.log();
            assert_eq!(log.location.region, None);
            write(&log.store(), &[&[opened()]]).await;
            let put = place.tap.calls().into_iter().find(|call| call.asked.operation == "PutObject").unwrap();
            assert_eq!(put.asked.region, "eu-west-2", "the bucket's own, which nobody said");

            let mut nowhere = log;
            nowhere.location.bucket = "found-nowhere".to_owned();
            let error = nowhere.store().acquire(&owner("a")).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "s3://found-nowhere can't be used: there is no such bucket; make it first, as \
                 `examples/state_bucket.rs` does"
            );
        });
    }
}
