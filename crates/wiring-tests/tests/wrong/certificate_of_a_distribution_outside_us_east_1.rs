use landfall_core::{ApSouth1, Handle};
use landfall_edge::Distribution;
use landfall_security::IssuedCertificate;

fn cdn(certificate: Handle<IssuedCertificate<ApSouth1>>) {
    let _ = Distribution::builder().certificate(certificate);
}

fn main() {}
