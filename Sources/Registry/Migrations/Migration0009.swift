// Written by migrations/embed.sh from migrations/0009_ledger_cover.sql.
extension Migration {
  static let number0009 = Migration(
    version: 9, name: "ledger_cover",
    sql: ##"""
      -- From which step on every step of the window that a checkpoint ends is in its ledger; the one after its own: none is.
      -- Null: written before this was said.
      ALTER TABLE checkpoints ADD COLUMN ledger_from bigint CHECK (ledger_from >= 0);
      """## + "\n")
}
