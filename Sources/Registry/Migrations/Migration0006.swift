// Written by migrations/embed.sh from migrations/0006_fields_heads_and_seconds.sql.
extension Migration {
  static let number0006 = Migration(
    version: 6, name: "fields_heads_and_seconds",
    sql: ##"""
      -- What happened to the values of each declared field: counts over the lineage and since the parent, examples, keys that
      -- are near to a missing one. Null: written before these were counted.
      ALTER TABLE checkpoints ADD COLUMN fields jsonb;
      -- Names, records and sums of losses of the heads beyond the first; null where there are none.
      ALTER TABLE checkpoints ADD COLUMN heads jsonb;
      -- From the first record since the parent to the last, on the writer's clock.
      ALTER TABLE checkpoints ADD COLUMN seconds finite_double CHECK (seconds >= 0);
      """## + "\n")
}
