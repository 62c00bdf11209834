-- Behind which window rules of health go on: what one window asked for is done once, whichever controller holds the lease.
ALTER TABLE pipelines ADD COLUMN health_seen bigint;
