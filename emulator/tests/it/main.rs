//! The emulator as its callers meet it: in this process over gRPC, and as a program.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, by panicking"
)]

mod calls;
mod feed;
mod process;
mod queries;
mod reuse;
mod server;
mod tasks;

use durascope_emulator::Config;
use durascope_emulator::Running;
use durascope_proto::CreateInstanceRequest;
use durascope_proto::task_hub_sidecar_service_client::TaskHubSidecarServiceClient;
use tonic::transport::Channel;

/// An emulator in this process, and a connection to it.
struct Served {
    running: Running,
    channel: Channel,
}

impl Served {
    async fn ephemeral() -> Self {
        Self::with(Config::ephemeral()).await
    }

    async fn with(config: Config) -> Self {
        let running = durascope_emulator::run(config).await.unwrap();
        let channel = Channel::from_shared(running.endpoint.clone())
            .unwrap()
            .connect()
            .await
            .unwrap();
        Self { running, channel }
    }

    fn client(&self) -> TaskHubSidecarServiceClient<Channel> {
        TaskHubSidecarServiceClient::new(self.channel.clone())
    }

    async fn start(&self, id: &str, name: &str) {
        let request = CreateInstanceRequest {
            instance_id: id.to_owned(),
            name: name.to_owned(),
            input: Some(format!("\"input of {id}\"")),
            ..CreateInstanceRequest::default()
        };
        self.client().start_instance(request).await.unwrap();
    }
}
