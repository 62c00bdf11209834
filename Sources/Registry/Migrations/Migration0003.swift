// Written by migrations/embed.sh from migrations/0003_versions_and_journal.sql.
extension Migration {
  static let number0003 = Migration(
    version: 3, name: "versions_and_journal",
    sql: ##"""
      -- A checkpoint given a name and a future.
      CREATE TABLE versions (
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        number bigint NOT NULL CHECK (number > 0),
        checkpoint_id bigint NOT NULL,
        state text NOT NULL DEFAULT 'candidate' CHECK (
          state IN ('candidate', 'validated', 'canary', 'stable', 'retired', 'rejected', 'rolled_back')),
        since timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        -- The part of the live traffic it is asked for.
        share finite_double NOT NULL DEFAULT 0 CHECK (share >= 0 AND share <= 1),
        was_stable boolean NOT NULL DEFAULT false,
        was_rolled_back boolean NOT NULL DEFAULT false,
        PRIMARY KEY (pipeline_id, number),
        CONSTRAINT one_version_a_checkpoint UNIQUE (pipeline_id, checkpoint_id),
        FOREIGN KEY (pipeline_id, checkpoint_id) REFERENCES checkpoints (pipeline_id, id)
      );
      CREATE UNIQUE INDEX one_stable_version ON versions (pipeline_id) WHERE state = 'stable';
      CREATE UNIQUE INDEX one_canary_version ON versions (pipeline_id) WHERE state = 'canary';

      -- Every transition, with what it stood on. Rows are only ever added.
      CREATE TABLE decisions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        version bigint NOT NULL,
        from_state text NOT NULL,
        to_state text NOT NULL,
        rule text NOT NULL,
        observed finite_double,
        -- The observation was NaN or infinite: observed is null.
        observed_non_finite boolean NOT NULL DEFAULT false,
        threshold finite_double,
        window_text text NOT NULL,
        reason text NOT NULL,
        actor text NOT NULL,
        evidence jsonb NOT NULL,
        -- The fencing number of the lease it was made under; null for a person.
        lease_number bigint,
        -- Decisions of one call, applied together.
        batch uuid NOT NULL,
        decided_at timestamptz NOT NULL DEFAULT now(),
        FOREIGN KEY (pipeline_id, version) REFERENCES versions ON DELETE CASCADE
      );
      CREATE INDEX decisions_by_pipeline ON decisions (pipeline_id, id DESC);
      CREATE INDEX decisions_by_batch ON decisions (batch);
      """## + "\n")
}
