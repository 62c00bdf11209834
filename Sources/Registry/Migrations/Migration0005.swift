// Written by migrations/embed.sh from migrations/0005_streams.sql.
extension Migration {
  static let number0005 = Migration(
    version: 5, name: "streams",
    sql: ##"""
      -- What the broker removed before it was read, and topics that are made anew under the same name.
      ALTER TABLE checkpoint_progress
        -- Offsets that the broker removed before they were read.
        ADD COLUMN lost bigint NOT NULL DEFAULT 0 CHECK (lost >= 0),
        -- Which topic of the name the offsets belong to, and how many offsets were passed in those before.
        ADD COLUMN stream integer NOT NULL DEFAULT 0 CHECK (stream >= 0),
        ADD COLUMN earlier bigint NOT NULL DEFAULT 0 CHECK (earlier >= 0);
      ALTER TABLE ledger ADD COLUMN stream integer NOT NULL DEFAULT 0 CHECK (stream >= 0);

      ALTER TABLE pipelines
        -- The topic that is learned now.
        ADD COLUMN stream integer NOT NULL DEFAULT 0 CHECK (stream >= 0),
        -- As asked for this run: go on behind what the broker has removed.
        ADD COLUMN skips_lost boolean NOT NULL DEFAULT false;

      -- Where each partition begins, decided once and before its first record is learned.
      CREATE TABLE stream_starts (
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        stream integer NOT NULL CHECK (stream >= 0),
        partition integer NOT NULL CHECK (partition >= 0),
        start_offset bigint NOT NULL CHECK (start_offset >= 0),
        decided_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (pipeline_id, stream, partition)
      );

      -- One record of each partition that was read, by which its topic is known again.
      CREATE TABLE stream_marks (
        pipeline_id bigint NOT NULL REFERENCES pipelines ON DELETE CASCADE,
        stream integer NOT NULL CHECK (stream >= 0),
        partition integer NOT NULL CHECK (partition >= 0),
        record_offset bigint NOT NULL CHECK (record_offset >= 0),
        -- Milliseconds since 1970; -1: none.
        record_time bigint NOT NULL,
        digest bigint NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (pipeline_id, stream, partition)
      );
      """## + "\n")
}
