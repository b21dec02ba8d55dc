//! A value is generated in AWS, read by reference, and another one after a rotation.

#![cfg(feature = "aws")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    AnyRegion, Attributes, Context, Fault, FaultKind, Fields, Locator, Pace, Tags, Value, provider::Desired,
    state::Token,
};
use landfall_security::{GenerateSecretString, Secret, SecretValue, aws::SecretReader};

struct AtOnce;

#[async_trait]
impl Pace for AtOnce {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

fn context() -> Context {
    Context {
        topology: "test".to_owned(),
        environment: "dev".to_owned(),
        address: "eu-west-2/secretsmanager.secret:db".parse().expect("an address"),
        place: "eu-west-2".parse().expect("a region"),
        token: Token::from_random([7; 16]),
        tags: Tags::new(),
        timeout: Duration::from_mins(1),
        pace: Arc::new(AtOnce),
    }
}

fn wanted(generation: u32) -> Desired {
    let how = GenerateSecretString::database("app").generation(generation);
    let secret = Secret::<AnyRegion>::builder().generate_secret_string(how).build();
    let fields = serde_json::to_value(secret).expect("fields");
    let fields: Fields = fields.as_object().expect("a map").clone().into_iter().collect();
    Desired { fields, references: Vec::new() }
}

/// What other resources hold of a secret with these attributes.
fn value(attributes: &Attributes, key: &str) -> SecretValue<AnyRegion> {
    let text = |name: &str| attributes[name].as_str().expect("a text").to_owned();
    let mut value = SecretValue::existing(text("arn")).json_key(key);
    value.version = text("version_id").into();
    value
}

#[test]
fn a_rotation_makes_another_value_and_leaves_the_old_one_readable() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_security::aws::register]);
        let secrets = providers.provider("secretsmanager.secret").expect("a provider");
        let (reader, cx) = (SecretReader::new(&cloud.aws), context());

        let first = secrets.reconcile(&cx, &wanted(1), None).await.expect("created");
        let id = first["id"].as_str().expect("an id");
        let mut have = secrets.observe(&cx, Locator::Id(id)).await.expect("read").expect("there");
        have.fields.extend(wanted(1).fields);
        let second = secrets.reconcile(&cx, &wanted(2), Some(&have)).await.expect("rotated");
        assert_ne!(first["version_id"], second["version_id"]);

        let mut passwords = BTreeMap::new();
        for attributes in [&first, &second] {
            let username = reader.read(&cx, &value(attributes, "username")).await.expect("a username");
            assert_eq!(username.expose(), "app");
            let password = reader.read(&cx, &value(attributes, "password")).await.expect("a password");
            assert_eq!(password.expose().chars().count(), 32);
            assert!(!password.expose().contains(['/', '@', '"', '\'', '\\', ' ']));
            passwords.insert(password.expose().to_owned(), attributes);
        }
        assert_eq!(passwords.len(), 2);
        let observed = secrets.observe(&cx, Locator::Id(id)).await.expect("read").expect("there");
        assert_eq!(observed.attributes["version_id"], second["version_id"]);

        // A member that is not there is the caller's mistake, a version that is not there may be to come.
        let fault = reader.read(&cx, &value(&second, "token")).await.expect_err("no such member");
        assert_eq!(fault.kind, FaultKind::Invalid);
        assert!(passwords.keys().all(|password| !fault.to_string().contains(password)));
        let mut gone = second.clone();
        gone.insert("arn".to_owned(), Value::from("arn:aws:secretsmanager:eu-west-2:123456789012:secret:none-abcdef"));
        let fault = reader.read(&cx, &value(&gone, "password")).await.expect_err("no such secret");
        assert_eq!(fault.kind, FaultKind::NotYet);

        // A generation that was in use before can't be generated once more.
        let mut have = observed;
        have.fields.extend(wanted(2).fields);
        let fault = secrets.reconcile(&cx, &wanted(1), Some(&have)).await.expect_err("used before");
        assert!(fault.message.contains("generation 1"), "{fault}");
        secrets.delete(&cx, &have).await.expect("deleted");
    });
}
