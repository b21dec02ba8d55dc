use std::fs;

use landfall_core::{
    State,
    store::{Unlock, unlock},
};
use landfall_store_conformance::{self as conformance, Bench, created, entries, opened, owner, ran};
use tempfile::TempDir;

use super::*;

const SMALL: Limits = Limits { checkpoint: 3, segment: 5 };
/// Neither checkpoints nor a second file.
const PLAIN: Limits = Limits { checkpoint: u64::MAX, segment: u64::MAX };

struct Root(TempDir, Limits);

impl Root {
    fn new(limits: Limits) -> Self {
        Self(TempDir::new().unwrap(), limits)
    }
    fn store(&self) -> DirectoryStore {
        DirectoryStore::with_limits(self.0.path(), "twin", "prod", self.1)
    }
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join("twin-prod").join(name)
    }
    /// Writes entries and dies without a checkpoint or a release.
    async fn write(&self, groups: &[&[Entry]]) {
        let store = self.store();
        let lease = store.acquire(&owner("writer")).await.unwrap();
        for group in groups {
            store.append(&lease, group).await.unwrap();
        }
    }
}

impl Bench for Root {
    fn open(&mut self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
    fn beside(&self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
    fn expire(&mut self) -> bool {
        false // a lease lives as long as its process
    }
}

#[tokio::test]
async fn does_what_every_store_does() {
    conformance::all(|| Root::new(SMALL)).await;
    conformance::all(|| Root::new(PLAIN)).await;
}

#[test]
fn keeps_every_history() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    conformance::random_histories(&runtime, 24, || Root::new(SMALL));
    conformance::random_owners(&runtime, 48, || Root::new(SMALL));
}

#[tokio::test]
async fn a_line_torn_at_any_byte_is_dropped_and_the_log_goes_on() {
    let root = Root::new(PLAIN);
    let first = entries(3);
    let group = created(7);
    root.write(&[&first]).await;
    let kept = fs::read(root.file("log-000000000001.jsonl")).unwrap();
    root.write(&[&group]).await;
    let whole = fs::read(root.file("log-000000000001.jsonl")).unwrap();
    let first_of_group = kept.len() + whole[kept.len()..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in kept.len()..whole.len() {
        fs::write(root.file("log-000000000001.jsonl"), &whole[..cut]).unwrap();
        let store = root.store();
        let expected = if cut >= first_of_group { 4_u8 } else { 3 };
        let torn = cut != kept.len() && cut != first_of_group;
        let loaded = store.load().await.unwrap();
        assert_eq!(
            (loaded.state.revision, loaded.warnings.len()),
            (u64::from(expected), usize::from(torn)),
            "cut at {cut}"
        );
        assert_eq!(fs::read(root.file("log-000000000001.jsonl")).unwrap().len(), cut, "readers change nothing");
        let lease = store.acquire(&owner("next")).await.unwrap();
        store.append(&lease, &[ran(9)]).await.unwrap();
        let mut all: Vec<Entry> = first.iter().chain(&group).take(usize::from(expected)).cloned().collect();
        all.push(ran(9));
        assert_eq!(store.entries(None).await.unwrap(), all, "cut at {cut}");
        assert!(store.load().await.unwrap().warnings.is_empty());
    }
}

#[tokio::test]
async fn damage_before_the_end_names_file_and_entry_and_changes_nothing() {
    for limits in [PLAIN, SMALL] {
        let root = Root::new(limits);
        let all = entries(4);
        root.write(&[&all]).await;
        let path = root.file("log-000000000001.jsonl");
        let whole = fs::read(&path).unwrap();
        let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 40;
        let mut damaged = whole.clone();
        damaged[second] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let store = root.store();
        for error in [
            store.load().await.unwrap_err(),
            store.acquire(&owner("next")).await.unwrap_err(),
            store.entries(None).await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(matches!(error, StoreError::Damaged { revision: 2, .. }), "{text}");
            assert!(text.contains("log-000000000001.jsonl") && text.contains("entry 2"), "{text}");
        }
        assert_eq!(fs::read(&path).unwrap(), damaged);
        fs::write(&path, whole).unwrap();
        assert_eq!(root.store().load().await.unwrap().state.revision, 4, "a refused owner holds no lock");
        let lease = store.acquire(&owner("next")).await.unwrap();
        store.release(lease).await.unwrap();
    }
}

#[tokio::test]
async fn lines_or_files_that_went_missing_are_damage() {
    let root = Root::new(Limits { checkpoint: u64::MAX, segment: 2 });
    let all = entries(7);
    root.write(&all.chunks(2).collect::<Vec<_>>()).await;
    let second = root.file("log-000000000003.jsonl");
    let whole = fs::read_to_string(&second).unwrap();
    let is_damaged = async || {
        let (load, entries) = (root.store().load().await, root.store().entries(None).await);
        assert!(matches!(load, Err(StoreError::Damaged { .. })), "{load:?}");
        assert!(matches!(entries, Err(StoreError::Damaged { .. })), "{entries:?}");
    };
    fs::write(&second, whole.lines().next().unwrap().to_owned() + "\n").unwrap();
    is_damaged().await;
    fs::write(&second, &whole[..whole.len() - 5]).unwrap();
    is_damaged().await;
    fs::remove_file(&second).unwrap();
    is_damaged().await;
    fs::write(&second, &whole).unwrap();
    assert_eq!(root.store().load().await.unwrap().state, State::fold(all).unwrap());
    fs::remove_file(root.file("header.json")).unwrap();
    is_damaged().await;
}

#[tokio::test]
async fn a_checkpoint_spares_reading_and_its_damage_costs_nothing_but_time() {
    let root = Root::new(SMALL);
    let all = entries(23);
    root.write(&all.chunks(2).collect::<Vec<_>>()).await;
    let expected = State::fold(all.clone()).unwrap();
    assert_eq!(root.store().load().await.unwrap().state, expected);
    assert!(root.file("log-000000000007.jsonl").exists(), "the log has several files");

    // Entries before the checkpoint's file are not read for the state, but still are history.
    let first = root.file("log-000000000001.jsonl");
    let kept = fs::read(&first).unwrap();
    fs::remove_file(&first).unwrap();
    assert_eq!(root.store().load().await.unwrap().state, expected);
    fs::write(&first, kept).unwrap();
    assert_eq!(root.store().entries(None).await.unwrap(), all);

    let path = root.file("checkpoint.json");
    let mut text = fs::read(&path).unwrap();
    let middle = text.len() / 2;
    text[middle] ^= 1;
    fs::write(&path, &text).unwrap();
    let loaded = root.store().load().await.unwrap();
    assert_eq!(loaded.state, expected);
    assert!(loaded.warnings[0].contains("checkpoint.json"), "{:?}", loaded.warnings);
}

#[tokio::test]
async fn a_log_cut_behind_its_checkpoint_is_damage() {
    let root = Root::new(PLAIN);
    let store = root.store();
    let lease = store.acquire(&owner("a")).await.unwrap();
    store.append(&lease, &entries(5)).await.unwrap();
    store.release(lease).await.unwrap();
    let path = root.file("log-000000000001.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let cut: String = whole.split_inclusive('\n').take(3).collect();
    fs::write(&path, cut).unwrap();
    let error = root.store().load().await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_newer_format_and_another_topology_are_refused() {
    let root = Root::new(PLAIN);
    root.write(&[&[opened()]]).await;
    let header = fs::read_to_string(root.file("header.json")).unwrap();
    fs::write(root.file("header.json"), r#"{"format":2,"what":"nobody knows yet"}"#).unwrap();
    let refusals = async || {
        let store = root.store();
        [store.load().await.map(drop).unwrap_err(), store.acquire(&owner("a")).await.map(drop).unwrap_err()]
    };
    for error in refusals().await {
        assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
    }
    fs::write(root.file("header.json"), header.replace("\"twin\"", "\"other\"")).unwrap();
    for error in refusals().await {
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_the_file_system_refuses_names_the_path() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("state"), "a file").unwrap();
    let store = DirectoryStore::new(root.path().join("state"), "twin", "prod");
    let error = store.acquire(&owner("a")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Io { action: "create", .. }), "{error}");
    assert!(error.to_string().ends_with("/state"), "{error}");

    let root = Root::new(PLAIN);
    root.write(&[&[opened()]]).await;
    fs::remove_file(root.file("lock")).unwrap();
    fs::create_dir(root.file("lock")).unwrap();
    let error = root.store().acquire(&owner("a")).await.unwrap_err();
    assert!(error.to_string().contains("twin-prod/lock"), "{error}");
}

#[tokio::test]
async fn a_write_that_fails_ends_the_lease_and_the_next_one_goes_on() {
    let root = Root::new(Limits { checkpoint: u64::MAX, segment: 2 });
    let all = entries(5);
    let store = root.store();
    let lease = store.acquire(&owner("a")).await.unwrap();
    store.append(&lease, &all[..2]).await.unwrap();
    // The next file can't be created: its name is taken.
    fs::create_dir(root.file("log-000000000003.jsonl")).unwrap();
    let error = store.append(&lease, &all[2..4]).await.unwrap_err();
    assert!(error.to_string().contains("log-000000000003.jsonl"), "{error}");
    assert!(store.append(&lease, &all[2..4]).await.is_err(), "nobody knows what was written");
    fs::remove_dir(root.file("log-000000000003.jsonl")).unwrap();
    store.release(lease).await.unwrap();
    let lease = store.acquire(&owner("b")).await.unwrap();
    store.append(&lease, &all[2..]).await.unwrap();
    assert_eq!(store.entries(None).await.unwrap(), all);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let root = Root::new(SMALL);
    root.write(&[&entries(4), &entries(9)[4..]]).await;
    let mut seen = 0;
    for file in fs::read_dir(root.file("")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
    assert_eq!(fs::metadata(root.file("")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_lock_removed_by_hand_still_lets_one_owner_write() {
    let root = Root::new(PLAIN);
    let store = root.store();
    let first = store.acquire(&owner("first")).await.unwrap();
    store.append(&first, &entries(1)).await.unwrap();
    fs::remove_file(root.file("lock")).unwrap();
    let other = root.store();
    let second = other.acquire(&owner("second")).await.unwrap();
    assert!(matches!(store.append(&first, &[ran(1)]).await, Err(StoreError::LeaseLost { .. })));
    other.append(&second, &[ran(2)]).await.unwrap();
    assert_eq!(other.entries(None).await.unwrap(), [opened(), ran(2)]);
}

#[tokio::test]
async fn a_holder_that_died_is_told_until_the_next_one_comes() {
    let root = Root::new(PLAIN);
    root.write(&[&[opened()]]).await;
    let store = root.store();
    let holder = store.holder().await.unwrap().unwrap();
    assert_eq!((holder.owner.name.as_str(), holder.alive), ("writer", false));
    assert_eq!(unlock(&store, Unlock::Expired).await.unwrap(), Some(holder));
    assert_eq!(store.holder().await.unwrap(), None);
    let lease = store.acquire(&owner("next")).await.unwrap();
    assert!(store.holder().await.unwrap().unwrap().alive);
    store.release(lease).await.unwrap();
    assert_eq!(store.holder().await.unwrap(), None);
}
