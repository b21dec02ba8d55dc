//! Kinds that no emulator serves: their requests, for a human to review.

use std::{fmt::Write as _, sync::Arc};

use landfall_aws::tap::{Call, Effect, Rule, Tap};
use landfall_core::{FaultKind, Locator};

use crate::{
    case::{Case, Wire},
    cloud::{Cloud, Register},
    lifecycle::{Script, Stage},
    pace::Hurried,
    run::block_on,
    world::{Failure, World},
};

/// The requests of every [recorded](Wire::Recorded) case, by kind: for snapshots that a human has compared with
/// AWS's documents.
///
/// The case is created, read, updated and deleted against its canned [answers](Case::answers); a call without an
/// answer fails. What is read has to be what was wanted, as on any wire.
///
/// # Panics
/// With the first case that fails.
pub fn recordings(register: &[Register], cases: &[Case]) -> Vec<(&'static str, String)> {
    let recorded = cases.iter().filter(|case| case.wire == Wire::Recorded);
    block_on(async {
        let mut texts = Vec::new();
        for case in recorded {
            let text = recording(register, case).await;
            texts.push((case.kind, text.unwrap_or_else(|failure| fail(case, &failure))));
        }
        texts
    })
}

#[expect(clippy::panic, reason = "a case that fails is a test that fails")]
fn fail(case: &Case, failure: &Failure) -> ! {
    panic!("{}: {failure}", case.kind)
}

async fn recording(register: &[Register], case: &Case) -> Result<String, Failure> {
    let script = Script::of(case)?;
    script.covers_every_field(case)?;
    let cloud = Cloud::on(Wire::Recorded).await;
    answer(&cloud.tap, case);
    let providers = cloud.providers(register);
    let stage = Stage { providers: &providers, line: &cloud.tap, pace: Arc::new(Hurried) };
    let world = World::new(&stage, &script.first);
    let mut object = world.object_of_every_run(&script.first.declarations[script.subject.0])?;
    let mut text = String::new();
    let mut note = |step: &str| {
        let _ = writeln!(text, "# {step}");
        for call in cloud.tap.calls() {
            text.push_str(&readable(&call));
        }
        cloud.tap.clear_calls();
    };
    let attributes = object.reconcile(None).await?;
    note("create");
    object.report(attributes);
    object.observed = object.read().await?;
    object.agrees()?;
    note("read");
    object.observe(Locator::Token(&object.want)).await?;
    note("find");
    world.retarget(&mut object, &script.second.declarations[script.subject.1])?;
    object.reconcile(Some(&object.observed)).await?;
    note("update");
    object.try_delete().await.map_err(|fault| object.failure(&fault.to_string()))?;
    note("delete");
    Ok(text)
}

/// Answers every call from the case; the last answer of an operation repeats.
fn answer(tap: &Tap, case: &Case) {
    for (position, (operation, body)) in case.answers.iter().enumerate() {
        let of_it = |(other, _): &&(&str, &str)| other == operation;
        let (before, after) = (&case.answers[..position], &case.answers[position + 1..]);
        let content_type = if body.starts_with('{') { "application/x-amz-json-1.1" } else { "text/xml" };
        let answer = Effect::Answer { status: 200, content_type: content_type.into(), body: (*body).to_owned() };
        let rule = Rule::new(answer).operation(*operation).after(before.iter().filter(of_it).count());
        let last = !after.iter().any(|other| other.0 == *operation);
        tap.add(if last { rule } else { rule.times(1) });
    }
    tap.add(Rule::new(Effect::Error {
        status: 400,
        code: "NoRecordedAnswer".into(),
        message: "the case has no answer for this operation".into(),
    }));
}

/// A request as people read it.
fn readable(call: &Call) -> String {
    let body = if call.body.starts_with("Action=") {
        call.body.split('&').map(decoded).collect::<Vec<_>>().join("\n")
    } else if let Ok(json) = serde_json::from_str::<serde_json::Value>(&call.body) {
        format!("{json:#}")
    } else {
        call.body.replace("><", ">\n<")
    };
    format!("{} {} ({} in {})\n{body}\n\n", call.method, call.path, call.asked.service, call.asked.region)
}

/// The text of a part of a form.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).replace('+', " ")
}

