import Ingest
import Vocabulary
import Worker

/// Feeds a replay with rows that lie in memory, or are made as they are asked for: every offset is a record.
protocol RowFeed: ReplayFeed {
  func holds(_ partition: Int32, _ offset: Int64) -> Bool
  func put(_ offset: Int64, into buffer: PartitionBuffer)
}

extension RowFeed {
  func begin(_ starts: [Int32: Int64], upTo ends: [Int32: Int64], until deadline: Deadline) async throws {}
  func close() async {}

  func bring(into intakes: [ReplayIntake]) async throws -> Bool {
    var isNews = false
    for intake in intakes {
      var (offset, room) = (intake.passed, min(intake.room, 1000))
      while offset < intake.end, room > 0, holds(intake.partition, offset) {
        if intake.wants(offset) {
          put(offset, into: intake.buffer)
          room -= 1
        }
        offset += 1
      }
      if offset > intake.passed {
        intake.pass(upTo: offset)
        isNews = true
      }
    }
    return isNews
  }
}
