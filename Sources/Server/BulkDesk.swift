import Pipelines
import Tensors

/// Where requests of many rows are worked on, on the slow lane: their rows wait here and are predicted a slice at a time,
/// so that a predictor is never away from the quick requests for long. One thread at a time.
final class BulkDesk: @unchecked Sendable {  // With its version or in the hands of one thread, never both.
  let intake: Intake
  /// By head, [rows × its width].
  private let storage: [UnsafeMutableBufferPointer<Float>]
  private let widths: [Int]

  init(pipeline: Pipeline) {
    intake = Intake(pipeline: pipeline, capacity: pipeline.serving.rowsMax)
    widths = pipeline.heads.map(\.outputCount)
    storage = widths.map { .allocate(capacity: $0 * pipeline.serving.rowsMax) }
  }

  deinit { for buffer in storage { buffer.deallocate() } }

  /// Of the rows that were taken, row-major.
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: storage[head][..<(intake.batch.count * widths[head])])
  }

  /// Lends `rows` to an engine.
  func give(_ rows: Range<Int>, to engine: PredictionEngine) {
    for (place, row) in rows.enumerated() { engine.intake.batch.copyRow(row, of: intake.batch, to: place) }
    engine.intake.batch.count = rows.count
  }

  /// Keeps what an engine says about `rows`.
  func take(_ rows: Range<Int>, from engine: PredictionEngine) {
    for (head, width) in widths.enumerated() {
      guard let target = storage[head].baseAddress, let source = engine.scorer.outputs(ofHead: head).baseAddress else {
        continue
      }
      (target + rows.lowerBound * width).update(from: source, count: rows.count * width)
    }
  }
}
