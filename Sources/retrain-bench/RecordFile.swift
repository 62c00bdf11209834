import Foundation
import Ingest
import Pipelines
import Tensors

/// The records of a file of JSON lines, decoded into batches in their order. One thread at a time.
final class RecordFile {
  private let handle: FileHandle
  private let lines: LineReader
  private let decoder: RecordDecoder
  private let eventTime = UnsafeMutablePointer<Double>.allocate(capacity: 1)

  init(path: String, schema: FeatureSchema, task: ModelSettings.Task) throws {
    let handle = try FileHandle(forReadingFrom: URL(filePath: path))
    self.handle = handle
    lines = LineReader(Decompressor { try handle.read(upToCount: 1 << 18).map { Array($0) } })
    decoder = RecordDecoder(schema: schema, task: task, recordBytesMax: 1_000_000)
  }

  deinit {
    eventTime.deallocate()
    try? handle.close()
  }

  /// Puts the next records into `batch`, as many as it holds; how many there were.
  func fill(_ batch: FeatureBatch) throws -> Int {
    batch.count = 0
    while batch.count < batch.capacity {
      let slot = ExampleSlot(row: batch.count, of: batch, eventTime: eventTime)
      guard let outcome = try lines.withNext({ decoder.decode($0, into: slot) }) else { break }
      guard outcome == .example else { throw BenchError("line \(lines.lineCount) is \(outcome)") }
      batch.count += 1
    }
    return batch.count
  }
}
