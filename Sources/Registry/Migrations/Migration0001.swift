// Written by migrations/embed.sh from migrations/0001_pipelines_and_group.sql.
extension Migration {
  static let number0001 = Migration(
    version: 1, name: "pipelines_and_group",
    sql: ##"""
      -- No NaN and no infinity is ever stored. To PostgreSQL NaN equals itself and is greater than every number,
      -- so a range finds all three.
      CREATE DOMAIN finite_double AS double precision
        CONSTRAINT finite CHECK (VALUE > '-Infinity'::double precision AND VALUE < 'Infinity'::double precision);

      CREATE TABLE pipelines (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL CONSTRAINT pipeline_name UNIQUE CHECK (name <> ''),
        -- The YAML text as written: secrets are still named, not filled in.
        specification text NOT NULL,
        desired_state text NOT NULL DEFAULT 'running' CHECK (desired_state IN ('running', 'paused', 'stopped')),
        desired_workers integer NOT NULL CHECK (desired_workers > 0),
        until text,
        -- Why nothing is learned any more, in one sentence; null while all is well.
        halted text,
        -- The current generation: whoever writes with an older one is refused.
        generation bigint NOT NULL DEFAULT 0 CHECK (generation >= 0),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      -- Worker processes that live, or did a moment ago.
      CREATE TABLE members (
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        id text NOT NULL CHECK (id <> ''),
        address text NOT NULL,
        held_step bigint CHECK (held_step >= 0),
        -- Whether it waits for the next generation; false while it runs in one.
        waiting boolean NOT NULL DEFAULT true,
        joined_at timestamptz NOT NULL DEFAULT now(),
        last_seen timestamptz NOT NULL DEFAULT now(),
        status jsonb,
        PRIMARY KEY (pipeline_id, id)
      );

      CREATE TABLE generations (
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        number bigint NOT NULL CHECK (number > 0),
        -- Proves to its members that a peer belongs to it.
        secret bytea NOT NULL CHECK (octet_length(secret) = 32),
        formed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (pipeline_id, number)
      );

      CREATE TABLE generation_members (
        pipeline_id bigint NOT NULL,
        generation bigint NOT NULL,
        rank integer NOT NULL CHECK (rank >= 0),
        member_id text NOT NULL,
        address text NOT NULL,
        held_step bigint,
        joined_at timestamptz NOT NULL,
        last_seen timestamptz NOT NULL,
        PRIMARY KEY (pipeline_id, generation, rank),
        UNIQUE (pipeline_id, generation, member_id),
        FOREIGN KEY (pipeline_id, generation) REFERENCES generations ON DELETE CASCADE
      );

      -- Who may act for a pipeline, and until when. The number grows with every holder and fences the ones before.
      CREATE TABLE leases (
        pipeline_id bigint PRIMARY KEY REFERENCES pipelines ON DELETE CASCADE,
        holder text NOT NULL,
        number bigint NOT NULL CHECK (number > 0),
        expires_at timestamptz NOT NULL
      );
      """## + "\n")
}
