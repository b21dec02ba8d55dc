//! A connection to the emulators, as a user would make it.

use landfall_aws::{Aws, AwsBuilder, tap::Tap};
use landfall_core::Providers;

use crate::{
    case::Wire,
    emulator::{Emulator, chain},
};

/// What a layer's `aws::register` is.
pub type Register = fn(&mut Providers, &Aws);

/// The emulators behind one connection, with a tap on its wire.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The connection.
    pub aws: Aws,
    /// The tap on all its calls.
    pub tap: Tap,
}

impl Cloud {
    /// Connects to the emulators that the tests of this process share, starting those that it needs.
    ///
    /// # Panics
    /// When an emulator can't be had.
    #[expect(clippy::panic, reason = "the tests that need an emulator fail without it, and say why")]
    pub async fn on(wire: Wire) -> Self {
        let tap = Tap::new();
        let builder = route(Aws::builder(), wire).tap(&tap);
        let aws = builder.connect().await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        Self { aws, tap }
    }

    /// The providers of some layers on this connection.
    pub fn providers(&self, register: &[Register]) -> Providers {
        let mut providers = Providers::new();
        for layer in register {
            layer(&mut providers, &self.aws);
        }
        providers
    }
}

/// Points a connection at the shared emulators: general endpoint and endpoints by service, as with
/// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`.
pub fn route(builder: AwsBuilder, wire: Wire) -> AwsBuilder {
    match wire {
        Wire::Moto => builder.endpoint(Emulator::Moto.shared().url()),
        Wire::Ministack => builder.endpoint(Emulator::Ministack.shared().url()),
        // Nobody listens there: the tap answers.
        Wire::Recorded => builder.endpoint("http://127.0.0.1:9"),
        Wire::Split { ministack } => {
            let builder = builder.endpoint(Emulator::Moto.shared().url());
            let url = Emulator::Ministack.shared().url();
            ministack.iter().fold(builder, |builder, service| builder.service_endpoint(service, url))
        }
    }
}
