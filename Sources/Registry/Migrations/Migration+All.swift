// Written by migrations/embed.sh.
extension Migration {
  /// In the order of their numbers, from 1 without a gap.
  package static let all: [Migration] = [
    .number0001,
    .number0002,
    .number0003,
    .number0004,
    .number0005,
    .number0006,
    .number0007,
    .number0008,
    .number0009,
    .number0010,
  ]
}
