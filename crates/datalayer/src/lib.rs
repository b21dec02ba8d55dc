//! Landfall data layer: Aurora global databases, ElastiCache, S3 with replication.
