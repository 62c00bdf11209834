import Ingest
import Synchronization
import Vocabulary
import Worker

/// A log for replays that needs no broker: a memory stream, brought a few records at a time.
final class MemoryFeed: ReplayFeed {
  private let stream: MemoryStream
  private let book: ClassBook?
  private let numbers = Mutex<[String: Int]>([:])
  private let burst: Int
  /// What the log no longer holds.
  private let low: Int64
  /// How far a partition was read is told only once the records of it were taken.
  private let tellsLate: Bool
  /// By partition: records below are there.
  private let brought = Mutex<[Int32: Int64]>([:])

  init(_ stream: MemoryStream, book: ClassBook? = nil, burst: Int = 97, low: Int64 = 0, tellsLate: Bool = false) {
    (self.stream, self.book, self.burst, self.low, self.tellsLate) = (stream, book, burst, low, tellsLate)
  }

  func begin(_ starts: [Int32: Int64], upTo ends: [Int32: Int64], until deadline: Deadline) async throws {
    if let lost = starts.values.min(), lost < low {
      throw StepReplay.Failure(description: "the log begins at \(low), and the replay needs it from \(lost) on")
    }
  }

  func bring(into intakes: [ReplayIntake]) async throws -> Bool {
    var isNews = false
    for intake in intakes {
      var offset = max(intake.passed, brought.withLock { $0[intake.partition] ?? 0 })
      let end = min(intake.end, stream.end(of: intake.partition))
      var room = min(intake.room, burst)
      while offset < end, room > 0 {
        if intake.wants(offset), stream.lacks.stretch(at: offset, of: intake.partition) == nil {
          numbers.withLock { stream.put(offset, into: intake.buffer, book, &$0) }
          room -= 1
        }
        offset += 1
      }
      brought.withLock { $0[intake.partition] = offset }
      if offset > intake.passed, !tellsLate || intake.buffer.validAvailable == 0 {
        intake.pass(upTo: offset)
        isNews = true
      }
    }
    return isNews
  }

  func close() async {}
}

/// A ledger in memory.
actor MemoryLedger: ReplayLedger {
  private var steps: [ScriptedStep]
  private let page: Int

  init(_ entries: [LedgerEntry], after step: Int64 = 0, upTo last: Int64 = .max, page: Int = 7) {
    self.page = page
    steps = Dictionary(grouping: entries.filter { $0.step > step && $0.step <= last }, by: \.step)
      .sorted { $0.key < $1.key }
      .map { step, entries in
        ScriptedStep(
          step: step, next: Dictionary(uniqueKeysWithValues: entries.map { ($0.share.partition, $0.share.next) }))
      }
  }

  func next() async throws -> [ScriptedStep] {
    defer { steps.removeFirst(min(page, steps.count)) }
    return Array(steps.prefix(page))
  }
}
