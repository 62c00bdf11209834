// Written by migrations/embed.sh from migrations/0002_checkpoints.sql.
extension Migration {
  static let number0002 = Migration(
    version: 2, name: "checkpoints",
    sql: ##"""
      -- A state of the model together with the offsets up to which it has learned.
      CREATE TABLE checkpoints (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        generation bigint NOT NULL CHECK (generation > 0),
        parent_id bigint,
        step bigint NOT NULL CHECK (step >= 0),
        state_bytes bigint NOT NULL CHECK (state_bytes >= 0),
        state_sha256 bytea NOT NULL CHECK (octet_length(state_sha256) = 32),
        -- False once pruned: the row and its numbers stay for the audit.
        has_state boolean NOT NULL DEFAULT true,
        parameters_digest text NOT NULL,
        -- The first layer with a NaN or infinite parameter; null in health.
        non_finite_parameter text,
        is_final boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        -- Exact, mergeable tallies, with the figures most asked for beside them.
        metrics bytea NOT NULL,
        records bigint NOT NULL CHECK (records >= 0),
        mean_loss finite_double,
        auc finite_double CHECK (auc >= 0 AND auc <= 1),
        window_metrics bytea NOT NULL,
        window_records bigint NOT NULL CHECK (window_records >= 0),
        window_mean_loss finite_double,
        window_auc finite_double CHECK (window_auc >= 0 AND window_auc <= 1),
        comparison bytea,
        compared_with bigint,
        UNIQUE (pipeline_id, id),
        CONSTRAINT one_checkpoint_a_step UNIQUE (pipeline_id, generation, step),
        -- A lineage never leaves its pipeline.
        FOREIGN KEY (pipeline_id, parent_id) REFERENCES checkpoints (pipeline_id, id)
      );
      CREATE INDEX checkpoints_by_parent ON checkpoints (pipeline_id, parent_id);
      CREATE INDEX healthy_checkpoints ON checkpoints (pipeline_id, step DESC)
        WHERE has_state AND non_finite_parameter IS NULL;

      CREATE TABLE checkpoint_chunks (
        checkpoint_id bigint NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
        number integer NOT NULL CHECK (number >= 0),
        data bytea NOT NULL CHECK (octet_length(data) <= 8388608),
        PRIMARY KEY (checkpoint_id, number)
      );
      -- Parameters do not compress: trying to would only cost time.
      ALTER TABLE checkpoint_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

      -- Cumulative from start_offset.
      CREATE TABLE checkpoint_progress (
        checkpoint_id bigint NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
        partition integer NOT NULL CHECK (partition >= 0),
        start_offset bigint NOT NULL CHECK (start_offset >= 0),
        next_offset bigint NOT NULL,
        trained bigint NOT NULL CHECK (trained >= 0),
        rejected bigint NOT NULL CHECK (rejected >= 0),
        skipped bigint NOT NULL CHECK (skipped >= 0),
        PRIMARY KEY (checkpoint_id, partition),
        CHECK (next_offset >= start_offset)
      );

      CREATE TABLE checkpoint_rejections (
        checkpoint_id bigint NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
        reason text NOT NULL,
        records bigint NOT NULL CHECK (records >= 0),
        PRIMARY KEY (checkpoint_id, reason)
      );

      -- One row a layer, over the window that the checkpoint ends.
      CREATE TABLE layer_health (
        checkpoint_id bigint NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
        position integer NOT NULL CHECK (position >= 0),
        layer text NOT NULL,
        steps bigint NOT NULL CHECK (steps >= 0),
        count bigint NOT NULL CHECK (count >= 0),
        zero_fraction finite_double NOT NULL CHECK (zero_fraction >= 0 AND zero_fraction <= 1),
        saturated_fraction finite_double NOT NULL CHECK (saturated_fraction >= 0 AND saturated_fraction <= 1),
        non_finite bigint NOT NULL CHECK (non_finite >= 0),
        dead_units bigint NOT NULL CHECK (dead_units >= 0),
        units bigint NOT NULL CHECK (units >= dead_units),
        minimum finite_double,
        maximum finite_double,
        mean finite_double,
        standard_deviation finite_double,
        gradient_norm finite_double,
        update_ratio finite_double,
        weight_norm finite_double,
        -- Counts by magnitude, in the sketch's buckets.
        histogram bigint[] NOT NULL,
        -- The whole sketch, exact.
        sketch bytea NOT NULL,
        PRIMARY KEY (checkpoint_id, position),
        UNIQUE (checkpoint_id, layer)
      );

      -- Every step's offset ranges, for pipelines that keep a ledger.
      CREATE TABLE ledger (
        checkpoint_id bigint NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
        step bigint NOT NULL CHECK (step >= 0),
        partition integer NOT NULL CHECK (partition >= 0),
        from_offset bigint NOT NULL CHECK (from_offset >= 0),
        next_offset bigint NOT NULL CHECK (next_offset >= from_offset),
        trained bigint NOT NULL CHECK (trained >= 0),
        rejected bigint NOT NULL CHECK (rejected >= 0),
        PRIMARY KEY (checkpoint_id, step, partition)
      );
      """## + "\n")
}
