//! Flow logs of a VPC with all they need: a log group, and a role that can only write to it.

use landfall_core::{Global, Handle, Input, Options, Region, Scope, join};
use landfall_netlayer::Vpc;
use landfall_security::{PolicyDocument, Role, Statement};

use crate::{
    flow_log::{FlowLog, TrafficType},
    log_group::{LogGroup, LogGroupName, Retention},
};

/// Flow logs of a VPC, kept for a while.
#[derive(Debug, Clone, bon::Builder)]
pub struct FlowLogs {
    /// Name of the log group, unique in the region.
    pub log_group: LogGroupName,
    /// How long records are kept; 30 days unless said.
    #[builder(default = Retention::days(30))]
    pub retention: Retention,
    /// Which traffic is recorded; all of it unless said.
    #[builder(default)]
    pub traffic_type: TrafficType,
    /// The account, to which the role's trust is bound: `me.get(CallerIdentity::ACCOUNT_ID)`.
    #[builder(into)]
    pub account_id: Input<String>,
}

/// Everything that [`FlowLogs`] declared.
#[derive(Debug, Clone)]
pub struct FlowLogsHandles<R: Region> {
    /// Where the records are.
    pub log_group: Handle<LogGroup<R>>,
    /// Who writes them.
    pub role: Handle<Role>,
    /// The flow log.
    pub flow_log: Handle<FlowLog<R>>,
}

impl FlowLogs {
    /// Declares the flow logs of `vpc` under `name`; the role goes to `global`, under the name with the region.
    pub fn add_to<R: Region>(
        &self,
        scope: &Scope<'_, R>,
        global: &Scope<'_, Global>,
        name: &str,
        vpc: Handle<Vpc<R>>,
    ) -> FlowLogsHandles<R> {
        let account = &self.account_id;
        let group = LogGroup::builder().name(self.log_group.clone()).retention(self.retention).build();
        let log_group = scope.add(name, group);
        let arn = log_group.get(LogGroup::ARN);
        let trust = Statement::trust("vpc-flow-logs.amazonaws.com").source_account(account).condition(
            "ArnLike",
            "aws:SourceArn",
            join!["arn:aws:ec2:", scope.place().as_str(), ":", account, ":vpc-flow-log/*"],
        );
        let write = Statement::allow()
            .actions(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"])
            .resources([arn.clone(), join![&arn, ":*"]]);
        let list = Statement::allow().action("logs:DescribeLogGroups").resource("*");
        let role = Role::builder()
            .description("Writes VPC flow logs")
            .assume_role_policy_document(PolicyDocument::new([trust]))
            .inline_policy("write-flow-logs", PolicyDocument::new([write, list]))
            .build();
        let role = global.add(&format!("{name}-{}", scope.place()), role);
        let flow_log =
            FlowLog::builder().vpc(vpc).log_group(log_group).role(role).traffic_type(self.traffic_type).build();
        let flow_log = scope.add_with(name, Options::new(), flow_log);
        FlowLogsHandles { log_group, role, flow_log }
    }
}
