// Written by migrations/embed.sh from migrations/0010_runs.sql.
extension Migration {
  static let number0010 = Migration(
    version: 10, name: "runs",
    sql: ##"""
      -- A pipeline may be learned by several runs beside each other: the live one, number 0, whose facts stand in the pipeline's
      -- own row, and others, as a replay. Each has generations, members and checkpoints of its own.
      CREATE TABLE runs (
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        number integer NOT NULL CHECK (number > 0),
        name text NOT NULL CHECK (name <> '' AND name <> 'live'),
        -- As of a pipeline.
        generation bigint NOT NULL DEFAULT 0 CHECK (generation >= 0),
        work_fingerprint text,
        -- No two runs of a pipeline have the same: a lineage is one run's, and so is what it reads.
        lineage integer NOT NULL CHECK (lineage > 0),
        stream integer NOT NULL CHECK (stream > 0),
        begun_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (pipeline_id, number),
        CONSTRAINT one_run_a_name UNIQUE (pipeline_id, name)
      );

      -- Where each run is.
      CREATE VIEW run_heads AS
        SELECT id AS pipeline_id, 0 AS run, 'live' AS name, generation, work_fingerprint, lineage, stream, created_at AS begun_at
        FROM pipelines
        UNION ALL
        SELECT pipeline_id, number, name, generation, work_fingerprint, lineage, stream, begun_at FROM runs;

      ALTER TABLE members ADD COLUMN run integer NOT NULL DEFAULT 0 CHECK (run >= 0);
      ALTER TABLE generations ADD COLUMN run integer NOT NULL DEFAULT 0 CHECK (run >= 0);
      ALTER TABLE generation_members ADD COLUMN run integer NOT NULL DEFAULT 0 CHECK (run >= 0);
      ALTER TABLE checkpoints ADD COLUMN run integer NOT NULL DEFAULT 0 CHECK (run >= 0);

      -- Runs count generations and steps each for itself. The keys' names are the server's choice, by its version.
      DO $$
      DECLARE found record;
      BEGIN
        FOR found IN
          SELECT conrelid::regclass AS owner, conname FROM pg_constraint
          WHERE (conrelid = 'generation_members'::regclass AND contype IN ('p', 'u', 'f'))
            OR (conrelid = 'generations'::regclass AND contype = 'p')
            OR (conrelid = 'checkpoints'::regclass AND conname = 'one_checkpoint_a_step')
          ORDER BY contype
        LOOP
          EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.owner, found.conname);
        END LOOP;
      END $$;
      ALTER TABLE generations ADD PRIMARY KEY (pipeline_id, run, number);
      ALTER TABLE generation_members
        ADD PRIMARY KEY (pipeline_id, run, generation, rank),
        ADD UNIQUE (pipeline_id, run, generation, member_id),
        ADD FOREIGN KEY (pipeline_id, run, generation) REFERENCES generations (pipeline_id, run, number) ON DELETE CASCADE;
      ALTER TABLE checkpoints ADD CONSTRAINT one_checkpoint_a_step UNIQUE (pipeline_id, run, generation, step);
      """## + "\n")
}
