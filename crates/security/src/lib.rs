//! Landfall security layer: IAM, KMS, Secrets Manager, ACM.
