//! The lifecycle that every kind passes, on any cloud.

use std::sync::Arc;

use landfall_core::{
    Environment, Fault, FaultKind, Kind, Locator, Lowered, Pace, Providers, TAGS, Topology, Value,
    kind::{Change, Field},
    state::Operation,
};

use crate::{
    case::{Case, Variant},
    line::Line,
    world::{Failure, Object, World},
};

/// A cloud with the line to it and its time.
#[derive(Clone)]
pub struct Stage<'a> {
    /// The cloud.
    pub providers: &'a Providers,
    /// The line to it.
    pub line: &'a dyn Line,
    /// How its time passes.
    pub pace: Arc<dyn Pace>,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.providers.fmt(f)
    }
}

/// Runs the lifecycle of a case: create, read, update, delete, absent, and each of them interrupted at every call.
///
/// # Errors
/// The first thing that is not as it must be. Objects made so far stay then.
pub async fn lifecycle(stage: &Stage<'_>, case: &Case) -> Result<(), Failure> {
    let script = Script::of(case)?;
    script.covers_every_field(case)?;
    script.uninterrupted(stage).await?;
    script.interrupted(stage).await
}

/// What a case declares, in both variants.
pub(crate) struct Script {
    pub(crate) first: Lowered,
    pub(crate) second: Lowered,
    /// Position of the object under test in each.
    pub(crate) subject: (usize, usize),
}

impl Script {
    pub(crate) fn of(case: &Case) -> Result<Self, Failure> {
        let (first, at_first) = declare(case, Variant::First)?;
        let (second, at_second) = declare(case, Variant::Updated)?;
        if first.declarations[at_first].address != second.declarations[at_second].address {
            return Err(Failure::new("the two variants declare the object under test at different addresses"));
        }
        Ok(Self { first, second, subject: (at_first, at_second) })
    }

    fn kind(&self) -> &'static Kind {
        self.first.declarations[self.subject.0].kind
    }

    /// A field without a value proves nothing, and neither does an update that leaves it as it is.
    pub(crate) fn covers_every_field(&self, case: &Case) -> Result<(), Failure> {
        let (first, second) =
            (&self.first.declarations[self.subject.0].fields, &self.second.declarations[self.subject.1].fields);
        let null = |value: Option<&landfall_core::expr::Expr>| {
            value.is_none_or(|expr| matches!(expr.known(), Some(Value::Null)))
        };
        let empty = |name| null(first.get(name)) && null(second.get(name));
        let same = |name| first.get(name) == second.get(name);
        let tags = self.kind().taggable.then_some(Field::updates(TAGS));
        let mut lacking = Vec::new();
        for field in self.kind().fields.iter().copied().chain(tags).filter(|field| case.tests(field.name)) {
            if empty(field.name) {
                lacking.push(format!("`{}` has no value", field.name));
            } else if field.change == Change::Update && same(field.name) {
                lacking.push(format!("`{}` is not changed by `Variant::Updated`", field.name));
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("the case leaves out fields without saying why: {}", lacking.join(", "))))
    }

    async fn uninterrupted(&self, stage: &Stage<'_>) -> Result<(), Failure> {
        let mut world = World::new(stage, &self.first);
        for declaration in &self.first.declarations {
            world.create(declaration).await?;
        }
        world.changes_nothing().await?;
        for declaration in &self.second.declarations {
            world.update(declaration).await?;
        }
        world.changes_nothing().await?;
        world.delete_all().await
    }

    /// For every N: the answer to the N-th change of an operation is lost, and the next run makes it good.
    async fn interrupted(&self, stage: &Stage<'_>) -> Result<(), Failure> {
        if self.first.declarations[self.subject.0].lookup.is_some() {
            // What is only looked up is never changed.
            return Ok(());
        }
        let mut world = World::new(stage, &self.first);
        for declaration in &self.first.declarations[..self.subject.0] {
            world.create(declaration).await?;
        }
        for declaration in &self.second.declarations[..self.subject.1] {
            world.create_if_new(declaration).await?;
        }
        let updates = self.kind().taggable || self.kind().fields.iter().any(|field| field.change == Change::Update);
        for operation in [Operation::Create, Operation::Update, Operation::Delete] {
            if operation == Operation::Update && !updates {
                continue;
            }
            for lost in 0.. {
                let was_lost = match operation {
                    Operation::Create => self.interrupted_create(&world, lost).await,
                    Operation::Update => self.interrupted_update(&world, lost).await,
                    Operation::Delete => self.interrupted_delete(&world, lost).await,
                };
                let after = || format!("{operation} with the answer to change {} lost", lost + 1);
                if !was_lost.map_err(|failure| failure.after(&after()))? {
                    break;
                }
            }
        }
        world.delete_all().await
    }

    /// Whether there was an answer to lose.
    async fn interrupted_create(&self, world: &World<'_>, lost: usize) -> Result<bool, Failure> {
        let mut object = world.object(&self.first.declarations[self.subject.0])?;
        lose(world, lost);
        let was_lost = restored(world, object.try_reconcile(None).await.map(drop))?;
        let found = object.observe(Locator::Token(&object.want)).await?;
        let how = if found.is_some() { "it was found" } else { "it was not found" };
        let attributes = object.reconcile(found.as_ref()).await.map_err(|failure| failure.after(how))?;
        object.settle(attributes).await.map_err(|failure| failure.after(how))?;
        object.delete().await?;
        Ok(was_lost)
    }

    async fn interrupted_update(&self, world: &World<'_>, lost: usize) -> Result<bool, Failure> {
        let mut object = self.created(world).await?;
        world.retarget(&mut object, &self.second.declarations[self.subject.1])?;
        let have = object.observed.clone();
        lose(world, lost);
        let was_lost = restored(world, object.try_reconcile(Some(&have)).await.map(drop))?;
        let have = object.reread().await?;
        let attributes = object.reconcile(Some(&have)).await?;
        object.settle(attributes).await?;
        object.delete().await?;
        Ok(was_lost)
    }

    async fn interrupted_delete(&self, world: &World<'_>, lost: usize) -> Result<bool, Failure> {
        let object = self.created(world).await?;
        lose(world, lost);
        let was_lost = restored(world, object.try_delete().await)?;
        object.delete().await?;
        Ok(was_lost)
    }

    async fn created<'w>(&self, world: &World<'w>) -> Result<Object<'w>, Failure> {
        let mut object = world.object(&self.first.declarations[self.subject.0])?;
        let attributes = object.reconcile(None).await?;
        object.settle(attributes).await?;
        Ok(object)
    }
}

