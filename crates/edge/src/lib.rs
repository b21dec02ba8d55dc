//! Landfall edge layer: CloudFront and WAF.