/// Proves that every emulator still lacks what the create of a recorded case calls.
pub(crate) async fn lacking(register: &[Register], case: &Case) -> Result<(), Failure> {
    let script = Script::of(case)?;
    for wire in [Wire::Moto, Wire::Ministack] {
        let cloud = Cloud::on(wire).await;
        let providers = cloud.providers(register);
        let stage = Stage { providers: &providers, line: &cloud.tap, pace: Arc::new(Hurried) };
        let world = World::new(&stage, &script.first);
        let object = world.object(&script.first.declarations[script.subject.0])?;
        match object.try_reconcile(None).await {
            Err(fault) if fault.kind == FaultKind::Unsupported => {}
            Ok(_) => return Err(Failure::new(format!("{wire:?} serves it now: prove it there"))),
            Err(fault) => return Err(Failure::new(format!("{wire:?} knows it now, see whether it serves: {fault}"))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use landfall_aws::{Regional, fault};
    use landfall_core::{
        Context, Fault, Global, Kind, Live, Providers, Resource, Tags, Topology, TypedProvider,
        kind::{Actions, Field, Identity},
    };
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::case::Variant;

    /// A kind of no use: assuming a root creates, changes and deletes it.
    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Session {
        principal: String,
    }

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct SessionAttributes {
        id: String,
    }

    static KIND: Kind = Kind {
        fields: &[Field::updates("principal")],
        identity: Identity::NaturalKey,
        actions: Actions {
            create: &["sts:AssumeRoot"],
            read: &[],
            update: &["sts:AssumeRoot"],
            delete: &["sts:AssumeRoot"],
        },
        ..Kind::of::<Session>("sts.session")
    };

    impl Resource for Session {
        type At = Global;

        fn kind() -> &'static Kind {
            &KIND
        }
    }

    struct Provider(Regional<aws_sdk_sts::Client>);

    impl Provider {
        async fn assume(&self, cx: &Context, principal: &str) -> Result<SessionAttributes, Fault> {
            let policy = aws_sdk_sts::types::PolicyDescriptorType::builder().arn("arn:aws:iam::aws:policy/x").build();
            let call = self.0.of(cx).assume_root().target_principal(principal).task_policy_arn(policy);
            call.send().await.map_err(fault("sts:AssumeRoot"))?;
            Ok(SessionAttributes { id: "session".into() })
        }
    }

    #[async_trait]
    impl TypedProvider for Provider {
        type Resource = Session;
        type Attributes = SessionAttributes;

        async fn read(&self, cx: &Context, id: &str) -> Result<Option<Live<Session, SessionAttributes>>, Fault> {
            let reply = self.0.of(cx).get_caller_identity().send().await.map_err(fault("sts:GetCallerIdentity"))?;
            Ok(Some(Live {
                resource: Session { principal: reply.account.unwrap_or_default() },
                attributes: SessionAttributes { id: id.to_owned() },
                tags: Tags::new(),
            }))
        }

        async fn find(&self, cx: &Context, _: &Session) -> Result<Option<Live<Session, SessionAttributes>>, Fault> {
            self.read(cx, "session").await
        }

        async fn create(&self, cx: &Context, want: &Session) -> Result<SessionAttributes, Fault> {
            match want.principal.as_str() {
                "served" => self.read(cx, "session").await.map(|_| SessionAttributes { id: "session".into() }),
                principal => self.assume(cx, principal).await,
            }
        }

        async fn update(
            &self,
            cx: &Context,
            want: &Session,
            _: &Live<Session, SessionAttributes>,
        ) -> Result<SessionAttributes, Fault> {
            self.assume(cx, &want.principal).await
        }

        async fn delete(&self, cx: &Context, _: &Live<Session, SessionAttributes>) -> Result<(), Fault> {
            self.assume(cx, "0").await.map(drop)
        }
    }

    fn register(providers: &mut Providers, aws: &landfall_aws::Aws) {
        providers.add_typed(Provider(Regional::new(aws, aws_sdk_sts::Client::new)));
    }

    fn session(topology: &Topology, variant: Variant) {
        topology.global().add("it", Session { principal: variant.pick("111/1", "222").to_owned() });
    }

    const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111/1</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";

    #[test]
    fn requests_are_recorded_for_review() {
        let case = Case::new("sts.session", Wire::Recorded, session).answers(&[
            ("AssumeRoot", "<AssumeRootResponse><AssumeRootResult/></AssumeRootResponse>"),
            ("GetCallerIdentity", IDENTITY),
        ]);
        let recorded = recordings(&[register], &[case]);
        let [(kind, text)] = recorded.as_slice() else { panic!("{recorded:?}") };
        assert_eq!(*kind, "sts.session");
        let expected = "# create\nPOST / (sts in us-east-1)\nAction=AssumeRoot\nVersion=2011-06-15\n\
            TargetPrincipal=111/1\nTaskPolicyArn.arn=arn:aws:iam::aws:policy/x\n\n\
            # read\nPOST / (sts in us-east-1)\nAction=GetCallerIdentity\nVersion=2011-06-15\n\n\
            # find\nPOST / (sts in us-east-1)\nAction=GetCallerIdentity\nVersion=2011-06-15\n\n\
            # update\n";
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(recorded, recordings(&[register], &[case]), "every run records the same");
    }

    #[test]
    #[should_panic(expected = "NoRecordedAnswer")]
    fn a_call_without_an_answer_fails() {
        recordings(&[register], &[Case::new("sts.session", Wire::Recorded, session)]);
    }

    #[test]
    #[should_panic(expected = "what is read is not what was wanted")]
    fn what_is_read_has_to_be_what_was_wanted() {
        const OTHER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>999</Account>\
            </GetCallerIdentityResult></GetCallerIdentityResponse>";
        let case = Case::new("sts.session", Wire::Recorded, session);
        recordings(
            &[register],
            &[case.answers(&[
                ("AssumeRoot", "<AssumeRootResponse><AssumeRootResult/></AssumeRootResponse>"),
                ("GetCallerIdentity", OTHER),
            ])],
        );
    }

    #[test]
    fn what_emulators_lack_is_told_from_what_they_serve() {
        fn served(topology: &Topology, _: Variant) {
            topology.global().add("it", Session { principal: "served".to_owned() });
        }
        let check = |declare| block_on(lacking(&[register], &Case::new("sts.session", Wire::Recorded, declare)));
        assert_eq!(check(session), Ok(()));
        assert_eq!(
            check(served).map_err(|failure| failure.to_string()),
            Err("Moto serves it now: prove it there".into())
        );
    }

    #[test]
    fn forms_are_decoded() {
        for (part, expected) in [
            ("Action=CreateVpc", "Action=CreateVpc"),
            ("CidrBlock=10.0.0.0%2F16", "CidrBlock=10.0.0.0/16"),
            ("Tag.1.Value=a+b%C3%A9", "Tag.1.Value=a bé"),
            ("Odd=100%", "Odd=100%"),
            ("Odd=%zz", "Odd=%zz"),
        ] {
            assert_eq!(decoded(part), expected);
        }
    }
}