fn declare(case: &Case, variant: Variant) -> Result<(Lowered, usize), Failure> {
    let topology = Topology::new("conformance", Environment::new("test"));
    (case.declare)(&topology, variant);
    let lowered =
        topology.lower().map_err(|problems| Failure::new(format!("`Variant::{variant:?}` has {problems}")))?;
    let position = lowered.declarations.iter().rposition(|declaration| declaration.kind.name == case.kind);
    let position = position.ok_or_else(|| Failure::new(format!("`Variant::{variant:?}` declares no {}", case.kind)))?;
    Ok((lowered, position))
}

/// Loses the answer to a change of the operation that follows.
fn lose(world: &World<'_>, change: usize) {
    world.stage.line.begin();
    world.stage.line.lose_answer(change);
}

/// What became of the operation: whether an answer was lost, and then it knows that it does not know.
fn restored(world: &World<'_>, result: Result<(), Fault>) -> Result<bool, Failure> {
    let was_lost = world.stage.line.restore();
    match result {
        Err(fault) if was_lost && fault.kind != FaultKind::Unavailable => {
            Err(Failure::new(format!("it gave {:?} ({fault}) instead of `Unavailable`", fault.kind)))
        }
        Err(fault) if !fault.kind.is_transient() => Err(Failure::new(fault.to_string())),
        _ => Ok(was_lost),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use async_trait::async_trait;
    use landfall_core::{
        ApSouth1, Attributes, Context, Observed, Options, Provider, Value, provider::Desired, state::Token,
    };
    use landfall_netlayer::{Subnet, Vpc};
    use landfall_sandbox::{LateReads, Sandbox};

    use super::*;
    use crate::{case::Wire, line::SandboxLine, pace::Unhurried, run::in_the_sandbox};

    fn subnet(topology: &Topology, variant: Variant) {
        let region = topology.region::<ApSouth1>();
        let vpc = region.add("main", Vpc::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build());
        let subnet = Subnet::builder()
            .vpc(vpc)
            .cidr_block("10.10.1.0/24".parse().expect("a range"))
            .availability_zone("ap-south-1a")
            .map_public_ip_on_launch(variant.pick(false, true));
        region.add_with("a", Options::new().tag("team", variant.pick("net", "platform")), subnet.build());
    }

    const CASE: Case = Case::new("ec2.subnet", Wire::Moto, subnet);

    /// One thing that a provider may do wrong.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Wrong {
        NotFound,
        FindsOthers,
        FindsItself,
        ForgetsAttribute,
        ForgetsUpdate,
        ChangesId,
        LeavesIt,
        RefusesAbsent,
        FailsForGood,
        CreatesInvalid,
    }

    struct Mutant(Arc<dyn Provider>, Wrong);

    #[async_trait]
    impl Provider for Mutant {
        async fn observe(&self, cx: &Context, locator: Locator<'_>) -> Result<Option<Observed>, Fault> {
            let other = Context { token: Token::from_random([0; 16]), ..cx.clone() };
            let found = self.0.observe(if self.1 == Wrong::FindsItself { &other } else { cx }, locator).await?;
            match (self.1, locator) {
                (Wrong::NotFound, Locator::Token(_)) => Ok(None),
                (Wrong::FindsOthers, Locator::Token(want)) => {
                    let attributes = serde_json::from_value(serde_json::json!({"id": "subnet-1"})).expect("a map");
                    Ok(Some(Observed { fields: want.fields.clone(), attributes }))
                }
                _ => Ok(found),
            }
        }

        async fn reconcile(&self, cx: &Context, want: &Desired, have: Option<&Observed>) -> Result<Attributes, Fault> {
            if let (Wrong::ForgetsUpdate, Some(have)) = (self.1, have) {
                return Ok(have.attributes.clone());
            }
            let mut attributes = match self.0.reconcile(cx, want, have).await {
                Err(fault) if self.1 == Wrong::FailsForGood => {
                    return Err(Fault::new(FaultKind::Fatal, fault.operation, fault.message));
                }
                result => result?,
            };
            match self.1 {
                Wrong::ForgetsAttribute => drop(attributes.remove("arn")),
                Wrong::ChangesId if have.is_some() => drop(attributes.insert("id".into(), Value::from("subnet-2"))),
                Wrong::CreatesInvalid => drop(attributes.insert("id".into(), Value::from(""))),
                _ => {}
            }
            Ok(attributes)
        }

        async fn delete(&self, cx: &Context, have: &Observed) -> Result<(), Fault> {
            let there = self.0.observe(cx, Locator::Id(have.id())).await?.is_some();
            match self.1 {
                Wrong::LeavesIt => Ok(()),
                Wrong::RefusesAbsent if !there => Err(Fault::new(FaultKind::Invalid, "ec2:DeleteSubnet", "no such")),
                _ => self.0.delete(cx, have).await,
            }
        }
    }

    fn failure(wrong: Wrong) -> String {
        let sandbox = Sandbox::builder().kinds(landfall_netlayer::kinds()).late_reads(LateReads::none()).build();
        let line = SandboxLine { sandbox: sandbox.clone(), since: AtomicU64::new(0) };
        let result = sandbox.block_on(async move {
            let mut providers = line.sandbox.providers();
            let (kind, provider) = (providers.kind("ec2.subnet"), providers.provider("ec2.subnet").cloned());
            providers.add(kind.expect("a kind"), Arc::new(Mutant(provider.expect("a provider"), wrong)));
            let stage = Stage { providers: &providers, line: &line, pace: Arc::new(Unhurried) };
            lifecycle(&stage, &CASE).await
        });
        result.expect("nobody kills it").expect_err(&format!("{wrong:?} was not noticed")).to_string()
    }

    #[test]
    fn providers_that_do_one_thing_wrong_are_told_what() {
        for (wrong, expected) in [
            (Wrong::NotFound, "ap-south-1/ec2.subnet:a: its token finds nothing"),
            (Wrong::FindsOthers, "ap-south-1/ec2.subnet:a: its token finds something before it is created"),
            (Wrong::FindsItself, "ap-south-1/ec2.subnet:a: its token finds nothing"),
            (Wrong::ForgetsAttribute, "ap-south-1/ec2.subnet:a: it does not report arn"),
            (Wrong::ForgetsUpdate, "ap-south-1/ec2.subnet:a: what is read is not what was wanted:"),
            (Wrong::ChangesId, "ap-south-1/ec2.subnet:a: an update changed the stable `id`"),
            (Wrong::LeavesIt, "ap-south-1/ec2.subnet:a: deleting it: its id `subnet-"),
            (Wrong::RefusesAbsent, "ap-south-1/ec2.subnet:a: deleting it a second time: "),
            (Wrong::FailsForGood, "create with the answer to change 1 lost: it gave Fatal"),
            (Wrong::CreatesInvalid, "ap-south-1/ec2.subnet:a: its id is empty"),
        ] {
            let failure = failure(wrong);
            assert!(failure.starts_with(expected), "{wrong:?}: {failure}");
        }
    }

    #[test]
    fn providers_that_do_nothing_wrong_pass() {
        in_the_sandbox(&landfall_netlayer::kinds(), &[CASE]);
    }

    #[test]
    fn fields_are_not_left_out_in_silence() {
        fn unchanged(topology: &Topology, _: Variant) {
            subnet(topology, Variant::First);
        }
        let case = Case::new("ec2.subnet", Wire::Moto, unchanged);
        let failure = |case: &Case| Script::of(case).expect("two variants").covers_every_field(case);
        let text = failure(&case).expect_err("nothing changes").to_string();
        assert!(text.contains("`map_public_ip_on_launch` is not changed") && text.contains("`tags`"), "{text}");
        let said = case.untested(&[("map_public_ip_on_launch", "a test"), ("tags", "a test")]);
        assert_eq!(failure(&said), Ok(()));
    }

    #[test]
    #[should_panic(expected = "1 of 1 cases failed:\n  ec2.vpc (Moto): `Variant::Updated` has 1 problem")]
    fn a_failing_case_is_reported_with_its_kind() {
        fn outside(topology: &Topology, variant: Variant) {
            let range = variant.pick("10.10.0.0/16", "10.0.0.0/8").parse().expect("a range");
            topology.region::<ApSouth1>().add("main", Vpc::builder().cidr_block(range).build());
        }
        in_the_sandbox(&landfall_netlayer::kinds(), &[Case::new("ec2.vpc", Wire::Moto, outside)]);
    }
}
