import Foundation
import Kafka
import Vocabulary

/// A file on its way into a topic. Cancelling its task ends it early; what was queued still arrives.
struct FeedJob: Sendable {
  let file: String
  /// Nil: the file's name says.
  let isCSV: Bool?
  /// Dotted path of the key.
  let key: String?
  /// Records, at most.
  let limit: Int64
  let feeder: Feeder

  private static let batchRecords = 500
  private static let batchBytes = 1 << 20

  /// Publishes until the file, the limit or a cancellation ends it, and waits until all of it is in the log.
  func run() async throws -> (summary: FeedSummary, blankLines: Int64) {
    let source = try RecordSource(path: file, isCSV: isCSV)
    let finder = key.flatMap { KeyFinder(path: $0) }
    var progress = FeedProgress()
    var left = limit
    do {
      while let batch = try nextBatch(from: source, finder, &left) {
        try await feeder.publish(batch)
        progress.show(await feeder.progress().queued)
      }
    } catch is CancellationError {
      progress.note("stopped early")
    }
    progress.clear()
    return (try await feeder.finish(until: .after(.seconds(60))), source.blankLines)
  }

  private func nextBatch(from source: RecordSource, _ finder: KeyFinder?, _ left: inout Int64) throws -> KafkaBatch? {
    var batch = KafkaBatch()
    while batch.count < Self.batchRecords, batch.payloadBytes < Self.batchBytes, left > 0,
      let record = try source.next()
    {
      left -= 1
      record.withUnsafeBytes { bytes in
        guard let key = finder?.key(in: bytes) else { return batch.append(key: nil, value: bytes) }
        key.withUnsafeBytes { batch.append(key: $0, value: bytes) }
      }
    }
    return batch.isEmpty ? nil : batch
  }
}
