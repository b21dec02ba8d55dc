//! Landfall DNS layer: Route 53 zones, records with routing policies, health checks.
